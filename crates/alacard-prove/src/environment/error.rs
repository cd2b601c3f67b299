//! What can go wrong with an environment, told apart.

use serde::{Deserialize, Serialize};

/// The closed list of reasons.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum EnvErrorKind {
    /// There is no uv.
    UvMissing,
    /// The package index cannot be reached, or must not be.
    NoNetwork,
    /// A package, or the version of it that is asked for, does not exist.
    RequirementNotFound,
    /// The requirements exclude each other.
    Conflict,
    /// A package has no build for this machine and would have to be compiled.
    NeedsCompiler,
    /// A package was built from source, and that failed.
    BuildFailed,
    /// There is no Python of a version that fits.
    PythonMissing,
    /// The disk is full.
    DiskFull,
    /// Somebody asked to stop.
    Cancelled,
    /// uv did not end within its limit.
    TimedOut,
    /// Anything else; the message says what.
    Other,
}

impl EnvErrorKind {
    /// The name as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UvMissing => "uv-missing",
            Self::NoNetwork => "no-network",
            Self::RequirementNotFound => "requirement-not-found",
            Self::Conflict => "conflict",
            Self::NeedsCompiler => "needs-compiler",
            Self::BuildFailed => "build-failed",
            Self::PythonMissing => "python-missing",
            Self::DiskFull => "disk-full",
            Self::Cancelled => "cancelled",
            Self::TimedOut => "timed-out",
            Self::Other => "other",
        }
    }

    /// Whether it lies with the notebook's requirements and not with this machine.
    pub fn is_of_notebook(self) -> bool {
        matches!(
            self,
            Self::RequirementNotFound | Self::Conflict | Self::NeedsCompiler | Self::BuildFailed
        )
    }
}

/// Why there is no environment: what happened, and apart from it what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct EnvError {
    /// Which of the reasons.
    pub kind: EnvErrorKind,
    /// One or a few sentences.
    pub message: String,
    /// The requirement or package that is at fault, where one is.
    pub package: Option<String>,
    hint: Option<String>,
}

impl EnvError {
    pub(crate) fn new(kind: EnvErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            package: None,
            hint: None,
        }
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub(crate) fn about(mut self, package: impl Into<String>) -> Self {
        self.package = Some(package.into());
        self
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(crate) fn cancelled() -> Self {
        Self::new(EnvErrorKind::Cancelled, "interrupted")
    }

    /// A fault of the file system while doing `what`.
    pub(crate) fn io(what: &str, error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::disk_full()
            }
            _ => Self::new(EnvErrorKind::Other, format!("{what}: {error}")),
        }
    }

    pub(crate) fn disk_full() -> Self {
        Self::new(EnvErrorKind::DiskFull, "the disk is full")
            .with_hint("`alacard env gc --days 0` removes environments that are not in use; `uv cache prune` what uv keeps")
    }
}
