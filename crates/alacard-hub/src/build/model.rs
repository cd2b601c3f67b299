//! Architecture, Auto class, processor and code of the repository's own.

use std::collections::BTreeSet;

use serde_json::Value;

use super::families::{self, Role};
use super::sources::Sources;
use super::value::{self, LIST};
use crate::dossier::{Dossier, Fact, Provenance};

/// Fills in what the configuration says about the model's class.
pub(super) fn fill(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.architecture = architecture(sources);
    dossier.model_type = config_word(sources, "model_type");
    dossier.custom_code = custom_code(sources);
}

/// Fills in the Auto class and the processor; needs the task.
pub(super) fn fill_classes(sources: &Sources<'_>, dossier: &mut Dossier) {
    dossier.auto_model = auto_model(sources, dossier);
    dossier.processor = processor(sources, dossier);
}

/// First entry of `architectures`; timm's configuration has `architecture` instead.
fn architecture(sources: &Sources<'_>) -> Option<Fact<String>> {
    if let Some((value, from)) = sources.config(&["architectures"]) {
        let first = value::names(Some(value), 1).into_iter().next();
        return first
            .filter(|name| value::is_slug(name))
            .map(|name| sources.fact(name, from));
    }
    config_word(sources, "architecture")
}

fn config_word(sources: &Sources<'_>, key: &str) -> Option<Fact<String>> {
    let (value, from) = sources.config(&[key])?;
    let word = value::name(Some(value)).filter(|word| value::is_slug(word))?;
    Some(sources.fact(word, from))
}

/// What the architecture is made for.
pub(super) fn role(sources: &Sources<'_>, dossier: &Dossier) -> Option<Role> {
    let architecture = &dossier.architecture.as_ref()?.value;
    let has = |key: &str| {
        sources
            .config(&[key])
            .is_some_and(|(value, _)| value.is_object())
    };
    families::role_of(architecture, has("vision_config"), has("audio_config"))
}

/// The architecture decides; the record's own opinion comes second, because it has been wrong
/// about text models of transformers 5.
fn auto_model(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<String>> {
    if let (Some(role), Some(architecture)) = (role(sources, dossier), &dossier.architecture) {
        let name = narrowed(role, dossier).to_owned();
        return Some(Fact::new(name, architecture.from));
    }
    if let Some((class, from)) = custom_auto(sources) {
        return Some(sources.fact(class, from));
    }
    let stated = value::name(sources.api(&["transformersInfo", "auto_model"]))?;
    alacard_python::is_identifier(&stated).then(|| sources.fact(stated, Provenance::Api))
}

/// A CLIP-like or image model that is tagged with another task still has one Auto class; a bare
/// encoder that a page uses for masks or classes keeps the class of its weights.
fn narrowed(role: Role, dossier: &Dossier) -> &'static str {
    let task = dossier.task.as_ref().map(|task| task.value.as_str());
    match (role.auto_model, task) {
        (
            "AutoModelForZeroShotImageClassification",
            Some("feature-extraction" | "image-feature-extraction" | "sentence-similarity"),
        ) => "AutoModel",
        (name, _) => name,
    }
}

/// The Auto class that the repository's own code registers.
fn custom_auto(sources: &Sources<'_>) -> Option<(String, Provenance)> {
    let (map, from) = sources.config(&["auto_map"])?;
    let models = map
        .as_object()?
        .keys()
        .filter(|key| key.starts_with("AutoModel") && alacard_python::is_identifier(key));
    Some((models.max_by_key(|key| key.len())?.clone(), from))
}

/// The processor: by its own file, by the record, by the architecture.
fn processor(sources: &Sources<'_>, dossier: &Dossier) -> Option<Fact<String>> {
    let known = |name: &str| name.starts_with("Auto") && alacard_python::is_identifier(name);
    if let Some(name) =
        value::name(sources.api(&["transformersInfo", "processor"])).filter(|name| known(name))
    {
        return Some(sources.fact(name, Provenance::Api));
    }
    if let (Some(role), Some(architecture)) = (role(sources, dossier), &dossier.architecture)
        && let Some(name) = role.processor
    {
        return Some(Fact::new(name.to_owned(), architecture.from));
    }
    Some(sources.fact(by_file(sources)?.to_owned(), Provenance::Config))
}

/// What kind of processor the configuration files describe.
fn by_file(sources: &Sources<'_>) -> Option<&'static str> {
    let preprocessor = |key| sources.field("preprocessor_config.json", &[key]);
    if sources.file("processor_config.json").is_some() || preprocessor("processor_class").is_some()
    {
        return Some("AutoProcessor");
    }
    if let Some(kind) = preprocessor("feature_extractor_type").and_then(Value::as_str) {
        let sound = [
            "Wav2Vec2",
            "Whisper",
            "AST",
            "Speech",
            "SeamlessM4T",
            "Clap",
            "Encodec",
        ]
        .iter()
        .any(|start| kind.starts_with(start));
        return Some(if sound {
            "AutoFeatureExtractor"
        } else {
            "AutoImageProcessor"
        });
    }
    if preprocessor("image_processor_type").is_some() {
        return Some("AutoImageProcessor");
    }
    sources
        .file("tokenizer_config.json")
        .map(|_| "AutoTokenizer")
}

/// Python files that loading this model runs: those that the configuration names, and the others
/// beside them, which they may import.
fn custom_code(sources: &Sources<'_>) -> Vec<String> {
    let mut files: BTreeSet<String> = BTreeSet::new();
    let maps = [
        "tokenizer_config.json",
        "preprocessor_config.json",
        "processor_config.json",
    ]
    .iter()
    .filter_map(|file| sources.field(file, &["auto_map"]));
    for map in maps.chain(sources.config(&["auto_map"]).map(|(map, _)| map)) {
        for entry in map
            .as_object()
            .into_iter()
            .flat_map(|map| map.values())
            .take(LIST)
        {
            files.extend(
                value::names(Some(entry), 4)
                    .iter()
                    .filter_map(|class| module_file(class)),
            );
        }
    }
    if !files.is_empty() || sources.has_tag("custom_code") {
        files.extend(
            sources
                .paths()
                .filter(|path| path.ends_with(".py") && !path.contains('/'))
                .map(str::to_owned),
        );
    }
    files.into_iter().take(LIST).collect()
}

/// `modeling_x.Class` is in `modeling_x.py`; `owner/name--modeling_x.Class` in another repository.
fn module_file(class: &str) -> Option<String> {
    let (module, _) = class.rsplit_once('.')?;
    Some(format!("{module}.py"))
}
