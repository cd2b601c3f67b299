//! Ending what was left behind.

use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::SandboxError;
use crate::processes::{self, Scope};

/// What was ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Killed {
    /// How many signals it took.
    pub signals: usize,
    /// How many times everybody was looked at.
    pub rounds: usize,
}

/// Kills everything of a sandbox but this process and those to keep, again and again until none
/// is left. Where one signal reaches the sandbox and nothing else, all are stopped first, so that
/// nothing can start anything meanwhile; those to keep go on afterwards.
///
/// # Errors
///
/// [`SandboxError::Left`] when some were left at the limit. Then the sandbox should end: all of
/// it dies with the command that was started in it.
pub fn kill_others(scope: Scope, keep: &[u32], limit: Duration) -> Result<Killed, SandboxError> {
    let frozen = freeze(scope);
    let killed = kill_until_none(scope, keep, limit);
    if frozen {
        for pid in keep {
            send(*pid, Signal::SIGCONT);
        }
    }
    killed
}

/// Stops all others at one time, where that cannot reach past the sandbox.
fn freeze(scope: Scope) -> bool {
    let shut_in = match scope {
        // Here "all" means all of the namespace.
        Scope::Namespace => std::process::id() != 1 && processes::is_namespace(),
        // The guardian is outside and has the same user: Landlock alone can be what refuses.
        Scope::Below(guardian) => {
            guardian == std::os::unix::process::parent_id()
                && kill(raw(guardian), None) == Err(nix::Error::EPERM)
        }
    };
    shut_in && kill(Pid::from_raw(-1), Signal::SIGSTOP).is_ok()
}

fn kill_until_none(scope: Scope, keep: &[u32], limit: Duration) -> Result<Killed, SandboxError> {
    let start = Instant::now();
    let mut killed = Killed {
        signals: 0,
        rounds: 0,
    };
    loop {
        let others = others(scope, keep);
        killed.rounds += 1;
        if others.is_empty() {
            return Ok(killed);
        }
        if start.elapsed() > limit {
            return Err(SandboxError::Left {
                left: others.len(),
                seconds: limit.as_secs_f64(),
            });
        }
        killed.signals += others.len();
        strike(&others);
        if killed.rounds > 3 {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

pub(crate) fn strike(pids: &[u32]) {
    for pid in pids {
        send(*pid, Signal::SIGKILL);
    }
}

fn send(pid: u32, signal: Signal) {
    // Gone already is as good.
    let _ = kill(raw(pid), signal);
}

fn raw(pid: u32) -> Pid {
    Pid::from_raw(pid.cast_signed())
}

fn others(scope: Scope, keep: &[u32]) -> Vec<u32> {
    let me = std::process::id();
    let mut others = scope.members();
    others.retain(|pid| *pid != me && !keep.contains(pid));
    others.retain(|pid| processes::read(*pid).is_some_and(|process| process.is_running()));
    others
}
