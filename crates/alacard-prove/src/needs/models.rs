//! Repositories on the Hub that a notebook names.

use std::collections::BTreeSet;

use alacard_hub::Source;
use alacard_python::{Argument, CallSite, calls};
use serde::{Deserialize, Serialize};

use super::constants::Constants;
use super::{Read, line_of, shortened};

/// A repository that is named in a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ModelRef {
    /// `org/name`, or the bare name of an old model.
    pub id: String,
    /// The revision that is asked for, where one is.
    pub revision: Option<String>,
    /// The file that is asked for, where one is.
    pub file: Option<String>,
    /// The configuration of a dataset that is asked for, where one is.
    pub config: Option<String>,
    /// What kind of repository it is.
    pub kind: RefKind,
    /// The cell.
    pub cell: usize,
    /// The line in it.
    pub line: usize,
    /// The called function as it is written: `AutoModel.from_pretrained`.
    pub how: String,
    /// Whether the call allows code of the repository (`trust_remote_code=True`).
    pub remote_code: bool,
}

/// What kind of repository is named.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RefKind {
    /// A model.
    Model,
    /// A dataset.
    Dataset,
    /// A space, such as a metric of `evaluate`.
    Space,
}

/// Calls whose first argument names a model; by the last part of the function's name.
const FIRST: &[&str] = &[
    "from_pretrained",
    "SentenceTransformer",
    "CrossEncoder",
    "SparseEncoder",
    "hf_hub_download",
    "snapshot_download",
    "model_info",
    "list_repo_files",
    "list_repo_tree",
    "repo_info",
    "hf_hub_url",
    "file_exists",
    "list_files_info",
    "load_lora_weights",
    "load_adapter",
    "load_textual_inversion",
    "load_ip_adapter",
    "load_attn_procs",
    "load_lora_adapter",
    "InferenceClient",
    "AsyncInferenceClient",
    "LLM",
    "try_to_load_from_cache",
    "from_hub",
    "HuggingFaceEmbeddings",
    "KeyBERT",
    "from_pretrained_keras",
    "push_to_hub_keras",
    "HfApiModel",
    "InferenceClientModel",
    "TransformersModel",
];

/// Calls whose first argument names a dataset.
const DATASETS: &[&str] = &[
    "load_dataset",
    "load_dataset_builder",
    "get_dataset_config_names",
    "get_dataset_split_names",
    "dataset_info",
    "get_dataset_infos",
];

/// Keyword arguments that name a model in any call, when the value has two parts.
const KEYWORDS: &[&str] = &[
    "model",
    "model_id",
    "repo_id",
    "model_name",
    "model_name_or_path",
    "pretrained_model_name_or_path",
    "tokenizer",
    "model_path",
    "base_model_name_or_path",
    "checkpoint",
    "repo",
    "tokenizer_name",
    "feature_extractor",
    "image_processor",
    "processor",
    "model_kwargs_id",
    "embedding_model",
    "hf_model_id",
    "base_model",
];

/// Prefixes with which timm and open_clip name a repository.
const HUB_PREFIXES: [&str; 3] = ["hf-hub:", "hf_hub:", "hf://"];

/// Calls after which a name is a folder of the notebook's own.
const WRITERS: &[&str] = &[
    "save_pretrained",
    "save_model",
    "save_to_disk",
    "save",
    "save_adapter",
    "makedirs",
    "mkdir",
];

