//! `alacard check`: any notebook of anybody.

use std::path::Path;
use std::process::ExitCode;

use alacard_check::{Context, Finding, Style, check_file, has_errors};
use alacard_notebook::Notebook;
use serde_json::json;

use super::Shell;
use crate::cli::{CheckArgs, CheckFormat};
use crate::exit::{FINDINGS, Problem, UNEXPECTED, USAGE};
use crate::whole;

type Checked = (String, Vec<Finding>);

pub(crate) fn run(shell: &Shell, args: &CheckArgs) -> Result<ExitCode, Problem> {
    let context = Context::default();
    let mut checked: Vec<Checked> = Vec::with_capacity(args.files.len());
    let mut unreadable = false;
    for path in &args.files {
        match one(shell, path, args.fix, &context) {
            Ok(findings) => checked.push((path.display().to_string(), findings)),
            Err(problem) if args.files.len() > 1 && problem.code == USAGE => {
                unreadable = true;
                shell
                    .printer
                    .error(&problem.message, problem.hint.as_deref(), None);
            }
            Err(problem) => return Err(problem),
        }
    }
    print(shell, args.format, &checked);
    let bad = checked.iter().any(|(_, findings)| has_errors(findings));
    Ok(match (bad, unreadable) {
        (true, _) => ExitCode::from(FINDINGS),
        (false, true) => ExitCode::from(USAGE),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn print(shell: &Shell, format: CheckFormat, checked: &[Checked]) {
    match format {
        CheckFormat::Sarif => shell.printer.document(&alacard_check::sarif(checked)),
        CheckFormat::Json => {
            let files: Vec<_> = checked
                .iter()
                .map(|(path, findings)| json!({"path": path, "findings": findings}))
                .collect();
            shell
                .printer
                .document(&json!({"schema_version": 1, "files": files}));
        }
        CheckFormat::Text => {
            let style = if shell.printer.colours_stdout() {
                Style::Coloured
            } else {
                Style::Plain
            };
            for (path, findings) in checked.iter().filter(|(_, findings)| !findings.is_empty()) {
                shell
                    .printer
                    .data(alacard_check::render(path, findings, style).trim_end());
            }
            let all: Vec<Finding> = checked
                .iter()
                .flat_map(|(_, findings)| findings.clone())
                .collect();
            shell.printer.say(&alacard_check::summary(&all));
        }
    }
}

fn one(shell: &Shell, path: &Path, fix: bool, context: &Context) -> Result<Vec<Finding>, Problem> {
    let bytes = std::fs::read(path)
        .map_err(|error| Problem::usage(format!("cannot read `{}`: {error}", path.display())))?;
    let unusable = |error: alacard_notebook::ReadError| {
        Problem::usage(format!(
            "`{}` is not a notebook that can be checked: {error}",
            path.display()
        ))
        .with_hint("`check` takes files of nbformat 4, as Jupyter saves them")
    };
    let (mut notebook, findings) = check_file(&bytes, context).map_err(unusable)?;
    if !fix {
        return Ok(findings);
    }
    let fixed = alacard_check::fix(&mut notebook, context);
    if fixed.is_empty() {
        return Ok(findings);
    }
    write(path, &notebook)?;
    shell
        .printer
        .say(&format!("{}: {} mended", path.display(), fixed.len()));
    Ok(check_file(notebook.to_json().as_bytes(), context)
        .map_err(unusable)?
        .1)
}

fn write(path: &Path, notebook: &Notebook) -> Result<(), Problem> {
    whole::write(path, &notebook.to_json()).map_err(|error| {
        Problem::new(
            UNEXPECTED,
            format!("cannot write `{}`: {error}", path.display()),
        )
    })
}
