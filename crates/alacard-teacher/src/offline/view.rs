//! What templates see: the dossier, the recipe and the topic as plain values.

use alacard_catalog::recipe::{Prompts, Runtime};
use alacard_catalog::{CatalogError, Pack, Task, Topic};
use alacard_hub::dossier::{Dossier, Fact, Licence, Relation};
use minijinja::value::{Serde, Value};
use serde_json::{Map, Value as Json, json};

use crate::Brief;

/// The context of every template of a lesson.
pub(crate) fn context(brief: &Brief<'_>) -> Result<Map<String, Json>, CatalogError> {
    let topic = brief.catalog.topic(&brief.recipe.topic)?;
    let pack = brief.catalog.pack(brief.recipe.prompts)?.on(&topic);
    let task = task_of(brief)?;
    let mut context = Map::new();
    context.insert("model".into(), model(brief.dossier));
    context.insert("recipe".into(), recipe(brief, &topic));
    context.insert("level".into(), brief.recipe.difficulty.as_str().into());
    context.insert("task".into(), task.map_or(Json::Null, |task| json!(task)));
    context.insert("topic".into(), topic_value(&topic, brief));
    context.insert("pack".into(), pack_value(&pack, brief));
    context.insert("route".into(), json!(brief.chosen));
    context.insert("seed".into(), brief.recipe.seed.into());
    context.insert("takes".into(), json!(brief.takes));
    Ok(context)
}

/// Turns a finished context into the template engine's value.
pub(crate) fn value(context: &Map<String, Json>) -> Value {
    Value::from(Serde(context))
}

/// The task of the model, as the catalogue has it.
pub(crate) fn task_of<'a>(brief: &Brief<'a>) -> Result<Option<&'a Task>, CatalogError> {
    let tag = brief
        .dossier
        .task
        .as_ref()
        .map_or("", |fact| fact.value.as_str());
    brief.catalog.task(tag)
}

fn recipe(brief: &Brief<'_>, topic: &Topic) -> Json {
    let recipe = brief.recipe;
    json!({
        "topic": topic.title, "topic_given": recipe.topic_given,
        "difficulty": recipe.difficulty, "prompts": recipe.prompts, "ui": recipe.ui,
        "format": recipe.format, "runtime": recipe.runtime, "language": recipe.language,
        "prompt": recipe.prompt, "seed": recipe.seed, "teacher": recipe.teacher,
        "trust": recipe.trust_remote_code, "endpoint": recipe.runtime == Runtime::Endpoint,
    })
}

fn topic_value(topic: &Topic, brief: &Brief<'_>) -> Json {
    let mut value = json!(topic);
    value["given"] = brief.recipe.topic_given.into();
    value["chat_level"] = value["chat"][brief.recipe.difficulty.as_str()].clone();
    value["audience_level"] = value["audience"][brief.recipe.difficulty.as_str()].clone();
    value
}

fn pack_value(pack: &Pack, brief: &Brief<'_>) -> Json {
    let mut value = json!(pack);
    if let Some(own) = &brief.recipe.prompt {
        value["own"] = own.clone().into();
    } else {
        value["own"] = Json::Null;
    }
    value["domain"] = (brief.recipe.prompts == Prompts::Domain).into();
    value
}

fn fact<T: serde::Serialize>(fact: Option<&Fact<T>>) -> Json {
    fact.map_or(Json::Null, |fact| json!(fact.value))
}

fn number(fact: Option<&Fact<u64>>) -> Option<u64> {
    fact.map(|fact| fact.value)
}