/// All repositories, each (id, kind, revision, file, configuration) once.
pub(crate) fn find(
    cells: &[Read<'_>],
    constants: &Constants,
    notes: &mut Vec<String>,
) -> Vec<ModelRef> {
    let own = own_folders(cells, constants);
    let mut found: Vec<ModelRef> = Vec::new();
    for read in cells {
        let Some(module) = read.module() else {
            continue;
        };
        for call in calls(module) {
            let look = Look {
                call: &call,
                constants,
                cell: read.index,
            };
            let line = line_of(module.source(), call.callee.start);
            notes.extend(look.note());
            for (id, kind) in look.named() {
                let Some(id) = checked(&id).filter(|id| !own.contains(id)) else {
                    continue;
                };
                let new = ModelRef {
                    id,
                    kind,
                    revision: look.keyword("revision"),
                    file: look.file(),
                    config: look.config(kind),
                    cell: read.index,
                    line,
                    how: shortened(&call.function),
                    remote_code: look.allows_code(),
                };
                add(&mut found, new);
            }
        }
    }
    found
}

fn add(found: &mut Vec<ModelRef>, new: ModelRef) {
    let same = found.iter_mut().find(|one| {
        (&one.id, one.kind, &one.revision, &one.file, &one.config)
            == (&new.id, new.kind, &new.revision, &new.file, &new.config)
    });
    match same {
        Some(one) => one.remote_code |= new.remote_code,
        None => found.push(new),
    }
}

/// Folders that the notebook writes itself: no repository has to be asked for them.
fn own_folders(cells: &[Read<'_>], constants: &Constants) -> BTreeSet<String> {
    let mut own = BTreeSet::new();
    for read in cells {
        for call in read.module().map(calls).unwrap_or_default() {
            let look = Look {
                call: &call,
                constants,
                cell: read.index,
            };
            if WRITERS.contains(&last_part(&call.function)) {
                own.extend(call.arguments.first().and_then(|a| look.value(a)));
            }
            for name in ["output_dir", "save_directory", "output_path"] {
                own.extend(look.keyword(name));
            }
        }
    }
    own
}

/// One call, looked at.
struct Look<'a> {
    call: &'a CallSite,
    constants: &'a Constants,
    cell: usize,
}

impl Look<'_> {
    fn value(&self, argument: &Argument) -> Option<String> {
        let text = argument.text.clone();
        text.or_else(|| self.constants.string(&argument.source, self.cell))
    }

    fn keyword(&self, name: &str) -> Option<String> {
        let argument = self
            .call
            .arguments
            .iter()
            .find(|a| a.name.as_deref() == Some(name))?;
        self.value(argument)
    }

    fn positional(&self, index: usize) -> Option<String> {
        let argument = self
            .call
            .arguments
            .iter()
            .filter(|a| a.name.is_none())
            .nth(index)?;
        self.value(argument)
    }

    fn allows_code(&self) -> bool {
        self.call
            .arguments
            .iter()
            .any(|a| a.name.as_deref() == Some("trust_remote_code") && a.source == "True")
    }

    fn file(&self) -> Option<String> {
        let takes_second = matches!(
            last_part(&self.call.function),
            "hf_hub_download" | "hf_hub_url" | "file_exists"
        );
        let second = || self.positional(1).filter(|_| takes_second);
        let named = ["filename", "gguf_file", "weight_name"]
            .iter()
            .find_map(|name| self.keyword(name));
        named.or_else(second).filter(|file| !file.is_empty())
    }

    fn config(&self, kind: RefKind) -> Option<String> {
        let named = || self.positional(1).or_else(|| self.keyword("name"));
        (kind == RefKind::Dataset).then(named).flatten()
    }

    /// The repositories that this call names.
    fn named(&self) -> Vec<(String, RefKind)> {
        let function = self.call.function.as_str();
        let last = last_part(function);
        let mut ids: Vec<(String, RefKind)> = Vec::new();
        if DATASETS.contains(&last) {
            let id = self
                .positional(0)
                .or_else(|| self.keyword("path"))
                .or_else(|| self.keyword("repo_id"));
            return id
                .into_iter()
                .filter(|id| !is_builder(id))
                .map(|id| (id, RefKind::Dataset))
                .collect();
        }
        if function == "evaluate.load" {
            let id = self.positional(0).map(|id| {
                if id.contains('/') {
                    id
                } else {
                    format!("evaluate-metric/{id}")
                }
            });
            return id.map(|id| (id, RefKind::Space)).into_iter().collect();
        }
        let kind = self.repo_kind();
        match last {
            "create_model"
            | "create_model_and_transforms"
            | "create_model_from_pretrained"
            | "get_tokenizer" => {
                let name = self.positional(0).or_else(|| self.keyword("model_name"));
                ids.extend(name.and_then(|name| hub_name(&name)).map(|id| (id, kind)));
            }
            "pipeline" => ids.extend(self.positional(1).map(|id| (id, kind))),
            "from_pretrained" if is_adapter(function) => {
                ids.extend(
                    self.positional(1)
                        .or_else(|| self.keyword("model_id"))
                        .map(|id| (id, kind)),
                );
            }
            last if FIRST.contains(&last) => ids.extend(self.positional(0).map(|id| (id, kind))),
            _ => {}
        }
        let known = FIRST.contains(&last) || last == "pipeline";
        for name in KEYWORDS {
            // Any function may have a parameter of such a name; an id with two parts tells.
            let value = self.keyword(name).filter(|id| known || id.contains('/'));
            ids.extend(value.map(|id| (hub_name(&id).unwrap_or(id), kind)));
        }
        ids
    }

    fn repo_kind(&self) -> RefKind {
        match self.keyword("repo_type").as_deref() {
            Some("dataset") => RefKind::Dataset,
            Some("space") => RefKind::Space,
            _ => RefKind::Model,
        }
    }

    /// What is remarkable about a call that names no repository.
    fn note(&self) -> Option<String> {
        let last = last_part(&self.call.function);
        if last == "pipeline" && !self.call.unpacks {
            let task = self.positional(0).or_else(|| self.keyword("task"))?;
            let model = self
                .call
                .arguments
                .iter()
                .any(|a| a.name.as_deref() == Some("model"))
                || self
                    .call
                    .arguments
                    .iter()
                    .filter(|a| a.name.is_none())
                    .count()
                    > 1;
            return (!model).then(|| {
                format!(
                    "cell {}: the pipeline for `{}` names no model; the library chooses one",
                    self.cell,
                    shortened(&task)
                )
            });
        }
        let pretrained = self
            .call
            .arguments
            .iter()
            .any(|a| a.name.as_deref() == Some("pretrained") && a.source == "True");
        if last == "create_model" && pretrained {
            let name = self.positional(0)?;
            return hub_name(&name).is_none().then(|| {
                format!(
                    "cell {}: timm chooses the repository of `{}`",
                    self.cell,
                    shortened(&name)
                )
            });
        }
        None
    }
}

