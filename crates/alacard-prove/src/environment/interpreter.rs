//! Which Python environments are made of.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::child::{Ended, run};
use super::error::{EnvError, EnvErrorKind};
use super::settings::Settings;
use super::uv::{Call, Uv};

/// A Python that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Interpreter {
    /// The program itself, no link and no virtual environment.
    pub path: PathBuf,
    /// Its version: `3.12.1`.
    pub version: String,
    /// The folder with its standard library (`sys.base_prefix`): a sandbox must show it.
    pub prefix: PathBuf,
    /// Operating system and processor: `linux-x86_64`.
    pub platform: String,
}

/// Versions that will do when the wanted one is not there, best first.
const OTHERS: [&str; 4] = ["3.12", "3.13", "3.11", "3.14"];
/// How long a Python may take to say what it is.
const ASK_LIMIT: Duration = Duration::from_secs(10);
/// How long a Python may take to be found by uv, and to be downloaded.
const FIND_LIMIT: Duration = Duration::from_secs(20);
const DOWNLOAD_LIMIT: Duration = Duration::from_secs(180);

const QUESTION: &str = "import os,platform,sys\nprint(os.path.realpath(getattr(sys,'_base_executable',sys.executable)))\nprint('.'.join(map(str,sys.version_info[:3])))\nprint(sys.base_prefix)\nprint(sys.platform+'-'+platform.machine())\nprint(sys.implementation.name)";

impl Interpreter {
    /// Major and minor version: `3.12`.
    pub fn minor(&self) -> String {
        let parts: Vec<&str> = self.version.split('.').take(2).collect();
        parts.join(".")
    }

    /// Finds a Python: the named one, one of the wanted version, one of another supported version,
    /// and only then one that uv downloads. `uv` may be missing; then nothing is downloaded.
    pub(crate) fn find(
        wanted: &str,
        settings: &Settings,
        uv: Option<&Uv>,
    ) -> Result<Self, EnvError> {
        if let Some(named) = &settings.python {
            return Self::at(named, settings).ok_or_else(|| {
                missing(format!(
                    "`{}` (ALACARD_PYTHON) is not a Python that runs",
                    named.display()
                ))
            });
        }
        let others = OTHERS.iter().copied().filter(|other| *other != wanted);
        for version in std::iter::once(wanted).chain(others) {
            if let Some(found) = Self::installed(version, settings, uv) {
                return Ok(found);
            }
            if settings.is_cancelled() {
                return Err(EnvError::cancelled());
            }
        }
        uv.and_then(|uv| Self::downloaded(wanted, settings, uv))
            .ok_or_else(|| {
                missing(format!(
                    "there is no Python {wanted} on this machine, nor 3.11 to 3.14"
                ))
            })
    }

    fn installed(version: &str, settings: &Settings, uv: Option<&Uv>) -> Option<Self> {
        let fits = |found: &Self| found.minor() == version;
        let by_uv = uv.and_then(|uv| ask_uv(version, settings, uv));
        let found = by_uv
            .and_then(|path| Self::at(&path, settings))
            .filter(fits);
        // uv gives up at the first broken link on the PATH; a look of our own does not.
        found.or_else(|| {
            candidates(version, settings)
                .iter()
                .filter_map(|path| Self::at(path, settings))
                .find(fits)
        })
    }

    fn downloaded(version: &str, settings: &Settings, uv: &Uv) -> Option<Self> {
        if settings.offline {
            return None;
        }
        let call = Call {
            arguments: ["python", "install", version].map(str::to_owned).to_vec(),
            folder: Path::new("/"),
            limit: DOWNLOAD_LIMIT,
            impatient: true,
        };
        uv.run(&call, settings).ok()?;
        let path = ask_uv(version, settings, uv)?;
        Self::at(&path, settings)
    }

    /// Asks a program what Python it is. Only CPython of 3.11 or newer counts.
    fn at(path: &Path, settings: &Settings) -> Option<Self> {
        let mut command = Command::new(path);
        command.args(["-I", "-S", "-c", QUESTION]);
        let Ok(Ended::Done {
            success: true, out, ..
        }) = run(command, ASK_LIMIT, &settings.cancel)
        else {
            return None;
        };
        let mut lines = out.lines();
        let (path, version, prefix, platform, kind) = (
            lines.next()?,
            lines.next()?,
            lines.next()?,
            lines.next()?,
            lines.next()?,
        );
        let minor: u32 = version
            .strip_prefix("3.")?
            .split('.')
            .next()?
            .parse()
            .ok()?;
        (kind == "cpython" && minor >= 11).then(|| Self {
            path: PathBuf::from(path),
            version: version.to_owned(),
            prefix: PathBuf::from(prefix),
            platform: platform.to_owned(),
        })
    }
}

fn ask_uv(version: &str, settings: &Settings, uv: &Uv) -> Option<PathBuf> {
    let arguments = [
        "python",
        "find",
        "--no-project",
        "--system",
        "--no-python-downloads",
        version,
    ];
    let call = Call {
        arguments: arguments.map(str::to_owned).to_vec(),
        folder: Path::new("/"),
        limit: FIND_LIMIT,
        impatient: false,
    };
    let printed = uv.run(&call, settings).ok()?;
    Some(PathBuf::from(printed.trim()))
}

/// Where a Python of a version may stand: the PATH and pyenv's folder.
fn candidates(version: &str, settings: &Settings) -> Vec<PathBuf> {
    let names = [format!("python{version}"), "python3".to_owned()];
    let on_path = settings
        .path
        .iter()
        .flat_map(|folder| names.iter().map(move |name| folder.join(name)));
    let mut found: Vec<PathBuf> = on_path.filter(|path| path.is_file()).collect();
    if let Some(home) = &settings.home {
        let mut versions: Vec<PathBuf> = std::fs::read_dir(home.join(".pyenv/versions"))
            .into_iter()
            .flatten()
            .flatten()
            .filter(|entry| {
                entry
                    .file_name()
                    .to_string_lossy()
                    .starts_with(&format!("{version}."))
            })
            .map(|entry| entry.path().join("bin/python"))
            .filter(|path| path.is_file())
            .collect();
        versions.sort();
        found.extend(versions);
    }
    found
}

fn missing(message: String) -> EnvError {
    EnvError::new(EnvErrorKind::PythonMissing, message)
        .with_hint("install Python 3.12, or name one with ALACARD_PYTHON")
}
