//! The Python environment that judges notebooks, made on demand.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::shell;

/// The environment's folder; `target/` is never committed.
fn folder() -> PathBuf {
    shell::root().join("target").join("oracle")
}

/// The environment's Python, made when it is not there or its requirements changed.
pub(crate) fn python() -> Result<String> {
    let (folder, lock) = (
        folder(),
        shell::root().join("python/oracle-requirements.txt"),
    );
    let python = shell::text(&folder.join("bin/python"));
    let wanted = std::fs::read_to_string(&lock).context("python/oracle-requirements.txt")?;
    let stamp = folder.join("requirements.txt");
    if std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        return Ok(python);
    }
    make(&shell::text(&folder), &python, &shell::text(&lock))?;
    std::fs::write(stamp, wanted)?;
    Ok(python)
}

/// With uv where it is, else with Python's own tools.
fn make(folder: &str, python: &str, lock: &str) -> Result<()> {
    if shell::exists("uv") {
        shell::run("uv", &["venv", "--quiet", "--clear", folder])?;
        return shell::run(
            "uv",
            &["pip", "install", "--quiet", "--python", python, "-r", lock],
        );
    }
    shell::run("python3", &["-m", "venv", "--clear", folder])?;
    shell::run(
        python,
        &[
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "-r",
            lock,
        ],
    )
}

/// Judges files and folders.
pub(crate) fn judge(paths: &[String]) -> Result<()> {
    if paths.is_empty() {
        bail!("name notebooks or folders");
    }
    let python = python()?;
    let mut arguments = vec!["python/oracle.py"];
    arguments.extend(paths.iter().map(String::as_str));
    shell::run(&python, &arguments)
}
