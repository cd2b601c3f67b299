//! `proof.json`: the record of an execution.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use crate::wire::{CellError, CellState, Ended, Limits, Seen};

/// What the notebook was executed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Random weights in the model's own architecture.
    Twin,
    /// The model's own weights.
    Real,
}

impl Level {
    /// `twin` or `real`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Twin => "twin",
            Self::Real => "real",
        }
    }
}

/// Whose fault something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Blame {
    /// The notebook's own.
    Notebook,
    /// Of what the notebook was executed in: a package, the network, memory, the sandbox.
    Environment,
    /// Of the twin: the model itself may do better.
    Twin,
}

/// Why a notebook did not run, or did not prove anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// A short name from a closed list (`docs/proof.md`).
    pub reason: String,
    /// Whose fault it is.
    pub blame: Blame,
    /// The cell, by its position among all cells.
    pub cell: Option<usize>,
    /// What happened, as a sentence.
    pub message: String,
    /// What to do, as a sentence.
    pub hint: Option<String>,
}

/// A code cell of the notebook, and how it fared.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProvenCell {
    /// Its position among all cells, from 0.
    pub index: usize,
    /// Its id.
    pub id: String,
    /// How it ended.
    pub state: CellState,
    /// Seconds.
    pub seconds: f64,
    /// The error, when there was one.
    pub error: Option<CellError>,
    /// What was seen from outside of the notebook.
    pub seen: Option<Seen>,
    /// Whether it did inference on the notebook's model.
    pub inference: bool,
    /// Whether an assertion of it was executed and held.
    pub asserted: bool,
}

/// The proof of one notebook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Proof {
    /// Version of this format, 1.
    pub schema_version: u32,
    /// SHA-256 of the notebook's code cells as they were executed.
    pub code_sha256: String,
    /// What it was executed on.
    pub level: Level,
    /// Valid, every cell parses, every import resolves in the environment.
    pub starts: bool,
    /// Every code cell was executed without an error, in order, unmodified.
    pub runs: bool,
    /// At least one cell did inference and its assertion held.
    pub proves: bool,
    /// Whether it did so with the first variant of each section.
    pub first_variant: bool,
    /// Hash of the environment's lock; none when there was no environment.
    pub lock: Option<String>,
    /// Version of the interpreter.
    pub python: Option<String>,
    /// `bubblewrap`, `landlock` or `none`.
    pub sandbox: String,
    /// What was limited.
    pub limits: Limits,
    /// The twins, as their maker describes them.
    pub twins: Vec<Value>,
    /// The cells.
    pub cells: Vec<ProvenCell>,
    /// Why the execution ended; none when it did not begin.
    pub ended: Option<Ended>,
    /// Why it did not run or prove.
    pub causes: Vec<Cause>,
    /// What was not exercised, as sentences.
    pub not_exercised: Vec<String>,
    /// Install commands that the lock satisfied.
    pub installs: Vec<Value>,
    /// Requests to the endpoint, by kind.
    pub endpoint: BTreeMap<String, u64>,
    /// Seconds of the execution, from the kernel's start to its end.
    pub seconds: f64,
    /// Seconds until the kernel was ready.
    pub ready_seconds: f64,
    /// Largest memory of the run, in MB (2^20 bytes).
    pub peak_memory_mb: u64,
    /// When the execution ended, RFC 3339.
    pub date: String,
}

impl Proof {
    /// One line that tells how far the notebook is proven.
    pub fn line(&self) -> String {
        let on = match self.level {
            Level::Twin => "on a twin of its model (same architecture, random weights)",
            Level::Real => "on the model's own weights",
        };
        match (self.runs, self.proves) {
            (true, true) => format!(
                "Executed from top to bottom {on}: every cell ran, and inference was asserted."
            ),
            (true, false) => {
                format!(
                    "Executed from top to bottom {on}: every cell ran, but no assertion about inference was made."
                )
            }
            (false, _) => match self.causes.first() {
                Some(cause) => format!("Not proven: {}", cause.message),
                None => "Not proven.".to_owned(),
            },
        }
    }
}
