//! What a supervisor inside does first.

use std::ffi::OsStr;
use std::process::Command;

use nix::sys::prctl;

use crate::SandboxError;

/// Makes this process unreadable for the others inside: no tracing, no look at its memory,
/// environment or open files.
///
/// # Errors
///
/// When the kernel refuses.
pub fn harden() -> Result<(), SandboxError> {
    prctl::set_dumpable(false).map_err(SandboxError::errno("this process could not be closed off"))
}

/// How much a supervisor's commands stand back. Less is not enough: every process that is started
/// is let in early, so a bomb of processes of equal rank keeps its supervisor from computing.
const BACK: &str = "10";

/// A command that stands back behind this process when there is much to compute. A supervisor
/// starts everything this way, so that it can still act when thousands of processes want to run.
pub fn standing_back(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("/usr/bin/nice");
    command.args(["-n", BACK]).arg(program);
    command
}
