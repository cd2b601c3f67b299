//! From requirements to a lock.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::error::{EnvError, EnvErrorKind};
use super::interpreter::Interpreter;
use super::lock::{Lock, hex};
use super::prepare::with_kernel;
use super::requirement::Requirement;
use super::settings::{Backend, Settings};
use super::store::Environments;
use super::uv::{Call, Uv};

/// Packages that exist as source only, are plain Python and are needed by packages of the
/// catalogue: they are built even where building is off.
const SOURCE_ONLY: [&str; 5] = [
    "docopt",
    "antlr4-python3-runtime",
    "seqeval",
    "rouge-score",
    "langdetect",
];

/// A resolution on disk.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    schema_version: u32,
    requirements: Vec<String>,
    /// What the resolver printed.
    python: String,
    platform: String,
    packages: Vec<String>,
}

impl Environments {
    /// Resolves requirements for a Python (`3.12`), or finds what was resolved before. The second
    /// time asks nobody.
    ///
    /// # Errors
    ///
    /// An [`EnvError`] with its reason; also when a requirement cannot be one.
    pub fn lock(&self, requirements: &[String], python: &str) -> Result<Lock, EnvError> {
        let requirements = canonical(&with_kernel(requirements))?;
        let interpreter = self.interpreter(python)?;
        let uv = self.uv()?;
        let place = self.stored_at(&requirements, &interpreter, uv);
        if let Some(lock) = read(&place) {
            return Ok(lock);
        }
        let lock = self.resolved(&requirements, &interpreter, uv)?;
        store(&place, &requirements, &lock);
        Ok(lock)
    }

    /// As [`Environments::lock`], but asks the index again, and replaces what was kept.
    ///
    /// # Errors
    ///
    /// As [`Environments::lock`].
    pub fn upgrade(&self, requirements: &[String], python: &str) -> Result<Lock, EnvError> {
        let canonical = canonical(&with_kernel(requirements))?;
        let place = self.stored_at(&canonical, &self.interpreter(python)?, self.uv()?);
        match std::fs::remove_file(place) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(EnvError::io("cannot forget a resolution", &error))
            }
            _ => self.lock(requirements, python),
        }
    }

    /// The Python of environments, looked for once in a process.
    ///
    /// # Errors
    ///
    /// [`EnvErrorKind::PythonMissing`].
    pub fn interpreter(&self, wanted: &str) -> Result<Interpreter, EnvError> {
        let kept = || {
            self.pythons
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
        };
        if let Some(found) = kept().get(wanted) {
            return Ok(found.clone());
        }
        let found = Interpreter::find(wanted, &self.settings, self.uv().ok())?;
        kept().insert(wanted.to_owned(), found.clone());
        Ok(found)
    }

    fn resolved(
        &self,
        requirements: &[String],
        python: &Interpreter,
        uv: &Uv,
    ) -> Result<Lock, EnvError> {
        let compile = |backend: Option<&str>| self.compile(requirements, python, uv, backend);
        match &self.settings.backend {
            Backend::Named(name) => compile(Some(name)),
            Backend::Plain => compile(None),
            Backend::Auto => {
                let lock = compile(None)?;
                if lock.version("torch").is_none() || !self.reaches_cpu_builds(python, uv) {
                    return Ok(lock);
                }
                // A package that asks for another build of torch is served by the index as before.
                compile(Some("cpu")).or(Ok(lock))
            }
        }
    }

    fn compile(
        &self,
        requirements: &[String],
        python: &Interpreter,
        uv: &Uv,
        backend: Option<&str>,
    ) -> Result<Lock, EnvError> {
        let folder =
            tempfile::tempdir().map_err(|error| EnvError::io("no temporary folder", &error))?;
        let input = folder.path().join("requirements.in");
        std::fs::write(&input, requirements.join("\n") + "\n")
            .map_err(|error| EnvError::io("cannot write the requirements", &error))?;
        let mut arguments = compile_arguments(&input, python);
        arguments.extend(build_options(&self.settings));
        arguments.extend(
            backend
                .iter()
                .flat_map(|b| ["--torch-backend".to_owned(), (*b).to_owned()]),
        );
        let call = Call {
            arguments,
            folder: folder.path(),
            limit: self.settings.limits.lock,
            impatient: false,
        };
        let printed = uv.run(&call, &self.settings)?;
        Ok(Lock::new(&python.minor(), &python.platform, &printed))
    }

    /// Whether CPU builds of torch can be reached. Asked once in a process, for a few seconds.
    fn reaches_cpu_builds(&self, python: &Interpreter, uv: &Uv) -> bool {
        *self.cpu_builds.get_or_init(|| {
            let Ok(folder) = tempfile::tempdir() else {
                return false;
            };
            let input = folder.path().join("requirements.in");
            let mut arguments = compile_arguments(&input, python);
            arguments.extend(["--no-deps", "--torch-backend", "cpu"].map(str::to_owned));
            let call = Call {
                arguments,
                folder: folder.path(),
                limit: self.settings.limits.probe,
                impatient: true,
            };
            std::fs::write(&input, "torch\n").is_ok() && uv.run(&call, &self.settings).is_ok()
        })
    }

    pub(crate) fn locks_folder(&self) -> PathBuf {
        self.settings.folder.join("locks")
    }

    fn stored_at(&self, requirements: &[String], python: &Interpreter, uv: &Uv) -> PathBuf {
        let mut hash = Sha256::new();
        let backend = self.settings.backend.as_str();
        let build = if self.settings.build {
            "build"
        } else {
            "wheels"
        };
        for part in [
            &python.minor(),
            &python.platform,
            &uv.series(),
            backend,
            build,
        ] {
            hash.update(part.as_bytes());
            hash.update([0]);
        }
        for folder in &self.settings.find_links {
            hash.update(folder.as_os_str().as_encoded_bytes());
            hash.update([1]);
        }
        hash.update(requirements.join("\n"));
        let name = hex(&hash.finalize());
        self.locks_folder().join(format!("{name}.json"))
    }
}

