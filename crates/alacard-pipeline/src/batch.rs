//! Many sources, several at a time.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use alacard_catalog::recipe::Ui;
use serde::Deserialize;

use crate::{Failure, Options, Pipeline, Quiet, Report, Request, Row, Run};

/// One line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The source, or the id of an index row.
    pub source: String,
    /// Folder of an index row, relative to the folder that stands in for the Hub.
    pub path: Option<String>,
}

/// The two fields of an index row that are read; its other columns are never facts.
#[derive(Deserialize)]
struct IndexRow {
    id: String,
    path: Option<String>,
}

/// Reads a list: one source a line, or one JSON object with `id` and `path` a line. Empty lines
/// and lines that begin with `#` are left out.
pub fn read_list(text: &str) -> Vec<Entry> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(entry).collect()
}

fn entry(line: &str) -> Entry {
    match serde_json::from_str::<IndexRow>(line) {
        Ok(row) => Entry {
            source: row.id,
            path: row.path,
        },
        Err(_) => Entry {
            source: line.to_owned(),
            path: None,
        },
    }
}

/// A list of sources with one set of options.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The sources.
    pub entries: Vec<Entry>,
    /// Recipe options for all of them.
    pub options: Options,
    /// Folder under which run folders are made.
    pub out: PathBuf,
    /// Begin anew.
    pub fresh: bool,
    /// How many run at a time; at least 1.
    pub jobs: usize,
}

impl Batch {
    /// Runs all sources; `done` is told after each one how many have ended.
    ///
    /// # Errors
    ///
    /// [`Failure::Interrupted`] when the run was stopped; what ended before is on disk.
    pub fn run(
        &self,
        pipeline: &Pipeline,
        done: &(dyn Fn(usize, &Row) + Sync),
    ) -> Result<Report, Failure> {
        let began = pipeline.now();
        let (next, ended) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let rows: Mutex<Vec<Option<Row>>> = Mutex::new(vec![None; self.entries.len()]);
        std::thread::scope(|scope| {
            for _ in 0..self.jobs.clamp(1, 64) {
                scope.spawn(|| {
                    while let Some((index, entry)) = self.take(&next, pipeline) {
                        let row = self.one(pipeline, entry);
                        done(ended.fetch_add(1, Ordering::Relaxed) + 1, &row);
                        if let Some(place) = rows
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .get_mut(index)
                        {
                            *place = Some(row);
                        }
                    }
                });
            }
        });
        if pipeline.is_cancelled() {
            return Err(Failure::Interrupted);
        }
        let rows = rows.into_inner().unwrap_or_else(PoisonError::into_inner);
        let seconds = pipeline.now().saturating_sub(began).as_secs_f64();
        Ok(Report::new(rows.into_iter().flatten().collect(), seconds))
    }

    fn take(&self, next: &AtomicUsize, pipeline: &Pipeline) -> Option<(usize, &Entry)> {
        if pipeline.is_cancelled() {
            return None;
        }
        let index = next.fetch_add(1, Ordering::Relaxed);
        Some((index, self.entries.get(index)?))
    }

    fn one(&self, pipeline: &Pipeline, entry: &Entry) -> Row {
        let began = pipeline.now();
        let mut teachable = false;
        let result = self.generate(pipeline, entry, &mut teachable);
        let milliseconds = pipeline.now().saturating_sub(began).as_secs_f64() * 1000.0;
        let mut row = match &result {
            Ok(run) => Row::of_run(&entry.source, run, milliseconds),
            Err(failure) => Row::of_failure(&entry.source, failure, milliseconds),
        };
        row.teachable = teachable;
        row
    }

    fn generate(
        &self,
        pipeline: &Pipeline,
        entry: &Entry,
        teachable: &mut bool,
    ) -> Result<Run, Failure> {
        let mut request = Request {
            source: entry.source.clone(),
            options: self.options.clone(),
            out: self.out.clone(),
            fresh: self.fresh,
        };
        let revision = self.options.revision.as_deref();
        let dossier = match &entry.path {
            Some(path) => pipeline.hub().dossier_at(&entry.source, path)?,
            None => pipeline
                .hub()
                .dossier(&pipeline.hub().parse(&entry.source)?, revision)?,
        };
        *teachable = is_teachable(&dossier);
        if let Some(refusal) = alacard_hub::refusal(&dossier) {
            return Err(refusal.into());
        }
        match pipeline.generate_known(&request, dossier.clone(), &Quiet) {
            // A component that fits one model of a list need not fit the next.
            Err(Failure::Incompatible { .. }) => {
                request.options.ui = Some(Ui::None);
                pipeline.generate_known(&request, dossier, &Quiet)
            }
            other => other,
        }
    }
}

/// Whether the page names a task or library, or holds a configuration or an example that parses.
fn is_teachable(dossier: &alacard_hub::dossier::Dossier) -> bool {
    dossier.task.is_some()
        || dossier.library.is_some()
        || dossier.architecture.is_some()
        || dossier.model_type.is_some()
        || alacard_catalog::route::usable_examples(dossier)
            .next()
            .is_some()
}
