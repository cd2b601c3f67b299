//! What can go wrong, each with what happened and, apart, what to do.

use std::path::PathBuf;

use thiserror::Error;

/// Why there is no sandbox, or why it ended badly.
#[derive(Debug, Error)]
pub enum SandboxError {
    /// Neither way works on this machine.
    #[error("no sandbox works on this machine: bubblewrap: {bubblewrap}; Landlock: {landlock}")]
    NoSandbox {
        /// Why bubblewrap does not.
        bubblewrap: String,
        /// Why Landlock does not.
        landlock: String,
    },
    /// A path that should be shown inside does not exist.
    #[error("`{0}` should be seen in the sandbox, but is not there")]
    Missing(PathBuf),
    /// A path inside is not an absolute, plain one, or is one of the sandbox's own.
    #[error("`{0}` cannot be a place in the sandbox")]
    BadPlace(PathBuf),
    /// A value that the system cannot take.
    #[error("the sandbox cannot be described: {0}")]
    BadSpec(String),
    /// The step between was started without its orders.
    #[error("this command is a step of the sandbox and is not started by hand")]
    NoPlan,
    /// The program that wanted the sandbox is gone.
    #[error("the program that wanted the sandbox is gone")]
    Orphan,
    /// Something of the operating system failed.
    #[error("{what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The kernel enforces less than was asked.
    #[error("Landlock is not enforced: {0}")]
    Landlock(String),
    /// The filter of system calls could not be made or set.
    #[error("the filter of system calls could not be set: {0}")]
    Filter(String),
    /// Processes that would not die.
    #[error("{left} processes were still there after {seconds:.1} s of ending them")]
    Left {
        /// How many.
        left: usize,
        /// How long it was tried.
        seconds: f64,
    },
}

impl SandboxError {
    /// What the user can do, where there is something.
    #[must_use]
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoSandbox { .. } => Some(
                "install bubblewrap (`apt install bubblewrap`) and allow user namespaces, or use a \
                 kernel with Landlock (6.7 or newer); `--no-sandbox` runs the notebook with your \
                 own rights",
            ),
            Self::Missing(_) => Some("make the environment anew; it was moved or removed"),
            Self::NoPlan => Some("use `alacard prove`"),
            _ => None,
        }
    }

    pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> SandboxError {
        let what = what.into();
        move |source| Self::System { what, source }
    }

    pub(crate) fn errno(what: impl Into<String>) -> impl FnOnce(nix::Error) -> SandboxError {
        let what = what.into();
        move |errno| Self::System {
            what,
            source: errno.into(),
        }
    }
}
