//! What became of one notebook.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::batch::Plan;

/// One notebook and its proof.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) plan: String,
    pub(crate) task: String,
    /// Model type; filled in from the entry.
    pub(crate) kind: String,
    pub(crate) starts: bool,
    pub(crate) runs: bool,
    pub(crate) proves: bool,
    pub(crate) first_variant: bool,
    /// Seconds for everything: the notebook, its twins, the execution.
    pub(crate) seconds: f64,
    /// Seconds of the execution alone.
    pub(crate) executed: f64,
    pub(crate) peak_mb: u64,
    /// Why not.
    pub(crate) causes: Vec<String>,
    /// Stand-ins for files that the entries do not have.
    pub(crate) standins: usize,
    pub(crate) notebook: String,
    /// Why it does not count in the rates.
    pub(crate) left_out: Option<String>,
}

/// What a notebook must have in it, and have run, when it is to exercise a component.
const MARKS: [(&str, &str); 3] = [
    ("api", "TestClient("),
    ("gradio", "gradio_client"),
    ("streamlit", "AppTest"),
];

/// The cause of an environment that would have to be compiled: counted, but no fault of a lesson.
const COMPILER: &str = "needs-compiler ";

impl Row {
    /// A row of the batch's report, with its proof.
    pub(crate) fn read(row: &Value, plan: &Plan) -> Self {
        let notebook = row["notebook"].as_str().unwrap_or_default().to_owned();
        let folder = Path::new(&notebook).parent().unwrap_or(Path::new(""));
        let proof = json(&folder.join("proof.json"));
        let yes = |key: &str| row[key].as_bool() == Some(true);
        let mut read = Self {
            id: row["id"].as_str().unwrap_or("?").to_owned(),
            plan: plan.title(),
            task: row["task"].as_str().unwrap_or("?").to_owned(),
            kind: String::new(),
            starts: yes("starts"),
            runs: yes("runs"),
            proves: yes("proves"),
            first_variant: yes("proves") && row["repairs"] == 0,
            seconds: row["milliseconds"].as_f64().unwrap_or(0.0) / 1000.0,
            executed: proof["seconds"].as_f64().unwrap_or(0.0),
            peak_mb: proof["peak_memory_mb"].as_u64().unwrap_or(0),
            causes: causes(row, &proof),
            standins: list(&proof["twins"])
                .map(|twin| list(&twin["standins"]).count())
                .sum(),
            left_out: None,
            notebook,
        };
        if !read.causes.is_empty() && read.causes.iter().all(|cause| cause.starts_with(COMPILER)) {
            read.left_out = Some("a package has no ready build for this machine".to_owned());
        }
        if let Some(ui) = &plan.ui {
            read.look_at_component(ui);
        }
        read
    }

    /// A component that does not fit was replaced by none; one that fits must have been exercised.
    fn look_at_component(&mut self, ui: &str) {
        let notebook = json(Path::new(&self.notebook));
        if notebook["metadata"]["alacard"]["recipe"]["ui"] != ui {
            self.left_out = Some("the component does not fit the model".to_owned());
        }
        let mark = MARKS
            .iter()
            .find(|(id, _)| *id == ui)
            .map(|(_, mark)| *mark);
        let exercised = |mark: &str| list(&notebook["cells"]).any(|cell| is_code_with(cell, mark));
        if self.left_out.is_none() && self.proves && mark.is_some_and(|mark| !exercised(mark)) {
            self.proves = false;
            self.causes.push(format!(
                "component-not-exercised: no cell of the notebook has `{}`",
                mark.unwrap_or_default()
            ));
        }
    }
}

fn is_code_with(cell: &Value, mark: &str) -> bool {
    let has = |line: &Value| line.as_str().is_some_and(|line| line.contains(mark));
    cell["cell_type"] == "code" && (has(&cell["source"]) || list(&cell["source"]).any(has))
}

/// The proof's causes with the first error; without a proof, what the batch says.
fn causes(row: &Value, proof: &Value) -> Vec<String> {
    let told = list(&proof["causes"]).map(|cause| {
        let word = |key: &str| cause[key].as_str().unwrap_or("?");
        format!(
            "{} ({}): {}",
            word("reason"),
            word("blame"),
            word("message")
        )
    });
    let mut causes: Vec<String> = told.collect();
    let error = list(&proof["cells"])
        .map(|cell| &cell["error"])
        .find(|error| error.is_object());
    if let (Some(error), false) = (error, causes.is_empty()) {
        let word = |key: &str| error[key].as_str().unwrap_or_default();
        causes.push(format!("error: {}: {}", word("name"), word("message")));
    }
    if row["outcome"] != "notebook" {
        let findings: BTreeMap<&String, &Value> =
            row["findings"].as_object().into_iter().flatten().collect();
        causes.push(format!(
            "{}: {} {findings:?}",
            row["outcome"], row["message"]
        ));
    }
    causes
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn json(path: &Path) -> Value {
    std::fs::read(path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}
