//! Libraries: how a model of each is installed, loaded and run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A library id of the Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Library {
    /// The id: `open_clip`.
    pub id: String,
    /// Its name.
    pub title: String,
    /// Packages on the Python package index.
    #[serde(default)]
    pub packages: Vec<String>,
    /// Another way to install it (`git`, `apple`, `binary`, `npm`, `unity`), or nothing.
    #[serde(default)]
    pub install: String,
    /// `run`: there is code that calls a model; `load`: only loading is known; `none`.
    #[serde(default)]
    pub status: String,
    /// `cuda`, `apple`, `npu`, or nothing.
    #[serde(default)]
    pub hardware: String,
    /// What it is, in one sentence.
    #[serde(default)]
    pub sentence: String,
    /// The lesson family of its own, or nothing.
    #[serde(default)]
    pub lesson: String,
    /// Glob patterns of the file that the code needs.
    #[serde(default)]
    pub files: Vec<String>,
    /// Template of the code that loads a model.
    #[serde(default)]
    pub code_load: String,
    /// Template of the code that calls it.
    #[serde(default)]
    pub code_run: String,
}