/// Pythons that were found, by the version that was wanted.
pub(crate) type Pythons = Mutex<std::collections::BTreeMap<String, Interpreter>>;

/// What both resolving and installing are told about building and further folders.
pub(crate) fn build_options(settings: &Settings) -> Vec<String> {
    let mut options = Vec::new();
    if !settings.build {
        options.extend(["--only-binary", ":all:"].map(str::to_owned));
        options.extend(
            SOURCE_ONLY
                .iter()
                .flat_map(|name| ["--no-binary".to_owned(), (*name).to_owned()]),
        );
    }
    for folder in &settings.find_links {
        options.extend(["--find-links".to_owned(), folder.display().to_string()]);
    }
    options
}

fn compile_arguments(input: &Path, python: &Interpreter) -> Vec<String> {
    let fixed = [
        "pip",
        "compile",
        "--quiet",
        "--no-header",
        "--no-annotate",
        "--no-python-downloads",
    ];
    let own = [
        "--python".to_owned(),
        python.path.display().to_string(),
        input.display().to_string(),
    ];
    fixed.map(str::to_owned).into_iter().chain(own).collect()
}

/// Requirements in one form, sorted, each once; the kernel is added where it is not named.
fn canonical(requirements: &[String]) -> Result<Vec<String>, EnvError> {
    let mut parsed = Vec::with_capacity(requirements.len());
    for text in requirements {
        let requirement = Requirement::parse(text).ok_or_else(|| {
            EnvError::new(
                EnvErrorKind::Other,
                format!("`{}` is not a requirement", shortened(text)),
            )
            .with_hint(
                "a requirement is a package's name, with a version if need be: `numpy==2.4.6`",
            )
            .about(shortened(text))
        })?;
        parsed.push(requirement.text());
    }
    parsed.sort();
    parsed.dedup();
    Ok(parsed)
}

fn shortened(text: &str) -> String {
    text.chars()
        .take(80)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

fn read(place: &Path) -> Option<Lock> {
    let stored: Stored = serde_json::from_slice(&std::fs::read(place).ok()?).ok()?;
    Some(Lock::new(
        &stored.python,
        &stored.platform,
        &stored.packages.join("\n"),
    ))
}

/// Keeps a resolution. One that cannot be kept is resolved again the next time.
fn store(place: &Path, requirements: &[String], lock: &Lock) {
    let stored = Stored {
        schema_version: 1,
        requirements: requirements.to_vec(),
        python: lock.python.clone(),
        platform: lock.platform.clone(),
        packages: lock.packages.clone(),
    };
    let write = || -> std::io::Result<()> {
        let folder = place.parent().unwrap_or(place);
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(serde_json::to_string_pretty(&stored)?.as_bytes())?;
        file.persist(place)?;
        Ok(())
    };
    let _ = write();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_sorted_and_named_once() {
        let texts = ["torch == 2.15.0", "numpy", "torch==2.15.0"].map(str::to_owned);
        assert_eq!(canonical(&texts).unwrap(), ["numpy", "torch==2.15.0"]);
        let error = canonical(&["--index-url https://example.org".to_owned()]).unwrap_err();
        assert_eq!(error.kind, EnvErrorKind::Other);
    }
}
