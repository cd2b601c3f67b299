//! The entries of the proving ground, as they stand in `proving/*.toml`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// One model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Entry {
    /// Repository id.
    pub(crate) id: String,
    /// Pipeline tag.
    pub(crate) task: String,
    /// Library id; transformers when it is not said.
    #[serde(default = "transformers")]
    pub(crate) library: String,
    /// Licence id.
    licence: Option<String>,
    /// Language code; English when it is not said.
    language: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    /// Whether its tokenizer has a chat template.
    #[serde(default)]
    chat: bool,
    /// Whether it is also taught through an endpoint.
    #[serde(default)]
    pub(crate) endpoint: bool,
    /// It is there for its adapters, not to be taught itself.
    #[serde(default)]
    pub(crate) only_base: bool,
    /// The model it was made from.
    base: Option<String>,
    /// Number of labels without names of interest.
    labels: Option<usize>,
    /// Modules of a sentence-transformers model.
    #[serde(default)]
    modules: Vec<String>,
    /// Names of the weight files.
    #[serde(default)]
    weights: Vec<String>,
    /// What the Hub tells about GGUF files.
    gguf: Option<Value>,
    /// `config.json`.
    config: Option<Map<String, Value>>,
    /// Other small JSON files.
    #[serde(default)]
    files: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct Page {
    model: Vec<Entry>,
}

fn transformers() -> String {
    "transformers".to_owned()
}

/// Reads all entries, by file and then in their order.
pub(crate) fn read(folder: &Path) -> Result<Vec<Entry>> {
    let listed =
        std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut paths: Vec<_> = listed
        .map(|entry| entry.map(|e| e.path()))
        .collect::<Result<_, _>>()?;
    paths.sort();
    let mut entries = Vec::new();
    for path in paths
        .iter()
        .filter(|path| path.extension().is_some_and(|end| end == "toml"))
    {
        let text = std::fs::read_to_string(path)?;
        let page: Page = toml::from_str(&text).with_context(|| path.display().to_string())?;
        entries.extend(page.model);
    }
    if entries.is_empty() {
        bail!("{} has no entries", folder.display());
    }
    Ok(entries)
}

impl Entry {
    /// The model type of transformers, or what stands for it elsewhere.
    pub(crate) fn kind(&self) -> String {
        let word = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
        let config = |key| word(self.config.as_ref().and_then(|config| config.get(key)));
        let pipeline = || {
            word(
                self.files
                    .get("model_index.json")
                    .map(|index| &index["_class_name"]),
            )
        };
        config("model_type")
            .or_else(|| config("architecture").map(|name| format!("timm {name}")))
            .or_else(pipeline)
            .unwrap_or_else(|| format!("{} adapter or file", self.library))
    }

    /// The Hub's record.
    pub(crate) fn record(&self, sha: &str) -> Value {
        let author = self.id.split('/').next().unwrap_or_default();
        let mut card = Map::new();
        let mut put = |key: &str, value: &Option<String>| {
            if let Some(value) = value {
                card.insert(key.to_owned(), json!(value));
            }
        };
        put("license", &self.licence);
        put("base_model", &self.base);
        let language = self.language.clone().unwrap_or_else(|| "en".to_owned());
        put("language", &Some(language));
        let siblings: Vec<Value> = self
            .names()
            .iter()
            .map(|name| json!({"rfilename": name}))
            .collect();
        let mut tags = vec![self.library.clone(), self.task.clone()];
        tags.extend(self.tags.iter().cloned());
        let mut record = json!({
            "id": self.id, "author": author, "sha": sha, "gated": false, "pipeline_tag": self.task,
            "library_name": self.library, "tags": tags, "cardData": card, "siblings": siblings,
        });
        if let (Some(gguf), Some(fields)) = (&self.gguf, record.as_object_mut()) {
            fields.insert("gguf".to_owned(), gguf.clone());
        }
        record
    }

    /// The small files, with what is told in short written out.
    pub(crate) fn small_files(&self) -> BTreeMap<String, String> {
        let mut files: BTreeMap<String, String> = self
            .files
            .iter()
            .map(|(name, value)| (name.clone(), pretty(value)))
            .collect();
        if let Some(config) = &self.config {
            files.insert(
                "config.json".to_owned(),
                pretty(&Value::Object(self.labelled(config))),
            );
        }
        if !self.modules.is_empty() {
            files.insert("modules.json".to_owned(), pretty(&modules(&self.modules)));
        }
        if self.chat {
            files.insert("chat_template.jinja".to_owned(), CHAT.to_owned());
        }
        files
    }

    fn labelled(&self, config: &Map<String, Value>) -> Map<String, Value> {
        let mut config = config.clone();
        if let Some(count) = self.labels {
            let name = |n: usize| format!("LABEL_{n}");
            let forth: Map<_, _> = (0..count)
                .map(|n| (n.to_string(), json!(name(n))))
                .collect();
            let back: Map<_, _> = (0..count).map(|n| (name(n), json!(n))).collect();
            config.insert("id2label".to_owned(), Value::Object(forth));
            config.insert("label2id".to_owned(), Value::Object(back));
        }
        config
    }

    /// The names of all files that the repository is said to have.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.small_files().into_keys().collect();
        match self.weights.is_empty() {
            true if self.config.is_some() => names.push("model.safetensors".to_owned()),
            true => {}
            false => names.extend(self.weights.iter().cloned()),
        }
        names.sort();
        names
    }
}

/// A template of the commonest form, made for the proving ground.
const CHAT: &str = "\
{%- for message in messages %}<|im_start|>{{ message['role'] }}
{% if message['content'] is string %}{{ message['content'] }}{% else %}{% for part in message['content'] %}\
{% if part['type'] == 'image' %}<image>{% else %}{{ part['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>
{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}";

/// `modules.json` of sentence-transformers.
fn modules(names: &[String]) -> Value {
    let module = |(index, name): (usize, &String)| {
        let path = if index == 0 {
            String::new()
        } else {
            format!("{index}_{name}")
        };
        json!({"idx": index, "name": index.to_string(), "path": path, "type": format!("sentence_transformers.models.{name}")})
    };
    Value::Array(names.iter().enumerate().map(module).collect())
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
