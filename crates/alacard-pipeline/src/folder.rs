//! The run folder: artifacts written whole or not at all, and reused when their inputs are equal.

use std::collections::BTreeMap;
use std::fs::{self, File, TryLockError};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alacard_hub::dossier::Dossier;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::Failure;

/// File with the hashes of the inputs of each artifact.
const STATE: &str = ".state.json";
/// File whose lock says that a run works here.
const LOCK: &str = ".lock";
/// How often a waiting run looks whether the folder is free.
const WAIT: Duration = Duration::from_millis(50);

/// SHA-256 as hexadecimal digits.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What is known about an artifact that an earlier run left.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Left {
    inputs: String,
    sha256: String,
}

/// A folder that this run alone writes into, until it is dropped.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    state: BTreeMap<String, Left>,
    /// Whether the file of hashes says what `state` says.
    remembered: bool,
    cancelled: std::sync::Arc<AtomicBool>,
    _lock: File,
}

impl Folder {
    /// Opens (and makes) the folder; waits while another run works in it.
    pub(crate) fn open(
        path: PathBuf,
        fresh: bool,
        cancelled: std::sync::Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        fs::create_dir_all(&path).map_err(io("create", &path))?;
        let lock_path = path.join(LOCK);
        let lock = File::options()
            .create(true)
            .append(true)
            .open(&lock_path)
            .map_err(io("lock", &lock_path))?;
        wait_for(&lock, &lock_path, &cancelled)?;
        sweep(&path);
        let state = if fresh {
            BTreeMap::new()
        } else {
            read_state(&path)
        };
        Ok(Self {
            path,
            state,
            remembered: true,
            cancelled,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The bytes of an artifact that was made from equal inputs and is unchanged since.
    pub(crate) fn reusable(&self, name: &str, inputs: &str) -> Option<Vec<u8>> {
        let left = self.state.get(name).filter(|left| left.inputs == inputs)?;
        let bytes = fs::read(self.path.join(name)).ok()?;
        (sha256(&bytes) == left.sha256).then_some(bytes)
    }

    /// Writes an artifact: to a temporary name first, then renamed.
    pub(crate) fn write(&mut self, name: &str, inputs: &str, bytes: &[u8]) -> Result<(), Failure> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Failure::Interrupted);
        }
        self.put(name, bytes)?;
        let left = Left {
            inputs: inputs.to_owned(),
            sha256: sha256(bytes),
        };
        self.state.insert(name.to_owned(), left);
        self.remembered = false;
        Ok(())
    }

    /// Writes a file that is never reused and differs from run to run (times, durations).
    pub(crate) fn write_volatile(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        self.put(name, bytes)
    }

    /// Names of the artifacts made from these inputs in a folder below this one.
    pub(crate) fn names_in(&self, below: &str, inputs: &str) -> Vec<String> {
        let ours = self
            .state
            .iter()
            .filter(|(name, left)| name.starts_with(below) && left.inputs == inputs);
        ours.map(|(name, _)| name.clone()).collect()
    }

    /// Remembers what was written so far, for a run that goes on later.
    pub(crate) fn remember(&mut self) -> Result<(), Failure> {
        let text = serde_json::to_vec(&self.state).unwrap_or_default();
        self.put(STATE, &text)?;
        self.remembered = true;
        Ok(())
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let target = self.path.join(name);
        let folder = target.parent().unwrap_or(&self.path);
        fs::create_dir_all(folder).map_err(io("create", folder))?;
        let failed = io("write", &target);
        let mut file = tempfile::Builder::new()
            .prefix(".part-")
            .tempfile_in(folder)
            .map_err(&failed)?;
        file.write_all(bytes).map_err(&failed)?;
        make_readable(file.as_file()).map_err(&failed)?;
        file.persist(&target).map_err(|error| failed(error.error))?;
        Ok(())
    }
}

/// A run that ends early also leaves word of what it finished.
impl Drop for Folder {
    fn drop(&mut self) {
        if !self.remembered {
            // Without it the next run only does more than it must.
            let _ = self.remember();
        }
    }
}

/// Temporary files are private by default; artifacts are for everybody who may read the folder.
#[cfg(unix)]
fn make_readable(file: &File) -> std::io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
}

/// Elsewhere a file takes the permissions of its folder.
#[cfg(not(unix))]
fn make_readable(_: &File) -> std::io::Result<()> {
    Ok(())
}

fn wait_for(lock: &File, path: &Path, cancelled: &AtomicBool) -> Result<(), Failure> {
    loop {
        match lock.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if cancelled.load(Ordering::Relaxed) => {
                return Err(Failure::Interrupted);
            }
            Err(TryLockError::WouldBlock) => std::thread::sleep(WAIT),
            Err(TryLockError::Error(error)) => return Err(io("lock", path)(error)),
        }
    }
}

/// Removes what a killed run left under temporary names.
fn sweep(folder: &Path) {
    for place in [folder.to_path_buf(), folder.join("sections")] {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(".part-") {
                // A leftover that cannot be removed does no harm: nothing reads these names.
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

fn read_state(folder: &Path) -> BTreeMap<String, Left> {
    let bytes = fs::read(folder.join(STATE)).unwrap_or_default();
    serde_json::from_slice(&bytes).unwrap_or_default()
}

/// A closure that turns a system error into a failure about a path.
pub(crate) fn io(verb: &'static str, path: &Path) -> impl Fn(std::io::Error) -> Failure + use<> {
    let path = path.to_path_buf();
    move |source| Failure::Io {
        verb,
        path: path.clone(),
        source,
    }
}

/// `<org>__<name>/<first 12 digits of the recipe hash>`.
pub(crate) fn name_of(dossier: &Dossier, card_hash: &str, recipe_hash: &str) -> PathBuf {
    let model = match &dossier.id {
        Some(id) => slug(&id.replace('/', "__")),
        None => format!(
            "{}-{}",
            slug(&dossier.name),
            card_hash.get(..8).unwrap_or_default()
        ),
    };
    PathBuf::from(model).join(recipe_hash.get(..12).unwrap_or(recipe_hash))
}

/// A name that every file system takes: letters, digits, `.`, `_`, `-`; at most 120 of them.
fn slug(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "._-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .take(120)
        .collect();
    let trimmed = plain.trim_matches(['.', '-']);
    if trimmed.is_empty() {
        "model".to_owned()
    } else {
        trimmed.to_owned()
    }
}
