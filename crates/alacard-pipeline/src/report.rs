//! What became of a list of sources: one row each, and the totals with the three rates.

use std::collections::BTreeMap;

use alacard_check::Severity;
use alacard_hub::Reason;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Failure, Run};

/// How one source ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// A notebook without errors.
    Notebook,
    /// A notebook in which the checks found errors.
    Flagged,
    /// A plain refusal.
    Refused,
    /// Something unexpected.
    Failed,
}

/// One source of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The source as the list names it.
    pub id: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Reason code of a refusal.
    pub reason: Option<Reason>,
    /// What happened, for refusals and failures.
    pub message: Option<String>,
    /// The route that was taken.
    pub route: Option<String>,
    /// The lesson at its end.
    pub lesson: Option<String>,
    /// Pipeline tag.
    pub task: Option<String>,
    /// Library id.
    pub library: Option<String>,
    /// Whether the page names a task or library, or holds a configuration or an example that
    /// parses.
    pub teachable: bool,
    /// Number of findings by rule.
    pub findings: BTreeMap<String, usize>,
    /// Whether the notebook starts.
    pub starts: Option<bool>,
    /// Whether it runs; `null` until there was an execution.
    pub runs: Option<bool>,
    /// Whether it proves; `null` until there was an execution.
    pub proves: Option<bool>,
    /// Why it did not run or prove, by reason.
    #[serde(default)]
    pub causes: Vec<String>,
    /// Sections that were written again.
    pub repairs: usize,
    /// The published notebook.
    pub notebook: Option<String>,
    /// Time for this source.
    pub milliseconds: f64,
}

impl Row {
    pub(crate) fn of_run(id: &str, run: &Run, milliseconds: f64) -> Self {
        let value = |fact: &Option<alacard_hub::dossier::Fact<String>>| {
            fact.as_ref().map(|f| f.value.clone())
        };
        let mut findings = BTreeMap::new();
        for finding in &run.made.findings {
            *findings.entry(finding.rule.clone()).or_insert(0) += 1;
        }
        let errors = run
            .made
            .findings
            .iter()
            .any(|f| f.severity == Severity::Error);
        Self {
            outcome: if errors {
                Outcome::Flagged
            } else {
                Outcome::Notebook
            },
            route: Some(run.made.chosen.route.as_str().to_owned()),
            lesson: Some(run.made.chosen.lesson.clone()),
            task: value(&run.dossier.task),
            library: value(&run.dossier.library),
            teachable: true,
            findings,
            starts: Some(run.made.starts()),
            runs: run.made.verdict(|proof| proof.runs),
            proves: run.made.verdict(|proof| proof.proves),
            causes: run
                .made
                .proven
                .iter()
                .flat_map(|p| &p.proof.causes)
                .map(|cause| cause.reason.clone())
                .collect(),
            repairs: run.made.repairs,
            notebook: Some(run.notebook.display().to_string()),
            ..Self::empty(id, Outcome::Notebook, milliseconds)
        }
    }

    pub(crate) fn of_failure(id: &str, failure: &Failure, milliseconds: f64) -> Self {
        let (outcome, reason) = match failure {
            Failure::Refused(refusal) => (Outcome::Refused, Some(refusal.reason)),
            _ => (Outcome::Failed, None),
        };
        Self {
            reason,
            message: Some(failure.to_string()),
            ..Self::empty(id, outcome, milliseconds)
        }
    }

    fn empty(id: &str, outcome: Outcome, milliseconds: f64) -> Self {
        Self {
            id: id.to_owned(),
            outcome,
            reason: None,
            message: None,
            route: None,
            lesson: None,
            task: None,
            library: None,
            teachable: false,
            findings: BTreeMap::new(),
            starts: None,
            runs: None,
            proves: None,
            causes: Vec::new(),
            repairs: 0,
            notebook: None,
            milliseconds,
        }
    }
}

