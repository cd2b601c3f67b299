//! The second product of a teacher: the cells of one section.

use alacard_notebook::CellKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A cell before it is part of a notebook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SectionCell {
    /// Markdown, code or raw.
    pub kind: CellKind,
    /// The text.
    pub source: String,
    /// Tags for the cell's metadata.
    pub tags: Vec<String>,
}

/// The cells of one section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Section {
    /// Version of this shape.
    pub schema_version: u32,
    /// The plan's id.
    pub id: String,
    /// Which variant this is: 0 is the first choice, each next one is simpler.
    pub variant: usize,
    /// The cells in order.
    pub cells: Vec<SectionCell>,
}
