//! Why a notebook did not run, in words, with whose fault it is and what to do.
//!
//! The reasons are a closed list; `docs/proof.md` explains each.

use alacard_hub::serve::Kind;
use alacard_notebook::Notebook;
use serde_json::Value;

use crate::environment::EnvError;
use crate::errors;
use crate::needs::ShellNeed;
use crate::plan::{Blueprint, Unknown};
use crate::proof::{Blame, Cause, CellState, Ended, ProvenCell};
use crate::wire::RanReport;

/// All reasons beside those of [`EnvErrorKind`](crate::environment::EnvErrorKind): the closed
/// list that `docs/proof.md` explains.
pub const REASONS: &[&str] = &[
    "asks-for-input",
    "caught-error",
    "cell-error",
    "cell-timeout",
    "disk-full",
    "excused-cell",
    "kernel-died",
    "machine-full",
    "missing-file",
    "model-unknown",
    "needs-gpu",
    "needs-network",
    "needs-platform",
    "needs-secret",
    "no-assertion",
    "no-inference",
    "no-kernel",
    "no-twin",
    "no-weights",
    "other-kernel",
    "out-of-memory",
    "package-missing",
    "package-version",
    "sandbox-lost",
    "skipped-branch",
    "standin-data",
    "timeout",
    "too-many-processes",
    "writes-to-hub",
];

/// A repository that the notebook needs and that has no twin.
#[derive(Debug, Clone)]
pub(crate) struct Lack {
    /// As the twin hub's list of missing ones writes it.
    pub(crate) address: String,
    /// Why.
    pub(crate) cause: Cause,
}

/// What a run was made with, for telling whose fault its end is.
pub(crate) struct Ground<'a> {
    /// Repositories without a twin that the run asked for.
    pub(crate) lacking: &'a [Lack],
    /// Datasets that were small stand-ins.
    pub(crate) datasets: Vec<&'a str>,
    /// Models whose twin its maker could not load.
    pub(crate) broken: Vec<&'a str>,
    /// Commands that were not executed for want of a network.
    pub(crate) shell: &'a [ShellNeed],
}

/// Why a run ended, from what the cells and the run itself say; what was lacking comes after it,
/// unless it is the very reason.
pub(crate) fn of_run(cells: &[ProvenCell], ran: &RanReport, ground: &Ground<'_>) -> Vec<Cause> {
    let at = cells
        .iter()
        .find(|cell| !matches!(cell.state, CellState::Ok | CellState::NotReached));
    let first = match (&ran.ended, at) {
        (Ended::Finished, _) => None,
        (Ended::Failed, Some(cell)) => Some(errors::of_cell(cell, ground)),
        (ended, at) => Some(of_end(ended, at.map(|cell| cell.index))),
    };
    let told = |lack: &&Lack| {
        first
            .as_ref()
            .is_none_or(|first| !first.message.contains(&lack.cause.message))
    };
    let lacking: Vec<Cause> = ground
        .lacking
        .iter()
        .filter(told)
        .map(|lack| lack.cause.clone())
        .collect();
    first.into_iter().chain(lacking).collect()
}

/// One line, bounded, without the folders of this machine.
pub(crate) fn shorten(text: &str) -> String {
    let inside = |word: &str| match word.rsplit_once("/site-packages/") {
        Some((before, rest)) if before.starts_with('(') => format!("({rest}"),
        Some((_, rest)) => rest.to_owned(),
        None => word.to_owned(),
    };
    let one_line = text
        .split_whitespace()
        .map(inside)
        .collect::<Vec<_>>()
        .join(" ");
    if one_line.chars().count() <= 200 {
        return one_line.trim_end_matches('.').to_owned();
    }
    let cut: String = one_line.chars().take(200).collect();
    format!("{cut} …")
}

