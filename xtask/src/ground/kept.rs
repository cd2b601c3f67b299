//! The rows so far: a run of hours can be ended and gone on with.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::batch::Plan;
use super::options::Options;
use super::row::Row;

/// All rows, and the file that has them.
pub(crate) struct Kept {
    pub(crate) rows: Vec<Row>,
    program: String,
    path: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Report {
    /// SHA-256 of the program that made the rows.
    program: String,
    rows: Vec<Row>,
}

impl Kept {
    /// Those of the report that is gone on with, else none. Rows of another program do not count.
    pub(crate) fn open(options: &Options, program: &Path) -> Result<Self> {
        let mut kept = Self {
            rows: Vec::new(),
            program: digest(program)?,
            path: options.report.clone(),
        };
        let path = options.report.as_deref().filter(|path| path.exists());
        if let (true, Some(path)) = (options.resume, path) {
            let report: Report = serde_json::from_slice(&std::fs::read(path)?)
                .with_context(|| format!("{} is not a report", path.display()))?;
            if report.program != kept.program {
                bail!("{} was written with another program", path.display());
            }
            kept.rows = report.rows;
        }
        Ok(kept)
    }

    /// Whether all rows of a plan are there.
    pub(crate) fn has(&self, plan: &Plan) -> bool {
        let title = plan.title();
        let has = |id: &String| {
            self.rows
                .iter()
                .any(|row| row.plan == title && row.id == *id)
        };
        plan.ids.iter().all(has)
    }

    /// Adds the rows of a plan, to the file too.
    pub(crate) fn add(&mut self, rows: Vec<Row>) -> Result<()> {
        self.rows.extend(rows);
        let Some(path) = &self.path else {
            return Ok(());
        };
        let report = Report {
            program: self.program.clone(),
            rows: self.rows.clone(),
        };
        std::fs::write(path, serde_json::to_string_pretty(&report)?)
            .with_context(|| format!("cannot write {}", path.display()))
    }
}

fn digest(program: &Path) -> Result<String> {
    let bytes =
        std::fs::read(program).with_context(|| format!("cannot read {}", program.display()))?;
    Ok(Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect())
}
