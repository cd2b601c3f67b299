//! Where environments are kept and how uv is used.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alacard_hub::{Clock, SystemClock};

/// Where builds of torch come from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Backend {
    /// CPU builds where their index answers, else what the package index has.
    #[default]
    Auto,
    /// What the package index has.
    Plain,
    /// A value of uv's own `--torch-backend` (`cpu`, `cu130`).
    Named(String),
}

impl Backend {
    /// A name for cache keys and records.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Auto => "auto",
            Self::Plain => "plain",
            Self::Named(name) => name,
        }
    }
}

/// The longest that anything may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Resolving requirements.
    pub lock: Duration,
    /// Installing packages, downloads included.
    pub install: Duration,
    /// Compiling their code to bytecode.
    pub compile: Duration,
    /// Asking whether CPU builds can be reached.
    pub probe: Duration,
    /// Waiting for another process that makes the same environment.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lock: Duration::from_secs(180),
            install: Duration::from_secs(1800),
            compile: Duration::from_secs(600),
            probe: Duration::from_secs(3),
            wait: Duration::from_secs(1800),
        }
    }
}

/// How environments are made. [`Settings::from_env`] is the only place that looks at variables.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The folder of the environments.
    pub folder: PathBuf,
    /// The uv that `ALACARD_UV` names.
    pub uv: Option<PathBuf>,
    /// The Python that `ALACARD_PYTHON` names.
    pub python: Option<PathBuf>,
    /// Folders of `PATH`.
    pub path: Vec<PathBuf>,
    /// The user's home.
    pub home: Option<PathBuf>,
    /// Where builds of torch come from.
    pub backend: Backend,
    /// Whether uv may use the network (`UV_OFFLINE`).
    pub offline: bool,
    /// Whether packages may be built from source. Building runs code of the package **outside**
    /// of the sandbox, so it is off unless the user says so.
    pub build: bool,
    /// More folders with packages.
    pub find_links: Vec<PathBuf>,
    /// More variables for uv.
    pub variables: BTreeMap<String, String>,
    /// Limits of time.
    pub limits: Limits,
    /// Set to true from anywhere to stop soon.
    pub cancel: Arc<AtomicBool>,
    /// Time.
    pub clock: Arc<dyn Clock>,
}

impl Settings {
    /// Settings for environments in `folder`, with nothing taken from the surroundings.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
            uv: None,
            python: None,
            path: Vec::new(),
            home: None,
            backend: Backend::Auto,
            offline: false,
            build: false,
            find_links: Vec::new(),
            variables: BTreeMap::new(),
            limits: Limits::default(),
            cancel: Arc::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// Settings from environment variables, looked up through `get`.
    ///
    /// `ALACARD_ENVS` is the folder, else `envs` in `ALACARD_CACHE`, else `alacard/envs` in
    /// `XDG_CACHE_HOME` or `~/.cache`. `ALACARD_UV` and `ALACARD_PYTHON` name programs,
    /// `ALACARD_TORCH_BACKEND` a backend (`plain`: what the package index has),
    /// `ALACARD_ENV_BUILD=1` allows building from source. uv reads its own `UV_…` variables
    /// itself.
    pub fn from_env(get: &dyn Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| get(name).filter(|value| !value.trim().is_empty());
        let is_on = |name: &str| {
            get(name).is_some_and(|value| {
                matches!(
                    value.trim().to_ascii_lowercase().as_str(),
                    "1" | "true" | "yes" | "on"
                )
            })
        };
        let mut settings = Self::new(folder(&get));
        settings.uv = get("ALACARD_UV").map(PathBuf::from);
        settings.python = get("ALACARD_PYTHON").map(PathBuf::from);
        settings.path = get("PATH")
            .map(|path| std::env::split_paths(&path).collect())
            .unwrap_or_default();
        settings.home = get("HOME").map(PathBuf::from);
        settings.offline = is_on("UV_OFFLINE");
        settings.build = is_on("ALACARD_ENV_BUILD");
        settings.backend = match get("ALACARD_TORCH_BACKEND").as_deref().map(str::trim) {
            None | Some("auto") => Backend::Auto,
            Some("plain" | "pypi") => Backend::Plain,
            Some(name) => Backend::Named(name.to_owned()),
        };
        settings
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancel.load(Ordering::SeqCst)
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.clock.now().as_secs()
    }
}

fn folder(get: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(folder) = get("ALACARD_ENVS") {
        return PathBuf::from(folder);
    }
    if let Some(cache) = get("ALACARD_CACHE") {
        return PathBuf::from(cache).join("envs");
    }
    let cache = get("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
        .or_else(|| get("HOME").map(|home| PathBuf::from(home).join(".cache")));
    cache
        .unwrap_or_else(std::env::temp_dir)
        .join("alacard")
        .join("envs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_say_where_and_how() {
        let from = |pairs: &[(&str, &str)]| {
            let pairs: BTreeMap<String, String> = pairs
                .iter()
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
                .collect();
            Settings::from_env(&move |name| pairs.get(name).cloned())
        };
        let plain = from(&[("HOME", "/home/a"), ("PATH", "/x:/y")]);
        assert_eq!(plain.folder, PathBuf::from("/home/a/.cache/alacard/envs"));
        assert_eq!(plain.path.len(), 2);
        assert_eq!(plain.backend, Backend::Auto);
        assert!(!plain.build && !plain.offline);
        let set = from(&[
            ("ALACARD_CACHE", "/c"),
            ("ALACARD_TORCH_BACKEND", "cpu"),
            ("UV_OFFLINE", "1"),
        ]);
        assert_eq!(set.folder, PathBuf::from("/c/envs"));
        assert_eq!(set.backend, Backend::Named("cpu".to_owned()));
        assert!(set.offline);
        assert_eq!(
            from(&[("ALACARD_ENVS", "/e"), ("ALACARD_CACHE", "/c")]).folder,
            PathBuf::from("/e")
        );
    }
}
