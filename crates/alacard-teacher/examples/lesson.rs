//! Renders one lesson without the rest of the program: for authors of lessons.
//!
//! `cargo run -p alacard-teacher --example lesson -- FACTS.json LESSON [key=value …] > out.ipynb`
//!
//! FACTS.json is a dossier with only the fields that matter (the others are empty). Keys:
//! `difficulty`, `topic`, `prompts`, `ui`, `format`, `prompt`, `seed`, `route`, `catalog`.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the command line"
)]

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;

use alacard_catalog::recipe::{Format, Recipe, Runtime};
use alacard_catalog::route::{Chosen, Route};
use alacard_catalog::{Catalog, UnknownCard};
use alacard_hub::dossier::Dossier;
use alacard_notebook::{Cell, Notebook};
use alacard_teacher::{Brief, OfflineTeacher, Teacher};
use serde_json::{Value, json};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [facts, lesson, options @ ..] = arguments.as_slice() else {
        return Err("usage: lesson FACTS.json LESSON [key=value …]".into());
    };
    let options: BTreeMap<&str, &str> = options.iter().filter_map(|o| o.split_once('=')).collect();
    let dossier = dossier(facts)?;
    let recipe = recipe(&dossier, lesson, &options)?;
    let chosen = Chosen {
        route: Route::Task,
        lesson: lesson.clone(),
        reason: "asked for by name".into(),
    };
    let folder = options.get("catalog").copied().unwrap_or("catalog");
    let catalog = Catalog::with_folder(Path::new(folder));
    let brief = Brief {
        dossier: &dossier,
        recipe: &recipe,
        chosen: &chosen,
        catalog: &catalog,
        takes: None,
    };
    println!("{}", notebook(&brief)?.to_json());
    Ok(())
}

fn notebook(brief: &Brief<'_>) -> Result<Notebook, Box<dyn Error>> {
    let teacher = OfflineTeacher::new();
    let lesson = teacher.begin(*brief)?;
    let outline = lesson.outline()?;
    let mut notebook = Notebook::new();
    for plan in &outline.sections {
        for part in lesson.section(&outline, plan)?.cells {
            let mut cell = Cell::new(part.kind, part.source);
            cell.metadata
                .insert("alacard".into(), json!({"section": plan.id}));
            notebook.push(cell);
        }
    }
    eprintln!(
        "{} cells, {:.0} % Markdown",
        notebook.cells.len(),
        100.0 * notebook.markdown_share()
    );
    Ok(notebook)
}

/// The dossier of a facts file, with every field that it leaves out.
fn dossier(path: &str) -> Result<Dossier, Box<dyn Error>> {
    let facts: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let mut full = json!({
        "schema_version": 1, "origin": "shelf", "name": "model", "tags": [], "access": "unknown",
        "disabled": false, "custom_code": [], "dtypes": {}, "languages": [], "generation": {},
        "widget": [], "evaluations": [], "datasets": [], "spaces": [], "notices": [],
    });
    for (key, value) in facts.as_object().ok_or("the facts are not an object")? {
        full[key] = value.clone();
    }
    Ok(serde_json::from_value(full)?)
}

fn recipe(
    dossier: &Dossier,
    lesson: &str,
    options: &BTreeMap<&str, &str>,
) -> Result<Recipe, UnknownCard> {
    let get =
        |key: &str, default: &'static str| options.get(key).copied().unwrap_or(default).to_owned();
    Ok(Recipe {
        schema_version: 1,
        model: dossier.name.clone(),
        revision: None,
        prompts: get("prompts", "quick-start").parse()?,
        topic: get("topic", "data-analysis"),
        topic_given: options.contains_key("topic"),
        difficulty: get("difficulty", "beginner").parse()?,
        ui: get("ui", "none").parse()?,
        format: get("format", "manual").parse::<Format>()?,
        runtime: if lesson.starts_with("endpoint") {
            Runtime::Endpoint
        } else {
            Runtime::Local
        },
        language: "en".into(),
        prompt: options.get("prompt").map(|p| (*p).to_owned()),
        max_sections: None,
        seed: get("seed", "0").parse().unwrap_or(0),
        teacher: "offline".into(),
        trust_remote_code: options.contains_key("trust"),
    })
}
