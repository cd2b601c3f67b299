//! One line about a model.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::material::Material;

/// What a list of models shows of one. Unknown facts are `None`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelSummary {
    /// Repository id.
    pub id: String,
    /// Pipeline tag.
    pub task: Option<String>,
    /// Library id.
    pub library: Option<String>,
    /// Downloads of the last 30 days.
    pub downloads: Option<u64>,
    /// Likes.
    pub likes: Option<u64>,
    /// Number of parameters.
    pub parameters: Option<u64>,
    /// Licence id.
    pub license: Option<String>,
    /// Whether its conditions have to be accepted; `None`: unknown.
    pub gated: Option<bool>,
    /// Last change, RFC 3339.
    pub updated: Option<String>,
    /// Day of birth, RFC 3339.
    pub created: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
}

impl ModelSummary {
    /// The summary of a record of the Hub; `None` when it names no model.
    pub(crate) fn of_record(record: &Value) -> Option<Self> {
        let id = record
            .get("id")
            .or_else(|| record.get("modelId"))?
            .as_str()?;
        crate::source::check_id(id)
            .is_ok()
            .then(|| Self::of(id, record))
    }

    /// The summary of what was read about a model; `None` when that does not tell its id.
    pub(crate) fn of_material(material: &Material) -> Option<Self> {
        let id = material.id.as_deref()?;
        if let Some(record) = &material.api {
            return Some(Self::of(id, record));
        }
        let front = material
            .card
            .as_ref()
            .map(|card| crate::card::read(card).front_matter);
        Some(Self::of(id, &Value::Object(front.unwrap_or_default())))
    }

    /// Reads the fields; a front matter has the same names as a record where it has them at all.
    fn of(id: &str, record: &Value) -> Self {
        let text = |name: &str| record.get(name).and_then(Value::as_str).map(str::to_owned);
        let number = |name: &str| record.get(name).and_then(Value::as_u64);
        let tags = strings(record.get("tags"));
        let total = |name: &str| record.get(name)?.get("total")?.as_u64();
        Self {
            id: id.to_owned(),
            task: text("pipeline_tag"),
            library: text("library_name"),
            downloads: number("downloads"),
            likes: number("likes"),
            parameters: total("safetensors").or_else(|| total("gguf")),
            license: licence(record, &tags),
            gated: gated(record.get("gated")),
            updated: text("lastModified"),
            created: text("createdAt"),
            tags,
        }
    }
}

/// The licence: its tag, else the front matter's field, of which the first counts.
fn licence(record: &Value, tags: &[String]) -> Option<String> {
    let tag = tags
        .iter()
        .find_map(|tag| tag.strip_prefix("license:").map(str::to_owned));
    let field = || {
        record
            .get("license")
            .or_else(|| record.get("cardData")?.get("license"))
    };
    tag.or_else(|| strings(field()).into_iter().next())
}

/// `gated` is false, `"auto"` or `"manual"`, and was a plain boolean once.
fn gated(value: Option<&Value>) -> Option<bool> {
    match value? {
        Value::Bool(gated) => Some(*gated),
        Value::String(_) => Some(true),
        _ => None,
    }
}

/// A string or a list of strings.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(list)) => list
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}
