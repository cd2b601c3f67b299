//! Making the environment of a lock.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::Progress;
use super::bytecode;
use super::error::EnvError;
use super::interpreter::Interpreter;
use super::lock::Lock;
use super::record::{EnvRecord, SCHEMA_VERSION};
use super::resolve::build_options;
use super::store::{Environment, Environments, site_packages};
use super::uv::{Call, Uv};

/// How often a waiting maker looks again.
const TICK: Duration = Duration::from_millis(50);
/// Packages of more than this many files are counted without end otherwise.
const MAX_FILES: u64 = 5_000_000;

impl Environments {
    /// The environment of a lock: the one that is there, or a new one. `requirements` are those
    /// that the lock was resolved for; they are written into its record.
    ///
    /// It is made under another name and renamed when it is whole, so a process that is killed
    /// half way leaves nothing that anybody takes for an environment. Two processes that want the
    /// same one make it once.
    ///
    /// # Errors
    ///
    /// An [`EnvError`] with its reason.
    pub fn ensure(
        &self,
        lock: &Lock,
        requirements: &[String],
        progress: Progress<'_>,
    ) -> Result<Environment, EnvError> {
        let begun = Instant::now();
        let mut said = false;
        loop {
            // Whoever waited for another maker finds what that one made.
            if let Some(found) = self.open(&lock.hash) {
                return Ok(found);
            }
            let held = self.hold_file(&lock.hash)?;
            if held.try_lock().is_ok() {
                self.sweep(&lock.hash);
                if self.whole(&lock.hash).is_none() {
                    self.make(lock, requirements, progress)?;
                }
                continue;
            }
            self.may_wait(begun)?;
            if !std::mem::replace(&mut said, true) {
                progress("waiting for another process that makes this environment");
            }
            std::thread::sleep(TICK);
        }
    }

    /// Whether there is time left to wait for another maker.
    fn may_wait(&self, begun: Instant) -> Result<(), EnvError> {
        if self.settings.is_cancelled() {
            return Err(EnvError::cancelled());
        }
        if begun.elapsed() > self.settings.limits.wait {
            return Err(EnvError::new(
                super::EnvErrorKind::TimedOut,
                "another process has been making this environment for too long",
            )
            .with_hint("end it, then run this again"));
        }
        Ok(())
    }

    fn make(
        &self,
        lock: &Lock,
        requirements: &[String],
        progress: Progress<'_>,
    ) -> Result<(), EnvError> {
        let begun = Instant::now();
        let uv = self.uv()?;
        let python = Interpreter::find(&lock.python, &self.settings, Some(uv))?;
        if python.minor() != lock.python {
            return Err(EnvError::new(
                super::EnvErrorKind::PythonMissing,
                format!(
                    "the lock is for Python {}, and this machine has {}",
                    lock.python, python.version
                ),
            )
            .with_hint(format!("install Python {}", lock.python)));
        }
        let site = Site {
            folder: self.settings.folder.join(format!(
                ".making-{}-{}",
                lock.hash,
                std::process::id()
            )),
            python: &python,
            uv,
        };
        let made = self
            .fill(&site, lock, progress)
            .and_then(|compiled| self.describe(&site, lock, requirements, compiled, begun))
            .and_then(|()| self.publish(&site.folder, &lock.hash));
        if made.is_err() {
            // What is left is swept by the next maker, too.
            let _ = std::fs::remove_dir_all(&site.folder);
        }
        made
    }

    fn fill(
        &self,
        site: &Site<'_>,
        lock: &Lock,
        progress: Progress<'_>,
    ) -> Result<super::record::Bytecode, EnvError> {
        progress(&format!(
            "making an environment of {} packages",
            lock.packages.len()
        ));
        std::fs::create_dir_all(&self.settings.folder)
            .map_err(|error| EnvError::io("cannot make the folder of environments", &error))?;
        let limit = self.settings.limits.install;
        let call = |arguments: Vec<String>, folder| Call {
            arguments,
            folder,
            limit,
            impatient: false,
        };
        let venv = words(&[
            "venv",
            "--quiet",
            "--no-project",
            "--no-config",
            "--relocatable",
            "--python",
        ])
        .chain([text(&site.python.path), text(&site.folder)]);
        site.uv
            .run(&call(venv.collect(), &self.settings.folder), &self.settings)?;
        let file = site.folder.join("requirements.lock");
        std::fs::write(&file, lock.text())
            .map_err(|error| EnvError::io("cannot write the lock", &error))?;
        let install = words(&[
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--link-mode",
            "hardlink",
            "--python",
        ])
        .chain([
            text(&site.folder.join("bin/python")),
            "-r".to_owned(),
            text(&file),
        ])
        .chain(build_options(&self.settings))
        .chain(backend_of(lock));
        site.uv
            .run(&call(install.collect(), &site.folder), &self.settings)?;
        progress("compiling bytecode, so that later starts are fast");
        bytecode::compile(
            &site_packages(&site.folder, site.python),
            &self.donors(site.python),
            site.python,
            &self.settings,
        )
    }

