//! The folder of a repository, and the only way from a path that a stranger wrote to a file.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::repository_path::is_safe;

/// Most files of a repository that are seen.
const MAX_FILES: usize = 100_000;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 32;
/// Folders that tools leave beside a repository's own files.
const TOOLS: [&str; 2] = [".git", ".cache"];

/// A folder whose files are served.
#[derive(Debug, Clone)]
pub(super) struct Place {
    root: PathBuf,
    /// Links may lead to files below these.
    bounds: Vec<PathBuf>,
    /// Names at the top that are no files of the repository.
    hidden: &'static [&'static str],
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// Its path in the repository.
    pub(super) path: String,
    /// Where its bytes are; no part of it is a link.
    pub(super) real: PathBuf,
    pub(super) size: u64,
    pub(super) modified: Option<SystemTime>,
}

impl Place {
    /// A folder by itself, or a snapshot of the Hub's cache, whose files are links to `blobs`.
    pub(super) fn alone(dir: &Path) -> Option<Self> {
        let root = folder(dir)?;
        let cache = root
            .parent()
            .filter(|parent| parent.ends_with("snapshots"))
            .and_then(Path::parent);
        let blobs = cache.map(|cache| cache.join("blobs"));
        let bounds = std::iter::once(root.clone()).chain(blobs).collect();
        Some(Self {
            root,
            bounds,
            hidden: &[],
        })
    }

    /// A folder below another one that links must not leave.
    pub(super) fn below(bound: &Path, dir: &Path) -> Option<Self> {
        let root = folder(dir)?;
        root.starts_with(bound).then(|| Self {
            root,
            bounds: vec![bound.to_owned()],
            hidden: &[],
        })
    }

    /// The same place without some names at its top.
    pub(super) fn without(self, hidden: &'static [&'static str]) -> Self {
        Self { hidden, ..self }
    }

    /// The folder itself.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The same place with everything at its top.
    pub(super) fn whole(&self) -> Self {
        Self {
            hidden: &[],
            ..self.clone()
        }
    }

    /// A file by its path; `None` when there is none, or none that may be served.
    pub(super) fn entry(&self, path: &str) -> Option<Entry> {
        let top = path.split('/').next().unwrap_or_default();
        if !is_safe(path) || self.hidden.contains(&path) || TOOLS.contains(&top) {
            return None;
        }
        let mut place = self.root.clone();
        let mut names = path.split('/').peekable();
        while let Some(name) = names.next() {
            place.push(name);
            // A link to a folder is not followed: links in circles have no end.
            if names.peek().is_some() && !fs::symlink_metadata(&place).ok()?.is_dir() {
                return None;
            }
        }
        self.file(&place, path.to_owned())
    }

    /// All files, sorted by path.
    pub(super) fn list(&self) -> Vec<Entry> {
        let mut found = Vec::new();
        self.collect(&self.root, "", 0, &mut found);
        found.sort_by(|a, b| a.path.cmp(&b.path));
        found
    }

    fn collect(&self, folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Entry>) {
        let Ok(entries) = fs::read_dir(folder) else {
            return;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let path = format!("{prefix}{}", name.to_string_lossy());
            let left_out = name.to_str().is_none()
                || !is_safe(&path)
                || (depth == 0 && TOOLS.contains(&path.as_str()))
                || self.hidden.contains(&path.as_str());
            if left_out || found.len() >= MAX_FILES {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                    self.collect(&entry.path(), &format!("{path}/"), depth + 1, found);
                }
                Ok(kind) if !kind.is_dir() => found.extend(self.file(&entry.path(), path)),
                _ => {}
            }
        }
    }

    /// A file, or a link to one inside the bounds. Pipes and devices are no files.
    fn file(&self, place: &Path, path: String) -> Option<Entry> {
        let real = place.canonicalize().ok()?;
        let meta = fs::metadata(&real).ok()?;
        let inside = self.bounds.iter().any(|bound| real.starts_with(bound));
        (inside && meta.is_file()).then(|| Entry {
            path,
            real,
            size: meta.len(),
            modified: meta.modified().ok(),
        })
    }
}

impl Entry {
    /// The file, opened.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.real)
    }
}

/// A folder's true place.
fn folder(dir: &Path) -> Option<PathBuf> {
    dir.canonicalize().ok().filter(|dir| dir.is_dir())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_lead_to_blobs_and_nowhere_else() {
        let dir = tempfile::tempdir().unwrap();
        let cache = dir.path().join("models--a--b");
        let snapshot = cache.join("snapshots/x");
        fs::create_dir_all(&snapshot).unwrap();
        fs::create_dir_all(cache.join("blobs")).unwrap();
        fs::write(cache.join("blobs/1"), "blob").unwrap();
        fs::write(dir.path().join("secret"), "secret").unwrap();
        symlink("../../blobs/1", snapshot.join("good")).unwrap();
        symlink("../../../secret", snapshot.join("bad")).unwrap();
        symlink("loop", snapshot.join("loop")).unwrap();
        symlink(".", snapshot.join("round")).unwrap();
        let place = Place::alone(&snapshot).unwrap();
        let names: Vec<String> = place.list().into_iter().map(|entry| entry.path).collect();
        assert_eq!(names, ["good"]);
        assert_eq!(place.entry("good").unwrap().size, 4);
        for bad in ["bad", "loop", "round/good", "../x/good", "/etc/passwd", ""] {
            assert!(place.entry(bad).is_none(), "{bad}");
        }
        assert!(Place::below(&cache.canonicalize().unwrap(), dir.path()).is_none());
    }
}
