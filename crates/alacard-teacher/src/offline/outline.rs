//! The arc of a lesson: which sections, in which order.

use std::collections::BTreeSet;

use alacard_catalog::recipe::{Format, Runtime, Ui};
use minijinja::value::Value;
use serde_json::{Map, Value as Json, json};

use super::lesson::SectionTemplate;
use super::render::Loaded;
use super::view;
use super::{Extra, io};
use crate::{Brief, Outline, SectionKind, SectionPlan, TeachError};

/// Sections of a manual around its steps: id, kind.
const BEFORE: [(&str, SectionKind); 5] = [
    ("title", SectionKind::Title),
    ("recipe", SectionKind::Recipe),
    ("setup", SectionKind::Setup),
    ("hello", SectionKind::Hello),
    ("about", SectionKind::About),
];
const AFTER: [(&str, SectionKind); 7] = [
    ("topic", SectionKind::Topic),
    ("ui", SectionKind::Ui),
    ("measure", SectionKind::Measure),
    ("exercises", SectionKind::Exercises),
    ("quiz", SectionKind::Quiz),
    ("troubleshooting", SectionKind::Troubleshooting),
    ("summary", SectionKind::Summary),
];

/// The seven cells of a quickstart; each id is a section of one cell.
const QUICKSTART: [(&str, SectionKind); 7] = [
    ("quick.title", SectionKind::Title),
    ("quick.setup", SectionKind::Setup),
    ("quick.hello", SectionKind::Hello),
    ("quick.about", SectionKind::About),
    ("quick.example", SectionKind::Topic),
    ("quick.changed", SectionKind::Changed),
    ("quick.next", SectionKind::Summary),
];

/// Plans the whole lesson.
pub(crate) fn plan(
    brief: &Brief<'_>,
    loaded: &Loaded,
    extra: &Extra,
    value: &Value,
) -> Result<Outline, TeachError> {
    let mut sections = Vec::new();
    for (template, kind) in templates(brief, loaded) {
        if loaded.holds(template.when.as_deref(), value)? {
            sections.push(SectionPlan {
                id: template.id.clone(),
                kind,
                title: loaded.words_of(&template.title, value)?,
                step: None,
                purpose: loaded.words_of(&template.purpose, value)?,
                minutes: template.minutes,
            });
        }
    }
    limit_and_number(brief, &mut sections);
    Ok(Outline {
        schema_version: 1,
        title: title(brief)?,
        teacher: "offline".to_owned(),
        lesson: brief.chosen.lesson.clone(),
        route: brief.chosen.route.as_str().to_owned(),
        objectives: objectives(loaded, value)?,
        requirements: requirements(brief, loaded, extra),
        variables: variables(brief, loaded),
        sections,
    })
}

/// What every template sees, the outline's own titles included.
pub(crate) fn base_context(
    brief: &Brief<'_>,
    loaded: &Loaded,
    extra: &Extra,
) -> Result<Map<String, Json>, TeachError> {
    let catalog = |error: alacard_catalog::CatalogError| TeachError::Template {
        name: "catalogue".to_owned(),
        message: error.to_string(),
    };
    let mut context = view::context(brief).map_err(catalog)?;
    let requirements = requirements(brief, loaded, extra);
    let names: Vec<&str> = requirements
        .iter()
        .filter_map(|r| r.split("==").next())
        .collect();
    context.insert("uses_torch".into(), names.contains(&"torch").into());
    context.insert("package_names".into(), names.into());
    let (local, always): (Vec<_>, Vec<_>) = requirements.iter().partition(|r| preinstalled(r));
    context.insert("install".into(), json!({"always": always, "local": local}));
    let io = loaded.words_of(
        loaded.attribute("io").unwrap_or_default(),
        &view::value(&context),
    )?;
    context.insert("ui".into(), io::describe(&io));
    context.extend(extra.views.clone());
    context.insert(
        "docs_url".into(),
        loaded.attribute("docs").unwrap_or(DOCS).into(),
    );
    Ok(context)
}

/// Documentation that every reader can use.
const DOCS: &str = "https://huggingface.co/docs";

/// Packages that Colab and Kaggle bring, and that must not be replaced in a running kernel.
fn preinstalled(requirement: &str) -> bool {
    let name = requirement.split("==").next().unwrap_or_default();
    matches!(
        name,
        "torch" | "torchvision" | "torchaudio" | "numpy" | "tensorflow"
    )
}

fn templates<'a>(brief: &Brief<'_>, loaded: &'a Loaded) -> Vec<(&'a SectionTemplate, SectionKind)> {
    let found = |(id, kind): &(&str, SectionKind)| Some((loaded.section(id)?, *kind));
    if brief.recipe.format == Format::Quickstart {
        let served = |(id, kind): &(&'static str, SectionKind)| match (*id, brief.recipe.ui) {
            ("quick.changed", ui) if ui != Ui::None => ("quick.ui", *kind),
            _ => (*id, *kind),
        };
        return QUICKSTART
            .iter()
            .map(served)
            .filter_map(|part| found(&part))
            .collect();
    }
    let with_ui = |(id, _): &&(&str, SectionKind)| *id != "ui" || brief.recipe.ui != Ui::None;
    let steps = loaded
        .steps()
        .into_iter()
        .map(|step| (step, SectionKind::Step));
    let before = BEFORE.iter().filter_map(found);
    before
        .chain(steps)
        .chain(AFTER.iter().filter(with_ui).filter_map(found))
        .collect()
}

