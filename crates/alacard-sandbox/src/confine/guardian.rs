//! The process that stays outside of the sandbox and ends everything when the command ends.
//!
//! Without a process namespace, what a command leaves behind lives on; and a bubblewrap that is
//! killed while it sets up leaves its namespace behind. Orphans fall to the guardian, because it
//! asks for them; it ends them and removes the writable folder, also when the program that wanted
//! the sandbox was killed.

use std::os::fd::AsFd as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::{INNER, end_with};
use crate::plan::Plan;
use crate::{SandboxError, chunks, kill, processes};

/// How long what was left behind may take to end.
const SETTLE: Duration = Duration::from_secs(4);

/// How often the parent is looked at, beside the signal that its end sends.
const LOOK: u16 = 250;

pub(super) fn run(plan: &Plan, text: &str) -> Result<u8, SandboxError> {
    let ended = guard(plan, text);
    let left = end_all();
    if !plan.work.as_os_str().is_empty() {
        // The parent removes it as well; who comes second finds nothing.
        let _ = std::fs::remove_dir_all(&plan.work);
    }
    let code = ended?;
    left.map(|()| code)
}

fn guard(plan: &Plan, text: &str) -> Result<u8, SandboxError> {
    let signals = listen()?;
    prctl::set_child_subreaper(true).map_err(SandboxError::errno("the care for orphans"))?;
    end_with(plan.parent, Signal::SIGTERM)?;
    let child = start(text)?;
    loop {
        wait(&signals)?;
        let told = told(&signals)?;
        if let Some(code) = bury(child) {
            return Ok(code);
        }
        if told || std::os::unix::process::parent_id() != plan.parent {
            return Ok(128 + 15);
        }
    }
}

fn listen() -> Result<SignalFd, SandboxError> {
    let mut set = SigSet::empty();
    for signal in [
        Signal::SIGTERM,
        Signal::SIGINT,
        Signal::SIGHUP,
        Signal::SIGCHLD,
    ] {
        set.add(signal);
    }
    set.thread_block().map_err(SandboxError::errno("signals"))?;
    SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)
        .map_err(SandboxError::errno("signals"))
}

/// Starts this program again as the inner step.
fn start(text: &str) -> Result<u32, SandboxError> {
    let mut command = Command::new("/proc/self/exe");
    command
        .args(std::env::args_os().skip(1))
        .env_clear()
        .envs(chunks::split(text));
    command.env(INNER, "1").stdin(Stdio::inherit());
    let child = command
        .spawn()
        .map_err(SandboxError::system("the command could not be started"))?;
    Ok(child.id())
}

fn wait(signals: &SignalFd) -> Result<(), SandboxError> {
    let mut watched = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
    match poll(&mut watched, PollTimeout::from(LOOK)) {
        Ok(_) | Err(nix::Error::EINTR) => Ok(()),
        Err(errno) => Err(SandboxError::errno("waiting")(errno)),
    }
}

/// Whether a signal says to end.
fn told(signals: &SignalFd) -> Result<bool, SandboxError> {
    let mut told = false;
    while let Some(about) = signals
        .read_signal()
        .map_err(SandboxError::errno("signals"))?
    {
        told |= about.ssi_signo != Signal::SIGCHLD as u32;
    }
    Ok(told)
}

/// Takes the status of all that have died; gives the command's, in the way of shells.
fn bury(child: u32) -> Option<u8> {
    let mut code = None;
    loop {
        let status = match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) | Err(_) => return code,
            Ok(status) => status,
        };
        if status
            .pid()
            .is_some_and(|pid| pid.as_raw().cast_unsigned() == child)
        {
            code = in_shell_terms(status).or(code);
        }
    }
}

fn in_shell_terms(status: WaitStatus) -> Option<u8> {
    match status {
        WaitStatus::Exited(_, code) => Some(code.to_le_bytes()[0]),
        WaitStatus::Signaled(_, signal, _) => u8::try_from(128 + signal as i32).ok(),
        _ => None,
    }
}

fn end_all() -> Result<(), SandboxError> {
    let start = Instant::now();
    let me = std::process::id();
    loop {
        bury(0);
        let left = processes::below(me);
        if left.is_empty() {
            return Ok(());
        }
        if start.elapsed() > SETTLE {
            return Err(SandboxError::Left {
                left: left.len(),
                seconds: SETTLE.as_secs_f64(),
            });
        }
        kill::strike(&left);
        std::thread::sleep(Duration::from_millis(1));
    }
}
