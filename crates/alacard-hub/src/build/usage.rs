//! What the examples on the page show: which library they import, which task they call.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

use super::families;
use super::sources::Sources;
use super::words;
use crate::dossier::{CodeExample, ExampleLanguage};

/// Most examples, and most bytes of one, that are searched.
const MAX_EXAMPLES: usize = 60;
const MAX_BYTES: usize = 20_000;

/// Imported module and the library it belongs to, the more special before the more general.
const MODULES: [(&str, &str); 45] = [
    ("setfit", "setfit"),
    ("span_marker", "span-marker"),
    ("sentence_transformers", "sentence-transformers"),
    ("FlagEmbedding", "FlagEmbedding"),
    ("pylate", "sentence-transformers"),
    ("peft", "peft"),
    ("adapters", "adapter-transformers"),
    ("diffusers", "diffusers"),
    ("llama_cpp", "gguf"),
    ("gliner", "gliner"),
    ("flair", "flair"),
    ("speechbrain", "speechbrain"),
    ("espnet2", "espnet"),
    ("espnet_model_zoo", "espnet"),
    ("nemo", "nemo"),
    ("pyannote", "pyannote-audio"),
    ("asteroid", "asteroid"),
    ("huggingface_sb3", "stable-baselines3"),
    ("stable_baselines3", "stable-baselines3"),
    ("skops", "sklearn"),
    ("fastai", "fastai"),
    ("fasttext", "fasttext"),
    ("keras_hub", "keras-hub"),
    ("tensorflow_tts", "tensorflowtts"),
    ("paddleocr", "PaddleOCR"),
    ("paddlenlp", "paddlenlp"),
    ("ultralytics", "ultralytics"),
    ("model2vec", "model2vec"),
    ("bertopic", "bertopic"),
    ("mlx_lm", "mlx"),
    ("mlx_vlm", "mlx"),
    ("colpali_engine", "colpali"),
    ("lerobot", "lerobot"),
    ("chronos", "chronos-forecasting"),
    ("timesfm", "timesfm"),
    ("audiocraft", "audiocraft"),
    ("moshi", "moshi"),
    ("faster_whisper", "ctranslate2"),
    ("ctranslate2", "ctranslate2"),
    ("stanza", "stanza"),
    ("open_clip", "open_clip"),
    ("timm", "timm"),
    ("spacy", "spacy"),
    ("allennlp", "allennlp"),
    ("transformers", "transformers"),
];

/// How many of [`MODULES`] decide as soon as they load this model.
const SPECIAL: usize = 3;

/// A line that imports a module.
static IMPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii_regex(r"(?m)^[ \t>.]*(?:from|import)[ \t]+([A-Za-z_][A-Za-z0-9_]*)").ok()
});
/// A call of `pipeline` with a task.
static PIPELINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii_regex(r#"\bpipeline\(\s*(?:task\s*=\s*)?["']([A-Za-z0-9_-]{2,40})["']"#).ok()
});
/// A class name that may tell the task.
static CLASS: LazyLock<Option<Regex>> =
    LazyLock::new(|| ascii_regex(r"\b([A-Z][A-Za-z0-9_]{2,80})\b").ok());

/// The library of the examples: one that embeds or scores this very model, else the first that
/// any example imports.
pub(super) fn library(sources: &Sources<'_>) -> Option<String> {
    let examples = examples(sources);
    let special = examples
        .iter()
        .filter(|example| names_model(sources, example))
        .find_map(|example| found(example, SPECIAL));
    special.or_else(|| {
        examples
            .iter()
            .find_map(|example| found(example, MODULES.len()))
    })
}

/// Whether an example that names this model calls a class.
pub(super) fn calls(sources: &Sources<'_>, class: &str) -> bool {
    let call = format!("{class}(");
    examples(sources)
        .iter()
        .any(|example| names_model(sources, example) && cut(&example.code).contains(&call))
}

/// The library of the first of so many [`MODULES`] that an example imports.
fn found(example: &CodeExample, first: usize) -> Option<String> {
    let imports = |module: &str| {
        example.imports.iter().any(|import| import == module)
            || (!example.parses && written(example, module))
    };
    let (_, library) = MODULES
        .iter()
        .take(first)
        .find(|(module, _)| imports(module))?;
    Some((*library).to_owned())
}

/// Whether an example that does not parse has a line that imports a module.
fn written(example: &CodeExample, module: &str) -> bool {
    let Some(pattern) = IMPORT.as_ref() else {
        return false;
    };
    pattern
        .captures_iter(cut(&example.code))
        .any(|captures| captures.get(1).is_some_and(|root| root.as_str() == module))
}

fn names_model(sources: &Sources<'_>, example: &CodeExample) -> bool {
    sources
        .material
        .id
        .as_deref()
        .is_some_and(|id| id.len() > 2 && cut(&example.code).contains(id))
}

