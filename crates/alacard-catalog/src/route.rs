//! Which way leads from the facts to a lesson.

use alacard_hub::dossier::{Dossier, ExampleLanguage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recipe::Runtime;
use crate::{Catalog, CatalogError};

/// The closed list of routes.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Route {
    /// A full lesson of the catalogue.
    Task,
    /// An adapter on its base model.
    Adapter,
    /// GGUF files.
    Gguf,
    /// The page's own examples.
    Card,
    /// The library table.
    Library,
}

impl Route {
    /// The name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Adapter => "adapter",
            Self::Gguf => "gguf",
            Self::Card => "card",
            Self::Library => "library",
        }
    }
}

/// The route that was taken, and the lesson at its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Chosen {
    /// The route.
    pub route: Route,
    /// Name of the lesson in the catalogue.
    pub lesson: String,
    /// Why this one, in one sentence.
    pub reason: String,
}

/// Tasks whose lessons need nothing but a text generator.
const GENERATION: [&str; 3] = ["text-generation", "image-text-to-text", "any-to-any"];

/// The routes that may lead to a notebook, the best first. Whether one really does only the
/// teacher knows; none means that nothing is known that a notebook could call.
///
/// # Errors
///
/// [`CatalogError`] when the catalogue itself cannot be read.
pub fn candidates(
    catalog: &Catalog,
    dossier: &Dossier,
    runtime: Runtime,
) -> Result<Vec<Chosen>, CatalogError> {
    let mut found = Vec::new();
    if runtime == Runtime::Endpoint {
        found.extend(endpoint(catalog, dossier)?);
    }
    for way in [gguf, adapter, task, card, transformers, library, remote] {
        found.extend(way(catalog, dossier)?);
    }
    Ok(found)
}

fn chosen(route: Route, lesson: &str, reason: impl Into<String>) -> Option<Chosen> {
    Some(Chosen {
        route,
        lesson: lesson.to_owned(),
        reason: reason.into(),
    })
}

pub(crate) fn task_of(dossier: &Dossier) -> &str {
    dossier.task.as_ref().map_or("", |fact| fact.value.as_str())
}

pub(crate) fn library_of(dossier: &Dossier) -> &str {
    dossier
        .library
        .as_ref()
        .map_or("", |fact| fact.value.as_str())
}

/// The endpoint lesson of a task, if it has one.
pub fn endpoint_lesson(task: &str) -> Option<&'static str> {
    Some(match task {
        "text-generation" | "image-text-to-text" | "any-to-any" => "endpoint-chat",
        "feature-extraction" | "sentence-similarity" => "endpoint-embeddings",
        "automatic-speech-recognition" => "endpoint-speech",
        "text-to-image" => "endpoint-image",
        _ => return None,
    })
}

fn endpoint(catalog: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let task = task_of(dossier);
    let Some(mut lesson) = endpoint_lesson(task) else {
        return Ok(None);
    };
    if task == "text-generation"
        && dossier.chat_template.is_none()
        && !has_tag(dossier, "conversational")
    {
        lesson = "endpoint-text";
    }
    let known = catalog.lesson(&format!("{lesson}/common")).is_some();
    let reason = format!("the recipe asks for an endpoint and the task is {task}");
    Ok(if known {
        chosen(Route::Task, lesson, reason)
    } else {
        None
    })
}

fn has_tag(dossier: &Dossier, tag: &str) -> bool {
    dossier.tags.iter().any(|t| t == tag)
}

fn gguf(_: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let Some(gguf) = &dossier.gguf else {
        return Ok(None);
    };
    let task = task_of(dossier);
    let fits = task.is_empty() || GENERATION.contains(&task);
    let other_weights = dossier.files.iter().flatten().any(|file| {
        file.path.ends_with(".safetensors") || file.path.ends_with("pytorch_model.bin")
    });
    if !fits || other_weights || gguf.value.chosen.is_none() {
        return Ok(None);
    }
    Ok(chosen(
        Route::Gguf,
        "gguf",
        "the repository holds GGUF files",
    ))
}

fn adapter(_: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let based = dossier
        .base
        .as_ref()
        .is_some_and(|base| !base.value.models.is_empty());
    if !based {
        return Ok(None);
    }
    let diffusers_lora = dossier
        .diffusers
        .as_ref()
        .is_some_and(|d| d.value.lora_file.is_some());
    if task_of(dossier) == "text-to-image" && (diffusers_lora || has_tag(dossier, "lora")) {
        return Ok(chosen(
            Route::Adapter,
            "lora",
            "a LoRA on a text-to-image base model",
        ));
    }
    let taught = matches!(
        dossier
            .peft
            .as_ref()
            .and_then(|p| p.value.task_type.as_deref()),
        None | Some("CAUSAL_LM" | "SEQ_CLS" | "TOKEN_CLS" | "SEQ_2_SEQ_LM" | "FEATURE_EXTRACTION")
    );
    let peft = dossier.peft.is_some() || library_of(dossier) == "peft";
    Ok(if peft && taught {
        chosen(Route::Adapter, "peft", "a PEFT adapter on its base model")
    } else {
        None
    })
}

/// Libraries whose models the task lessons can load.
const TAUGHT_LIBRARIES: [&str; 4] = ["", "transformers", "sentence-transformers", "diffusers"];