/// `from_pretrained` of an adapter takes the base model first.
fn is_adapter(function: &str) -> bool {
    function.starts_with("PeftModel")
        || function.contains(".PeftModel")
        || function.starts_with("PeftMixedModel")
}

/// The names of loaders of `datasets` that read files.
fn is_builder(name: &str) -> bool {
    matches!(
        name,
        "csv"
            | "json"
            | "text"
            | "parquet"
            | "arrow"
            | "imagefolder"
            | "audiofolder"
            | "videofolder"
            | "webdataset"
            | "pandas"
            | "sql"
            | "xml"
            | "hdf5"
            | "generator"
    )
}

fn hub_name(name: &str) -> Option<String> {
    HUB_PREFIXES
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .map(str::to_owned)
}

fn last_part(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

/// The id by the Hub's rules. What can only be a path or an address is none.
fn checked(text: &str) -> Option<String> {
    let is_file = |ending: &str| text.ends_with(ending);
    let path = text.starts_with(['.', '/', '~']) || text.contains(['\\', ':', '@', '{']);
    let file = [
        ".json",
        ".bin",
        ".pt",
        ".pth",
        ".safetensors",
        ".gguf",
        ".onnx",
        ".csv",
        ".py",
        ".yaml",
        ".txt",
    ];
    if path || file.iter().any(|ending| is_file(ending)) {
        return None;
    }
    match Source::parse(text) {
        Ok(Source::Hub { id, revision: None }) => Some(id),
        _ => None,
    }
}
