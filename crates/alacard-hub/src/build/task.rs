//! Which task a model does, and how that was decided.
//!
//! Who says so counts in this order: the Hub's record, the front matter, the configuration, the
//! library, the tags, the examples on the page. The reason is kept as a sentence.

use super::diffusion;
use super::model;
use super::sources::Sources;
use super::usage;
use super::value;
use super::words;
use crate::dossier::{Dossier, Provenance};

/// A task that some source tells.
struct Told {
    task: String,
    from: Provenance,
    reason: String,
}

impl Told {
    fn new(task: impl Into<String>, from: Provenance, reason: impl Into<String>) -> Self {
        Self {
            task: task.into(),
            from,
            reason: reason.into(),
        }
    }
}

/// Libraries that do one task only.
const BY_LIBRARY: [(&str, &str); 20] = [
    ("setfit", "text-classification"),
    ("span-marker", "token-classification"),
    ("gliner", "token-classification"),
    ("gliner2", "token-classification"),
    ("sentence-transformers", "sentence-similarity"),
    ("model2vec", "sentence-similarity"),
    ("FlagEmbedding", "sentence-similarity"),
    ("timm", "image-classification"),
    ("open_clip", "zero-shot-image-classification"),
    ("gguf", "text-generation"),
    ("stable-baselines3", "reinforcement-learning"),
    ("ml-agents", "reinforcement-learning"),
    ("sample-factory", "reinforcement-learning"),
    ("cleanrl", "reinforcement-learning"),
    ("colpali", "visual-document-retrieval"),
    ("chronos-forecasting", "time-series-forecasting"),
    ("timesfm", "time-series-forecasting"),
    ("sam2", "mask-generation"),
    ("whisperkit", "automatic-speech-recognition"),
    ("depth-anything-v2", "depth-estimation"),
];

/// Fills in the task and the reason. Needs architecture and library.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    let told = record(sources)
        .or_else(|| front(sources))
        .or_else(|| configured(sources, dossier))
        .or_else(|| by_library(sources, dossier))
        .or_else(|| tagged(sources))
        .or_else(|| used(sources));
    let Some(told) = told.map(|told| narrowed(sources, dossier, told)) else {
        return;
    };
    dossier.task = Some(sources.fact(told.task, told.from));
    dossier.task_reason = Some(told.reason);
}

/// The Hub's record.
fn record(sources: &Sources<'_>) -> Option<Told> {
    let name = value::name(sources.api(&["pipeline_tag"]))?;
    stated(&name, Provenance::Api, "The Hub's record names this task")
}

/// The front matter.
fn front(sources: &Sources<'_>) -> Option<Told> {
    let (value, from) = ["pipeline_tag", "task"]
        .iter()
        .find_map(|key| sources.page(key))?;
    let name = value::names(Some(value), 1).into_iter().next()?;
    stated(&name, from, "The card's front matter names this task")
}

/// A task as somebody wrote it; another name than the Hub's of today is told.
fn stated(name: &str, from: Provenance, sentence: &str) -> Option<Told> {
    let plain = words::plain(name);
    match words::task(name) {
        Some(tag) if tag == plain => Some(Told::new(tag, from, format!("{sentence}."))),
        Some(tag) => Some(Told::new(
            tag,
            from,
            format!("{sentence}, there called `{plain}`."),
        )),
        None => (value::is_slug(&plain) && !matches!(plain.as_str(), "other" | "none" | "null"))
            .then(|| Told::new(plain, from, format!("{sentence}."))),
    }
}

/// The configuration: class of the model, of the pipeline, or of the adapter.
fn configured(sources: &Sources<'_>, dossier: &Dossier) -> Option<Told> {
    if sources.config(&["chronos_config"]).is_some() {
        return Some(Told::new(
            "time-series-forecasting",
            Provenance::Config,
            "The configuration has settings of a Chronos forecaster.",
        ));
    }
    if let (Some(task), Some(architecture)) = (
        model::role(sources, dossier).map(|role| role.task),
        &dossier.architecture,
    ) {
        let embeds = task == "feature-extraction" && dossier.sentence_transformer.is_some();
        if !embeds {
            return Some(Told::new(
                task,
                architecture.from,
                format!(
                    "The configuration's architecture `{}` is made for this task.",
                    architecture.value
                ),
            ));
        }
    }
    if let Some((class, from)) = diffusion::pipeline(sources)
        && let Some(task) = words::of_pipeline(&class)
    {
        return Some(Told::new(
            task,
            from,
            format!("The pipeline `{class}` is made for this task."),
        ));
    }
    adapter(dossier)
}

