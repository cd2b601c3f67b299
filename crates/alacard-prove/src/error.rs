//! Why a proof could not even be tried.

use std::path::PathBuf;

/// An error of the prover itself; what is wrong with a notebook is a [`crate::proof::Cause`].
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// No sandbox can be had on this machine.
    #[error("no sandbox can be had on this machine: {reason}")]
    NoSandbox {
        /// What was tried, and what the machine said.
        reason: String,
    },
    /// The sandbox did not come up, or broke.
    #[error("the sandbox broke: {message}")]
    Sandbox {
        /// What happened.
        message: String,
    },
    /// The environment could not be made.
    #[error(transparent)]
    Environment(#[from] crate::environment::EnvError),
    /// The catalogue cannot be read.
    #[error(transparent)]
    Catalog(#[from] alacard_catalog::CatalogError),
    /// A file could not be read or written.
    #[error("cannot {action} `{}`: {source}", path.display())]
    File {
        /// `read`, `write`, …
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
}

impl ProveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoSandbox { .. } => Some(
                "install bubblewrap (`apt install bubblewrap`), or use a Linux kernel with \
                 Landlock; `--no-sandbox` executes the notebook without any wall"
                    .to_owned(),
            ),
            Self::Environment(error) => error.hint().map(str::to_owned),
            Self::Catalog(_) | Self::File { .. } | Self::Sandbox { .. } | Self::Interrupted => None,
        }
    }
}

/// A closure for `map_err`.
pub(crate) fn file(
    action: &'static str,
    path: &std::path::Path,
) -> impl FnOnce(std::io::Error) -> ProveError {
    let path = path.to_owned();
    move |source| ProveError::File {
        action,
        path,
        source,
    }
}
