//! What is to run, what it may see, and how much it may use.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::SandboxError;

/// Ways to shut a command in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Namespaces and a file system of its own, and a filter of system calls.
    Bubblewrap,
    /// Rules of the kernel on files and ports, and a filter of system calls.
    Landlock,
    /// Nothing: limits and a folder of its own only.
    None,
}

impl Kind {
    /// Its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Bubblewrap => "bubblewrap",
            Self::Landlock => "landlock",
            Self::None => "none",
        }
    }

    /// The kind of that name; what `ALACARD_SANDBOX` says inside.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Bubblewrap, Self::Landlock, Self::None]
            .into_iter()
            .find(|kind| kind.name() == name)
    }
}

/// A file or folder of the host that is seen inside and cannot be changed there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadOnly {
    /// Where it is.
    pub host: PathBuf,
    /// Where it is seen. With Landlock it is seen where it is; see [`crate::View`].
    pub inside: PathBuf,
}

/// A command and its limits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// The program, as a path inside.
    pub program: PathBuf,
    /// Its arguments. One that is a path inside is rewritten where Landlock needs it.
    pub args: Vec<OsString>,
    /// What is seen beside the system's own programs and libraries.
    pub read_only: Vec<ReadOnly>,
    /// Size of `/work`, the only folder that can be written.
    pub writable_mb: u64,
    /// Size of `/dev/shm` (bubblewrap only; with Landlock it cannot be used).
    pub shm_mb: u64,
    /// The whole environment. `PATH`, `HOME`, `TMPDIR`, `LANG` and `USER` are set when missing.
    pub env: BTreeMap<String, String>,
    /// Processes and threads of this user at a time; not enforced by the kernel for root, hence
    /// [`crate::Watch`].
    pub processes: u64,
    /// Largest file that can be written.
    pub file_mb: u64,
    /// Open files of a process.
    pub open_files: u64,
    /// Seconds of computing of one process.
    pub cpu_seconds: Option<u64>,
    /// Whether connections to itself are possible.
    pub loopback: bool,
    /// Ports that can be listened on and connected to with Landlock, whose rules know ports only.
    pub ports: Vec<u16>,
}

/// The writable folder, as the sandbox sees it.
pub(crate) const WORK: &str = "/work";

/// Places that belong to the sandbox.
const OWN: [&str; 6] = ["/", "/proc", "/dev", "/etc", "/usr", WORK];

impl Spec {
    /// A command with nothing beside the system's folders, and modest limits.
    #[must_use]
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            args: Vec::new(),
            read_only: Vec::new(),
            writable_mb: 512,
            shm_mb: 64,
            env: BTreeMap::new(),
            processes: 512,
            file_mb: 512,
            open_files: 1024,
            cpu_seconds: None,
            loopback: true,
            ports: Vec::new(),
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Shows a file or folder at a place inside.
    #[must_use]
    pub fn show(mut self, host: impl Into<PathBuf>, inside: impl Into<PathBuf>) -> Self {
        self.read_only.push(ReadOnly {
            host: host.into(),
            inside: inside.into(),
        });
        self
    }

    /// Shows a file or folder where it is.
    #[must_use]
    pub fn show_in_place(self, host: impl Into<PathBuf>) -> Self {
        let host = host.into();
        self.show(host.clone(), host)
    }

    pub(crate) fn check(&self) -> Result<(), SandboxError> {
        for shown in &self.read_only {
            if !plain(&shown.inside) || OWN.iter().any(|own| shown.inside == Path::new(own)) {
                return Err(SandboxError::BadPlace(shown.inside.clone()));
            }
            if !shown.host.exists() {
                return Err(SandboxError::Missing(shown.host.clone()));
            }
        }
        match self
            .env
            .iter()
            .find(|(key, value)| bad_variable(key, value))
        {
            Some((key, _)) => Err(SandboxError::BadSpec(format!("the variable `{key}`"))),
            None => Ok(()),
        }
    }
}

fn plain(path: &Path) -> bool {
    let mut parts = path.components();
    parts.next() == Some(Component::RootDir)
        && parts.all(|part| matches!(part, Component::Normal(_)))
}

fn bad_variable(key: &str, value: &str) -> bool {
    key.is_empty() || key.contains(['=', '\0']) || value.contains('\0')
}
