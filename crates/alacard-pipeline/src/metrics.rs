//! `metrics.json`: durations, retries, tokens and cost by stage, and what the reader will need.

use std::collections::BTreeMap;

use alacard_notebook::{CellKind, Notebook};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Made, Stage};

/// Words that an adult reads in a minute (silent reading of non-fiction, Brysbaert 2019: 238).
const WORDS_A_MINUTE: usize = 238;

/// Figures of one run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// Version of this shape.
    pub schema_version: u32,
    /// Seconds by stage.
    pub seconds: BTreeMap<Stage, f64>,
    /// Stages whose artifacts were reused.
    pub reused: Vec<Stage>,
    /// Sections that were written again.
    pub repairs: usize,
    /// Tokens sent to a language model; 0 for the offline teacher.
    pub tokens_in: u64,
    /// Tokens received from it.
    pub tokens_out: u64,
    /// Cost in US dollars; 0 for the offline teacher.
    pub cost_usd: f64,
    /// Minutes to read the Markdown.
    pub reading_minutes: f64,
    /// Share of Markdown cells, from 0 to 1.
    pub markdown_share: f64,
    /// Cells.
    pub cells: usize,
    /// Code cells.
    pub code_cells: usize,
}

impl Metrics {
    pub(crate) fn of(made: &Made, seconds: BTreeMap<Stage, f64>, reused: Vec<Stage>) -> Self {
        let notebook = &made.notebook;
        Self {
            schema_version: 1,
            seconds,
            reused,
            repairs: made.repairs,
            tokens_in: 0,
            tokens_out: 0,
            cost_usd: 0.0,
            reading_minutes: words(notebook) as f64 / WORDS_A_MINUTE as f64,
            markdown_share: notebook.markdown_share(),
            cells: notebook.cells.len(),
            code_cells: notebook
                .cells
                .iter()
                .filter(|c| c.kind == CellKind::Code)
                .count(),
        }
    }
}

fn words(notebook: &Notebook) -> usize {
    let markdown = notebook
        .cells
        .iter()
        .filter(|c| c.kind == CellKind::Markdown);
    markdown
        .map(|cell| cell.source.split_whitespace().count())
        .sum()
}
