//! Chores of this workspace: `cargo xtask test` is the gate.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the command line"
)]

mod corpus;
mod docs;
mod gate;
mod ground;
mod laboratory;
mod licences;
mod oracle;
mod shell;

use std::process::ExitCode;

use anyhow::{Result, bail};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test       set up what the tests need, then run everything the gate runs
             (test --light: without what needs torch, and it says what was left out)
  docs       write the generated pages under docs/ (docs --check: only compare)
  licences   check the licences and sources of all dependencies
  oracle     judge notebooks with Python: oracle FILE-OR-FOLDER ...
  corpus     make a notebook for each page of a corpus and judge them: corpus [FOLDER]
  matrix     every compatible combination of cards, made and judged
  ground     the proving ground: every entry of proving/ executed on its twin. [--only TEXT]
             [--sample N] [--jobs N] [--ui all] [--difficulty D] [--format F] [--runtime R]
             [--catalog DIR] [--report FILE] [--resume]
  sweep      a twin of every model type of transformers, made and run; an error below 95 %.
             [--only TYPE ...] [--jobs N] [--limit SECONDS] [--memory MB] [--out FILE.jsonl]
  bench      the figures of the README, beside Python's";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments {
        [command, rest @ ..] => (command.as_str(), rest),
        [] => bail!("{USAGE}"),
    };
    match command {
        "test" => gate::test(rest.iter().any(|argument| argument == "--light")),
        "docs" => docs::run(rest.iter().any(|argument| argument == "--check")),
        "licences" => licences::check(),
        "oracle" => oracle::judge(rest),
        "corpus" => corpus::run(rest.first().map(String::as_str)),
        "matrix" => corpus::matrix(),
        "ground" => ground::run(rest),
        "sweep" => laboratory::sweep(rest),
        "bench" => corpus::bench(),
        other => bail!("unknown command `{other}`\n{USAGE}"),
    }
}
