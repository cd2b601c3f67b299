//! A plain refusal: why a source cannot become a notebook, and what to do about it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The closed list of reasons.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// There is no such model, or it is private.
    NotFound,
    /// It exists, but this run may not read anything of it.
    NoAccess,
    /// Taken down by the Hub.
    Disabled,
    /// Flagged as unsafe by the Hub.
    Unsafe,
    /// No task, no library, no configuration, no code example that parses.
    NothingKnown,
    /// The bytes cannot be understood.
    Unreadable,
    /// More than the limit.
    TooLarge,
    /// A dataset or a space.
    NotAModel,
    /// A kind of source that is not supported.
    UnsupportedSource,
    /// The Hub did not answer and nothing is at hand.
    Network,
}

impl Reason {
    /// The code in reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::NoAccess => "no-access",
            Self::Disabled => "disabled",
            Self::Unsafe => "unsafe",
            Self::NothingKnown => "nothing-known",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too-large",
            Self::NotAModel => "not-a-model",
            Self::UnsupportedSource => "unsupported-source",
            Self::Network => "network",
        }
    }
}

/// Why a source cannot be used. The message says what happened, the hint what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The reason code.
    pub reason: Reason,
    /// What happened, in one sentence.
    pub message: String,
    /// What the user can do.
    pub hint: Option<String>,
}

impl Refusal {
    /// A refusal without a hint.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        Self {
            reason,
            message: message.into(),
            hint: None,
        }
    }

    /// The same refusal with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