/// A task, and what in the examples tells it. Calls of a pipeline tell more than names of classes.
pub(super) fn task(sources: &Sources<'_>) -> Option<(&'static str, String)> {
    let examples = examples(sources);
    examples
        .iter()
        .find_map(|example| pipeline(cut(&example.code)))
        .or_else(|| {
            examples
                .iter()
                .find_map(|example| class(cut(&example.code)))
        })
}

/// Python examples, those that name this model first.
fn examples<'a>(sources: &'a Sources<'_>) -> Vec<&'a CodeExample> {
    let python = |example: &&CodeExample| example.language == ExampleLanguage::Python;
    let mut list: Vec<&CodeExample> = sources
        .card
        .iter()
        .flat_map(|card| &card.examples)
        .filter(python)
        .take(MAX_EXAMPLES)
        .collect();
    list.sort_by_cached_key(|example| !names_model(sources, example));
    list
}

/// At most [`MAX_BYTES`] of an example, on a character boundary.
fn cut(code: &str) -> &str {
    let end = (0..=MAX_BYTES.min(code.len()))
        .rev()
        .find(|&end| code.is_char_boundary(end))
        .unwrap_or(0);
    code.get(..end).unwrap_or_default()
}

fn pipeline(code: &str) -> Option<(&'static str, String)> {
    let words = PIPELINE
        .as_ref()?
        .captures_iter(code)
        .filter_map(|captures| captures.get(1));
    let mut found = words.filter_map(|word| {
        Some((
            words::task(word.as_str())?,
            format!("calls `pipeline(\"{}\")`", word.as_str()),
        ))
    });
    found.next()
}

fn class(code: &str) -> Option<(&'static str, String)> {
    let names = CLASS
        .as_ref()?
        .captures_iter(code)
        .filter_map(|captures| captures.get(1))
        .map(|name| name.as_str());
    let mut found = names.filter_map(|name| Some((of_class(name)?, format!("uses `{name}`"))));
    found.next()
}

/// Task of a class that examples use: Auto classes, architectures, pipelines, other libraries.
fn of_class(name: &str) -> Option<&'static str> {
    const OTHERS: [(&str, &str); 22] = [
        ("AutoModelForSpeechSeq2Seq", "automatic-speech-recognition"),
        ("AutoModelForSeq2SeqLM", "text2text-generation"),
        ("AutoModelWithLMHead", "text-generation"),
        ("AutoModelForVision2Seq", "image-text-to-text"),
        ("AutoModelForImageTextToText", "image-text-to-text"),
        (
            "AutoModelForZeroShotObjectDetection",
            "zero-shot-object-detection",
        ),
        ("AutoModelForTextToWaveform", "text-to-audio"),
        ("AutoModelForMaskGeneration", "mask-generation"),
        ("AutoPeftModelForCausalLM", "text-generation"),
        ("AutoGPTQForCausalLM", "text-generation"),
        ("AutoAWQForCausalLM", "text-generation"),
        ("SentenceTransformer", "sentence-similarity"),
        ("SparseEncoder", "feature-extraction"),
        ("CrossEncoder", "text-ranking"),
        ("FlagReranker", "text-ranking"),
        ("SetFitModel", "text-classification"),
        ("SpanMarkerModel", "token-classification"),
        ("SequenceTagger", "token-classification"),
        ("GLiNER", "token-classification"),
        ("WhisperModel", "automatic-speech-recognition"),
        ("EncoderDecoderASR", "automatic-speech-recognition"),
        ("YOLO", "object-detection"),
    ];
    let known = OTHERS
        .iter()
        .find(|(class, _)| *class == name)
        .map(|(_, task)| *task);
    known.or_else(|| words::of_pipeline(name)).or_else(|| {
        let whole =
            name.contains("For") || name.ends_with("LMHeadModel") || name.ends_with("MTModel");
        let plain = name
            .strip_prefix("TFAutoModel")
            .or_else(|| name.strip_prefix("FlaxAutoModel"))
            .or_else(|| name.strip_prefix("AutoModel"));
        let architecture = plain.map_or_else(|| name.to_owned(), |rest| format!("Auto{rest}"));
        if whole {
            Some(families::role_of(&architecture, false, false)?.task)
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_and_classes_tell_tasks() {
        assert_eq!(
            pipeline("p = pipeline( 'ner', model='x')").map(|found| found.0),
            Some("token-classification")
        );
        assert_eq!(
            pipeline("pipeline(task=\"fill-mask\")").map(|found| found.0),
            Some("fill-mask")
        );
        assert_eq!(pipeline("pipeline('nothing-like-it')"), None);
        assert_eq!(of_class("AutoModelForCausalLM"), Some("text-generation"));
        assert_eq!(
            of_class("TFAutoModelForSequenceClassification"),
            Some("text-classification")
        );
        assert_eq!(of_class("StableDiffusionPipeline"), Some("text-to-image"));
        assert_eq!(of_class("AutoModel"), None);
        assert_eq!(of_class("BertModel"), None);
    }
}
