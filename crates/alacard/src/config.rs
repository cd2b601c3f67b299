//! `alacard.toml` in the working folder, then `~/.config/alacard/config.toml`: defaults below
//! flags and environment.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cli::{HubArgs, RecipeArgs};
use crate::exit::Problem;

/// Defaults of the user's own. Every key is optional; unknown keys are refused.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Config {
    /// As `--topic`.
    pub(crate) topic: Option<String>,
    /// As `--difficulty`.
    pub(crate) difficulty: Option<String>,
    /// As `--prompts`.
    pub(crate) prompts: Option<String>,
    /// As `--ui`.
    pub(crate) ui: Option<String>,
    /// As `--format`.
    pub(crate) format: Option<String>,
    /// As `--runtime`.
    pub(crate) runtime: Option<String>,
    /// As `--language`.
    pub(crate) language: Option<String>,
    /// As `--seed`.
    pub(crate) seed: Option<u64>,
    /// As `--out`.
    pub(crate) out: Option<PathBuf>,
    /// As `--hub-dir`.
    pub(crate) hub_dir: Option<PathBuf>,
    /// As `--offline`.
    pub(crate) offline: Option<bool>,
}

impl Config {
    /// The names of all keys.
    pub(crate) fn keys() -> Vec<String> {
        match serde_json::to_value(Self::default()) {
            Ok(serde_json::Value::Object(fields)) => {
                fields.into_iter().map(|(key, _)| key).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Reads the first file that exists.
    pub(crate) fn load() -> Result<Self, Problem> {
        match places().into_iter().find(|path| path.is_file()) {
            Some(path) => read(&path),
            None => Ok(Self::default()),
        }
    }

    /// Fills what the command line left open.
    pub(crate) fn under_recipe(&self, args: &mut RecipeArgs) {
        fill(&mut args.topic, &self.topic);
        fill(&mut args.difficulty, &self.difficulty);
        fill(&mut args.prompts, &self.prompts);
        fill(&mut args.ui, &self.ui);
        fill(&mut args.format, &self.format);
        fill(&mut args.runtime, &self.runtime);
        fill(&mut args.language, &self.language);
        fill(&mut args.seed, &self.seed);
    }

    /// Fills what the command line left open.
    pub(crate) fn under_hub(&self, args: &mut HubArgs) {
        fill(&mut args.hub_dir, &self.hub_dir);
        args.offline |= self.offline.unwrap_or(false);
    }
}

fn fill<T: Clone>(open: &mut Option<T>, default: &Option<T>) {
    if open.is_none() {
        open.clone_from(default);
    }
}

fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("alacard.toml")];
    let home = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".config")));
    places.extend(home.map(|home| home.join("alacard/config.toml")));
    places
}

fn read(path: &Path) -> Result<Config, Problem> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::usage(format!("cannot read `{name}`: {error}")))?;
    toml::from_str(&text).map_err(|error| {
        Problem::usage(format!(
            "`{name}` is not a configuration: {}",
            error.message()
        ))
        .with_hint("`alacard generate --help` lists the names")
    })
}
