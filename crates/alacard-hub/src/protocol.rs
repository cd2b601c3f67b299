//! The words of the Hub's protocol that every server of ours says alike: errors and records.

use serde_json::{Map, Value, json};

/// What the Hub says when it has nothing to give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// There is no such repository, or this reader may not see it.
    NoRepo,
    /// The repository has no such branch, tag or commit.
    NoRevision,
    /// The revision has no such file.
    NoEntry,
    /// The files are behind a gate.
    #[cfg_attr(
        not(feature = "fake-hub"),
        expect(dead_code, reason = "folders have no gate")
    )]
    Gated,
}

impl Fault {
    /// The status. A missing repository looks like one that needs a token.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::NoRepo => 401,
            Self::NoRevision | Self::NoEntry => 404,
            Self::Gated => 403,
        }
    }

    /// The header `X-Error-Code`.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoRepo => "RepoNotFound",
            Self::NoRevision => "RevisionNotFound",
            Self::NoEntry => "EntryNotFound",
            Self::Gated => "GatedRepo",
        }
    }

    /// The header `X-Error-Message`, and the error in the body.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::NoRepo => "Repository not found",
            Self::NoRevision => "Invalid rev id",
            Self::NoEntry => "Entry not found",
            Self::Gated => {
                "Access to this model is restricted and you are not in the authorized list."
            }
        }
    }
}

/// An error's body.
pub(crate) fn error_body(message: &str) -> String {
    json!({ "error": message }).to_string()
}

/// A repository's record: what identifies it, its files, and what else is known about it. Fields
/// that clients rely on are there whether known or not.
pub(crate) fn record(
    id: &str,
    sha: &str,
    siblings: Vec<Value>,
    known: Map<String, Value>,
) -> Value {
    let mut record = known;
    record.insert("id".to_owned(), json!(id));
    record.insert("modelId".to_owned(), json!(id));
    record.insert("sha".to_owned(), json!(sha));
    record.insert("siblings".to_owned(), Value::Array(siblings));
    record.entry("gated").or_insert(json!(false));
    record.entry("private").or_insert(json!(false));
    record.entry("tags").or_insert(json!([]));
    Value::Object(record)
}