/// The cause of an end that is not a cell's error.
fn of_end(ended: &Ended, cell: Option<usize>) -> Cause {
    let place = cell.map_or_else(
        || "The notebook".to_owned(),
        |index| format!("Cell {}", index + 1),
    );
    let (reason, blame, message, hint) = match ended {
        Ended::CellTimeout { limit } => (
            "cell-timeout",
            Blame::Notebook,
            format!("{place} took longer than {limit} s and was stopped."),
            Some("Let it do less, or raise `--cell-timeout`."),
        ),
        Ended::Timeout { limit } => (
            "timeout",
            Blame::Notebook,
            format!("{place} was stopped: the notebook took longer than {limit} s."),
            Some("Let it do less, or raise `--timeout`."),
        ),
        Ended::Memory { used, limit } => (
            "out-of-memory",
            Blame::Environment,
            format!("{place} was ended: it used {used} MB of memory, and the limit is {limit} MB."),
            Some("Let it use less, or raise `--memory`."),
        ),
        Ended::Machine { left } => (
            "machine-full",
            Blame::Environment,
            format!("{place} was ended: the machine itself had {left} MB of memory left."),
            Some("Try again when the machine does less."),
        ),
        Ended::Processes { used, limit } => (
            "too-many-processes",
            Blame::Notebook,
            format!("{place} was ended: it had {used} processes, and the limit is {limit}."),
            None,
        ),
        Ended::Disk { used, limit } => (
            "disk-full",
            Blame::Notebook,
            format!("{place} was ended: it wrote {used} MB, and the limit is {limit} MB."),
            None,
        ),
        Ended::Died { status, signal } => (
            "kernel-died",
            Blame::Notebook,
            format!(
                "{place} ended its kernel ({}).",
                how_it_died(*status, *signal)
            ),
            None,
        ),
        Ended::NoKernel { message } => (
            "no-kernel",
            Blame::Environment,
            format!("The kernel did not start: {}.", shorten(message)),
            Some("The environment needs ipykernel and has to fit this machine."),
        ),
        Ended::Lost { message } => (
            "sandbox-lost",
            Blame::Notebook,
            format!("{place} ended its sandbox: {}.", shorten(message)),
            None,
        ),
        Ended::Failed | Ended::Finished => (
            "cell-error",
            Blame::Notebook,
            format!("{place} failed."),
            None,
        ),
    };
    Cause {
        reason: reason.to_owned(),
        blame,
        cell,
        message,
        hint: hint.map(str::to_owned),
    }
}

fn how_it_died(status: Option<i32>, signal: Option<i32>) -> String {
    match (signal, status) {
        (Some(9), _) => "killed, signal 9".to_owned(),
        (Some(11), _) => "segmentation fault, signal 11".to_owned(),
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(status)) => format!("exit status {status}"),
        (None, None) => "no status".to_owned(),
    }
}

/// Why a notebook that ran proves nothing.
pub(crate) fn nothing_proven(cells: &[ProvenCell]) -> Option<Cause> {
    let whole = |reason: &str, message: &str, hint: &str| Cause {
        reason: reason.to_owned(),
        blame: Blame::Notebook,
        cell: None,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let Some(first) = cells.iter().position(|cell| cell.inference) else {
        return Some(whole(
            "no-inference",
            "Every cell ran, but none of them used a model.",
            "A notebook about a model should call it.",
        ));
    };
    let asserted = cells.iter().skip(first).any(|cell| cell.asserted);
    (!asserted).then(|| {
        whole(
            "no-assertion",
            "Every cell ran and a model was used, but nothing about its answer was asserted.",
            "Assert type, shape and that the answer is not empty.",
        )
    })
}

/// A model of which nothing is known.
pub(crate) fn unknown_model(unknown: &Unknown) -> Cause {
    Cause {
        reason: "model-unknown".to_owned(),
        blame: Blame::Environment,
        cell: None,
        message: unknown.message.clone(),
        hint: Some(
            "Give its configuration with `--hub-dir`, or prove with the Hub in reach.".to_owned(),
        ),
    }
}

/// A twin that could not be made.
pub(crate) fn no_twin(blueprint: &Blueprint, about: &Value) -> Cause {
    let error = about["error"].as_str().unwrap_or("the maker failed");
    let what = match blueprint.kind {
        Kind::Model => "twin of",
        Kind::Dataset => "stand-in for the dataset",
        Kind::Space => "stand-in for the space",
    };
    Cause {
        reason: "no-twin".to_owned(),
        blame: Blame::Twin,
        cell: None,
        message: format!(
            "No {what} `{}` could be made: {}.",
            blueprint.id,
            shorten(error)
        ),
        hint: about["hint"].as_str().map(str::to_owned),
    }
}

/// A notebook in another language.
pub(crate) fn other_kernel(notebook: &Notebook) -> Option<Cause> {
    let about = |key: &str, field: &str| {
        notebook
            .metadata
            .get(key)?
            .get(field)?
            .as_str()
            .map(str::to_lowercase)
    };
    let language = about("kernelspec", "language").or_else(|| about("language_info", "name"))?;
    (!language.is_empty() && !language.contains("python")).then(|| Cause {
        reason: "other-kernel".to_owned(),
        blame: Blame::Notebook,
        cell: None,
        message: format!(
            "The notebook is for a kernel of the language {}.",
            shorten(&language)
        ),
        hint: Some("Only notebooks in Python can be proven.".to_owned()),
    })
}

/// An environment that could not be made.
pub(crate) fn environment(error: &EnvError) -> Cause {
    Cause {
        reason: error.kind.as_str().to_owned(),
        blame: if error.kind.is_of_notebook() {
            Blame::Notebook
        } else {
            Blame::Environment
        },
        cell: None,
        message: error.to_string(),
        hint: error.hint().map(str::to_owned),
    }
}
