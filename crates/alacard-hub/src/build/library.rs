//! Which library a model belongs to.

use super::sources::Sources;
use super::usage;
use super::value;
use crate::dossier::{Dossier, Fact, Provenance};

/// Other names of libraries, as pages write them, and the Hub's id.
const ALIASES: [(&str, &str); 18] = [
    ("pyannote", "pyannote-audio"),
    ("pyannote.audio", "pyannote-audio"),
    ("pyannote-audio-pipeline", "pyannote-audio"),
    ("sentence_transformers", "sentence-transformers"),
    ("sentence transformers", "sentence-transformers"),
    ("sentencetransformers", "sentence-transformers"),
    ("openclip", "open_clip"),
    ("open-clip", "open_clip"),
    ("open_clip_torch", "open_clip"),
    ("scikit-learn", "sklearn"),
    ("stable_baselines3", "stable-baselines3"),
    ("span_marker", "span-marker"),
    ("llama.cpp", "gguf"),
    ("llama_cpp", "gguf"),
    ("llama-cpp", "gguf"),
    ("transformers_js", "transformers.js"),
    ("paddleocr", "PaddleOCR"),
    ("huggingface transformers", "transformers"),
];

/// Libraries that tags name, the more special before the more general: the first that a page has
/// counts. `pytorch`, `onnx` and the like name formats, not libraries.
const TAGGED: [&str; 58] = [
    "sentence-transformers",
    "setfit",
    "span-marker",
    "peft",
    "adapter-transformers",
    "adapters",
    "diffusers",
    "gguf",
    "timm",
    "open_clip",
    "flair",
    "spacy",
    "stanza",
    "speechbrain",
    "espnet",
    "nemo",
    "pyannote-audio",
    "pyannote",
    "asteroid",
    "stable-baselines3",
    "ml-agents",
    "sample-factory",
    "cleanrl",
    // Not a library but a kind of agent whose files are all alike.
    "q-learning",
    "sklearn",
    "fastai",
    "fasttext",
    "keras-hub",
    "tf-keras",
    "keras",
    "tensorflowtts",
    "paddlenlp",
    "PaddleOCR",
    "ultralytics",
    "gliner",
    "gliner2",
    "model2vec",
    "bertopic",
    "mlx",
    "transformers.js",
    "mamba-ssm",
    "allennlp",
    "fairseq",
    "colpali",
    "lerobot",
    "chronos-forecasting",
    "timesfm",
    "birefnet",
    "sam2",
    "depth-anything-v2",
    "audiocraft",
    "edsnlp",
    "pythae",
    "ctranslate2",
    "whisperkit",
    "ben2",
    "stable-audio-tools",
    "transformers",
];

/// The library: the record, the front matter, the files, the tags, the configuration, the
/// examples on the page, in this order.
pub(super) fn library(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<String>> {
    let record =
        || named(value::name(sources.api(&["library_name"]))?).map(|id| (id, Provenance::Api));
    let page = || {
        let (value, from) = ["library_name", "library"]
            .iter()
            .find_map(|key| sources.page(key))?;
        named(value::name(Some(value))?).map(|id| (id, from))
    };
    let (id, from) = record()
        .or_else(page)
        .or_else(|| by_files(sources))
        .or_else(|| tagged(sources))
        .or_else(|| configured(dossier))
        .or_else(|| Some((usage::library(sources)?, Provenance::Card)))?;
    Some(sources.fact(id, from))
}

/// A name as the Hub writes it.
fn named(name: String) -> Option<String> {
    let lower = name.to_lowercase();
    let alias = ALIASES
        .iter()
        .find(|(other, _)| *other == lower)
        .map(|(_, id)| (*id).to_owned());
    let known = || {
        TAGGED
            .iter()
            .find(|id| id.eq_ignore_ascii_case(&lower))
            .map(|id| (*id).to_owned())
    };
    alias
        .or_else(known)
        .or_else(|| value::is_slug(&name).then_some(name))
}

/// Files that only one library writes.
fn by_files(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    const SIGNS: [(&str, &str); 7] = [
        ("adapter_config.json", "peft"),
        ("config_setfit.json", "setfit"),
        ("modules.json", "sentence-transformers"),
        ("config_sentence_transformers.json", "sentence-transformers"),
        ("model_index.json", "diffusers"),
        ("open_clip_config.json", "open_clip"),
        ("gliner_config.json", "gliner"),
    ];
    let sign = SIGNS
        .iter()
        .find(|(file, _)| sources.has_file(file))
        .map(|(_, id)| *id);
    let id = sign
        .or_else(|| by_configuration(sources))
        .or_else(|| by_pattern(sources))?;
    Some((id.to_owned(), Provenance::Files))
}

/// Configurations whose fields only one library has.
fn by_configuration(sources: &Sources<'_>) -> Option<&'static str> {
    let has = |key: &str| sources.field("config.json", &[key]).is_some();
    if has("pretrained_cfg") || (has("num_features") && has("architecture")) {
        return Some("timm");
    }
    if has("_diffusers_version") {
        return Some("diffusers");
    }
    has("speechbrain_interface").then_some("speechbrain")
}

/// Names of weight files.
fn by_pattern(sources: &Sources<'_>) -> Option<&'static str> {
    let any = |test: &dyn Fn(&str) -> bool| sources.paths().any(test);
    let transformers = sources.has_file("config.json");
    if any(&|path| path.ends_with(".nemo")) {
        return Some("nemo");
    }
    if any(&|path| path.ends_with("-any-py3-none-any.whl") || path.ends_with("-py3-none-any.whl"))
        && sources.has_tag("spacy")
    {
        return Some("spacy");
    }
    if any(&|path| path.ends_with(".keras")) || sources.has_file("keras_metadata.pb") {
        return Some("keras");
    }
    if !transformers && any(&|path| path.ends_with(".gguf")) {
        return Some("gguf");
    }
    let lora = any(&|path| {
        path == "pytorch_lora_weights.safetensors" || path == "pytorch_lora_weights.bin"
    });
    lora.then_some("diffusers")
}

/// The first library in [`TAGGED`]'s order that the page has as a tag.
fn tagged(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    let id = TAGGED.iter().find(|id| sources.has_tag(id)).copied();
    let id = id
        .filter(|id| *id != "transformers")
        .or_else(|| {
            sources
                .has_tag("stable-diffusion-diffusers")
                .then_some("diffusers")
        })
        .or(id);
    // The training loops of transformers leave these tags.
    let trained = || {
        ["generated_from_trainer", "generated_from_keras_callback"]
            .iter()
            .any(|tag| sources.has_tag(tag))
            .then_some("transformers")
    };
    Some((named(id.or_else(trained)?.to_owned())?, sources.tags_from))
}

/// A configuration with an architecture or type is one of transformers.
fn configured(dossier: &Dossier) -> Option<(String, Provenance)> {
    let fact = dossier
        .model_type
        .as_ref()
        .or(dossier.architecture.as_ref())?;
    Some(("transformers".to_owned(), fact.from))
}
