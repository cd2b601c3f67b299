//! What a check says about a notebook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How much a finding matters to the person who opens the notebook.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// It breaks the notebook or endangers the reader.
    Error,
    /// It will trouble somebody sooner or later.
    Warning,
    /// Worth knowing, nothing more.
    Note,
}

impl Severity {
    /// The name used in text, JSON and SARIF.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// One thing that a rule found.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Position of the cell, from 0; `None` for the notebook as a whole.
    pub cell: Option<usize>,
    /// Line in the cell's source, from 1.
    pub line: Option<usize>,
    /// How much it matters.
    pub severity: Severity,
    /// Id of the rule, as in [`crate::rules`].
    pub rule: String,
    /// The cell's id.
    pub cell_id: Option<String>,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Whether [`crate::fix`] can mend it.
    pub fixable: bool,
    /// The section of the lesson that the cell belongs to (`metadata.alacard.section`).
    pub section: Option<String>,
}

/// The rules whose errors mean that a notebook does not start.
const START_RULES: &[&str] = &[
    "schema",
    "duplicate-cell-id",
    "syntax-error",
    "magic-position",
    "undefined-name",
    "unresolved-import",
];

/// Whether a notebook with these findings starts: it is schema-valid, every cell parses, no name
/// is undefined and every import resolves. Only errors count.
pub fn starts(findings: &[Finding]) -> bool {
    !findings
        .iter()
        .any(|f| f.severity == Severity::Error && START_RULES.contains(&f.rule.as_str()))
}

/// Whether any finding is an error.
pub fn has_errors(findings: &[Finding]) -> bool {
    findings.iter().any(|f| f.severity == Severity::Error)
}
