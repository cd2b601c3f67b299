//! Sizes and names inside the model: context, width, depth, vocabulary, picture, sound, labels.

use std::collections::BTreeMap;

use serde_json::Value;

use super::sources::Sources;
use super::value::{self, Object};
use crate::dossier::{Dossier, Fact, Provenance};

/// Most labels that are listed; `ImageNet` has 1,000. A longer list is left out whole, because a
/// cut list would name the wrong classes.
const MAX_LABELS: usize = 1_200;
/// Tokenizers without a limit state a number of about 10^30.
const NO_LIMIT: u64 = 1_000_000_000;
/// Model types whose positions begin after the padding token, so that the table of positions is
/// longer than the longest input.
const OFFSET: [&str; 13] = [
    "roberta",
    "xlm-roberta",
    "xlm-roberta-xl",
    "roberta-prelayernorm",
    "camembert",
    "longformer",
    "mpnet",
    "esm",
    "xmod",
    "data2vec-text",
    "ibert",
    "luke",
    "layoutlmv3",
];

/// Fills in the sizes and the labels.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.context_length = context_length(sources, dossier);
    dossier.hidden_size = hidden_size(sources);
    dossier.layers = sources.size(&[
        "num_hidden_layers",
        "n_layer",
        "n_layers",
        "num_layers",
        "encoder_layers",
    ]);
    dossier.vocabulary = sources.size(&["vocab_size", "padded_vocab_size"]);
    dossier.image_size = image_size(sources);
    dossier.sampling_rate = sampling_rate(sources);
    dossier.labels = labels(sources, dossier);
}

