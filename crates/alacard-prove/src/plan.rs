//! Which models a notebook needs, and what is known about each: the specification of its twin.

use std::collections::{BTreeMap, BTreeSet};

use alacard_hub::dossier::Dossier;
use alacard_hub::serve::Kind;
use alacard_hub::{Hub, Material, Reason, Refusal, Source, build};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::families;
use crate::needs::{ModelRef, RefKind};
use crate::standins;

/// Small files of one model together, in bytes.
const SMALL_FILES: usize = 64 << 20;

/// Everything that a twin is made from.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    /// Repository id as the notebook writes it.
    pub(crate) id: String,
    /// Other ids of it: datasets with a bare name have a full one too.
    pub(crate) aliases: Vec<String>,
    /// Model, dataset or space.
    pub(crate) kind: Kind,
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
    /// What the proof has to say when this was used: that it is a guess or a stand-in.
    pub(crate) note: Option<String>,
}

/// Why nothing can be made for a model.
#[derive(Debug, Clone)]
pub(crate) struct Unknown {
    /// A sentence.
    pub(crate) message: String,
}

/// What is known about a repository, put together for its twin or stand-in. `named` is all that
/// the notebook names: a dataset is asked for with several configurations.
pub(crate) fn blueprint(
    hub: &Hub,
    wanted: &ModelRef,
    named: &[ModelRef],
) -> Result<Blueprint, Unknown> {
    match wanted.kind {
        RefKind::Model => of_model(hub, wanted),
        RefKind::Dataset => {
            let folder = hub.options().hub_dir.as_deref();
            let given = folder.and_then(|folder| standins::of_folder(folder, &wanted.id));
            Ok(given.unwrap_or_else(|| standins::dataset(&wanted.id, &configs(&wanted.id, named))))
        }
        RefKind::Space => standins::space(&wanted.id),
    }
}

/// Names of the configurations with which a dataset is asked for.
fn configs(id: &str, named: &[ModelRef]) -> BTreeSet<String> {
    let same = |one: &&ModelRef| one.kind == RefKind::Dataset && one.id.eq_ignore_ascii_case(id);
    named
        .iter()
        .filter(same)
        .filter_map(|one| one.config.clone())
        .collect()
}

fn of_model(hub: &Hub, model: &ModelRef) -> Result<Blueprint, Unknown> {
    let source = Source::Hub {
        id: model.id.clone(),
        revision: model.revision.clone(),
    };
    let (material, note) = match hub.read(&source, model.revision.as_deref()) {
        Ok(material) => (material, None),
        Err(refusal) => by_name(model, &refusal)?,
    };
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
        files
            .entry("README.md".to_owned())
            .or_insert_with(|| card.clone());
    }
    let library = library(&dossier, model);
    let config = (!files.contains_key("config.json")).then(|| facts(&dossier));
    Ok(Blueprint {
        sha: sha(&dossier, model),
        task: dossier.task.as_ref().map(|task| task.value.clone()),
        base: dossier
            .base
            .as_ref()
            .filter(|_| library == "peft" || library == "lora")
            .and_then(|base| base.value.models.first().cloned()),
        remote_code: !dossier.custom_code.is_empty(),
        record: record(&dossier),
        id: model.id.clone(),
        aliases: Vec::new(),
        kind: Kind::Model,
        note,
        // Adapters of pipelines are made beside a pipeline.
        library: if library == "lora" {
            "diffusers".to_owned()
        } else {
            library
        },
        files,
        siblings,
        config,
    })
}

/// A model whose own files are here: what its server and the endpoint have to know.
pub(crate) fn of_real(
    model: &ModelRef,
    commit: Option<&str>,
    dossier: Option<&Dossier>,
) -> Blueprint {
    let library = dossier.map_or_else(String::new, |dossier| library(dossier, model));
    let adapter = library == "peft" || library == "lora";
    let base = dossier
        .and_then(|dossier| dossier.base.as_ref())
        .filter(|_| adapter);
    let known = || dossier.map(|dossier| sha(dossier, model));
    Blueprint {
        id: model.id.clone(),
        aliases: Vec::new(),
        kind: Kind::Model,
        sha: commit
            .map(str::to_owned)
            .or_else(known)
            .unwrap_or_else(|| made_up(&model.id)),
        task: dossier
            .and_then(|dossier| dossier.task.as_ref())
            .map(|task| task.value.clone()),
        base: base.and_then(|base| base.value.models.first().cloned()),
        remote_code: dossier.is_some_and(|dossier| !dossier.custom_code.is_empty()),
        record: dossier.map(record).unwrap_or_default(),
        library,
        files: BTreeMap::new(),
        siblings: Vec::new(),
        config: None,
        note: None,
    }
}

