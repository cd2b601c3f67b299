//! `alacard generate`: one notebook.

use std::path::PathBuf;
use std::process::ExitCode;

use alacard_check::Severity;
use alacard_pipeline::{Request, Run};

use super::Shell;
use crate::cli::GenerateArgs;
use crate::exit::{FINDINGS, Problem};
use crate::progress::Progress;

pub(crate) fn run(shell: &Shell, args: GenerateArgs) -> Result<ExitCode, Problem> {
    let request = Request {
        source: args.source,
        options: shell.options(args.recipe)?,
        out: out_folder(shell, args.out),
        fresh: args.fresh,
    };
    let pipeline = shell.pipeline(args.hub)?;
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
        return Ok(ExitCode::SUCCESS);
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
