//! A place to prove notebooks in: one cache for all tests, so that environments are made once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// A working folder.
pub(crate) struct Bench {
    root: TempDir,
}

/// What `alacard prove` said.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) stderr: String,
    pub(crate) proof: Value,
}

impl Said {
    /// How a cell ended, by its position.
    pub(crate) fn state(&self, cell: usize) -> &str {
        self.proof["cells"][cell]["state"].as_str().unwrap_or("?")
    }

    /// The first cause.
    pub(crate) fn reason(&self) -> &str {
        self.proof["causes"][0]["reason"].as_str().unwrap_or("none")
    }

    pub(crate) fn message(&self) -> &str {
        self.proof["causes"][0]["message"]
            .as_str()
            .unwrap_or("none")
    }

    /// Every cell ran: what the cells assert about the sandbox held.
    pub(crate) fn all_ran(&self) {
        assert_eq!(self.proof["ended"]["end"], "finished", "{}", self.told());
        assert_eq!(self.proof["runs"], true, "{}", self.told());
    }

    /// Everything that helps to understand a failure.
    pub(crate) fn told(&self) -> String {
        format!("{}\n{:#}", self.stderr, self.proof)
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            root: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    /// Writes a notebook of code cells.
    pub(crate) fn notebook(&self, name: &str, cells: &[&str]) -> PathBuf {
        let cells: Vec<Value> = cells
            .iter()
            .enumerate()
            .map(|(n, source)| cell(n, source))
            .collect();
        let path = self.path(name);
        let value = json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5});
        std::fs::write(&path, value.to_string()).unwrap();
        path
    }

    /// The program in this place.
    pub(crate) fn alacard(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alacard"));
        command
            .args(arguments)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path("home"))
            .env("ALACARD_CACHE", cache())
            .env("ALACARD_ENVS", cache().join("envs"))
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .env("SECRET_OF_THE_HOST", "do-not-show")
            .current_dir(self.root.path())
            .stdin(Stdio::null());
        for name in [
            "ALACARD_UV",
            "ALACARD_PYTHON",
            "UV_CACHE_DIR",
            "SSL_CERT_FILE",
        ] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command
    }

    /// Proves a notebook file.
    pub(crate) fn prove_file(&self, file: &Path, arguments: &[&str]) -> Said {
        let file = file.display().to_string();
        let all = [&["prove", &file, "--offline", "--json"], arguments].concat();
        said(&self.alacard(&all).output().unwrap())
    }

    /// Proves code cells.
    pub(crate) fn prove(&self, cells: &[&str], arguments: &[&str]) -> Said {
        let file = self.notebook("notebook.ipynb", cells);
        self.prove_file(&file, arguments)
    }
}

pub(crate) fn said(output: &Output) -> Said {
    let stdout = String::from_utf8_lossy(&output.stdout);
    Said {
        code: output.status.code(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        proof: serde_json::from_str(&stdout).unwrap_or_default(),
    }
}

fn cell(number: usize, source: &str) -> Value {
    json!({
        "cell_type": "code", "id": format!("c{number}"), "metadata": {}, "outputs": [],
        "execution_count": null, "source": source,
    })
}

/// Where environments are kept; the gate names it.
pub(crate) fn cache() -> PathBuf {
    std::env::var_os("ALACARD_TEST_CACHE")
        .map(PathBuf::from)
        .unwrap()
}
