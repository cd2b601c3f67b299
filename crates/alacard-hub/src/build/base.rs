//! Where the model came from: base model, relation, quantisation.

use serde_json::Value;

use super::sources::Sources;
use super::value::{self, NAME};
use crate::dossier::{Base, Dossier, Fact, Provenance, Quantization, Relation};

/// Most base models of a merge that are listed.
const MAX_BASES: usize = 20;

/// Fills in base and quantisation.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.base = base(sources, dossier);
    dossier.quantization = quantization(sources);
}

/// The base models, by the first source that names any which has the form of an id.
fn base(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<Base>> {
    let (models, from) = adapter(sources)
        .or_else(|| page(sources))
        .or_else(|| tagged(sources))
        .or_else(|| record(sources))?;
    let itself = |model: &String| {
        dossier
            .id
            .as_deref()
            .is_some_and(|id| id.eq_ignore_ascii_case(model))
    };
    let models: Vec<String> = models.into_iter().filter(|model| !itself(model)).collect();
    let relation = relation(sources, models.len());
    (!models.is_empty()).then(|| sources.fact(Base { models, relation }, from))
}

/// What an adapter was trained on stands in its own configuration.
fn adapter(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let own = sources
        .field("adapter_config.json", &["base_model_name_or_path"])
        .map(|value| (value, Provenance::Config));
    let copied = || {
        Some((
            sources.api(&["config", "peft", "base_model_name_or_path"])?,
            Provenance::Api,
        ))
    };
    let (value, from) = own.or_else(copied)?;
    some(ids(Some(value)), from)
}

fn page(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let (value, from) = sources.page("base_model")?;
    some(ids(Some(value)), from)
}

/// `base_model:org/x` and `base_model:quantized:org/x`.
fn tagged(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let tags = sources
        .tags
        .iter()
        .filter_map(|tag| tag.strip_prefix("base_model:"));
    let models = tags
        .filter_map(|rest| rest.rsplit(':').next())
        .filter(|id| value::is_repo_id(id))
        .map(str::to_owned);
    some(value::distinct(models, MAX_BASES), sources.tags_from)
}

fn record(sources: &Sources<'_>) -> Option<(Vec<String>, Provenance)> {
    let record = sources.api(&["baseModels"])?;
    let listed = record.get("models").unwrap_or(record).as_array()?;
    let id = |entry: &Value| {
        value::name(entry.get("id").or(Some(entry))).filter(|id| value::is_repo_id(id))
    };
    some(
        value::distinct(listed.iter().filter_map(id), MAX_BASES),
        Provenance::Api,
    )
}

fn some(models: Vec<String>, from: Provenance) -> Option<(Vec<String>, Provenance)> {
    (!models.is_empty()).then_some((models, from))
}

/// Names that are ids; paths on somebody's disk are not, nor are addresses but the Hub's.
fn ids(value: Option<&Value>) -> Vec<String> {
    let clean = |name: String| {
        name.strip_prefix("https://huggingface.co/")
            .map(|rest| rest.trim_end_matches('/').to_owned())
            .unwrap_or(name)
    };
    value::names(value, MAX_BASES)
        .into_iter()
        .map(clean)
        .filter(|name| value::is_repo_id(name) && !is_word(name))
        .collect()
}

/// Words that stand where no base is known.
fn is_word(name: &str) -> bool {
    [
        "none",
        "null",
        "unknown",
        "n-a",
        "na",
        "base_model",
        "model",
    ]
    .iter()
    .any(|word| name.eq_ignore_ascii_case(word))
}

/// What this model is to its base: stated, tagged, or told by the kind of files.
fn relation(sources: &Sources<'_>, bases: usize) -> Option<Relation> {
    let stated = sources
        .page("base_model_relation")
        .and_then(|(value, _)| named(value.as_str()?));
    let tagged = || {
        sources
            .tags
            .iter()
            .filter_map(|tag| tag.strip_prefix("base_model:"))
            .find_map(|rest| named(rest.split_once(':')?.0))
    };
    let record = || named(sources.api(&["baseModels", "relation"])?.as_str()?);
    let told = || {
        if sources.has_file("adapter_config.json") || sources.has_tag("lora") {
            return Some(Relation::Adapter);
        }
        if sources.has_tag("merge") || sources.has_tag("mergekit") || bases > 1 {
            return (sources.has_tag("merge") || sources.has_tag("mergekit"))
                .then_some(Relation::Merge);
        }
        let gguf = sources.paths().any(|path| path.ends_with(".gguf"));
        (gguf || quantization(sources).is_some()).then_some(Relation::Quantized)
    };
    stated.or_else(tagged).or_else(record).or_else(told)
}

fn named(word: &str) -> Option<Relation> {
    match word {
        "adapter" => Some(Relation::Adapter),
        "quantized" => Some(Relation::Quantized),
        "finetune" => Some(Relation::Finetune),
        "merge" => Some(Relation::Merge),
        _ => None,
    }
}

/// How the weights were quantised: configuration, GPTQ's own file, file names, tags.
fn quantization(sources: &Sources<'_>) -> Option<Fact<Quantization>> {
    configured(sources)
        .or_else(|| gptq_file(sources))
        .or_else(|| by_files(sources))
        .or_else(|| by_words(sources))
}

fn configured(sources: &Sources<'_>) -> Option<Fact<Quantization>> {
    let (config, from) = sources
        .config(&["quantization_config"])
        .or_else(|| sources.config(&["text_config", "quantization_config"]))?;
    let config = config.as_object()?;
    let flag = |key: &str| config.get(key).and_then(Value::as_bool) == Some(true);
    let loaded = if flag("load_in_4bit") {
        Some(4)
    } else {
        flag("load_in_8bit").then_some(8)
    };
    let method = config
        .get("quant_method")
        .and_then(Value::as_str)
        .and_then(|method| value::line(method, 40));
    let method = method
        .or_else(|| loaded.map(|_| "bitsandbytes".to_owned()))?
        .to_lowercase();
    let bits = ["bits", "w_bit", "nbits"]
        .iter()
        .find_map(|key| value::count(config.get(*key)))
        .and_then(|bits| u32::try_from(bits).ok());
    let bits = bits.or(loaded).or_else(|| {
        [("fp8", 8), ("mxfp4", 4)]
            .iter()
            .find(|(name, _)| method == *name)
            .map(|(_, bits)| *bits)
    });
    Some(sources.fact(Quantization { method, bits }, from))
}

fn gptq_file(sources: &Sources<'_>) -> Option<Fact<Quantization>> {
    let file = sources.file("quantize_config.json")?;
    let bits = value::count(file.get("bits")).and_then(|bits| u32::try_from(bits).ok());
    let method = value::name(file.get("quant_method")).unwrap_or_else(|| "gptq".to_owned());
    bits.map(|bits| {
        sources.fact(
            Quantization {
                method: method.to_lowercase(),
                bits: Some(bits),
            },
            Provenance::Config,
        )
    })
}

fn by_files(sources: &Sources<'_>) -> Option<Fact<Quantization>> {
    let gguf = sources
        .paths()
        .any(|path| path.to_ascii_lowercase().ends_with(".gguf"))
        || sources.api(&["gguf"]).is_some();
    gguf.then(|| {
        sources.fact(
            Quantization {
                method: "gguf".to_owned(),
                bits: None,
            },
            Provenance::Files,
        )
    })
}

/// Tags, or the method as a word of the repository's name.
fn by_words(sources: &Sources<'_>) -> Option<Fact<Quantization>> {
    const METHODS: [&str; 9] = [
        "gptq",
        "awq",
        "exl2",
        "aqlm",
        "eetq",
        "hqq",
        "bitsandbytes",
        "fp8",
        "gguf",
    ];
    let name = ["id", "modelId"]
        .iter()
        .find_map(|key| value::name(sources.api(&[key])))
        .or_else(|| value::line(sources.material.id.as_deref()?, NAME));
    let words = name.unwrap_or_default().to_lowercase();
    let in_name = |method: &str| words.split(['-', '_', '/', '.']).any(|word| word == method);
    let method = METHODS
        .iter()
        .find(|method| sources.has_tag(method) || in_name(method))?;
    let bits = if sources.has_tag("4-bit") {
        Some(4)
    } else {
        sources.has_tag("8-bit").then_some(8)
    };
    let from = if sources.tags.is_empty() {
        Provenance::Files
    } else {
        sources.tags_from
    };
    Some(sources.fact(
        Quantization {
            method: (*method).to_owned(),
            bits,
        },
        from,
    ))
}