/// Keeps as many steps as the recipe allows, and numbers them.
fn limit_and_number(brief: &Brief<'_>, sections: &mut Vec<SectionPlan>) {
    let most = brief
        .recipe
        .max_sections
        .map_or(usize::MAX, |most| most as usize);
    let mut step = 0;
    sections.retain_mut(|section| {
        if section.kind == SectionKind::Step {
            step += 1;
            section.step = Some(step);
            return step <= most;
        }
        true
    });
}

/// `all-MiniLM-L6-v2: Sentence similarity, for sourdough baking (beginner)`.
fn title(brief: &Brief<'_>) -> Result<String, TeachError> {
    let unreadable = |error: alacard_catalog::CatalogError| TeachError::Template {
        name: "title".to_owned(),
        message: error.to_string(),
    };
    let task = view::task_of(brief)
        .map_err(unreadable)?
        .map(|task| task.title.clone());
    let mut title = brief.dossier.name.clone();
    if let Some(task) = task {
        title.push_str(&format!(": {task}"));
    }
    if brief.recipe.topic_given {
        let topic = brief
            .catalog
            .topic(&brief.recipe.topic)
            .map_err(unreadable)?;
        title.push_str(&format!(" for {}", topic.noun));
    }
    Ok(format!("{title} ({})", brief.recipe.difficulty))
}

/// The lesson's objectives, one attribute with `;` between them.
fn objectives(loaded: &Loaded, value: &minijinja::value::Value) -> Result<Vec<String>, TeachError> {
    let text = loaded.words_of(loaded.attribute("objectives").unwrap_or_default(), value)?;
    Ok(text
        .split(';')
        .map(str::trim)
        .filter(|o| !o.is_empty())
        .map(str::to_owned)
        .collect())
}

/// All packages of the lesson, its level and its UI component, pinned and sorted.
fn requirements(brief: &Brief<'_>, loaded: &Loaded, extra: &Extra) -> Vec<String> {
    let mut packages: BTreeSet<String> = loaded.words("packages").into_iter().collect();
    packages.extend(extra.packages.iter().cloned());
    if brief.recipe.runtime == Runtime::Local {
        packages.extend(extra_packages(brief));
    }
    match brief.catalog.versions() {
        Ok(versions) => versions.requirements(packages.iter().map(String::as_str)),
        Err(_) => packages.into_iter().collect(),
    }
}

/// Packages that the facts call for: tokenizer families, quantisation, the page's own imports.
fn extra_packages(brief: &Brief<'_>) -> BTreeSet<String> {
    let mut packages = BTreeSet::new();
    let dossier = brief.dossier;
    let model_type = dossier.model_type.as_ref().map_or("", |f| f.value.as_str());
    if SENTENCEPIECE.contains(&model_type) {
        packages.insert("sentencepiece".to_owned());
        packages.insert("protobuf".to_owned());
    }
    let needed = ALSO_NEEDED
        .iter()
        .filter(|(types, _)| types.contains(&model_type));
    packages.extend(needed.map(|(_, package)| (*package).to_owned()));
    if brief.chosen.lesson == "feature-extraction" {
        packages.extend(
            reader_packages(dossier)
                .iter()
                .map(|name| (*name).to_owned()),
        );
    }
    packages
}

/// What a backbone that reads sound or pictures needs besides its weights; texts need nothing.
fn reader_packages(dossier: &alacard_hub::dossier::Dossier) -> &'static [&'static str] {
    let processor = dossier
        .processor
        .as_ref()
        .map_or("", |fact| fact.value.as_str());
    match processor {
        _ if dossier.sentence_transformer.is_some() => &[],
        "AutoImageProcessor" => &["pillow", "torchvision"],
        "AutoFeatureExtractor" => &["soundfile"],
        _ if dossier.sampling_rate.is_some() => &["soundfile"],
        _ => &[],
    }
}

/// Model types whose tokenizers are SentencePiece models (`facts` of transformers' own requirements).
const SENTENCEPIECE: [&str; 12] = [
    "albert",
    "camembert",
    "deberta-v2",
    "llama",
    "m2m_100",
    "marian",
    "mbart",
    "mt5",
    "pegasus",
    "t5",
    "xlm-roberta",
    "xlnet",
];

/// Packages that the tokenizers and processors of single model types ask for when they are loaded
/// or first called (`requires_backends` and the like in transformers).
const ALSO_NEEDED: [(&[&str], &str); 4] = [
    (&["idefics3", "smolvlm"], "num2words"),
    (
        &["biogpt", "flaubert", "fsmt", "marian", "xlm"],
        "sacremoses",
    ),
    (&["cpmant", "roformer"], "rjieba"),
    (
        &[
            "pp_doclayout_v2",
            "pp_doclayout_v3",
            "pp_ocrv5_mobile_det",
            "pp_ocrv5_server_det",
        ],
        "opencv-python-headless",
    ),
];

/// Environment variables that the notebook reads.
fn variables(brief: &Brief<'_>, loaded: &Loaded) -> Vec<String> {
    let mut variables: BTreeSet<String> = loaded.words("variables").into_iter().collect();
    let gated = brief.dossier.gating.as_ref();
    if gated.is_some_and(|fact| fact.value != alacard_hub::dossier::Gating::Open) {
        variables.insert("HF_TOKEN".to_owned());
    }
    if !brief.dossier.custom_code.is_empty() {
        variables.insert("ALACARD_TRUST_REMOTE_CODE".to_owned());
    }
    variables.into_iter().collect()
}