/// PEFT's own names of tasks.
fn adapter(dossier: &Dossier) -> Option<Told> {
    let peft = dossier.peft.as_ref()?;
    let kind = peft.value.task_type.as_deref()?;
    let task = match kind {
        "CAUSAL_LM" => "text-generation",
        "SEQ_CLS" => "text-classification",
        "TOKEN_CLS" => "token-classification",
        "SEQ_2_SEQ_LM" => "text2text-generation",
        "QUESTION_ANS" => "question-answering",
        "FEATURE_EXTRACTION" => "feature-extraction",
        _ => return None,
    };
    Some(Told::new(
        task,
        peft.from,
        format!("The adapter's configuration names the task type `{kind}`."),
    ))
}

/// The library, when it does one task only.
fn by_library(sources: &Sources<'_>, dossier: &Dossier) -> Option<Told> {
    let library = dossier.library.as_ref()?;
    let (id, task) = BY_LIBRARY.iter().find(|(id, _)| *id == library.value)?;
    let scores = dossier
        .sentence_transformer
        .as_ref()
        .is_some_and(|facts| facts.value.cross_encoder);
    let task = if scores { "text-ranking" } else { task };
    // A library's usual task says less than a tag of the page that names one.
    let own = tagged(sources)
        .filter(|_| matches!(*id, "gguf" | "timm" | "open_clip" | "sentence-transformers"));
    Some(own.unwrap_or_else(|| {
        Told::new(
            task,
            library.from,
            format!("Models of the library `{id}` do this task."),
        )
    }))
}

/// The first tag that is a task; features say less than what they are for.
fn tagged(sources: &Sources<'_>) -> Option<Told> {
    let mut found: Vec<(&str, &str)> = sources
        .tags
        .iter()
        .filter_map(|tag| Some((words::task(tag)?, tag.as_str())))
        .collect();
    // The Hub's own names before what a page calls it; the sort keeps the order otherwise.
    found.sort_by_key(|(task, tag)| (*task == "feature-extraction", words::plain(tag) != *task));
    let (task, tag) = found.first()?;
    Some(Told::new(
        *task,
        sources.tags_from,
        format!("The page has the tag `{tag}`."),
    ))
}

/// The examples on the page.
fn used(sources: &Sources<'_>) -> Option<Told> {
    let (task, how) = usage::task(sources)?;
    Some(Told::new(
        task,
        Provenance::Card,
        format!("An example on the page {how}."),
    ))
}

/// Text to text is a way, not a purpose: tags, the model type or the name may tell the purpose.
/// A cross-encoder that calls itself a classifier ranks.
fn narrowed(sources: &Sources<'_>, dossier: &Dossier, told: Told) -> Told {
    if told.task != "text2text-generation" {
        return told;
    }
    let Some((task, why)) = purpose(sources, dossier) else {
        return told;
    };
    let first = told.reason.trim_end_matches('.').to_owned();
    Told {
        reason: format!("{first}: text to text; {why}."),
        task: task.to_owned(),
        from: told.from,
    }
}

/// Whether a text-to-text model translates or summarises, and what tells it.
fn purpose(sources: &Sources<'_>, dossier: &Dossier) -> Option<(&'static str, String)> {
    let tag = sources
        .tags
        .iter()
        .filter_map(|tag| words::task(tag))
        .find(|task| matches!(*task, "translation" | "summarization"));
    if let Some(task) = tag {
        return Some((task, format!("the page has the tag `{task}`")));
    }
    let kind = dossier
        .model_type
        .as_ref()
        .map_or("", |kind| kind.value.as_str());
    if ["marian", "m2m_100", "nllb-moe", "fsmt"].contains(&kind) {
        return Some((
            "translation",
            format!("models of the type `{kind}` translate"),
        ));
    }
    let name = dossier.name.to_lowercase();
    let words: [(&str, &str); 8] = [
        ("summar", "summarization"),
        ("xsum", "summarization"),
        ("samsum", "summarization"),
        ("-cnn", "summarization"),
        ("opus-mt", "translation"),
        ("translat", "translation"),
        ("nllb", "translation"),
        ("many-to-many", "translation"),
    ];
    let (word, task) = words.iter().find(|(word, _)| name.contains(word))?;
    Some((task, format!("its name has `{word}` in it")))
}
