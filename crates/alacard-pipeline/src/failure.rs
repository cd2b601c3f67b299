//! Why a run ended without a notebook.

use std::path::PathBuf;

use alacard_catalog::{CatalogError, UnknownCard};
use alacard_hub::Refusal;
use alacard_prove::ProveError;
use alacard_teacher::TeachError;

/// A run that did not end in a notebook. The message says what happened, [`Failure::hint`] what
/// to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Failure {
    /// The source cannot be used.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// A card name does not exist.
    #[error("{0}")]
    UnknownCard(#[from] UnknownCard),
    /// Cards that do not go together.
    #[error("{message}")]
    Incompatible {
        /// What does not fit.
        message: String,
        /// What would.
        hint: String,
    },
    /// The catalogue cannot be read.
    #[error("{0}")]
    Catalog(#[from] CatalogError),
    /// The teacher could not write.
    #[error("{0}")]
    Teach(#[from] TeachError),
    /// A file could not be written or read.
    #[error("cannot {verb} `{path}`: {source}")]
    Io {
        /// `write`, `read`, `create`, `lock`.
        verb: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },
    /// The notebook could not be executed.
    #[error("{0}")]
    Prove(ProveError),
    /// The user stopped the run.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// What the user can do, where there is something to do.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint.clone(),
            Self::UnknownCard(unknown) => Some(unknown.hint()),
            Self::Incompatible { hint, .. } => Some(hint.clone()),
            Self::Io { source, .. } => Some(io_hint(source).to_owned()),
            Self::Prove(error) => error.hint(),
            Self::Interrupted => Some("run the same command again to go on from here".to_owned()),
            Self::Catalog(_) | Self::Teach(_) => None,
        }
    }

    /// The exit code of the command line.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused(_) => 3,
            Self::UnknownCard(_) | Self::Incompatible { .. } => 2,
            Self::Interrupted => 130,
            Self::Catalog(_) | Self::Teach(_) | Self::Prove(_) | Self::Io { .. } => 1,
        }
    }
}

impl From<ProveError> for Failure {
    fn from(error: ProveError) -> Self {
        match error {
            ProveError::Interrupted => Self::Interrupted,
            other => Self::Prove(other),
        }
    }
}

fn io_hint(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind;
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => {
            "choose a folder that you may write to with `--out`"
        }
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "free some space, then run the same command again: finished parts are kept"
        }
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => {
            "a file is in the way: choose another folder with `--out`"
        }
        _ => "check the folder, then run the same command again",
    }
}
