//! Everything the gate runs, cheapest first, in one command.

use anyhow::Result;

use crate::laboratory::{self, Laboratory};
use crate::{corpus, docs, licences, oracle, shell};

/// Runs the gate.
pub(crate) fn test(light: bool) -> Result<()> {
    let python = oracle::python()?;
    let laboratory = Laboratory::set_up(light)?;
    shell::run("cargo", &["fmt", "--all", "--check"])?;
    licences::check()?;
    shell::run(
        "cargo",
        &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
            "--",
            "-D",
            "warnings",
        ],
    )?;
    shell::run_with(
        "cargo",
        &["doc", "--workspace", "--no-deps", "--locked", "--quiet"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    build()?;
    docs::run(true)?;
    corpus::gate()?;
    laboratory::python_half(&laboratory)?;
    if light {
        println!("LEFT OUT (--light): the proving ground needs torch");
    } else {
        ground(&laboratory)?;
    }
    // Last, so that the test runner's own lines close the output. The ignored tests are those
    // that need the Python made above.
    let mut tests = vec![
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--",
        "--include-ignored",
    ];
    if light {
        for part in ["verdicts::", "real::", "repairs::"] {
            println!("LEFT OUT (--light): tests whose names begin with `{part}`");
            tests.extend(["--skip", part]);
        }
    }
    let mut variables = laboratory.variables();
    variables.push(("ALACARD_TEST_PYTHON", &python));
    shell::run_with("cargo", &tests, &variables)
}

/// Builds everything that the rest of the gate starts by its path.
pub(crate) fn build() -> Result<()> {
    shell::run(
        "cargo",
        &[
            "build",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--locked",
        ],
    )
}

/// A dozen models over all tasks, and a few long lessons.
fn ground(laboratory: &Laboratory) -> Result<()> {
    let samples = [
        [
            "--sample",
            "12",
            "--difficulty",
            "beginner",
            "--format",
            "quickstart",
        ],
        [
            "--sample",
            "4",
            "--difficulty",
            "advanced",
            "--format",
            "manual",
        ],
    ];
    let mut variables = laboratory.variables();
    variables.push(("ALACARD_CACHE", &laboratory.cache));
    samples.iter().try_for_each(|sample| {
        let arguments = [&["xtask", "ground"][..], sample].concat();
        shell::run_with("cargo", &arguments, &variables)
    })
}
