//! Mending what can be mended without changing what a notebook means.

use std::collections::BTreeSet;

use alacard_notebook::{Cell, CellKind, Notebook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::context::Context;
use crate::lesson::{Lesson, Prefix, quoted_specifiers};
use crate::rules::outputs::bad_widgets;
use crate::rules::secrets::secret_in;
use crate::schema;

/// Something that was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fixed {
    /// Id of the rule whose finding is gone.
    pub rule: String,
    /// Position of the cell before anything was removed, from 0; `None` for the whole notebook.
    pub cell: Option<usize>,
    /// What was done, in a few words.
    pub what: String,
}

/// Mends a notebook in place and says what was done. Only safe changes: pip lines are quoted and
/// made `%pip`, outputs that hold secrets go, empty cells go, ids are made valid and unique,
/// kernel metadata and the format version are filled in. Doing it twice changes nothing more.
/// Check the notebook again afterwards.
pub fn fix(notebook: &mut Notebook, context: &Context) -> Vec<Fixed> {
    let mut done = Vec::new();
    fix_pip(notebook, context, &mut done);
    fix_outputs(notebook, &mut done);
    fix_metadata(notebook, &mut done);
    remove_empty(notebook, &mut done);
    fix_ids(notebook, &mut done);
    done
}

fn note(done: &mut Vec<Fixed>, rule: &str, cell: Option<usize>, what: &str) {
    done.push(Fixed {
        rule: rule.to_owned(),
        cell,
        what: what.to_owned(),
    });
}

/// Quotes specifiers and turns `!pip` into `%pip`, on the lines where IPython sees an installer.
fn fix_pip(notebook: &mut Notebook, context: &Context, done: &mut Vec<Fixed>) {
    let lesson = Lesson::new(notebook, context, None);
    let lines: BTreeSet<(usize, usize)> = lesson
        .pip
        .iter()
        .filter(|l| matches!(l.prefix, Prefix::Bang | Prefix::Magic))
        .filter_map(|l| l.place.cell.zip(l.place.line))
        .collect();
    for (index, cell) in notebook.cells.iter_mut().enumerate() {
        let changed: Vec<String> = cell
            .source
            .split('\n')
            .enumerate()
            .map(|(n, line)| {
                if lines.contains(&(index, n + 1)) {
                    fix_pip_line(line, index, done)
                } else {
                    line.to_owned()
                }
            })
            .collect();
        let changed = changed.join("\n");
        if changed != cell.source {
            cell.source = changed;
        }
    }
}

fn fix_pip_line(line: &str, cell: usize, done: &mut Vec<Fixed>) -> String {
    let mut line = line.to_owned();
    if let Some(quoted) = quoted_specifiers(&line) {
        note(
            done,
            "pip-redirect",
            Some(cell),
            "version specifiers were put in quotes",
        );
        line = quoted;
    }
    let indent = line.len() - line.trim_start().len();
    let (before, command) = line.split_at(indent);
    let plain = ["!pip install ", "!pip3 install "]
        .iter()
        .find_map(|p| command.strip_prefix(p));
    // A line with further commands or redirects needs its shell.
    match plain.filter(|rest| !rest.contains(['&', ';', '|', '`'])) {
        Some(rest) => {
            let magic = format!("{before}%pip install {rest}");
            note(done, "shell-pip", Some(cell), "`!pip` became `%pip`");
            magic
        }
        None => line,
    }
}

fn fix_outputs(notebook: &mut Notebook, done: &mut Vec<Fixed>) {
    for (index, cell) in notebook.cells.iter_mut().enumerate() {
        if cell.outputs.iter().any(|o| secret_in(o).is_some()) {
            cell.outputs.clear();
            cell.execution_count = None;
            note(
                done,
                "secret-in-output",
                Some(index),
                "outputs with a secret were removed",
            );
        }
        if cell.kind != CellKind::Code {
            continue;
        }
        let faulty = |cell: &Cell| !schema::cell_outputs_are_valid(&cell.outputs);
        if faulty(cell) {
            cell.outputs.clear();
            note(
                done,
                "schema",
                Some(index),
                "outputs that the schema does not allow were removed",
            );
        }
    }
}

fn fix_metadata(notebook: &mut Notebook, done: &mut Vec<Fixed>) {
    let kernel = json!({"display_name": "Python 3", "language": "python", "name": "python3"});
    let language = json!({"name": "python"});
    for (key, value) in [("kernelspec", kernel), ("language_info", language)] {
        if !notebook.metadata.contains_key(key) {
            notebook.metadata.insert(key.to_owned(), value);
            note(
                done,
                "kernel-metadata",
                None,
                &format!("`metadata.{key}` was added"),
            );
        }
    }
    if bad_widgets(&notebook.metadata) {
        notebook.metadata.remove("widgets");
        note(done, "widget-state", None, "`metadata.widgets` was removed");
    }
    if notebook.minor < 5 {
        notebook.minor = 5;
        note(done, "old-format", None, "the format is now 4.5");
    }
}

fn remove_empty(notebook: &mut Notebook, done: &mut Vec<Fixed>) {
    let mut index = 0;
    notebook.cells.retain(|cell| {
        let keep = !cell.source.trim().is_empty() || cell.attachments.is_some();
        if !keep {
            note(done, "empty-cell", Some(index), "an empty cell was removed");
        }
        index += 1;
        keep
    });
}

/// Gives a valid and unique id to every cell that has none.
fn fix_ids(notebook: &mut Notebook, done: &mut Vec<Fixed>) {
    let mut taken: BTreeSet<String> = notebook.cells.iter().map(|c| c.id.clone()).collect();
    let mut seen = BTreeSet::new();
    for (index, cell) in notebook.cells.iter_mut().enumerate() {
        let valid = schema::is_id(&cell.id);
        if valid && seen.insert(cell.id.clone()) {
            continue;
        }
        let mut number = index;
        let mut id = format!("cell-{number:03}");
        while !taken.insert(id.clone()) {
            number += 1;
            id = format!("cell-{number:03}");
        }
        seen.insert(id.clone());
        cell.id = id;
        let rule = if valid { "duplicate-cell-id" } else { "schema" };
        note(done, rule, Some(index), "the cell got a new id");
    }
}