/// Longest input in tokens.
fn context_length(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<u64>> {
    const KEYS: [&str; 7] = [
        "max_position_embeddings",
        "n_positions",
        "n_ctx",
        "max_seq_len",
        "seq_length",
        "max_sequence_length",
        "max_seq_length",
    ];
    let positions = sources.size(&KEYS);
    let tokenizer = tokenizer_limit(sources);
    let kind = dossier
        .model_type
        .as_ref()
        .map_or("", |kind| kind.value.as_str());
    if OFFSET.contains(&kind) {
        return tokenizer.or_else(|| positions.and_then(|fact| without_offset(sources, &fact)));
    }
    positions.or(tokenizer).or_else(|| {
        let length = value::count(sources.api(&["gguf", "context_length"]))?;
        Some(sources.fact(length, Provenance::Api))
    })
}

/// What the tokenizer cuts at, where it says so.
fn tokenizer_limit(sources: &Sources<'_>) -> Option<Fact<u64>> {
    let own = value::count(sources.field("tokenizer_config.json", &["model_max_length"]))
        .map(|length| (length, Provenance::Config));
    let copied = || {
        Some((
            value::count(sources.api(&["config", "tokenizer_config", "model_max_length"]))?,
            Provenance::Api,
        ))
    };
    let (length, from) = own.or_else(copied)?;
    (length < NO_LIMIT).then(|| sources.fact(length, from))
}

/// The first position is the padding token's number plus one.
fn without_offset(sources: &Sources<'_>, positions: &Fact<u64>) -> Option<Fact<u64>> {
    let padding = sources
        .config(&["pad_token_id"])
        .and_then(|(value, _)| value::number(Some(value)))
        .unwrap_or(1);
    let length = positions
        .value
        .checked_sub(padding.checked_add(1)?)
        .filter(|&length| length > 0)?;
    Some(Fact::new(length, positions.from))
}

/// Width of the last hidden states; pyramids of images list one a stage.
fn hidden_size(sources: &Sources<'_>) -> Option<Fact<u64>> {
    let single = sources.size(&[
        "hidden_size",
        "d_model",
        "n_embd",
        "dim",
        "num_features",
        "embed_dim",
    ]);
    single.or_else(|| {
        let (stages, from) = sources.config(&["hidden_sizes"])?;
        Some(sources.fact(value::count(stages.as_array()?.last())?, from))
    })
}

/// Side of the input image. Where the processor crops, the crop is what the model sees.
fn image_size(sources: &Sources<'_>) -> Option<Fact<u64>> {
    const CONFIG: [&[&str]; 5] = [
        &["image_size"],
        &["vision_config", "image_size"],
        &["pretrained_cfg", "input_size"],
        &["pretrained_cfg", "test_input_size"],
        &["model_cfg", "vision_cfg", "image_size"],
    ];
    let configured = || {
        CONFIG.iter().find_map(|path| {
            let (value, from) = sources.config(path)?;
            Some(sources.fact(side(value)?, from))
        })
    };
    let processed = ["crop_size", "size"].iter().find_map(|key| {
        let side = side(sources.field("preprocessor_config.json", &[key])?)?;
        Some(sources.fact(side, Provenance::Config))
    });
    configured().or(processed)
}

/// The side of a square: `224`, `[224, 224]`, `[3, 224, 224]`, `{"height": 224, "width": 224}`.
/// A `shortest_edge` is no square and says nothing here.
fn side(value: &Value) -> Option<u64> {
    let (height, width) = match value {
        Value::Array(sides) => match sides.as_slice() {
            [height, width] | [_, height, width] => (height, width),
            _ => return None,
        },
        Value::Object(sides) => (sides.get("height")?, sides.get("width")?),
        number => (number, number),
    };
    let height = value::count(Some(height))?;
    (Some(height) == value::count(Some(width))).then_some(height)
}

/// Samples a second.
fn sampling_rate(sources: &Sources<'_>) -> Option<Fact<u64>> {
    let processor = [
        ("preprocessor_config.json", &["sampling_rate"][..]),
        (
            "processor_config.json",
            &["feature_extractor", "sampling_rate"],
        ),
        ("processor_config.json", &["sampling_rate"]),
    ];
    let processed = processor
        .iter()
        .find_map(|(file, path)| value::count(sources.field(file, path)));
    if let Some(rate) = processed {
        return Some(sources.fact(rate, Provenance::Config));
    }
    let (rate, from) = sources
        .config(&["sampling_rate"])
        .or_else(|| sources.config(&["audio_encoder", "sampling_rate"]))?;
    Some(sources.fact(value::count(Some(rate))?, from))
}

/// Names of the classes. Configurations of models without classes often carry two bare ones that
/// mean nothing; those are left out.
fn labels(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<Vec<String>>> {
    let (labels, from) = numbered(sources).or_else(|| listed(sources))?;
    let bare = labels.iter().all(|label| label.starts_with("LABEL_"));
    let architecture = dossier
        .architecture
        .as_ref()
        .map_or("", |name| name.value.as_str());
    let classifies = ["Classif", "Detection", "Segmentation"]
        .iter()
        .any(|word| architecture.contains(word));
    (classifies || !bare).then(|| sources.fact(labels, from))
}

/// `id2label`, else `label2id` turned round.
fn numbered(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let by_number = || {
        let (map, from) = sources.config(&["id2label"])?;
        Some((
            in_order(map.as_object()?.iter().filter_map(pair).collect())?,
            from,
        ))
    };
    let by_name = || {
        let (map, from) = sources.config(&["label2id"])?;
        Some((in_order(turned(map.as_object()?))?, from))
    };
    by_number().or_else(by_name)
}

fn pair((number, label): (&String, &Value)) -> Option<(u64, String)> {
    Some((number.parse().ok()?, value::text(Some(label), value::NAME)?))
}

fn turned(map: &Object) -> BTreeMap<u64, String> {
    map.iter()
        .filter_map(|(label, number)| {
            Some((
                value::number(Some(number))?,
                value::line(label, value::NAME)?,
            ))
        })
        .collect()
}

/// timm, SetFit: a plain list.
fn listed(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let own = sources
        .config(&["label_names"])
        .or_else(|| sources.config(&["pretrained_cfg", "label_names"]));
    let setfit = || {
        Some((
            sources.field("config_setfit.json", &["labels"])?,
            Provenance::Config,
        ))
    };
    let (list, from) = own.or_else(setfit)?;
    let list = list
        .as_array()
        .filter(|list| (1..=MAX_LABELS).contains(&list.len()))?;
    let labels: Option<Vec<String>> = list
        .iter()
        .map(|label| value::text(Some(label), value::NAME))
        .collect();
    Some((labels?, from))
}

/// The labels by number, when the numbers run from 0 without a gap.
fn in_order(map: BTreeMap<u64, String>) -> Option<Vec<String>> {
    let whole = (1..=MAX_LABELS).contains(&map.len())
        && map.keys().zip(0..).all(|(number, place)| *number == place);
    whole.then(|| map.into_values().collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn squares_only() {
        assert_eq!(side(&json!(224)), Some(224));
        assert_eq!(side(&json!([3, 224, 224])), Some(224));
        assert_eq!(side(&json!({"height": 8, "width": 9})), None);
        assert_eq!(side(&json!({"shortest_edge": 224})), None);
    }

    #[test]
    fn labels_are_ordered_by_number_and_never_shifted() {
        let map = |value: Value| value.as_object().unwrap().iter().filter_map(pair).collect();
        assert_eq!(in_order(map(json!({"10": "k", "2": "c"}))), None);
        assert_eq!(
            in_order(map(json!({"1": "b", "0": "a"}))),
            Some(vec!["a".to_owned(), "b".to_owned()])
        );
    }
}
