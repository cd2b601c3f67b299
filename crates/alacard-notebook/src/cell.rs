//! One cell of a notebook.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// The three kinds of cell that nbformat 4 knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CellKind {
    /// Text for people, in Markdown.
    Markdown,
    /// Code for the kernel.
    Code,
    /// Passed through untouched.
    Raw,
}

impl CellKind {
    /// The value of `cell_type` in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Code => "code",
            Self::Raw => "raw",
        }
    }
}

/// A cell: its source, its metadata and, for code, what it printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// 1 to 64 characters of `A-Z a-z 0-9 - _`, unique in the notebook.
    pub id: String,
    /// What kind of cell this is.
    pub kind: CellKind,
    /// The text of the cell, lines separated by `\n`.
    pub source: String,
    /// The cell's own metadata.
    pub metadata: Map<String, Value>,
    /// Outputs of a code cell, as nbformat describes them; always empty for the other kinds.
    pub outputs: Vec<Value>,
    /// The prompt number of a code cell that was run.
    pub execution_count: Option<u64>,
    /// Attachments of a Markdown or raw cell, by file name.
    pub attachments: Option<Value>,
}

impl Cell {
    /// A Markdown cell.
    pub fn markdown(source: impl Into<String>) -> Self {
        Self::new(CellKind::Markdown, source)
    }

    /// A code cell that has not been run.
    pub fn code(source: impl Into<String>) -> Self {
        Self::new(CellKind::Code, source)
    }

    /// A raw cell.
    pub fn raw(source: impl Into<String>) -> Self {
        Self::new(CellKind::Raw, source)
    }

    /// A cell of any kind, without an id; [`crate::Notebook::push`] derives one.
    pub fn new(kind: CellKind, source: impl Into<String>) -> Self {
        Self {
            id: String::new(),
            kind,
            source: source.into(),
            metadata: Map::new(),
            outputs: Vec::new(),
            execution_count: None,
            attachments: None,
        }
    }

    /// Adds a tag to `metadata.tags`, once.
    pub fn tag(&mut self, tag: &str) {
        let tags = self
            .metadata
            .entry("tags")
            .or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(tags) = tags
            && !tags.iter().any(|t| t == tag)
        {
            tags.push(Value::String(tag.to_owned()));
        }
    }

    /// The tags of the cell.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.metadata
            .get("tags")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }

    /// An id from the position and the content: stable, and different for equal cells.
    pub(crate) fn derived_id(&self, position: usize) -> String {
        let mut hash = Sha256::new();
        hash.update(position.to_le_bytes());
        hash.update(self.kind.as_str());
        hash.update(self.source.as_bytes());
        let digest = hash.finalize();
        let hex: String = digest.iter().take(4).map(|b| format!("{b:02x}")).collect();
        format!("cell-{position:03}-{hex}")
    }
}
