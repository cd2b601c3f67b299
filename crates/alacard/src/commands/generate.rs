//! `alacard generate`: one notebook.

use std::path::PathBuf;
use std::process::ExitCode;

use alacard_check::Severity;
use alacard_pipeline::{Request, Run};

use super::Shell;
use crate::cli::GenerateArgs;
use crate::exit::{FINDINGS, PROOF, Problem};
use crate::progress::Progress;

pub(crate) fn run(shell: &Shell, args: GenerateArgs) -> Result<ExitCode, Problem> {
    let trust = args.recipe.trust_remote_code;
    let request = Request {
        source: args.source,
        options: shell.options(args.recipe)?,
        out: out_folder(shell, args.out),
        fresh: args.fresh,
    };
    let pipeline = shell.proving(args.prove, args.hub, &args.execute, trust)?;
    let progress = Progress::new(shell.printer);
    let result = pipeline.generate(&request, &progress);
    progress.clear();
    finish(shell, &result?, args.json)
}

/// The folder for run folders: flag or environment, configuration, default.
pub(crate) fn out_folder(shell: &Shell, given: Option<PathBuf>) -> PathBuf {
    given
        .or_else(|| shell.config.out.clone())
        .unwrap_or_else(|| PathBuf::from("alacard-out"))
}

/// Says what was made; the notebook's path (or the manifest) is the last thing on stdout.
pub(crate) fn finish(shell: &Shell, run: &Run, json: bool) -> Result<ExitCode, Problem> {
    let made = &run.made;
    let errors = made
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count();
    let warnings = made
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Warning)
        .count();
    shell.printer.say(&format!(
        "{}: {} cells, {:.0} minutes to read, checked ({errors} errors, {warnings} warnings), {}",
        made.outline.title,
        run.metrics.cells,
        run.metrics.reading_minutes.ceil(),
        made.proof(),
    ));
    if json {
        shell.printer.document(&run.manifest);
    } else {
        shell.printer.data(&run.notebook.display().to_string());
    }
    if errors == 0 {
        return proven(run);
    }
    Err(Problem::new(
        FINDINGS,
        format!("the checks found {errors} errors in the notebook"),
    )
    .with_hint(format!(
        "they stand in {}",
        run.folder.join("validation.md").display()
    )))
}

/// Exit code 5 when the notebook was executed and does not prove anything.
fn proven(run: &Run) -> Result<ExitCode, Problem> {
    let cause = run
        .made
        .proven
        .as_ref()
        .and_then(|proven| proven.proof.causes.first());
    let Some(cause) = cause else {
        return Ok(ExitCode::SUCCESS);
    };
    let place = run.folder.join("proof.json");
    let hint = cause
        .hint
        .clone()
        .unwrap_or_else(|| format!("the whole record is {}", place.display()));
    Err(Problem::new(PROOF, cause.message.clone()).with_hint(hint))
}
