//! Room on the disk.

use std::path::Path;

use crate::refusal::{Reason, Refusal};

/// Bytes that are left to the rest of the machine.
const LEFT: u64 = 256 << 20;

/// Refuses what the disk has no room for.
pub(super) fn check(id: &str, folder: &Path, needed: u64) -> Result<(), Refusal> {
    let Some(free) = free(folder) else {
        return Ok(());
    };
    if needed.saturating_add(LEFT) <= free {
        return Ok(());
    }
    let message = format!(
        "The disk has no room for `{id}`: {} more are needed, and {} are free.",
        shown(needed.saturating_add(LEFT)),
        shown(free)
    );
    let hint = format!(
        "Make room at {}, or keep the cache on another disk with ALACARD_CACHE.",
        folder.display()
    );
    Err(Refusal::new(Reason::TooLarge, message).with_hint(hint))
}

/// Bytes that this user may still write; `None` where the system does not tell.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let about = nix::sys::statvfs::statvfs(folder).ok()?;
    // The width of both differs between systems.
    #[allow(clippy::useless_conversion, clippy::unnecessary_fallible_conversions)]
    let (blocks, size) = (
        u64::try_from(about.blocks_available()).ok()?,
        u64::try_from(about.fragment_size()).ok()?,
    );
    blocks.checked_mul(size)
}

/// Bytes that this user may still write; `None` where the system does not tell.
#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}

/// A size for people.
fn shown(bytes: u64) -> String {
    if bytes >= 1 << 30 {
        format!("{:.1} GB", bytes as f64 / f64::from(1 << 30))
    } else {
        format!("{} MB", bytes >> 20)
    }
}
