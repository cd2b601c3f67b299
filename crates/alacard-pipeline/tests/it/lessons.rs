//! Lessons are lessons: levels and topics differ in what the reader does, not in words alone.

use std::collections::BTreeMap;

use alacard_catalog::recipe::{Difficulty, Format, Ui};
use alacard_hub::dossier::Dossier;
use alacard_notebook::{CellKind, Notebook};
use alacard_pipeline::{Made, Options, RuntimeChoice};
use alacard_teacher::shared_statements;

use crate::bed::{dossier, maker};

/// The first model of the shelf for each lesson and runtime, with the lesson's three levels
/// written.
fn models() -> BTreeMap<(String, bool), Dossier> {
    let mut found = BTreeMap::new();
    for id in alacard_hub::shelf::ids() {
        let dossier = dossier(id);
        for runtime in [RuntimeChoice::Local, RuntimeChoice::Endpoint] {
            let options = Options {
                runtime,
                ..Options::default()
            };
            let teacher = maker().teacher();
            let Ok((_, chosen)) =
                alacard_pipeline::decide(maker().catalog(), teacher, &dossier, id, &options)
            else {
                continue;
            };
            let written = ["beginner", "intermediate", "advanced"]
                .iter()
                .all(|level| {
                    maker()
                        .catalog()
                        .lesson(&format!("{}/{level}", chosen.lesson))
                        .is_some()
                });
            let endpoint = chosen.lesson.starts_with("endpoint");
            if written && endpoint == (runtime == RuntimeChoice::Endpoint) {
                found
                    .entry((chosen.lesson, endpoint))
                    .or_insert_with(|| dossier.clone());
            }
        }
    }
    found
}

fn make(dossier: &Dossier, endpoint: bool, options: Options) -> Made {
    let runtime = if endpoint {
        RuntimeChoice::Endpoint
    } else {
        RuntimeChoice::Local
    };
    let id = dossier.id.as_deref().unwrap();
    maker()
        .make(dossier, id, &Options { runtime, ..options })
        .unwrap_or_else(|failure| panic!("{id}: {failure}"))
}

fn level(difficulty: Difficulty) -> Options {
    Options {
        difficulty: Some(difficulty),
        ui: Some(Ui::None),
        ..Options::default()
    }
}

fn topic(topic: &str) -> Options {
    Options {
        topic: Some(topic.to_owned()),
        ui: Some(Ui::None),
        ..Options::default()
    }
}

/// Runs a judgement on every lesson and fails with the list of those that did not pass.
fn judge(verdict: impl Fn(&Dossier, bool) -> Option<String>) {
    let models = models();
    assert!(
        models.len() >= 15,
        "only {} lessons were found",
        models.len()
    );
    let bad: Vec<String> = models
        .iter()
        .filter_map(|((lesson, endpoint), dossier)| {
            let id = dossier.id.as_deref().unwrap();
            Some(format!("{lesson} ({id}): {}", verdict(dossier, *endpoint)?))
        })
        .collect();
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}

#[test]
fn beginner_and_advanced_share_less_than_half_of_their_statements() {
    judge(|dossier, endpoint| {
        let beginner = make(dossier, endpoint, level(Difficulty::Beginner));
        let advanced = make(dossier, endpoint, level(Difficulty::Advanced));
        let shared = shared_statements(&beginner.notebook, &advanced.notebook);
        (shared >= 0.5).then(|| format!("{:.0} % shared", 100.0 * shared))
    });
}

#[test]
fn another_topic_has_other_inputs_and_exercises() {
    judge(|dossier, endpoint| {
        let one = make(dossier, endpoint, topic("sourdough"));
        let other = make(dossier, endpoint, topic("legal"));
        let differ = code(&one.notebook)
            .zip(code(&other.notebook))
            .filter(|(a, b)| a != b)
            .count();
        if differ < 2 {
            return Some(format!("only {differ} code cells differ"));
        }
        let exercises = |made: &Made| {
            let section = made
                .sections
                .iter()
                .find(|section| section.id.starts_with("exercises"));
            section.map(|section| section.cells.clone())
        };
        (exercises(&one) == exercises(&other)).then(|| "the exercises are the same".to_owned())
    });
}

fn code(notebook: &Notebook) -> impl Iterator<Item = &str> {
    let cells = notebook.cells.iter();
    cells
        .filter(|cell| cell.kind == CellKind::Code)
        .map(|cell| cell.source.as_str())
}

#[test]
fn a_quickstart_has_seven_cells_and_enough_words() {
    judge(|dossier, endpoint| {
        Difficulty::ALL.iter().find_map(|difficulty| {
            let options = Options {
                format: Some(Format::Quickstart),
                difficulty: Some(*difficulty),
                ..Options::default()
            };
            let notebook = make(dossier, endpoint, options).notebook;
            let (cells, share) = (notebook.cells.len(), notebook.markdown_share());
            (cells != 7 || share < 0.3).then(|| {
                format!(
                    "{difficulty}: {cells} cells, {:.0} % Markdown",
                    100.0 * share
                )
            })
        })
    });
}

#[test]
fn a_manual_has_between_forty_and_seventy_per_cent_markdown() {
    judge(|dossier, endpoint| {
        Difficulty::ALL.iter().find_map(|difficulty| {
            let options = Options {
                difficulty: Some(*difficulty),
                ..Options::default()
            };
            let share = make(dossier, endpoint, options).notebook.markdown_share();
            (!(0.4..=0.7).contains(&share)).then(|| format!("{difficulty}: {:.0} %", 100.0 * share))
        })
    });
}

#[test]
fn no_model_of_the_shelf_has_errors() {
    let bad: Vec<String> = alacard_hub::shelf::ids()
        .filter_map(|id| {
            let made = maker().make(&dossier(id), id, &Options::default());
            match made {
                Ok(made) if !made.has_errors() && made.starts() => None,
                Ok(made) => Some(format!("{id}: {:?}", made.findings)),
                Err(failure) => Some(format!("{id}: {failure}")),
            }
        })
        .collect();
    assert!(bad.is_empty(), "\n{}", bad.join("\n"));
}
