//! What the pipeline relies on: the same brief, the same lesson; plans that are kept; repairs
//! that come to an end.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;

use alacard_catalog::Catalog;
use alacard_catalog::recipe::{Difficulty, Format, Prompts, Recipe, Runtime, SCHEMA_VERSION, Ui};
use alacard_catalog::route::{self, Chosen};
use alacard_hub::dossier::Dossier;
use alacard_notebook::{Cell, CellKind, Notebook};
use alacard_teacher::{Brief, Evidence, OfflineTeacher, TeachError, Teacher, shared_statements};

fn recipe(model: &str, difficulty: Difficulty, format: Format) -> Recipe {
    Recipe {
        schema_version: SCHEMA_VERSION,
        model: model.to_owned(),
        revision: None,
        prompts: Prompts::QuickStart,
        topic: "sourdough".to_owned(),
        topic_given: true,
        difficulty,
        ui: Ui::None,
        format,
        runtime: Runtime::Local,
        language: "en".to_owned(),
        prompt: None,
        max_sections: None,
        seed: 0,
        teacher: "offline".to_owned(),
        trust_remote_code: false,
    }
}

fn dossier(id: &str) -> Dossier {
    alacard_hub::build(&alacard_hub::shelf::material(id).unwrap())
}

fn first_route(catalog: &Catalog, dossier: &Dossier) -> Chosen {
    route::candidates(catalog, dossier, Runtime::Local)
        .unwrap()
        .remove(0)
}

const MODELS: [&str; 4] = [
    "Qwen/Qwen3-0.6B",
    "openai/whisper-tiny",
    "google/vit-base-patch16-224",
    "google-bert/bert-base-uncased",
];

#[test]
fn every_planned_section_is_written_the_same_way_twice() {
    let catalog = Catalog::builtin();
    let teacher = OfflineTeacher::new();
    for model in MODELS {
        let dossier = dossier(model);
        let chosen = first_route(&catalog, &dossier);
        for difficulty in Difficulty::ALL {
            let recipe = recipe(model, *difficulty, Format::Manual);
            let brief = Brief {
                dossier: &dossier,
                recipe: &recipe,
                chosen: &chosen,
                catalog: &catalog,
                takes: None,
            };
            let (one, two) = (teacher.begin(brief).unwrap(), teacher.begin(brief).unwrap());
            let outline = one.outline().unwrap();
            assert_eq!(outline, two.outline().unwrap(), "{model} {difficulty}");
            let ids: BTreeSet<&String> = outline.sections.iter().map(|plan| &plan.id).collect();
            assert_eq!(ids.len(), outline.sections.len(), "{model} {difficulty}");
            for plan in &outline.sections {
                let section = one.section(&outline, plan).unwrap();
                assert_eq!(section, two.section(&outline, plan).unwrap());
                assert_eq!(section.id, plan.id);
                assert!(
                    !section.cells.is_empty(),
                    "{model} {difficulty} {}",
                    plan.id
                );
            }
        }
    }
}

#[test]
fn repairs_of_a_section_come_to_an_end() {
    let catalog = Catalog::builtin();
    let teacher = OfflineTeacher::new();
    let evidence = [Evidence {
        cell: 0,
        message: "ValueError: it `fails`".to_owned(),
        place: Some(1),
    }];
    for model in MODELS {
        let dossier = dossier(model);
        let chosen = first_route(&catalog, &dossier);
        let recipe = recipe(model, Difficulty::Advanced, Format::Manual);
        let brief = Brief {
            dossier: &dossier,
            recipe: &recipe,
            chosen: &chosen,
            catalog: &catalog,
            takes: None,
        };
        let lesson = teacher.begin(brief).unwrap();
        let outline = lesson.outline().unwrap();
        for plan in &outline.sections {
            let mut section = lesson.section(&outline, plan).unwrap();
            let mut rounds = 0;
            while let Some(simpler) = lesson.repair(&outline, &section, &evidence).unwrap() {
                assert!(simpler.variant > section.variant, "{model}: {}", plan.id);
                section = simpler;
                rounds += 1;
                assert!(rounds < 10, "{model}: {}", plan.id);
            }
        }
    }
}

#[test]
fn a_plan_of_somebody_else_is_an_error() {
    let catalog = Catalog::builtin();
    let dossier = dossier(MODELS[0]);
    let chosen = first_route(&catalog, &dossier);
    let recipe = recipe(MODELS[0], Difficulty::Beginner, Format::Manual);
    let brief = Brief {
        dossier: &dossier,
        recipe: &recipe,
        chosen: &chosen,
        catalog: &catalog,
        takes: None,
    };
    let teacher = OfflineTeacher::new();
    let lesson = teacher.begin(brief).unwrap();
    let mut outline = lesson.outline().unwrap();
    let mut plan = outline.sections.remove(0);
    plan.id = "no.such.section\n{{ 7 * 7 }}".to_owned();
    let failure = lesson.section(&outline, &plan).unwrap_err();
    assert!(
        matches!(failure, TeachError::UnknownSection(_)),
        "{failure}"
    );
}

#[test]
fn a_route_to_no_lesson_is_told_apart_from_a_broken_one() {
    let catalog = Catalog::builtin();
    let dossier = dossier(MODELS[0]);
    let recipe = recipe(MODELS[0], Difficulty::Beginner, Format::Manual);
    let mut chosen = first_route(&catalog, &dossier);
    chosen.lesson = "../../etc/passwd".to_owned();
    let brief = Brief {
        dossier: &dossier,
        recipe: &recipe,
        chosen: &chosen,
        catalog: &catalog,
        takes: None,
    };
    let teacher = OfflineTeacher::new();
    assert!(matches!(
        teacher.begin(brief).err(),
        Some(TeachError::NoLesson(_))
    ));
}

#[test]
fn lessons_are_compared_by_what_the_code_does() {
    let notebook = |sources: &[&str]| {
        let mut notebook = Notebook::new();
        sources
            .iter()
            .for_each(|source| notebook.push(Cell::new(CellKind::Code, *source)));
        notebook.push(Cell::markdown("x = 1"));
        notebook
    };
    let one = notebook(&["x = 1  # one", "y = f(x)"]);
    let same = notebook(&["y = f( x )\nx = 1"]);
    let half = notebook(&["x = 1", "z = 3", "w = 4"]);
    assert_eq!(shared_statements(&one, &same), 1.0);
    assert_eq!(shared_statements(&one, &half), 0.5);
    assert_eq!(shared_statements(&one, &notebook(&[])), 0.0);
}

/// The ending of a block decides how values are written, so a cell takes in its own kind only.
#[test]
fn cells_include_blocks_of_their_own_language() {
    let lessons = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/lessons");
    let mut wrong = Vec::new();
    for folder in std::fs::read_dir(lessons).unwrap().flatten() {
        for file in std::fs::read_dir(folder.path())
            .into_iter()
            .flatten()
            .flatten()
        {
            let text = std::fs::read_to_string(file.path()).unwrap();
            let mut other = "";
            for (number, line) in text.lines().enumerate() {
                if line.starts_with("@@ ") {
                    let markdown = line.starts_with("@@ md") || line.ends_with(".md");
                    other = if markdown { ".py\"" } else { ".md\"" };
                } else if line.contains("include \"") && line.contains(other) {
                    wrong.push(format!("{}:{}: {line}", file.path().display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
