//! What was read about one model, before it is understood: bytes and JSON, with their origin.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::dossier::{Access, FileEntry, Notice, Origin};

/// The raw reading of one source. [`crate::build`] turns it into a dossier.
#[derive(Debug, Clone)]
pub struct Material {
    /// Where it was read, as a whole.
    pub origin: Origin,
    /// Day of the facts, when they come from the shelf.
    pub as_of: Option<String>,
    /// Repository id, as far as the source tells it (the API's own id wins over it).
    pub id: Option<String>,
    /// A name for a source without an id: the folder's or file's name, or `text`.
    pub fallback_name: String,
    /// The revision asked for.
    pub requested_revision: Option<String>,
    /// The Hub's record of the model.
    pub api: Option<Value>,
    /// `README.md`, byte for byte.
    pub card: Option<Vec<u8>>,
    /// Small configuration files by path (`config.json`, `tokenizer_config.json`, …).
    pub configs: BTreeMap<String, Vec<u8>>,
    /// The list of files, when it was asked for or stands beside the card.
    pub tree: Option<Vec<FileEntry>>,
    /// Whether the files may be read.
    pub access: Access,
    /// What happened on the way: stale, renamed, gated, …
    pub notices: Vec<Notice>,
}

impl Material {
    /// Material without anything in it.
    pub fn empty(origin: Origin, fallback_name: impl Into<String>) -> Self {
        Self {
            origin,
            as_of: None,
            id: None,
            fallback_name: fallback_name.into(),
            requested_revision: None,
            api: None,
            card: None,
            configs: BTreeMap::new(),
            tree: None,
            access: Access::Unknown,
            notices: Vec::new(),
        }
    }
}
