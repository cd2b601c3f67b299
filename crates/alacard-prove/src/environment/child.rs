//! A child process that cannot outlive its limit, nor the wish to stop.

use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How often a running child is looked at.
const TICK: Duration = Duration::from_millis(15);
/// The most text of one stream that is kept.
const MAX_TEXT: u64 = 4 << 20;

/// How a child ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    Done {
        success: bool,
        out: String,
        err: String,
    },
    /// Killed, because it took too long.
    TimedOut,
    /// Killed, because somebody asked to stop.
    Cancelled,
}

/// Runs a command to its end. It gets a process group of its own, and the whole group is killed
/// at the limit or when `cancel` is set. Its output goes through files, so no pipe can fill up.
pub(crate) fn run(
    mut command: Command,
    limit: Duration,
    cancel: &AtomicBool,
) -> std::io::Result<Ended> {
    let mut out = tempfile::tempfile()?;
    let mut err = tempfile::tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(out.try_clone()?)
        .stderr(err.try_clone()?)
        .process_group(0);
    let mut child = command.spawn()?;
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Ended::Done {
                success: status.success(),
                out: text(&mut out)?,
                err: text(&mut err)?,
            });
        }
        if cancel.load(Ordering::SeqCst) {
            kill(&mut child);
            return Ok(Ended::Cancelled);
        }
        if Instant::now() >= deadline {
            kill(&mut child);
            return Ok(Ended::TimedOut);
        }
        std::thread::sleep(TICK);
    }
}

fn kill(child: &mut Child) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // The group is gone when the child has just ended; there is nothing left to do then.
        let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
    }
    let _ = child.wait();
}

fn text(file: &mut std::fs::File) -> std::io::Result<String> {
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    file.take(MAX_TEXT).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper() -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 30 & sleep 30"]);
        command
    }

    #[test]
    fn a_child_that_hangs_is_killed_with_its_children() {
        let begun = Instant::now();
        let ended = run(
            sleeper(),
            Duration::from_millis(100),
            &AtomicBool::new(false),
        )
        .unwrap();
        assert!(matches!(ended, Ended::TimedOut));
        let ended = run(sleeper(), Duration::from_secs(20), &AtomicBool::new(true)).unwrap();
        assert!(matches!(ended, Ended::Cancelled));
        assert!(begun.elapsed() < Duration::from_secs(5));
    }

    #[test]
    fn much_output_blocks_nobody() {
        let mut command = Command::new("sh");
        command.args(["-c", "yes alacard | head -c 9000000; echo no >&2; exit 3"]);
        let ended = run(command, Duration::from_secs(20), &AtomicBool::new(false)).unwrap();
        let Ended::Done { success, out, err } = ended else {
            panic!("did not end by itself")
        };
        assert!(!success);
        assert_eq!(out.len() as u64, MAX_TEXT);
        assert_eq!(err, "no\n");
    }
}
