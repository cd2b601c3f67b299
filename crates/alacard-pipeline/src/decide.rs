//! From options to a recipe: defaults that need the facts, and cards that must fit together.

use alacard_catalog::recipe::{Difficulty, Format, Prompts, Recipe, Runtime, SCHEMA_VERSION, Ui};
use alacard_catalog::route::{self, Chosen, Route};
use alacard_catalog::{Catalog, UnknownCard};
use alacard_hub::dossier::Dossier;
use alacard_hub::{Reason, Refusal};

use alacard_teacher::{Brief, TeachError, Teacher};

use crate::{Failure, Options, RuntimeChoice};

/// The default topic of the contract.
const DEFAULT_TOPIC: &str = "data-analysis";

/// Bytes of weights that still count as fitting a 16 GB machine, with room for the rest.
const FITS: u64 = 12_800_000_000;

/// Longest topic and prompt, in characters.
const LONGEST_WORDS: usize = 2_000;

/// Fills in the defaults and finds the first route on which the teacher has a lesson.
///
/// # Errors
///
/// [`Failure::Refused`] when no route leads to a notebook, [`Failure::Incompatible`] for a UI
/// component that the task does not have, [`Failure::UnknownCard`] for a language.
pub fn decide(
    catalog: &Catalog,
    teacher: &dyn Teacher,
    dossier: &Dossier,
    source: &str,
    options: &Options,
) -> Result<(Recipe, Chosen), Failure> {
    let runtime = runtime(dossier, options.runtime);
    for chosen in route::candidates(catalog, dossier, runtime)? {
        let recipe = recipe(catalog, dossier, &chosen, source, options)?;
        let brief = Brief {
            dossier,
            recipe: &recipe,
            chosen: &chosen,
            catalog,
            takes: None,
        };
        match teacher.begin(brief).err() {
            Some(TeachError::Unsuitable(_)) => {}
            Some(error) => return Err(error.into()),
            None => return Ok((recipe, chosen)),
        }
    }
    Err(no_route(dossier).into())
}

fn recipe(
    catalog: &Catalog,
    dossier: &Dossier,
    chosen: &Chosen,
    source: &str,
    options: &Options,
) -> Result<Recipe, Failure> {
    let format = options.format.unwrap_or(Format::Manual);
    Ok(Recipe {
        schema_version: SCHEMA_VERSION,
        model: source.to_owned(),
        revision: options.revision.clone(),
        prompts: options.prompts.unwrap_or(Prompts::QuickStart),
        topic: words(options.topic.as_deref()).unwrap_or_else(|| DEFAULT_TOPIC.to_owned()),
        topic_given: words(options.topic.as_deref()).is_some(),
        difficulty: options.difficulty.unwrap_or(Difficulty::Beginner),
        ui: ui(catalog, dossier, chosen, format, options.ui)?,
        format,
        runtime: if chosen.lesson.starts_with("endpoint") {
            Runtime::Endpoint
        } else {
            Runtime::Local
        },
        language: language(options.language.as_deref())?,
        prompt: words(options.prompt.as_deref()),
        max_sections: options.max_sections,
        seed: options.seed,
        teacher: "offline".to_owned(),
        trust_remote_code: options.trust_remote_code,
    })
}

/// Words of the user on one line, bounded; nothing when there are none.
fn words(given: Option<&str>) -> Option<String> {
    let flat = given?.split_whitespace().collect::<Vec<_>>().join(" ");
    let bounded: String = flat
        .chars()
        .filter(|c| !c.is_control())
        .take(LONGEST_WORDS)
        .collect();
    (!bounded.is_empty()).then_some(bounded)
}

fn runtime(dossier: &Dossier, choice: RuntimeChoice) -> Runtime {
    let task = dossier.task.as_ref().map_or("", |fact| fact.value.as_str());
    let teachable = route::endpoint_lesson(task).is_some();
    let bytes = dossier
        .memory
        .map(|m| m.bf16)
        .or_else(|| dossier.weight_bytes.as_ref().map(|f| f.value));
    match choice {
        RuntimeChoice::Local => Runtime::Local,
        RuntimeChoice::Endpoint if teachable => Runtime::Endpoint,
        RuntimeChoice::Auto
            if teachable && dossier.gguf.is_none() && bytes.is_some_and(|b| b > FITS) =>
        {
            Runtime::Endpoint
        }
        _ => Runtime::Local,
    }
}

/// UI components that fit: those of the task where the lesson can serve a model, `none` always.
pub(crate) fn compatible(
    catalog: &Catalog,
    dossier: &Dossier,
    chosen: &Chosen,
) -> Result<Vec<Ui>, Failure> {
    let task = dossier.task.as_ref().map_or("", |fact| fact.value.as_str());
    let task = if chosen.route == Route::Gguf {
        "text-generation"
    } else {
        task
    };
    let mut fitting = match chosen.route {
        Route::Card | Route::Library => Vec::new(),
        _ => catalog
            .task(task)?
            .map(|task| task.ui.clone())
            .unwrap_or_default(),
    };
    if !dossier.talks() && chosen.lesson != "endpoint-chat" {
        fitting.retain(|ui| *ui != Ui::Chat);
    }
    fitting.retain(|ui| *ui != Ui::None);
    fitting.push(Ui::None);
    Ok(fitting)
}

fn ui(
    catalog: &Catalog,
    dossier: &Dossier,
    chosen: &Chosen,
    format: Format,
    wanted: Option<Ui>,
) -> Result<Ui, Failure> {
    let fitting = compatible(catalog, dossier, chosen)?;
    match wanted {
        Some(ui) if fitting.contains(&ui) => Ok(ui),
        Some(ui) => Err(Failure::Incompatible {
            message: format!(
                "the UI component `{ui}` does not fit this model ({})",
                chosen.reason
            ),
            hint: format!(
                "choose one of {}",
                fitting
                    .iter()
                    .map(|ui| format!("`{ui}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
        }),
        None if format == Format::Quickstart => Ok(Ui::None),
        None => Ok([Ui::Chat, Ui::Gradio]
            .into_iter()
            .find(|ui| fitting.contains(ui))
            .unwrap_or(Ui::None)),
    }
}

/// Languages in which lessons are written.
const LANGUAGES: [&str; 1] = ["en"];

fn language(wanted: Option<&str>) -> Result<String, UnknownCard> {
    let wanted = wanted.unwrap_or("en");
    if LANGUAGES.contains(&wanted) {
        return Ok(wanted.to_owned());
    }
    Err(UnknownCard::new("language", wanted, LANGUAGES))
}

fn no_route(dossier: &Dossier) -> Refusal {
    alacard_hub::refusal(dossier).unwrap_or_else(|| {
        let task = dossier.task.as_ref().map(|fact| fact.value.as_str());
        let library = dossier.library.as_ref().map(|fact| fact.value.as_str());
        let known = match (task, library) {
            (Some(task), Some(library)) => format!("the task {task} with the library {library}"),
            (Some(task), None) => format!("the task {task} without a library"),
            (None, Some(library)) => format!("the library {library} without a task"),
            (None, None) => "neither a task nor a library".to_owned(),
        };
        Refusal::new(
            Reason::NothingKnown,
            format!(
                "the page of `{}` tells {known}, and has no example that could be run",
                dossier.name
            ),
        )
        .with_hint("a page with a Python example or a `pipeline_tag` in its front matter is enough")
    })
}
