//! Exit codes, and the way errors are printed: what happened, then what to do.

use std::process::ExitCode;

use alacard_pipeline::Failure;

use crate::printer::Printer;

/// Unexpected.
pub(crate) const UNEXPECTED: u8 = 1;
/// Wrong use.
pub(crate) const USAGE: u8 = 2;
/// The checks found errors.
pub(crate) const FINDINGS: u8 = 4;

/// A proof failed.
pub(crate) const PROOF: u8 = 5;

/// An error for the user: message, hint, exit code.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
    pub(crate) code: u8,
    pub(crate) reason: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(code: u8, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: None,
            code,
            reason: None,
        }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(USAGE, message)
    }

    #[must_use]
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Prints the problem and gives its exit code.
    pub(crate) fn report(self, printer: &Printer) -> ExitCode {
        printer.error(&self.message, self.hint.as_deref(), self.reason);
        ExitCode::from(self.code)
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let reason = match &failure {
            Failure::Refused(refusal) => Some(refusal.reason.as_str()),
            _ => None,
        };
        Self {
            message: failure.to_string(),
            hint: failure.hint(),
            code: failure.exit_code(),
            reason,
        }
    }
}

impl From<alacard_hub::Refusal> for Problem {
    fn from(refusal: alacard_hub::Refusal) -> Self {
        Failure::from(refusal).into()
    }
}

impl From<alacard_catalog::UnknownCard> for Problem {
    fn from(unknown: alacard_catalog::UnknownCard) -> Self {
        Failure::from(unknown).into()
    }
}

impl From<alacard_catalog::CatalogError> for Problem {
    fn from(error: alacard_catalog::CatalogError) -> Self {
        Failure::from(error).into()
    }
}

impl From<anyhow::Error> for Problem {
    fn from(error: anyhow::Error) -> Self {
        Self::new(UNEXPECTED, format!("{error:#}"))
    }
}

/// What clap has to say: help and version go to stdout and are no error.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A closed stdout leaves nobody to tell.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    if wants_json() {
        Printer::for_machines().error(error.to_string().trim_end(), None, None);
    } else {
        let _ = error.print();
    }
    ExitCode::from(USAGE)
}

/// Whether messages should be JSON, asked of a command line that could not be read as a whole.
fn wants_json() -> bool {
    let arguments: Vec<_> = std::env::args_os().collect();
    let flag = arguments.iter().any(|a| a == "--log-format=json")
        || arguments
            .windows(2)
            .any(|pair| matches!(pair, [a, b] if a == "--log-format" && b == "json"));
    flag || std::env::var_os("ALACARD_LOG_FORMAT").is_some_and(|format| format == "json")
}