    /// Packages of other environments of the same Python, the largest first.
    fn donors(&self, python: &Interpreter) -> Vec<PathBuf> {
        let mut records = self.records();
        records.retain(|record| record.python == *python && record.bytecode.complete);
        records.sort_by(|a, b| (b.packages, &a.lock_hash).cmp(&(a.packages, &b.lock_hash)));
        records
            .iter()
            .map(|record| site_packages(&self.folder_of(&record.lock_hash), python))
            .collect()
    }

    fn describe(
        &self,
        site: &Site<'_>,
        lock: &Lock,
        requirements: &[String],
        bytecode: super::record::Bytecode,
        begun: Instant,
    ) -> Result<(), EnvError> {
        let mut size = Size::default();
        size.add(&site.folder);
        let mut requirements = requirements.to_vec();
        requirements.sort();
        let record = EnvRecord {
            schema_version: SCHEMA_VERSION,
            lock_hash: lock.hash.clone(),
            requirements,
            python: site.python.clone(),
            packages: lock.packages.len(),
            bytes: size.bytes,
            own_bytes: size.own_bytes,
            created: self.settings.now(),
            made_in_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            uv: site.uv.version.clone(),
            bytecode,
        };
        let text = serde_json::to_string_pretty(&record).unwrap_or_default();
        std::fs::write(site.folder.join("env.json"), text + "\n")
            .map_err(|error| EnvError::io("cannot write the record", &error))
    }

    fn publish(&self, made: &Path, hash: &str) -> Result<(), EnvError> {
        let place = self.folder_of(hash);
        if place.exists() {
            super::collect::remove_folder(&place)
                .map_err(|error| EnvError::io("cannot replace a broken environment", &error))?;
        }
        std::fs::rename(made, &place)
            .map_err(|error| EnvError::io("cannot publish the environment", &error))
    }

    /// Removes what makers of this environment left who did not finish. The caller holds it alone.
    pub(crate) fn sweep(&self, hash: &str) -> usize {
        let prefixes = [format!(".making-{hash}-"), format!(".removing-{hash}-")];
        let entries = std::fs::read_dir(&self.settings.folder)
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(|entry| {
                let name = entry.file_name().to_string_lossy().into_owned();
                prefixes
                    .iter()
                    .any(|prefix| name.starts_with(prefix.as_str()))
            })
            .filter(|entry| std::fs::remove_dir_all(entry.path()).is_ok())
            .count()
    }
}

/// An environment in the making.
struct Site<'a> {
    folder: PathBuf,
    python: &'a Interpreter,
    uv: &'a Uv,
}

/// A lock with CPU builds installs them from where they come from.
fn backend_of(lock: &Lock) -> Vec<String> {
    let local = lock
        .version("torch")
        .and_then(|version| version.split_once('+'));
    match local {
        Some((_, backend)) => vec!["--torch-backend".to_owned(), backend.to_owned()],
        None => Vec::new(),
    }
}

fn words(words: &[&str]) -> impl Iterator<Item = String> {
    words
        .iter()
        .map(|word| (*word).to_owned())
        .collect::<Vec<_>>()
        .into_iter()
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

#[derive(Default)]
struct Size {
    files: u64,
    bytes: u64,
    own_bytes: u64,
}

impl Size {
    fn add(&mut self, folder: &Path) {
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        for entry in entries {
            let Ok(meta) = entry.metadata() else {
                continue;
            };
            if meta.is_dir() {
                self.add(&entry.path());
            } else if self.files < MAX_FILES {
                self.files += 1;
                self.bytes += meta.len();
                self.own_bytes += if meta.nlink() == 1 { meta.len() } else { 0 };
            }
        }
    }
}
