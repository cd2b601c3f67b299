//! What a run left behind, with hashes; and the times, which nothing else may hold.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One file of the run folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Artifact {
    /// Name relative to the run folder.
    pub name: String,
    /// SHA-256 as hexadecimal digits.
    pub sha256: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// `manifest.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    /// Version of this shape.
    pub schema_version: u32,
    /// Version of the program.
    pub generator: String,
    /// Repository id, where there is one.
    pub model: Option<String>,
    /// Commit, where it is known.
    pub sha: Option<String>,
    /// The whole recipe hash; its first 12 digits name the run.
    pub recipe_hash: String,
    /// Seed of everything random.
    pub seed: u64,
    /// The route that was taken.
    pub route: String,
    /// The lesson at its end.
    pub lesson: String,
    /// Whether the notebook starts (see the three rates).
    pub starts: bool,
    /// Whether it runs; `null` until it was executed.
    pub runs: Option<bool>,
    /// Whether it proves; `null` until it was executed.
    pub proves: Option<bool>,
    /// The published notebook.
    pub notebook: PathBuf,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC.
    pub finished_at: String,
    /// The artifacts, by name.
    pub artifacts: Vec<Artifact>,
}
