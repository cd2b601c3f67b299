//! Sockets of other programs that this user could talk to: no rule of Landlock hides them.

use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// Named sockets on this machine that can be written to.
pub(crate) fn reachable() -> Vec<PathBuf> {
    let text = std::fs::read_to_string("/proc/net/unix").unwrap_or_default();
    let mut found: Vec<PathBuf> = text.lines().skip(1).filter_map(path).collect();
    found.retain(|path| open(path));
    found.sort();
    found.dedup();
    found
}

/// The last of eight columns, where there is one and it is not an abstract name.
fn path(line: &str) -> Option<PathBuf> {
    let path = line.split_whitespace().nth(7)?;
    path.starts_with('/').then(|| PathBuf::from(path))
}

fn open(path: &Path) -> bool {
    let socket = std::fs::metadata(path).is_ok_and(|about| about.file_type().is_socket());
    socket && access(path, AccessFlags::W_OK).is_ok()
}