/// The facts about the model, with the texts that people read.
fn model(dossier: &Dossier) -> Json {
    let sha = dossier.sha.as_ref().map(|fact| fact.value.clone());
    let id = dossier.id.clone();
    let url = id.as_ref().map(|id| format!("https://huggingface.co/{id}"));
    let mut view = json!({
        "id": id.clone().unwrap_or_else(|| dossier.name.clone()),
        "on_hub": id.is_some(),
        "name": dossier.name,
        "url": url,
        "revision": sha.clone().or_else(|| dossier.requested_revision.clone()).unwrap_or_else(|| "main".into()),
        "pinned": sha.is_some(),
        "short_sha": sha.map(|sha| sha.chars().take(12).collect::<String>()),
        "author": fact(dossier.author.as_ref()),
        "created": dossier.created_at.as_ref().map(|f| f.value.chars().take(10).collect::<String>()),
        "modified": dossier.last_modified.as_ref().map(|f| f.value.chars().take(10).collect::<String>()),
        "downloads": number(dossier.downloads.as_ref()),
        "downloads_text": number(dossier.downloads.as_ref()).map(count_text),
        "likes": number(dossier.likes.as_ref()),
        "tags": dossier.tags,
        "gated": dossier.gating.as_ref().is_some_and(|f| f.value != alacard_hub::dossier::Gating::Open),
        "library": fact(dossier.library.as_ref()),
        "task": fact(dossier.task.as_ref()),
        "task_reason": dossier.task_reason,
    });
    if let Json::Object(view) = &mut view {
        view.extend(shape(dossier));
        view.extend(sizes(dossier));
        view.extend(families(dossier));
    }
    view
}

/// Words that only a page that nobody finished has.
const STUBS: [&str; 8] = [
    "TODO",
    "FIXME",
    "TBD",
    "XXX",
    "lorem ipsum",
    "insert ",
    "{",
    "More information needed",
];

/// The page's summary up to its last whole sentence; nothing when it is a stub.
fn quotable(summary: &str) -> Option<String> {
    let text = summary.trim();
    let cut = text.ends_with('…') || text.ends_with("...");
    let whole = if cut {
        text.get(..last_sentence(text.trim_end_matches(['…', '.']))?)?
    } else {
        text
    };
    let stub =
        STUBS.iter().any(|word| whole.contains(word)) || whole.ends_with(':') || whole.len() < 20;
    (!stub).then(|| whole.to_owned())
}

/// Where the last sentence ends that is followed by another one.
fn last_sentence(text: &str) -> Option<usize> {
    let ends = |(place, c): &(usize, char)| {
        let next = text
            .get(place + c.len_utf8()..)
            .and_then(|rest| rest.chars().next());
        *c == '。' || ("!?.".contains(*c) && next.is_some_and(char::is_whitespace))
    };
    text.char_indices()
        .rev()
        .find(ends)
        .map(|(place, c)| place + c.len_utf8())
}

/// What the configuration and the card say.
fn shape(dossier: &Dossier) -> Map<String, Json> {
    let parameters = number(dossier.parameters.as_ref());
    let shape = json!({
        "auto_model": fact(dossier.auto_model.as_ref()),
        "processor": fact(dossier.processor.as_ref()),
        "architecture": fact(dossier.architecture.as_ref()),
        "model_type": fact(dossier.model_type.as_ref()),
        "custom_code": dossier.custom_code,
        "parameters": parameters,
        "parameters_text": parameters.map(count_text),
        "context_length": number(dossier.context_length.as_ref()),
        "hidden_size": number(dossier.hidden_size.as_ref()),
        "layers": number(dossier.layers.as_ref()),
        "vocabulary": number(dossier.vocabulary.as_ref()),
        "image_size": number(dossier.image_size.as_ref()),
        "sampling_rate": number(dossier.sampling_rate.as_ref()),
        "languages": dossier.languages,
        "chat": dossier.talks(),
        "chat_template": fact(dossier.chat_template.as_ref()),
        "mask_token": fact(dossier.mask_token.as_ref()),
        "labels": fact(dossier.labels.as_ref()),
        "widget": dossier.widget,
        "evaluations": dossier.evaluations,
        "datasets": dossier.datasets,
        "generation": dossier.generation,
        "summary": dossier.card.as_ref().and_then(|card| quotable(card.summary.as_deref()?)),
        "as_of": dossier.as_of,
        "origin": dossier.origin,
        "notices": dossier.notices,
    });
    if let Json::Object(shape) = shape {
        shape
    } else {
        Map::new()
    }
}