/// The three rates, from 0 to 1, over the sources that are teachable.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Rates {
    /// Schema-valid, all cells parse, names and imports known.
    pub starts: Option<f64>,
    /// Executed without error; `null` until there was an execution.
    pub runs: Option<f64>,
    /// Did real inference; `null` until there was an execution.
    pub proves: Option<f64>,
    /// Started with the first variant of every section, without repair.
    pub first_variant: Option<f64>,
}

/// Sums over all rows.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// Sources.
    pub sources: usize,
    /// Sources by how they ended.
    pub outcomes: BTreeMap<Outcome, usize>,
    /// Refusals by reason.
    pub refusals: BTreeMap<Reason, usize>,
    /// Share of each route among the notebooks, from 0 to 1.
    pub routes: BTreeMap<String, f64>,
    /// Findings by rule.
    pub findings: BTreeMap<String, usize>,
    /// Sources whose page names a task or library, or holds a configuration or an example.
    pub teachable: usize,
    /// Share of those that got a notebook.
    pub teachable_with_notebook: Option<f64>,
    /// The three rates over all notebooks.
    pub rates: Rates,
    /// Wall-clock time of the whole batch.
    pub seconds: f64,
}

/// The report of a batch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// Version of this shape.
    pub schema_version: u32,
    /// The sums.
    pub totals: Totals,
    /// One row a source, in the order of the list.
    pub rows: Vec<Row>,
}

impl Report {
    /// Sums up rows.
    pub fn new(rows: Vec<Row>, seconds: f64) -> Self {
        let mut totals = Totals {
            sources: rows.len(),
            seconds,
            ..Totals::default()
        };
        for row in &rows {
            *totals.outcomes.entry(row.outcome).or_insert(0) += 1;
            totals.teachable += usize::from(row.teachable);
            if let Some(reason) = row.reason {
                *totals.refusals.entry(reason).or_insert(0) += 1;
            }
            for (rule, count) in &row.findings {
                *totals.findings.entry(rule.clone()).or_insert(0) += count;
            }
        }
        let notebooks: Vec<&Row> = rows.iter().filter(|row| row.notebook.is_some()).collect();
        totals.routes = routes(&notebooks);
        totals.teachable_with_notebook = share(
            notebooks.iter().filter(|row| row.teachable).count(),
            totals.teachable,
        );
        totals.rates = rates(&notebooks);
        Self {
            schema_version: 1,
            totals,
            rows,
        }
    }

    /// The exit code of `batch`: 1 when something unexpected happened, 4 when a notebook has
    /// errors, 0 when every source ended in a notebook or a refusal.
    pub fn exit_code(&self) -> u8 {
        let any = |outcome| self.totals.outcomes.contains_key(&outcome);
        match (any(Outcome::Failed), any(Outcome::Flagged)) {
            (true, _) => 1,
            (false, true) => 4,
            (false, false) => 0,
        }
    }
}

fn share(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn routes(notebooks: &[&Row]) -> BTreeMap<String, f64> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for route in notebooks.iter().filter_map(|row| row.route.clone()) {
        *counts.entry(route).or_insert(0) += 1;
    }
    counts
        .into_iter()
        .map(|(route, count)| (route, count as f64 / notebooks.len() as f64))
        .collect()
}

fn rates(notebooks: &[&Row]) -> Rates {
    let starts = notebooks.iter().filter(|row| row.starts == Some(true));
    let first = starts.clone().filter(|row| row.repairs == 0).count();
    let executed: Vec<&&Row> = notebooks.iter().filter(|row| row.runs.is_some()).collect();
    let count =
        |of: fn(&Row) -> Option<bool>| executed.iter().filter(|row| of(row) == Some(true)).count();
    Rates {
        starts: share(starts.count(), notebooks.len()),
        runs: share(count(|row| row.runs), executed.len()),
        proves: share(count(|row| row.proves), executed.len()),
        first_variant: share(first, notebooks.len()),
    }
}
