//! Files of the user's own, written whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes beside the file first, then renames; what the file was stays when anything fails. A
/// device or pipe (`/dev/stdout`) is written directly.
pub(crate) fn write(path: &Path, text: &str) -> io::Result<()> {
    let there = fs::metadata(path).ok();
    if there.as_ref().is_some_and(|meta| !meta.is_file()) {
        return fs::write(path, text);
    }
    // Through a link, so that the link stays one.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let part = part_of(&target);
    let written = fs::write(&part, text)
        .and_then(|()| {
            there.map_or(Ok(()), |meta| {
                fs::set_permissions(&part, meta.permissions())
            })
        })
        .and_then(|()| fs::rename(&part, &target));
    if written.is_err() {
        // Best effort: the failure itself is what matters.
        let _ = fs::remove_file(&part);
    }
    written
}

fn part_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    PathBuf::from(name)
}
