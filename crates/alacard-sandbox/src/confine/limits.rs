//! Limits that the kernel keeps for each process.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::getuid;

use crate::{SandboxError, Spec, processes};

const MB: u64 = 1024 * 1024;

pub(super) fn set(spec: &Spec) -> Result<(), SandboxError> {
    lower(Resource::RLIMIT_CORE, 0)?;
    lower(Resource::RLIMIT_FSIZE, spec.file_mb.saturating_mul(MB))?;
    lower(Resource::RLIMIT_NOFILE, spec.open_files)?;
    if let Some(seconds) = spec.cpu_seconds {
        lower(Resource::RLIMIT_CPU, seconds)?;
    }
    // The kernel counts all of the user's, also those outside, and does not limit root.
    if !getuid().is_root() {
        let there = processes::tasks_of(getuid().as_raw());
        lower(Resource::RLIMIT_NPROC, there.saturating_add(spec.processes))?;
    }
    Ok(())
}

fn lower(resource: Resource, wanted: u64) -> Result<(), SandboxError> {
    let what = || format!("the limit {resource:?}");
    let (_, hard) = getrlimit(resource).map_err(SandboxError::errno(what()))?;
    let limit = wanted.min(hard);
    setrlimit(resource, limit, limit).map_err(SandboxError::errno(what()))
}

/// When the machine's memory is all used, the kernel ends what runs here before anything else.
pub(super) fn die_first() {
    // A wish: where it cannot be written, the limits of the watch still hold.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
}
