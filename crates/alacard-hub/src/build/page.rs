//! What the page shows beside its text: examples, results, data sets, languages, settings.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::Sources;
use super::value::{self, LIST, NAME, Object};
use crate::dossier::{Dossier, Evaluation, Fact, Peft, Provenance, WidgetExample};

/// Most examples of the widget and most results that are kept.
const MAX_EXAMPLES: usize = 20;
/// Two-letter codes of ISO 639-1, by which tags of old records tell languages.
const CODES: &str = "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu";

/// Fills in what the page shows.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.languages = languages(sources);
    dossier.datasets = datasets(sources);
    dossier.widget = widget(sources);
    dossier.evaluations = evaluations(sources);
    dossier.generation = generation(sources);
    dossier.peft = peft(sources);
}

/// Codes of the front matter, else those among the tags. YAML 1.1 reads Norwegian's `no` as false.
fn languages(sources: &Sources<'_>) -> Vec<String> {
    let stated = ["language", "languages"]
        .iter()
        .find_map(|key| sources.page(key));
    let codes: Vec<String> = match stated {
        Some((Value::Bool(false), _)) => vec!["no".to_owned()],
        Some((Value::Array(items), _)) => items.iter().take(LIST).filter_map(code).collect(),
        Some((value, _)) => value
            .as_str()
            .into_iter()
            .flat_map(|text| text.split([',', ' ']))
            .take(LIST)
            .filter_map(word)
            .collect(),
        None => Vec::new(),
    };
    if !codes.is_empty() {
        return value::distinct(codes, LIST);
    }
    let tagged = sources
        .tags
        .iter()
        .filter(|tag| *tag == "multilingual" || CODES.split(' ').any(|code| code == tag.as_str()));
    value::distinct(tagged.cloned(), LIST)
}

fn code(value: &Value) -> Option<String> {
    match value {
        Value::Bool(false) => Some("no".to_owned()),
        other => word(other.as_str()?),
    }
}

fn word(text: &str) -> Option<String> {
    let text = value::line(text, 40)?.to_lowercase();
    (value::is_slug(&text) && !matches!(text.as_str(), "null" | "none")).then_some(text)
}

/// Data sets of the front matter and of the tags.
fn datasets(sources: &Sources<'_>) -> Vec<String> {
    let stated = sources
        .page("datasets")
        .map(|(value, _)| value::names(Some(value), LIST))
        .unwrap_or_default();
    let tagged = sources
        .tags
        .iter()
        .filter_map(|tag| tag.strip_prefix("dataset:"))
        .map(str::to_owned);
    value::distinct(stated.into_iter().chain(tagged), LIST)
}

/// Examples of the widget: as the record has them, else as the front matter does.
fn widget(sources: &Sources<'_>) -> Vec<WidgetExample> {
    let record = sources.api(&["widgetData"]).and_then(Value::as_array);
    let page = || {
        sources
            .page("widget")
            .and_then(|(value, _)| value.as_array())
    };
    record
        .or_else(page)
        .into_iter()
        .flatten()
        .filter_map(example)
        .take(MAX_EXAMPLES)
        .collect()
}

fn example(entry: &Value) -> Option<WidgetExample> {
    let mut fields = value::bounded_fields(entry.as_object()?, 3);
    let title = fields
        .remove("example_title")
        .and_then(|title| value::text(Some(&title), NAME));
    (!fields.is_empty()).then_some(WidgetExample { title, fields })
}

/// Results of `model-index` and `evalResults`.
fn evaluations(sources: &Sources<'_>) -> Vec<Evaluation> {
    let record = sources.api(&["model-index"]).and_then(Value::as_array);
    let page = || {
        sources
            .page("model-index")
            .and_then(|(value, _)| value.as_array())
    };
    let index = record.or_else(page).into_iter().flatten();
    let results = index
        .filter_map(|model| model.get("results")?.as_array())
        .flatten();
    let listed = results
        .take(LIST)
        .flat_map(|result| metrics(result).into_iter());
    let newer = sources
        .api(&["evalResults"])
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(newer);
    listed.chain(newer).take(MAX_EXAMPLES).collect()
}

/// The metrics of one result.
fn metrics(result: &Value) -> Vec<Evaluation> {
    let label = |key: &str| {
        let part = result.get(key)?;
        value::name(part.get("name")).or_else(|| value::name(part.get("type")))
    };
    let (task, dataset) = (label("task"), label("dataset"));
    let metric = |metric: &Value| {
        let name = value::name(metric.get("name")).or_else(|| value::name(metric.get("type")))?;
        Some(Evaluation {
            task: task.clone(),
            dataset: dataset.clone(),
            metric: name,
            value: value::text(metric.get("value"), 80)?,
        })
    };
    let list = result.get("metrics").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(metric)
        .take(MAX_EXAMPLES)
        .collect()
}

/// A result of the newer form.
fn newer(result: &Value) -> Option<Evaluation> {
    let dataset = value::name(result.get("dataset_id"))
        .or_else(|| value::name(result.get("dataset")?.get("id")))?;
    let task = value::name(result.get("task_id"));
    Some(Evaluation {
        metric: task.clone().unwrap_or_else(|| "score".to_owned()),
        task,
        dataset: Some(dataset),
        value: value::text(result.get("value"), 80)?,
    })
}

/// Scalars of `generation_config.json`.
fn generation(sources: &Sources<'_>) -> BTreeMap<String, Value> {
    let settings = value::object(sources.file("generation_config.json"));
    let scalar = |(key, setting): (&String, &Value)| {
        let plain = setting.is_boolean()
            || setting.is_number()
            || setting
                .as_str()
                .is_some_and(|text| text.chars().count() <= 100);
        let kept =
            plain && key != "transformers_version" && !key.starts_with('_') && value::is_slug(key);
        kept.then(|| (key.clone(), value::bounded(setting)))
    };
    settings
        .into_iter()
        .flatten()
        .filter_map(scalar)
        .take(64)
        .collect()
}

/// Facts of a PEFT adapter.
fn peft(sources: &Sources<'_>) -> Option<Fact<Peft>> {
    let config = value::object(sources.file("adapter_config.json"));
    let config = config.filter(|config| {
        config.contains_key("peft_type") || config.contains_key("base_model_name_or_path")
    });
    if let Some(config) = config {
        return Some(sources.fact(described(config), Provenance::Config));
    }
    let record = value::object(sources.api(&["config", "peft"]))?;
    Some(sources.fact(described(record), Provenance::Api))
}

fn described(config: &Object) -> Peft {
    Peft {
        peft_type: value::name(config.get("peft_type")),
        task_type: value::name(config.get("task_type")),
        rank: value::count(config.get("r")),
        target_modules: value::names(config.get("target_modules"), 100),
    }
}
