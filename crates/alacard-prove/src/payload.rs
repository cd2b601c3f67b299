//! The Python that goes into the sandbox: embedded in the program, unpacked once for each version.

use std::path::{Path, PathBuf};

use include_dir::{Dir, DirEntry, include_dir};
use sha2::{Digest, Sha256};

use crate::ProveError;
use crate::error::file;

static HOST: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../python/alacard_host");
static TWIN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../python/alacard_twin");
static SHIMS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../python/alacard_shims");

/// The packages and the folders that they become.
const PACKAGES: [(&str, &Dir<'static>); 3] = [
    ("alacard_host", &HOST),
    ("alacard_twin", &TWIN),
    ("alacard_shims", &SHIMS),
];

/// What the Python is, as 16 hexadecimal digits: twins made by another one are not used again.
pub(crate) fn fingerprint() -> String {
    let mut hash = Sha256::new();
    for (name, dir) in PACKAGES {
        for (path, bytes) in files(dir) {
            hash.update(format!("{name}/{}\0{}\0", path.display(), bytes.len()));
            hash.update(bytes);
        }
    }
    hash.finalize()
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// All source files below a folder, sorted.
fn files(dir: &'static Dir<'static>) -> Vec<(&'static Path, &'static [u8])> {
    let mut found = Vec::new();
    let mut open = vec![dir];
    while let Some(dir) = open.pop() {
        for entry in dir.entries() {
            match entry {
                DirEntry::Dir(inner) => open.push(inner),
                DirEntry::File(file) if wanted(file.path()) => {
                    found.push((file.path(), file.contents()))
                }
                DirEntry::File(_) => {}
            }
        }
    }
    found.sort();
    found
}

/// Whether a file is source: what Python compiles beside it is not.
fn wanted(path: &Path) -> bool {
    !path
        .components()
        .any(|part| part.as_os_str() == "__pycache__")
}

/// Unpacks the Python below `cache`, unless it is there, and gives its folder.
pub(crate) fn unpack(cache: &Path) -> Result<PathBuf, ProveError> {
    let folder = cache.join("python").join(fingerprint());
    if folder.is_dir() {
        return Ok(folder);
    }
    let parent = cache.join("python");
    std::fs::create_dir_all(&parent).map_err(file("create", &parent))?;
    let new = tempfile::tempdir_in(&parent).map_err(file("create a folder in", &parent))?;
    for (name, dir) in PACKAGES {
        for (path, bytes) in files(dir) {
            write(&new.path().join(name).join(path), bytes)?;
        }
    }
    let path = new.keep();
    readable(&path)?;
    if std::fs::rename(&path, &folder).is_err() {
        // Another process was quicker; both are equal.
        let _ = std::fs::remove_dir_all(&path);
    }
    Ok(folder)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), ProveError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).map_err(file("create", parent))?;
    }
    std::fs::write(path, bytes).map_err(file("write", path))?;
    // Commands of the sandbox stand in folders called `bin`.
    if path.parent().is_some_and(|parent| parent.ends_with("bin")) {
        set_mode(path, 0o755)?;
    }
    Ok(())
}

/// Temporary folders are for their maker only; the sandbox may run as somebody else.
fn readable(path: &Path) -> Result<(), ProveError> {
    set_mode(path, 0o755)
}

fn set_mode(path: &Path, mode: u32) -> Result<(), ProveError> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
        .map_err(file("set the mode of", path))
}
