//! One run of `alacard batch` over some entries, and what it says about each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::row::Row;
use crate::shell;

/// What the notebooks of one run have in common.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) difficulty: &'static str,
    pub(crate) format: &'static str,
    pub(crate) runtime: &'static str,
    /// The UI component; none for the default.
    pub(crate) ui: Option<String>,
    pub(crate) ids: Vec<String>,
}

/// What is the same for all runs.
pub(crate) struct Ground {
    pub(crate) program: PathBuf,
    pub(crate) hub: PathBuf,
    pub(crate) out: PathBuf,
    pub(crate) jobs: usize,
    pub(crate) catalog: Option<String>,
}

impl Plan {
    /// In a few words.
    pub(crate) fn title(&self) -> String {
        let ui = self
            .ui
            .as_deref()
            .map(|ui| format!(", {ui}"))
            .unwrap_or_default();
        format!("{}, {}, {}{ui}", self.difficulty, self.format, self.runtime)
    }

    fn arguments(&self, ground: &Ground, list: &Path, out: &Path) -> Vec<String> {
        let mut arguments: Vec<String> = vec!["batch".to_owned(), shell::text(list)];
        let mut option = |name: &str, value: String| arguments.extend([format!("--{name}"), value]);
        option("hub-dir", shell::text(&ground.hub));
        option("difficulty", self.difficulty.to_owned());
        option("format", self.format.to_owned());
        option("runtime", self.runtime.to_owned());
        option("jobs", ground.jobs.to_string());
        option("out", shell::text(out));
        option("report", shell::text(&out.join("report.json")));
        if let Some(ui) = &self.ui {
            option("ui", ui.clone());
        }
        if let Some(catalog) = &ground.catalog {
            option("catalog", catalog.clone());
        }
        arguments.extend(["--offline", "--prove", "--fresh", "--quiet"].map(str::to_owned));
        arguments
    }
}

/// Makes and proves the notebooks of a plan.
pub(crate) fn run(ground: &Ground, plan: &Plan) -> Result<Vec<Row>> {
    let out = ground.out.join(plan.title().replace(", ", "-"));
    std::fs::create_dir_all(&out)?;
    let list = out.join("list.txt");
    std::fs::write(&list, plan.ids.join("\n"))?;
    // The exit code tells of single notebooks, which the rows tell better.
    let status = Command::new(&ground.program)
        .args(plan.arguments(ground, &list, &out))
        .current_dir(shell::root())
        .status()
        .with_context(|| format!("cannot start {}", ground.program.display()))?;
    let report = out.join("report.json");
    let Ok(bytes) = std::fs::read(&report) else {
        bail!("the batch ended with {status} and without a report");
    };
    let report: Value = serde_json::from_slice(&bytes)?;
    let rows = report["rows"].as_array().cloned().unwrap_or_default();
    Ok(rows.iter().map(|row| Row::read(row, plan)).collect())
}
