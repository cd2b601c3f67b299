//! uv: where it is, and how it is called.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::child::{Ended, run};
use super::error::{EnvError, EnvErrorKind};
use super::explain::explain;
use super::settings::Settings;

/// The uv on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uv {
    /// The program.
    pub path: PathBuf,
    /// Its version: `0.13.9`.
    pub version: String,
}

/// How long `uv --version` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// What to do without uv.
const HOW_TO_GET: &str = "`pip install uv` gets it (or uv's own installer); `ALACARD_UV` names one that is not on the PATH";

impl Uv {
    /// Finds uv: `ALACARD_UV`, the `PATH`, then the folders into which installers put it.
    ///
    /// # Errors
    ///
    /// [`EnvErrorKind::UvMissing`] when there is none, or when the named one does not run.
    pub fn find(settings: &Settings) -> Result<Self, EnvError> {
        if let Some(named) = &settings.uv {
            return Self::at(named, settings).ok_or_else(|| {
                missing(&format!(
                    "`{}` (ALACARD_UV) is not a uv that runs",
                    named.display()
                ))
            });
        }
        let homes = settings
            .home
            .iter()
            .flat_map(|home| [home.join(".local/bin"), home.join(".cargo/bin")]);
        let common = ["/usr/local/bin", "/opt/homebrew/bin"].map(PathBuf::from);
        let folders = settings.path.iter().cloned().chain(homes).chain(common);
        folders
            .map(|folder| folder.join("uv"))
            .filter(|path| path.is_file())
            .find_map(|path| Self::at(&path, settings))
            .ok_or_else(|| {
                missing("uv, which resolves and installs packages, is not on this machine")
            })
    }

    fn at(path: &Path, settings: &Settings) -> Option<Self> {
        let mut command = Command::new(path);
        command.arg("--version");
        let Ok(Ended::Done {
            success: true, out, ..
        }) = run(command, VERSION_LIMIT, &settings.cancel)
        else {
            return None;
        };
        let version = out.strip_prefix("uv ")?.split_whitespace().next()?;
        Some(Self {
            path: path.to_owned(),
            version: version.to_owned(),
        })
    }

    /// Major and minor version: resolutions of one such version are kept together.
    pub(crate) fn series(&self) -> String {
        let mut parts = self.version.split('.');
        format!(
            "{}.{}",
            parts.next().unwrap_or("0"),
            parts.next().unwrap_or("0")
        )
    }

    /// Runs uv in `folder` (where it finds no project of anybody) and gives what it printed.
    pub(crate) fn run(&self, call: &Call<'_>, settings: &Settings) -> Result<String, EnvError> {
        let mut command = Command::new(&self.path);
        command
            .args(["--color", "never", "--no-progress"])
            .args(&call.arguments)
            .current_dir(call.folder)
            .env_remove("VIRTUAL_ENV")
            .env_remove("CONDA_PREFIX")
            .env("UV_NO_PROGRESS", "1")
            .envs(&settings.variables);
        if call.impatient {
            command
                .env("UV_HTTP_RETRIES", "0")
                .env("UV_HTTP_TIMEOUT", call.limit.as_secs().max(1).to_string());
        }
        if settings.offline {
            command.env("UV_OFFLINE", "1");
        }
        let ended = run(command, call.limit, &settings.cancel)
            .map_err(|error| EnvError::io("cannot run uv", &error))?;
        match ended {
            Ended::Done {
                success: true, out, ..
            } => Ok(out),
            Ended::Done { err, .. } => Err(explain(&err)),
            Ended::Cancelled => Err(EnvError::cancelled()),
            Ended::TimedOut => Err(too_slow(call)),
        }
    }
}

/// One call of uv.
pub(crate) struct Call<'a> {
    pub(crate) arguments: Vec<String>,
    pub(crate) folder: &'a Path,
    pub(crate) limit: Duration,
    /// Whether the network is asked once only.
    pub(crate) impatient: bool,
}

fn missing(message: &str) -> EnvError {
    EnvError::new(EnvErrorKind::UvMissing, message).with_hint(HOW_TO_GET)
}

fn too_slow(call: &Call<'_>) -> EnvError {
    let verb: Vec<&str> = call.arguments.iter().take(2).map(String::as_str).collect();
    EnvError::new(
        EnvErrorKind::TimedOut,
        format!(
            "`uv {}` did not end within {} seconds",
            verb.join(" "),
            call.limit.as_secs()
        ),
    )
    .with_hint("try again on a faster connection; what was downloaded is kept")
}
