//! How much a folder holds, deleted files that are still open included.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Bytes of everything in a folder.
pub(crate) fn folder(path: &Path) -> u64 {
    let mut open = vec![path.to_path_buf()];
    let mut sum = 0;
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(about) = entry.metadata() else {
                continue;
            };
            sum += size(&about);
            if about.is_dir() {
                open.push(entry.path());
            }
        }
    }
    sum
}

/// Bytes of files of that folder that are deleted, and held open by these processes.
pub(crate) fn deleted(path: &Path, pids: &[u32]) -> u64 {
    let mut seen = std::collections::BTreeSet::new();
    let mut sum = 0;
    for pid in pids {
        let Ok(files) = std::fs::read_dir(format!("/proc/{pid}/fd")) else {
            continue;
        };
        for file in files.flatten() {
            let Some(about) = deleted_file(path, &file.path()) else {
                continue;
            };
            if seen.insert((about.dev(), about.ino())) {
                sum += size(&about);
            }
        }
    }
    sum
}

fn deleted_file(folder: &Path, link: &Path) -> Option<Metadata> {
    let target = std::fs::read_link(link).ok()?;
    if !target.starts_with(folder) || !target.to_str()?.ends_with(" (deleted)") {
        return None;
    }
    std::fs::metadata(link).ok()
}

fn size(about: &Metadata) -> u64 {
    about.blocks() * 512
}