/// What the name of a model tells, when nobody can be asked about it. A model of which the Hub
/// itself says that it is not there stays unknown.
fn by_name(model: &ModelRef, refusal: &Refusal) -> Result<(Material, Option<String>), Unknown> {
    let family = (refusal.reason == Reason::Network)
        .then(|| families::of(&model.id))
        .flatten();
    let family = family.ok_or_else(|| Unknown {
        message: refusal.to_string(),
    })?;
    Ok((family.material, Some(family.note)))
}

/// The commit: as the notebook pins it, as the Hub says, or made up from the id.
fn sha(dossier: &Dossier, model: &ModelRef) -> String {
    let is_commit = |text: &&str| text.len() == 40 && text.chars().all(|c| c.is_ascii_hexdigit());
    let pinned = model
        .revision
        .as_deref()
        .filter(is_commit)
        .map(str::to_owned);
    let known = dossier.sha.as_ref().map(|fact| fact.value.clone());
    pinned
        .or(known.filter(|sha| is_commit(&sha.as_str())))
        .unwrap_or_else(|| made_up(&model.id))
}

/// Forty hexadecimal digits from a text.
pub(crate) fn made_up(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest
        .iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Which maker: the call in the notebook decides, then the model's own library.
fn library(dossier: &Dossier, model: &ModelRef) -> String {
    let known = dossier
        .library
        .as_ref()
        .map_or("", |fact| fact.value.as_str());
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
    put(
        "model_type",
        dossier.model_type.as_ref().map(|fact| json!(fact.value)),
    );
    put(
        "architectures",
        dossier
            .architecture
            .as_ref()
            .map(|fact| json!([fact.value])),
    );
    put(
        "vocab_size",
        dossier.vocabulary.as_ref().map(|fact| json!(fact.value)),
    );
    put(
        "max_position_embeddings",
        dossier
            .context_length
            .as_ref()
            .map(|fact| json!(fact.value)),
    );
    let labels = dossier.labels.as_ref().map(|fact| {
        let pairs = fact
            .value
            .iter()
            .enumerate()
            .map(|(n, label)| (n.to_string(), json!(label)));
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
    put(
        "pipeline_tag",
        dossier.task.as_ref().map(|fact| &fact.value),
    );
    put(
        "library_name",
        dossier.library.as_ref().map(|fact| &fact.value),
    );
    record.insert("tags".to_owned(), json!(dossier.tags));
    record
}

/// Repositories of a notebook, each once, in the order in which they are first named. Spaces are
/// made when the run asks for one.
pub(crate) fn repositories(refs: &[ModelRef]) -> Vec<&ModelRef> {
    let mut seen = BTreeSet::new();
    refs.iter()
        .filter(|one| one.kind != RefKind::Space && seen.insert(address(one)))
        .collect()
}

/// A repository as the twin hub's list of missing ones writes it.
pub(crate) fn address(one: &ModelRef) -> String {
    match one.kind {
        RefKind::Model => one.id.clone(),
        RefKind::Dataset => format!("datasets/{}", one.id),
        RefKind::Space => format!("spaces/{}", one.id),
    }
}

/// A repository that was asked for while the notebook ran.
pub(crate) fn asked(address: &str) -> ModelRef {
    let (kind, id) = match address.split_once('/') {
        Some(("datasets", id)) => (RefKind::Dataset, id),
        Some(("spaces", id)) => (RefKind::Space, id),
        _ => (RefKind::Model, address),
    };
    ModelRef {
        id: id.to_owned(),
        revision: None,
        file: None,
        config: None,
        kind,
        cell: 0,
        line: 0,
        how: String::new(),
        remote_code: false,
    }
}
