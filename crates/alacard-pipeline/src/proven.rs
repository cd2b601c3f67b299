//! How a proof is told: in the notebook's metadata, in its first cell, and for people.

use std::fmt::Write as _;

use alacard_notebook::{CellKind, Notebook};
use alacard_prove::Proven;
use alacard_prove::proof::{Blame, CellState, Level, Proof};
use serde_json::{Value, json};

/// What begins the line of the first cell; an older line is found by it.
const MARK: &str = "> **Proof.** ";
/// What begins the line that a lesson of ours keeps for it.
const PLACE: &str = "**How far this is proven.**";
/// What holds of every lesson of ours before it is executed.
const CHECKED: &str =
    "The cells were checked: they parse, every name is defined, and every import is in the setup.";
/// Where a reader of a later cell finds the proof.
const ABOVE: &str = "What was executed, and on what, stands below the title.";
/// What a twin cannot show.
const CAUTION: &str = "What is said here about the quality, speed and memory of answers holds for the real weights only.";

/// Writes level, verdicts and lock hash of a proof into a notebook's metadata and one line into
/// its first cell. Outputs are written only when they come from the model's own weights. Dates
/// and measurements stay in `proof.json`: equal proofs give equal notebooks.
pub fn record_proof(notebook: &mut Notebook, proven: &Proven) {
    let proof = &proven.proof;
    let about = notebook
        .metadata
        .entry("alacard")
        .or_insert_with(|| json!({"schema_version": 1}));
    about["proof"] = metadata(proof);
    about["lock"] = json!(proof.lock);
    let about = about.clone();
    if let Some(cell) = notebook
        .cells
        .iter_mut()
        .find(|cell| cell.id == "alacard" && cell.kind == CellKind::Raw)
    {
        cell.source = serde_json::to_string_pretty(&about).unwrap_or_default();
    }
    tell_reader(notebook, proof);
    if proof.level == Level::Real {
        keep_outputs(notebook, proven);
    }
}

fn metadata(proof: &Proof) -> Value {
    json!({
        "level": proof.level,
        "starts": proof.starts,
        "runs": proof.runs,
        "proves": proof.proves,
        "first_variant": proof.first_variant,
        "lock": proof.lock,
        "causes": proof.causes.iter().map(|cause| &cause.reason).collect::<Vec<_>>(),
    })
}

/// One line in the first Markdown cell: in the place of the one that a lesson keeps for it, else at
/// the end.
fn tell_reader(notebook: &mut Notebook, proof: &Proof) {
    let first = notebook
        .cells
        .first_mut()
        .filter(|cell| cell.kind == CellKind::Markdown);
    let Some(cell) = first else { return };
    let said = proof.line().replace(['\n', '\r'], " ");
    let caution = match (proof.level, proof.runs) {
        (Level::Twin, true) => " ".to_owned() + CAUTION,
        _ => String::new(),
    };
    let is_ours = |line: &&str| line.starts_with(MARK) || line.starts_with(PLACE);
    let place = cell.source.lines().position(|line| is_ours(&line));
    let mut lines: Vec<String> = cell
        .source
        .lines()
        .filter(|line| !is_ours(line))
        .map(str::to_owned)
        .collect();
    match place {
        Some(at) if cell.source.contains(PLACE) => {
            lines.insert(at, format!("{PLACE} {CHECKED} {said}{caution}"));
        }
        _ => {
            while lines.last().is_some_and(|line| line.trim().is_empty()) {
                lines.pop();
            }
            lines.push(format!("\n{MARK}{said}{caution}"));
        }
    }
    cell.source = lines.join("\n").trim_end().to_owned();
    point_there(notebook);
}

/// A manual keeps its place among the facts, not in its first cell: there it must not go on saying
/// that nothing was executed.
fn point_there(notebook: &mut Notebook) {
    let later = notebook.cells.iter_mut().skip(1);
    for cell in later.filter(|cell| cell.kind == CellKind::Markdown) {
        if !cell.source.contains(PLACE) {
            continue;
        }
        let line = |line: &str| match line.starts_with(PLACE) {
            true => format!("{PLACE} {CHECKED} {ABOVE}"),
            false => line.to_owned(),
        };
        let lines: Vec<String> = cell.source.lines().map(line).collect();
        cell.source = lines.join("\n");
    }
}

fn keep_outputs(notebook: &mut Notebook, proven: &Proven) {
    for (index, (count, outputs)) in &proven.outputs {
        if let Some(cell) = notebook.cells.get_mut(*index) {
            cell.execution_count = *count;
            cell.outputs.clone_from(outputs);
        }
    }
}

/// A proof as Markdown for people.
pub fn proof_report(proof: &Proof) -> String {
    let mut text = String::from("## Proof\n\n");
    let _ = writeln!(text, "{}\n", proof.line());
    verdicts(&mut text, proof);
    for cause in &proof.causes {
        let _ = writeln!(
            text,
            "- `{}` ({}): {}",
            cause.reason,
            blame(cause.blame),
            cause.message
        );
        if let Some(hint) = &cause.hint {
            let _ = writeln!(text, "  - {hint}");
        }
    }
    twins(&mut text, proof);
    cells(&mut text, proof);
    if !proof.not_exercised.is_empty() {
        let _ = writeln!(text, "\nNot exercised, or done differently:\n");
        for sentence in &proof.not_exercised {
            let _ = writeln!(text, "- {sentence}");
        }
    }
    text
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

fn blame(blame: Blame) -> &'static str {
    match blame {
        Blame::Notebook => "the notebook",
        Blame::Environment => "the environment",
        Blame::Twin => "the twin",
    }
}

