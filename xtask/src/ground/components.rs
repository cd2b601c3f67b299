//! Which UI components the catalogue has for a task.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize;

use crate::shell;

#[derive(Deserialize)]
struct Page {
    task: Vec<Task>,
}

#[derive(Deserialize)]
struct Task {
    id: String,
    #[serde(default)]
    lesson: String,
    #[serde(default)]
    ui: Vec<String>,
}

/// Components by task; tasks without a lesson of their own have none.
pub(crate) fn read() -> Result<BTreeMap<String, Vec<String>>> {
    let text = std::fs::read_to_string(shell::root().join("catalog/tasks.toml"))?;
    let page: Page = toml::from_str(&text)?;
    let taught = page.task.into_iter().filter(|task| !task.lesson.is_empty());
    Ok(taught.map(|task| (task.id, task.ui)).collect())
}
