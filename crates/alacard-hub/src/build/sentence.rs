//! Facts of sentence-transformers models.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::Sources;
use super::usage;
use super::value::{self, NAME, Object};
use crate::dossier::{Dossier, Fact, Provenance, SentenceTransformer};

/// Files that only such models have.
const FILES: [&str; 3] = [
    "modules.json",
    "config_sentence_transformers.json",
    "sentence_bert_config.json",
];

/// Prompts, scoring and modules; `None` for models of other libraries.
pub(super) fn sentence_transformer(
    sources: &Sources<'_>,
    dossier: &Dossier,
) -> Option<Fact<SentenceTransformer>> {
    let library = dossier
        .library
        .as_ref()
        .filter(|library| library.value == "sentence-transformers");
    let by_file = FILES.iter().any(|file| sources.has_file(file));
    if library.is_none() && !by_file {
        return None;
    }
    let read = FILES.iter().any(|file| sources.file(file).is_some());
    let from = match library {
        _ if read => Provenance::Config,
        Some(library) => library.from,
        None => Provenance::Files,
    };
    let settings = |key: &str| sources.field("config_sentence_transformers.json", &[key]);
    let prompts = prompts(settings("prompts").and_then(Value::as_object));
    let facts = SentenceTransformer {
        default_prompt: value::name(settings("default_prompt_name"))
            .filter(|name| prompts.contains_key(name)),
        prompts,
        similarity: value::name(settings("similarity_fn_name")),
        modules: modules(sources),
        cross_encoder: is_cross_encoder(sources, dossier),
        max_tokens: value::count(sources.field("sentence_bert_config.json", &["max_seq_length"])),
    };
    Some(sources.fact(facts, from))
}

/// Prompts by name; an empty prompt is one, too (it says that this side has none).
fn prompts(map: Option<&Object>) -> BTreeMap<String, String> {
    let entry = |(name, text): (&String, &Value)| {
        Some((
            value::line(name, NAME)?,
            value::prose(text.as_str()?, 2_000),
        ))
    };
    map.into_iter()
        .flatten()
        .filter_map(entry)
        .take(64)
        .collect()
}

/// Last part of each module's class.
fn modules(sources: &Sources<'_>) -> Vec<String> {
    let list = sources.file("modules.json").and_then(Value::as_array);
    let class = |module: &Value| {
        Some(
            value::name(module.get("type"))?
                .rsplit('.')
                .next()?
                .to_owned(),
        )
    };
    list.into_iter()
        .flatten()
        .filter_map(class)
        .take(20)
        .collect()
}

/// Whether it scores pairs: by tag, by how its page calls it, or by a classifier's head without
/// modules.
fn is_cross_encoder(sources: &Sources<'_>, dossier: &Dossier) -> bool {
    let tagged = ["cross-encoder", "text-ranking", "reranker"]
        .iter()
        .any(|tag| sources.has_tag(tag));
    let classifier = dossier
        .architecture
        .as_ref()
        .is_some_and(|name| name.value.ends_with("ForSequenceClassification"));
    let called =
        usage::calls(sources, "CrossEncoder") && !usage::calls(sources, "SentenceTransformer");
    tagged || called || (classifier && !sources.has_file("modules.json"))
}
