//! A running sandbox, seen from outside.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::processes::{self, Process};
use crate::{Kind, SandboxError, View};

/// How long the kernel may take to end what was killed.
const SETTLE: Duration = Duration::from_secs(5);

/// The longest pause between two looks.
const SLOWEST: Duration = Duration::from_millis(10);

/// How a sandbox ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its status, when it ended by itself.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
}

/// A running sandbox. Dropping it ends everything in it.
#[derive(Debug)]
pub struct Child {
    child: std::process::Child,
    kind: Kind,
    view: View,
    ended: Option<Ended>,
    /// Removed when this value is dropped.
    _work: Option<TempDir>,
    /// Standard input, where it was piped.
    pub stdin: Option<ChildStdin>,
    /// Standard output, where it was piped.
    pub stdout: Option<ChildStdout>,
    /// Standard error, where it was piped.
    pub stderr: Option<ChildStderr>,
}

impl Child {
    pub(crate) fn new(
        mut child: std::process::Child,
        kind: Kind,
        view: View,
        work: Option<TempDir>,
    ) -> Self {
        Self {
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            child,
            kind,
            view,
            ended: None,
            _work: work,
        }
    }

    /// The process that holds the sandbox.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it is shut in.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where the places of the specification are for the command.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Waits for the end, at most this long; `None` when it still runs. After an end nothing of
    /// the sandbox is left.
    ///
    /// # Errors
    ///
    /// When the system cannot say.
    pub fn wait(&mut self, limit: Duration) -> Result<Option<Ended>, SandboxError> {
        let start = Instant::now();
        loop {
            if let Some(ended) = self.look()? {
                return Ok(Some(ended));
            }
            let left = limit.saturating_sub(start.elapsed());
            if left.is_zero() {
                return Ok(None);
            }
            // Short ends are seen at once, long ones need no haste.
            let pause = (start.elapsed() / 8).clamp(Duration::from_millis(1), SLOWEST);
            std::thread::sleep(pause.min(left));
        }
    }

    fn look(&mut self) -> Result<Option<Ended>, SandboxError> {
        if self.ended.is_some() {
            return Ok(self.ended);
        }
        let status = self
            .child
            .try_wait()
            .map_err(SandboxError::system("the sandbox's end"))?;
        let Some(status) = status else {
            return Ok(None);
        };
        self.ended = Some(ended(status));
        Ok(self.ended)
    }

    /// Ends everything in the sandbox and waits until it is gone.
    ///
    /// # Errors
    ///
    /// When something would not die in time.
    pub fn kill_all(&mut self) -> Result<(), SandboxError> {
        if self.look()?.is_some() {
            return Ok(());
        }
        // The guardian ends all of its descendants when it is told to end.
        send(self.pid(), Signal::SIGTERM);
        if self.wait(SETTLE)?.is_some() {
            return Ok(());
        }
        let all = self.below();
        for process in &all {
            send(process.pid, Signal::SIGKILL);
        }
        send(self.pid(), Signal::SIGKILL);
        self.wait(SETTLE)?;
        gone(&all, SETTLE)
    }

    fn below(&self) -> Vec<Process> {
        processes::below(self.pid())
            .into_iter()
            .filter_map(processes::read)
            .collect()
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // What will not die cannot be helped here; `kill_all` says so to those who ask.
        let _ = self.kill_all();
    }
}

/// Waits until none of these processes is left.
fn gone(all: &[Process], limit: Duration) -> Result<(), SandboxError> {
    let start = Instant::now();
    loop {
        let left = all.iter().filter(|process| process.is_alive()).count();
        if left == 0 {
            return Ok(());
        }
        if start.elapsed() > limit {
            return Err(SandboxError::Left {
                left,
                seconds: limit.as_secs_f64(),
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn send(pid: u32, signal: Signal) {
    // A process that is gone already is what was wanted.
    let _ = kill(Pid::from_raw(pid.cast_signed()), signal);
}

/// The guardian says 128 and the signal's number for a command that died of one.
fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) if (129..=192).contains(&code) => Ended {
            code: None,
            signal: Some(code - 128),
        },
        (code, signal) => Ended { code, signal },
    }
}