fn verdicts(text: &mut String, proof: &Proof) {
    let _ = writeln!(text, "| Question | Answer |\n| --- | --- |");
    let _ = writeln!(
        text,
        "| Starts (valid, parses, every import is in the environment) | {} |",
        yes(proof.starts)
    );
    let _ = writeln!(
        text,
        "| Runs (every cell executed without error, in order) | {} |",
        yes(proof.runs)
    );
    let _ = writeln!(
        text,
        "| Proves (inference was seen, an assertion held) | {} |",
        yes(proof.proves)
    );
    let _ = writeln!(text, "| Executed on | {} |", proof.level.as_str());
    let _ = writeln!(text, "| Sandbox | {} |", proof.sandbox);
    let python = proof.python.as_deref().unwrap_or("none");
    let _ = writeln!(
        text,
        "| Environment | Python {python}, lock {} |\n",
        proof.lock.as_deref().unwrap_or("none")
    );
}

fn twins(text: &mut String, proof: &Proof) {
    for twin in &proof.twins {
        let word = |key: &str| twin[key].as_str().unwrap_or("?").to_owned();
        if twin["level"] == "real" {
            let megabytes = twin["weight_bytes"].as_u64().unwrap_or(0).div_ceil(1 << 20);
            let _ = writeln!(
                text,
                "\nOwn weights of `{}`: commit `{}`, {megabytes} MB.",
                word("repo"),
                word("sha")
            );
            continue;
        }
        let _ = writeln!(
            text,
            "\nTwin of `{}`: {}, {} parameters, shrunk as `{}`.",
            word("repo"),
            word("class"),
            twin["parameters"],
            word("strategy")
        );
        let stand_ins = twin["standins"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str);
        for sentence in stand_ins {
            let _ = writeln!(text, "- stand-in: {sentence}");
        }
    }
}

fn cells(text: &mut String, proof: &Proof) {
    if proof.cells.is_empty() {
        return;
    }
    let _ = writeln!(
        text,
        "\n| Cell | State | Inference | Assertion |\n| --- | --- | --- | --- |"
    );
    for cell in &proof.cells {
        let state = match cell.state {
            CellState::Ok => "ran",
            CellState::Error => "failed",
            CellState::Timeout => "too slow",
            CellState::Dead => "ended its kernel",
            CellState::NotReached => "not reached",
        };
        let _ = writeln!(
            text,
            "| {} | {state} | {} | {} |",
            cell.index + 1,
            yes(cell.inference),
            yes(cell.asserted)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alacard_notebook::Cell;

    fn told(first: &str, times: usize) -> String {
        notebook_told(&[first], times).cells[0].source.clone()
    }

    fn notebook_told(cells: &[&str], times: usize) -> Notebook {
        let mut notebook = Notebook::new();
        for cell in cells {
            notebook.push(Cell::markdown(*cell));
        }
        let mut proof: Proof = serde_json::from_value(json!({
            "schema_version": 1, "code_sha256": "", "level": "twin", "starts": true, "runs": true,
            "proves": true, "first_variant": true, "lock": null, "python": null, "sandbox": "",
            "limits": {"cell_seconds": 1, "seconds": 1, "memory_mb": 1, "processes": 1, "file_mb": 1, "disk_mb": 1, "output_bytes": 1},
            "twins": [], "cells": [], "ended": null, "causes": [], "not_exercised": [], "installs": [],
            "endpoint": {}, "seconds": 0.0, "ready_seconds": 0.0, "peak_memory_mb": 0, "date": "",
        }))
        .unwrap();
        proof.proves = true;
        for _ in 0..times {
            tell_reader(&mut notebook, &proof);
        }
        notebook
    }

    #[test]
    fn a_place_in_a_later_cell_does_not_contradict_the_first() {
        let facts = "| Fact |\n\n**How far this is proven.** Nothing here was executed.\n\nMore.";
        let notebook = notebook_told(&["# Title", facts], 2);
        let (first, later) = (&notebook.cells[0].source, &notebook.cells[1].source);
        assert_eq!(first.matches(MARK).count(), 1);
        assert!(
            later.contains(ABOVE) && !later.contains("Nothing"),
            "{later}"
        );
        assert!(later.ends_with("\n\nMore."), "{later}");
    }

    #[test]
    fn a_lesson_has_a_place_for_it() {
        let text = told("# Title\n\n**How far this is proven.** Not executed.", 2);
        assert_eq!(text.matches(PLACE).count(), 1);
        assert!(
            !text.contains("Not executed") && text.contains("on a twin"),
            "{text}"
        );
    }

    #[test]
    fn other_notebooks_get_it_at_the_end_once() {
        let text = told("# Title\nWords.", 2);
        assert_eq!(text.matches(MARK).count(), 1);
        assert!(text.starts_with("# Title\nWords.\n\n> "), "{text}");
    }
}