fn task(catalog: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let (task, library) = (task_of(dossier), library_of(dossier));
    if task.is_empty() || is_other_kind(task, dossier) {
        return Ok(None);
    }
    let lesson = match (task, library) {
        ("image-classification", "timm") => "timm".to_owned(),
        (_, "timm") => "timm-features".to_owned(),
        (
            "sentence-similarity" | "feature-extraction" | "text-ranking",
            "sentence-transformers",
        ) if cross_encoder(dossier) => "cross-encoder".to_owned(),
        ("text-ranking", _) => "cross-encoder".to_owned(),
        _ => catalog
            .task(task)?
            .map(|t| t.lesson.clone())
            .unwrap_or_default(),
    };
    let fits = TAUGHT_LIBRARIES.contains(&library) || library == "timm";
    let known = !lesson.is_empty() && catalog.lesson(&format!("{lesson}/common")).is_some();
    Ok(if fits && known {
        chosen(Route::Task, &lesson, format!("the task is {task}"))
    } else {
        None
    })
}

/// Model types that turn sound into codes and back. Pages tag them with `feature-extraction`
/// (`facebook/encodec_24khz`, `kyutai/mimi`), but they give no `last_hidden_state`, which the
/// lesson of that task reads.
const CODECS: [&str; 7] = [
    "dac",
    "encodec",
    "mimi",
    "mimi_encoder",
    "neucodec",
    "xcodec",
    "xcodec2",
];

/// Model types that read words together with their places on a page, or with what stands in a
/// picture: the pipelines of text give them neither.
const PAGE_READERS: [&str; 5] = ["bros", "layoutlmv2", "layoutlmv3", "layoutxlm", "lxmert"];

/// Recognisers of speech that the pipeline gives less than they need (transformers 5.23): chat
/// models must have text beside the sound, and Moonshine's streaming kind whole frames of it, which
/// its processor alone makes.
const LISTENERS: [&str; 6] = [
    "fun_asr_nano",
    "granite_speech",
    "granite_speech_plus",
    "moonshine_streaming",
    "qwen3_asr",
    "vibevoice_asr",
];

/// Types that read pictures in a way of their own, which a lesson for all chat models with eyes does
/// not know: a film instead of a picture, a picture as words of a codebook, or one that a word of
/// the text must stand for.
const OTHER_EYES: [&str; 4] = ["chameleon", "emu3", "instructblipvideo", "pp_chart2table"];

/// Whether a model of the task works otherwise than the task's lesson: a codec, a reader of
/// pages, a chat model that hears, or PP-LCNet, whose answer has no `logits`, which the pipeline
/// of image classification reads. Speech recognition's pipeline loads `AutoModelForCTC`,
/// `AutoModelForTDT` and `AutoModelForSpeechSeq2Seq`.
fn is_other_kind(task: &str, dossier: &Dossier) -> bool {
    let model_type = dossier.model_type.as_ref().map(|kind| kind.value.as_str());
    let auto_model = dossier.auto_model.as_ref().map(|name| name.value.as_str());
    match task {
        "text-classification" | "token-classification" | "question-answering" => {
            model_type.is_some_and(|kind| PAGE_READERS.contains(&kind))
        }
        "image-text-to-text" => model_type.is_some_and(|kind| OTHER_EYES.contains(&kind)),
        "image-classification" => model_type == Some("pp_lcnet"),
        "feature-extraction" => model_type.is_some_and(|kind| CODECS.contains(&kind)),
        "automatic-speech-recognition" => {
            auto_model == Some("AutoModelForMultimodalLM")
                || model_type.is_some_and(|kind| LISTENERS.contains(&kind))
        }
        _ => false,
    }
}

fn cross_encoder(dossier: &Dossier) -> bool {
    dossier
        .sentence_transformer
        .as_ref()
        .is_some_and(|st| st.value.cross_encoder)
}

fn card(_: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    Ok(match usable_examples(dossier).next() {
        Some(_) => chosen(
            Route::Card,
            "card",
            "the page has examples of its own that parse",
        ),
        None => None,
    })
}

/// The page's Python examples that parse and import something.
pub fn usable_examples(
    dossier: &Dossier,
) -> impl Iterator<Item = &alacard_hub::dossier::CodeExample> {
    let card = dossier.card.as_ref();
    card.into_iter()
        .flat_map(|card| &card.examples)
        .filter(|example| {
            example.language == ExampleLanguage::Python
                && example.parses
                && !example.imports.is_empty()
        })
}

fn library(catalog: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let id = library_of(dossier);
    let entry = catalog.library(id)?;
    Ok(match entry {
        Some(entry) if entry.status == "run" => chosen(
            Route::Library,
            "library",
            format!("the library table knows how to run {}", entry.title),
        ),
        _ => None,
    })
}

/// Any other model of transformers: the class that its configuration names, found at run time.
fn transformers(catalog: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let fits = library_of(dossier) == "transformers"
        || (library_of(dossier).is_empty()
            && (dossier.model_type.is_some() || dossier.architecture.is_some()));
    let known = catalog.lesson("transformers/common").is_some();
    Ok(if fits && known {
        chosen(
            Route::Library,
            "transformers",
            "a transformers model without a lesson of its own",
        )
    } else {
        None
    })
}

/// Tasks that take no input which one request could carry.
const LOCAL_ONLY: [&str; 4] = ["reinforcement-learning", "robotics", "graph-ml", "other"];

/// The last way: the model behind an inference endpoint, which takes one input in a request.
fn remote(catalog: &Catalog, dossier: &Dossier) -> Result<Option<Chosen>, CatalogError> {
    let task = task_of(dossier);
    let known = catalog.lesson("endpoint-task/common").is_some();
    let fits = catalog.task(task)?.is_some() && !LOCAL_ONLY.contains(&task);
    Ok(if known && fits && dossier.id.is_some() {
        let reason = format!(
            "no code is known for its library, but the task {task} can be called at an endpoint"
        );
        chosen(Route::Library, "endpoint-task", reason)
    } else {
        None
    })
}
