//! Facts of diffusers pipelines and of LoRA files for them.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::Sources;
use super::value::{self, NAME};
use crate::dossier::{Diffusers, Dossier, Fact, Provenance};

/// Pipeline, components, LoRA file; `None` for models of other libraries.
pub(super) fn diffusers(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<Diffusers>> {
    let (pipeline, from) =
        pipeline(sources).map_or((None, None), |(name, from)| (Some(name), Some(from)));
    let library = dossier
        .library
        .as_ref()
        .filter(|library| library.value == "diffusers")
        .map(|library| library.from);
    let listed = sources
        .has_file("model_index.json")
        .then_some(Provenance::Files);
    let from = from.or(listed).or(library)?;
    let instance_prompt = sources
        .page("instance_prompt")
        .and_then(|(value, _)| value::line(value.as_str()?, NAME));
    let facts = Diffusers {
        pipeline,
        components: components(sources),
        instance_prompt,
        lora_file: lora_file(sources),
    };
    Some(sources.fact(facts, from))
}

/// Class of the pipeline.
pub(super) fn pipeline(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    let class = |value: Option<&Value>| {
        value::name(value).filter(|name| alacard_python::is_identifier(name))
    };
    if let Some(name) = class(sources.field("model_index.json", &["_class_name"])) {
        return Some((name, Provenance::Config));
    }
    let record = ["_class_name", "class_name"]
        .iter()
        .find_map(|key| class(sources.api(&["config", "diffusers", key])));
    if let Some(name) = record {
        return Some((name, Provenance::Api));
    }
    let tagged = sources
        .tags
        .iter()
        .find_map(|tag| tag.strip_prefix("diffusers:"))?;
    alacard_python::is_identifier(tagged).then(|| (tagged.to_owned(), sources.tags_from))
}

/// Components by name: library and class. Those that are switched off (`[null, null]`) are left out.
fn components(sources: &Sources<'_>) -> BTreeMap<String, (String, String)> {
    let index = value::object(sources.file("model_index.json"));
    let entry = |(name, parts): (&String, &Value)| {
        let [library, class] = parts.as_array()?.as_slice() else {
            return None;
        };
        Some((
            value::line(name, NAME)?,
            (value::name(Some(library))?, value::name(Some(class))?),
        ))
    };
    index
        .into_iter()
        .flatten()
        .filter_map(entry)
        .take(40)
        .collect()
}

/// The file with a LoRA's weights: the usual name, else the only file that can be it.
fn lora_file(sources: &Sources<'_>) -> Option<String> {
    if sources.has_file("model_index.json") {
        return None;
    }
    let weights = |path: &&str| {
        (path.ends_with(".safetensors") || path.ends_with(".bin")) && !path.contains('/')
    };
    let usual = [
        "pytorch_lora_weights.safetensors",
        "pytorch_lora_weights.bin",
    ]
    .iter()
    .find(|name| sources.paths().any(|path| path == **name));
    if let Some(name) = usual {
        return Some((*name).to_owned());
    }
    let named: Vec<&str> = sources
        .paths()
        .filter(weights)
        .filter(|path| path.to_ascii_lowercase().contains("lora"))
        .collect();
    let all: Vec<&str> = sources
        .paths()
        .filter(|path| path.ends_with(".safetensors") && !path.contains('/'))
        .collect();
    match (named.as_slice(), all.as_slice()) {
        ([first, ..], _) => Some((*first).to_owned()),
        ([], [only]) if sources.has_tag("lora") => Some((*only).to_owned()),
        _ => None,
    }
}
