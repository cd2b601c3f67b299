//! The folder of environments: what is there, what fits, what is in use.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::EnvError;
use super::interpreter::Interpreter;
use super::lock::Lock;
use super::record::EnvRecord;
use super::settings::Settings;
use super::uv::Uv;

/// All environments of a user, in one folder:
///
/// - `<lock hash>/`: one environment, with `env.json` and `requirements.lock` in it;
/// - `locks/`: resolutions, by the hash of what was asked;
/// - `held/`: lock files of processes that make, use or remove an environment.
#[derive(Debug)]
pub struct Environments {
    pub(crate) settings: Settings,
    uv: OnceLock<Result<Uv, EnvError>>,
    pub(crate) cpu_builds: OnceLock<bool>,
    pub(crate) pythons: super::resolve::Pythons,
}

/// An environment that nobody removes as long as this value lives.
#[derive(Debug, Clone)]
pub struct Environment {
    /// Its folder. Read-only for everybody; it may be shown to a sandbox at the same path.
    pub folder: PathBuf,
    /// What is in it.
    pub lock: Lock,
    /// Where it comes from.
    pub record: EnvRecord,
    /// A shared advisory lock.
    _held: Arc<File>,
}

impl Environment {
    /// Its Python: a link to the interpreter of [`EnvRecord::python`].
    pub fn python(&self) -> PathBuf {
        self.folder.join("bin/python")
    }

    /// Where its packages are.
    pub fn site_packages(&self) -> PathBuf {
        site_packages(&self.folder, &self.record.python)
    }

    /// The interpreter's own folder, which a sandbox must show too.
    pub fn base_prefix(&self) -> &Path {
        &self.record.python.prefix
    }
}

/// A line of the list of environments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Listed {
    /// What the environment says of itself.
    #[serde(flatten)]
    pub record: EnvRecord,
    /// When it was last used, in seconds since 1970.
    pub last_used: u64,
    /// Whether a process uses it now.
    pub in_use: bool,
}

pub(crate) fn site_packages(folder: &Path, python: &Interpreter) -> PathBuf {
    folder
        .join("lib")
        .join(format!("python{}", python.minor()))
        .join("site-packages")
}

impl Environments {
    /// Environments as the settings describe them. Nothing is looked at or made yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            uv: OnceLock::new(),
            cpu_builds: OnceLock::new(),
            pythons: super::resolve::Pythons::default(),
        }
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// uv, looked for once.
    ///
    /// # Errors
    ///
    /// As [`Uv::find`].
    pub fn uv(&self) -> Result<&Uv, EnvError> {
        let found = self.uv.get_or_init(|| Uv::find(&self.settings));
        found.as_ref().map_err(Clone::clone)
    }

    /// All finished environments, the last used first.
    pub fn list(&self) -> Vec<Listed> {
        let mut listed: Vec<Listed> = self
            .records()
            .into_iter()
            .map(|record| Listed {
                last_used: self.last_used(&record),
                in_use: self.is_held(&record.lock_hash),
                record,
            })
            .collect();
        listed.sort_by(|a, b| {
            (b.last_used, &a.record.lock_hash).cmp(&(a.last_used, &b.record.lock_hash))
        });
        listed
    }

    /// An environment that satisfies all requirements, with the same pins, or nothing. Of several
    /// the one with the fewest packages is taken, and of those the one with the smallest hash, so
    /// the choice depends on nothing but what is there.
    pub fn covering(&self, requirements: &[String]) -> Option<Environment> {
        let mut fitting: Vec<EnvRecord> = self
            .records()
            .into_iter()
            .filter(|record| {
                self.stored_lock(&record.lock_hash)
                    .is_some_and(|lock| lock.satisfies(&record.requirements, requirements))
            })
            .collect();
        fitting.sort_by(|a, b| (a.packages, &a.lock_hash).cmp(&(b.packages, &b.lock_hash)));
        fitting
            .iter()
            .find_map(|record| self.open(&record.lock_hash))
    }

    /// The finished environment of a lock hash, held and marked as used.
    pub fn open(&self, hash: &str) -> Option<Environment> {
        let held = self.hold_file(hash).ok()?;
        held.try_lock_shared().ok()?;
        let (record, lock) = self.whole(hash)?;
        self.touch(hash);
        Some(Environment {
            folder: self.folder_of(hash),
            lock,
            record,
            _held: Arc::new(held),
        })
    }

    /// What a finished environment says of itself. An interpreter that was removed under it makes
    /// it useless.
    pub(crate) fn whole(&self, hash: &str) -> Option<(EnvRecord, Lock)> {
        let found = (self.record(hash)?, self.stored_lock(hash)?);
        self.folder_of(hash)
            .join("bin/python")
            .exists()
            .then_some(found)
    }

    pub(crate) fn records(&self) -> Vec<EnvRecord> {
        let entries = std::fs::read_dir(&self.settings.folder)
            .into_iter()
            .flatten()
            .flatten();
        let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let mut records: Vec<EnvRecord> = names
            .filter(|name| is_hash(name))
            .filter_map(|name| self.record(&name))
            .collect();
        records.sort_by(|a, b| a.lock_hash.cmp(&b.lock_hash));
        records
    }

    fn record(&self, hash: &str) -> Option<EnvRecord> {
        let text = std::fs::read(self.folder_of(hash).join("env.json")).ok()?;
        let record: EnvRecord = serde_json::from_slice(&text).ok()?;
        (record.lock_hash == hash && record.schema_version == super::record::SCHEMA_VERSION)
            .then_some(record)
    }

    fn stored_lock(&self, hash: &str) -> Option<Lock> {
        let text = std::fs::read_to_string(self.folder_of(hash).join("requirements.lock")).ok()?;
        Lock::parse(&text).filter(|lock| lock.hash == hash)
    }

    pub(crate) fn folder_of(&self, hash: &str) -> PathBuf {
        self.settings.folder.join(hash)
    }

    fn last_used(&self, record: &EnvRecord) -> u64 {
        let marked =
            std::fs::metadata(self.used_file(&record.lock_hash)).and_then(|m| m.modified());
        marked
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(record.created, |since| since.as_secs())
    }

    /// Marks an environment as used now.
    pub(crate) fn touch(&self, hash: &str) {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.settings.now());
        // A cache that cannot be written to still serves; only its age is not known then.
        let _ = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.used_file(hash))
            .and_then(|file| file.set_modified(now));
    }

    fn used_file(&self, hash: &str) -> PathBuf {
        self.settings
            .folder
            .join("held")
            .join(format!("{hash}.used"))
    }

    /// The file on which processes agree about one environment.
    pub(crate) fn hold_file(&self, hash: &str) -> Result<File, EnvError> {
        let folder = self.settings.folder.join("held");
        open_held(&folder, hash).map_err(|error| {
            EnvError::io(&format!("cannot write to `{}`", folder.display()), &error)
        })
    }

    fn is_held(&self, hash: &str) -> bool {
        self.hold_file(hash)
            .is_ok_and(|file| file.try_lock().is_err())
    }
}

/// The file of a folder on which processes agree about one thing in it; made where it is missing.
pub(crate) fn open_held(folder: &Path, name: &str) -> std::io::Result<File> {
    std::fs::create_dir_all(folder)?;
    File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(folder.join(format!("{name}.lock")))
}

pub(crate) fn is_hash(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_hexdigit())
}
