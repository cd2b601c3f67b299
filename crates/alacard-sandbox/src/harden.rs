//! What a supervisor inside does first.

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
