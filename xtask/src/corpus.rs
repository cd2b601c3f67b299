//! Many notebooks at once: the corpus, the matrix of cards, the figures.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::{oracle, shell};

/// Where the public corpus of model pages lies, when it is there.
const CORPUS: &str = "../shared/corpus";

fn place(name: &str) -> Result<PathBuf> {
    let place = shell::root().join("target").join(name);
    if place.exists() {
        std::fs::remove_dir_all(&place)?;
    }
    std::fs::create_dir_all(&place)?;
    Ok(place)
}

/// The part of this that the gate runs, with the programs of the test build: pairs of cards, and
/// the corpus when it is there.
pub(crate) fn gate() -> Result<()> {
    let out = shell::text(&place("matrix-pairwise")?);
    shell::run("target/debug/examples/matrix", &[&out, "--pairwise"])?;
    judge(&out)?;
    if shell::root().join(CORPUS).join("INDEX.jsonl").is_file() {
        return pages("target/debug/alacard", CORPUS);
    }
    println!("corpus: SKIPPED, {CORPUS} is not there");
    Ok(())
}

/// Every compatible combination of cards.
pub(crate) fn matrix() -> Result<()> {
    let out = shell::text(&place("matrix")?);
    let build = [
        "build",
        "--release",
        "--locked",
        "-p",
        "alacard-pipeline",
        "--example",
        "matrix",
    ];
    shell::run("cargo", &build)?;
    shell::run("target/release/examples/matrix", &[&out])?;
    judge(&out)
}

fn judge(folder: &str) -> Result<()> {
    let mut files: Vec<String> = Vec::new();
    collect(Path::new(folder), &mut files)?;
    files.sort();
    let list = format!("{folder}.txt");
    std::fs::write(&list, files.join("\n"))?;
    let python = oracle::python()?;
    shell::run(
        "sh",
        &[
            "-c",
            "exec \"$0\" python/oracle.py - < \"$1\"",
            &python,
            &list,
        ],
    )
}

fn collect(folder: &Path, files: &mut Vec<String>) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "ipynb") && !path.ends_with("draft.ipynb") {
            files.push(shell::text(&path));
        }
    }
    Ok(())
}

/// A notebook for each page of a corpus, then both judges.
pub(crate) fn run(folder: Option<&str>) -> Result<()> {
    shell::run(
        "cargo",
        &["build", "--release", "--locked", "-p", "alacard"],
    )?;
    pages("target/release/alacard", folder.unwrap_or(CORPUS))
}

fn pages(program: &str, folder: &str) -> Result<()> {
    let index = format!("{folder}/INDEX.jsonl");
    if !shell::root().join(&index).is_file() {
        bail!("`{index}` is not there");
    }
    let out = shell::text(&place("corpus")?);
    let report = format!("{out}/report.json");
    let batch = [
        "batch",
        &index,
        "--hub-dir",
        folder,
        "--offline",
        "--out",
        &out,
        "--report",
        &report,
    ];
    shell::run(program, &batch)?;
    judge(&out)
}

/// The figures of the README, beside Python's.
pub(crate) fn bench() -> Result<()> {
    shell::run(
        "cargo",
        &["build", "--release", "--locked", "-p", "alacard"],
    )?;
    let python = oracle::python()?;
    shell::run(&python, &["benches/figures.py", "target/release/alacard"])?;
    shell::run("cargo", &["bench", "--locked", "-p", "alacard-pipeline"])
}
