//! Everything the gate runs, cheapest first, in one command.

use anyhow::Result;

use crate::{corpus, docs, licences, oracle, shell};

/// Runs the gate.
pub(crate) fn test() -> Result<()> {
    let python = oracle::python()?;
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
    docs::run(true)?;
    let all = ["--workspace", "--all-targets", "--all-features", "--locked"];
    shell::run("cargo", &[&["build"][..], &all].concat())?;
    corpus::gate()?;
    // Last, so that the test runner's own lines close the output. The ignored tests are those
    // that need the Python made above.
    let tests = [
        "test",
        "--workspace",
        "--all-features",
        "--locked",
        "--",
        "--include-ignored",
    ];
    shell::run_with("cargo", &tests, &[("ALACARD_TEST_PYTHON", &python)])
}
