//! `alacard __confine`: the step between this program and a sandbox.

use std::process::ExitCode;

use alacard_sandbox::{SandboxError, confine};

use crate::exit::{Problem, UNEXPECTED, USAGE};
use crate::printer::Printer;

/// Becomes the command of the sandbox, or stays as its guardian until it ends.
pub(crate) fn run(printer: &Printer) -> ExitCode {
    match confine::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => problem(&error).report(printer),
    }
}

fn problem(error: &SandboxError) -> Problem {
    let code = if matches!(error, SandboxError::NoPlan) {
        USAGE
    } else {
        UNEXPECTED
    };
    let problem = Problem::new(code, error.to_string());
    match error.hint() {
        Some(hint) => problem.with_hint(hint),
        None => problem,
    }
}
