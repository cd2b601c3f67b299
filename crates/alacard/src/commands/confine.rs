//! `alacard __confine`: the step between the program and a sandbox.

use std::process::ExitCode;

use alacard_sandbox::confine;

use crate::exit::Problem;
use crate::printer::Printer;

/// Becomes the command of the sandbox, or stays as its guardian until it ends.
pub(crate) fn run(printer: &Printer) -> ExitCode {
    match confine::run() {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let hint = error.hint();
            let problem = Problem::from(anyhow::Error::from(error));
            match hint {
                Some(hint) => problem.with_hint(hint).report(printer),
                None => problem.report(printer),
            }
        }
    }
}