/// Licence, memory and sizes.
fn sizes(dossier: &Dossier) -> Map<String, Json> {
    let weights = number(dossier.weight_bytes.as_ref());
    let memory = dossier.memory.map(|m| {
        json!({
            "fp32": m.fp32, "bf16": m.bf16, "int4": m.int4,
            "fp32_text": bytes_text(m.fp32), "bf16_text": bytes_text(m.bf16), "int4_text": bytes_text(m.int4),
        })
    });
    let pairs = [
        ("licence", licence(dossier.licence.as_ref())),
        ("weight_bytes", json!(weights)),
        ("size_text", json!(weights.map(bytes_text))),
        ("memory", json!(memory)),
    ];
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// What belongs to one family of models: base, quantisation, sentence-transformers, …
fn families(dossier: &Dossier) -> Map<String, Json> {
    let base = dossier.base.as_ref().map(|fact| &fact.value);
    let relation = base.and_then(|base| base.relation);
    let mut sentence = fact(dossier.sentence_transformer.as_ref());
    if let Some(st) = dossier.sentence_transformer.as_ref().map(|f| &f.value) {
        sentence["query_prompt"] = json!(prompt_named(
            &st.prompts,
            &["query", "search_query", "retrieval.query"]
        ));
        sentence["document_prompt"] = json!(prompt_named(
            &st.prompts,
            &[
                "document",
                "passage",
                "search_document",
                "retrieval.passage"
            ]
        ));
    }
    let pairs = [
        (
            "base_model",
            json!(base.and_then(|base| base.models.first())),
        ),
        ("base_models", json!(base.map(|base| &base.models))),
        ("relation", json!(relation)),
        (
            "quantized",
            json!(dossier.quantization.is_some() || relation == Some(Relation::Quantized)),
        ),
        ("quantization", fact(dossier.quantization.as_ref())),
        ("st", sentence),
        ("diffusers", fact(dossier.diffusers.as_ref())),
        ("gguf", fact(dossier.gguf.as_ref())),
        ("peft", fact(dossier.peft.as_ref())),
    ];
    pairs
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// The first prompt that has one of these names and is not empty: its name.
fn prompt_named(
    prompts: &std::collections::BTreeMap<String, String>,
    names: &[&str],
) -> Option<String> {
    let found = names
        .iter()
        .find(|name| prompts.get(**name).is_some_and(|p| !p.is_empty()))?;
    Some((*found).to_owned())
}

fn licence(licence: Option<&Fact<Licence>>) -> Json {
    let Some(licence) = licence.map(|fact| &fact.value) else {
        return Json::Null;
    };
    json!({
        "id": licence.id, "name": licence.name, "link": licence.link, "restriction": licence.restriction,
        "title": licence.name.as_ref().unwrap_or(&licence.id),
    })
}

/// `22.7 million`, `1.5 billion`, `812`.
pub(crate) fn count_text(count: u64) -> String {
    let scaled = |unit: f64, word: &str| format!("{} {word}", rounded(count as f64 / unit));
    match count {
        1_000_000_000.. => scaled(1e9, "billion"),
        1_000_000.. => scaled(1e6, "million"),
        10_000.. => scaled(1e3, "thousand"),
        _ => count.to_string(),
    }
}

/// `91 MB`, `1.2 GB` (decimal units).
pub(crate) fn bytes_text(bytes: u64) -> String {
    match bytes {
        1_000_000_000.. => format!("{} GB", rounded(bytes as f64 / 1e9)),
        1_000_000.. => format!("{} MB", rounded(bytes as f64 / 1e6)),
        1_000.. => format!("{} kB", rounded(bytes as f64 / 1e3)),
        _ => format!("{bytes} bytes"),
    }
}

/// One decimal below ten, none above, without a trailing zero.
fn rounded(value: f64) -> String {
    let text = if value < 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}
