//! Which models a notebook needs, and what is known about each: the specification of its twin.

use std::collections::{BTreeMap, BTreeSet};

use alacard_hub::dossier::Dossier;
use alacard_hub::{Hub, Source, build};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::needs::{ModelRef, RefKind};

/// Small files of one model together, in bytes.
const SMALL_FILES: usize = 64 << 20;

/// Everything that a twin is made from.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    /// Repository id as the notebook writes it.
    pub(crate) id: String,
    /// Commit; made up from the id where the real one is unknown.
    pub(crate) sha: String,
    /// Which twin maker.
    pub(crate) library: String,
    /// The pipeline tag.
    pub(crate) task: Option<String>,
    /// The small files that are known.
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    /// Names of all files of the repository, when known.
    pub(crate) siblings: Vec<String>,
    /// The model that an adapter sits on.
    pub(crate) base: Option<String>,
    /// Configuration facts, when there is no `config.json`.
    pub(crate) config: Option<Value>,
    /// Fields of the Hub's record.
    pub(crate) record: Map<String, Value>,
    /// Whether the repository brings code of its own.
    pub(crate) remote_code: bool,
}

/// Why nothing can be made for a model.
#[derive(Debug, Clone)]
pub(crate) struct Unknown {
    pub(crate) id: String,
    pub(crate) message: String,
}

/// What is known about a model, put together for its twin.
pub(crate) fn blueprint(hub: &Hub, model: &ModelRef) -> Result<Blueprint, Unknown> {
    let unknown = |message: String| Unknown {
        id: model.id.clone(),
        message,
    };
    let source = Source::Hub {
        id: model.id.clone(),
        revision: model.revision.clone(),
    };
    let material = hub
        .read(&source, model.revision.as_deref())
        .map_err(|refusal| unknown(refusal.to_string()))?;
    let dossier = build(&material);
    let siblings: Vec<String> = dossier
        .files
        .iter()
        .flatten()
        .map(|file| file.path.clone())
        .collect();
    let mut files: BTreeMap<String, Vec<u8>> = material.configs.clone();
    let revision = model.revision.as_deref().unwrap_or("main");
    // Whatever cannot be had is replaced by a stand-in, and the proof says so.
    let more = hub.small_files(&model.id, revision, &siblings, SMALL_FILES);
    files.extend(more.unwrap_or_default());
    if let Some(card) = &material.card {
        files.entry("README.md".to_owned()).or_insert_with(|| card.clone());
    }
    let library = library(&dossier, model);
    let config = (!files.contains_key("config.json")).then(|| facts(&dossier));
    Ok(Blueprint {
        sha: sha(&dossier, model),
        task: dossier.task.as_ref().map(|task| task.value.clone()),
        base: dossier.base.as_ref().filter(|_| library == "peft" || library == "lora").and_then(|base| base.value.models.first().cloned()),
        remote_code: !dossier.custom_code.is_empty(),
        record: record(&dossier),
        id: model.id.clone(),
        library,
        files,
        siblings,
        config,
    })
}

/// The commit: as the notebook pins it, as the Hub says, or made up from the id.
fn sha(dossier: &Dossier, model: &ModelRef) -> String {
    let is_commit = |text: &&str| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    let pinned = model.revision.as_deref().filter(is_commit).map(str::to_owned);
    let known = dossier.sha.as_ref().map(|fact| fact.value.clone());
    pinned.or(known.filter(|sha| is_commit(&sha.as_str()))).unwrap_or_else(|| made_up(&model.id))
}

/// Forty hexadecimal digits from a text.
pub(crate) fn made_up(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect()
}

/// Which maker: the call in the notebook decides, then the model's own library.
fn library(dossier: &Dossier, model: &ModelRef) -> String {
    let known = dossier.library.as_ref().map_or("", |fact| fact.value.as_str());
    let by_call = match model.how.as_str() {
        "SentenceTransformer" => Some("sentence-transformers"),
        "CrossEncoder" => Some("cross-encoder"),
        "Llama" => Some("gguf"),
        how if how.contains("Peft") => Some("peft"),
        how if how.contains("load_lora_weights") => Some("lora"),
        how if how.starts_with("timm") => Some("timm"),
        _ => None,
    };
    if let Some(library) = by_call {
        return library.to_owned();
    }
    if dossier.peft.is_some() {
        return "peft".to_owned();
    }
    if dossier.diffusers.is_some() {
        return "diffusers".to_owned();
    }
    match known {
        "diffusers" | "timm" | "peft" | "sentence-transformers" => known.to_owned(),
        _ => "transformers".to_owned(),
    }
}

/// A configuration from facts, for models whose `config.json` is out of reach.
fn facts(dossier: &Dossier) -> Value {
    let mut config = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            config.insert(key.to_owned(), value);
        }
    };
    put("model_type", dossier.model_type.as_ref().map(|fact| json!(fact.value)));
    put("architectures", dossier.architecture.as_ref().map(|fact| json!([fact.value])));
    put("vocab_size", dossier.vocabulary.as_ref().map(|fact| json!(fact.value)));
    put("max_position_embeddings", dossier.context_length.as_ref().map(|fact| json!(fact.value)));
    let labels = dossier.labels.as_ref().map(|fact| {
        let pairs = fact.value.iter().enumerate().map(|(n, label)| (n.to_string(), json!(label)));
        Value::Object(pairs.collect())
    });
    put("id2label", labels);
    Value::Object(config)
}

/// The fields of the record that clients look at.
fn record(dossier: &Dossier) -> Map<String, Value> {
    let mut record = Map::new();
    let mut put = |key: &str, fact: Option<&String>| {
        if let Some(value) = fact {
            record.insert(key.to_owned(), json!(value));
        }
    };
    put("pipeline_tag", dossier.task.as_ref().map(|fact| &fact.value));
    put("library_name", dossier.library.as_ref().map(|fact| &fact.value));
    record.insert("tags".to_owned(), json!(dossier.tags));
    record
}

/// Models of a notebook, each once, in the order in which they are first named.
pub(crate) fn models(refs: &[ModelRef]) -> Vec<&ModelRef> {
    let mut seen = BTreeSet::new();
    refs.iter()
        .filter(|model| model.kind == RefKind::Model && seen.insert(model.id.clone()))
        .collect()
}

/// A model that was asked for while the notebook ran.
pub(crate) fn asked(id: &str) -> ModelRef {
    ModelRef {
        id: id.to_owned(),
        revision: None,
        file: None,
        kind: RefKind::Model,
        cell: 0,
        line: 0,
        how: String::new(),
        remote_code: false,
    }
}
