//! From sections to a notebook.

use alacard_catalog::recipe::{Format, Recipe};
use alacard_catalog::route::Chosen;
use alacard_hub::dossier::Dossier;
use alacard_notebook::{Cell, Notebook};
use alacard_teacher::{Outline, Section};
use serde_json::{Value, json};

/// Puts the sections together, in the order of the outline.
pub(crate) fn assemble(
    dossier: &Dossier,
    recipe: &Recipe,
    chosen: &Chosen,
    outline: &Outline,
    sections: &[Section],
) -> Notebook {
    let mut notebook = Notebook::new();
    for (plan, section) in outline.sections.iter().zip(sections) {
        for (index, part) in section.cells.iter().enumerate() {
            let mut cell = Cell::new(part.kind, part.source.clone());
            cell.id = cell_id(&section.id, index);
            for tag in &part.tags {
                cell.tag(tag);
            }
            cell.metadata.insert(
                "alacard".to_owned(),
                json!({"section": section.id, "kind": plan.kind}),
            );
            notebook.push(cell);
        }
    }
    let about = metadata(dossier, recipe, chosen, outline);
    notebook
        .metadata
        .insert("alacard".to_owned(), about.clone());
    if recipe.format == Format::Manual {
        notebook.push(closing(&about));
    }
    notebook
}

/// `step-labels-2`: readable, unique, and at most 64 characters long.
fn cell_id(section: &str, index: usize) -> String {
    let plain: String = section
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(56)
        .collect();
    format!("{plain}-{}", index + 1)
}

/// `metadata.alacard`: how this notebook came to be, and how far it is proven.
fn metadata(dossier: &Dossier, recipe: &Recipe, chosen: &Chosen, outline: &Outline) -> Value {
    json!({
        "schema_version": 1,
        "generator": format!("alacard {}", env!("CARGO_PKG_VERSION")),
        "title": outline.title,
        "model": {
            "id": dossier.id,
            "sha": dossier.sha.as_ref().map(|fact| &fact.value),
            "facts_from": dossier.origin,
        },
        "licence": dossier.licence.as_ref().map(|fact| json!({
            "id": fact.value.id, "restricted": fact.value.restriction.is_some(),
        })),
        "recipe": recipe,
        "route": chosen.route,
        "lesson": chosen.lesson,
        "teacher": outline.teacher,
        "requirements": outline.requirements,
        "lock": null,
        "proof": {"level": "none", "starts": null, "runs": null, "proves": null},
    })
}

/// A raw cell at the end that repeats the metadata for tools that drop it.
fn closing(about: &Value) -> Cell {
    let mut cell = Cell::raw(serde_json::to_string_pretty(about).unwrap_or_default());
    cell.id = "alacard".to_owned();
    cell.tag("alacard");
    cell
}

/// Writes the verdict of the checks into the metadata and the closing cell.
pub(crate) fn record_starts(notebook: &mut Notebook, starts: bool) {
    if let Some(about) = notebook.metadata.get_mut("alacard") {
        about["proof"]["starts"] = starts.into();
        let text = serde_json::to_string_pretty(about).unwrap_or_default();
        if let Some(cell) = notebook.cells.iter_mut().find(|cell| cell.id == "alacard") {
            cell.source = text;
        }
    }
}
