//! What a run tells while it works. Progress bars, logs and metrics all read this one stream.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The stages of the pipeline, in order.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Understands the source.
    Resolve,
    /// Reads the facts.
    Research,
    /// Plans the lesson.
    Outline,
    /// Writes the sections.
    Sections,
    /// Puts the notebook together.
    Assemble,
    /// Checks it.
    Check,
    /// Executes it (not yet: see [`crate::Made::proof`]).
    Prove,
    /// Writes the published files.
    Publish,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; 8] = [
        Self::Resolve,
        Self::Research,
        Self::Outline,
        Self::Sections,
        Self::Assemble,
        Self::Check,
        Self::Prove,
        Self::Publish,
    ];

    /// The name in events and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Research => "research",
            Self::Outline => "outline",
            Self::Sections => "sections",
            Self::Assemble => "assemble",
            Self::Check => "check",
            Self::Prove => "prove",
            Self::Publish => "publish",
        }
    }
}

/// One thing that happened.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[serde(tag = "event", rename_all = "lowercase")]
pub enum Event {
    /// A stage began.
    Started {
        /// Which.
        stage: Stage,
    },
    /// A stage is under way.
    Progress {
        /// Which.
        stage: Stage,
        /// How far, from 0 to 1.
        fraction: f64,
        /// What is being done, in one sentence.
        message: String,
    },
    /// A stage ended well.
    Finished {
        /// Which.
        stage: Stage,
        /// How long it took.
        seconds: f64,
        /// Whether an earlier run's artifact was used.
        reused: bool,
    },
    /// Something the user should know.
    Warning {
        /// Stable id.
        id: String,
        /// What happened.
        message: String,
        /// What to do.
        hint: Option<String>,
    },
}

/// Where events go.
pub trait Sink: Send + Sync {
    /// Takes one event. Must not block for long: the run waits for it.
    fn event(&self, event: &Event);
}

/// A sink that drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Sink for Quiet {
    fn event(&self, _: &Event) {}
}
