//! `alacard check`: any notebook of anybody.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alacard_check::{Context, Finding, has_errors};
use alacard_notebook::Notebook;

use super::Shell;
use crate::cli::{CheckArgs, CheckFormat};
use crate::exit::{FINDINGS, Problem, UNEXPECTED};

pub(crate) fn run(shell: &Shell, args: &CheckArgs) -> Result<ExitCode, Problem> {
    let context = Context::default();
    let mut checked = Vec::with_capacity(args.files.len());
    for path in &args.files {
        checked.push((path.display().to_string(), one(shell, path, args.fix, &context)?));
    }
    match args.format {
        CheckFormat::Text => shell.printer.data(&alacard_check::text(&checked, shell.printer.colours_stdout())),
        CheckFormat::Json => shell.printer.document(&alacard_check::json(&checked)),
        CheckFormat::Sarif => shell.printer.document(&alacard_check::sarif(&checked)),
    }
    let bad = checked.iter().any(|(_, findings)| has_errors(findings));
    Ok(if bad { ExitCode::from(FINDINGS) } else { ExitCode::SUCCESS })
}

fn one(shell: &Shell, path: &Path, fix: bool, context: &Context) -> Result<Vec<Finding>, Problem> {
    let mut notebook = match read(path)? {
        Ok(notebook) => notebook,
        Err(finding) => return Ok(vec![finding]),
    };
    if fix {
        let fixed = alacard_check::fix(&mut notebook, context);
        if !fixed.is_empty() {
            write(path, &notebook)?;
            shell.printer.say(&format!("{}: {} mended", path.display(), fixed.len()));
        }
    }
    Ok(alacard_check::check(&notebook, context))
}

/// The notebook, or the finding that it is none.
fn read(path: &Path) -> Result<Result<Notebook, Finding>, Problem> {
    let bytes = std::fs::read(path)
        .map_err(|error| Problem::usage(format!("cannot read `{}`: {error}", path.display())))?;
    Ok(Notebook::read(&bytes).map_err(|error| alacard_check::unreadable(&error)))
}

/// Writes beside the file first, then renames: a fix never leaves half a notebook.
fn write(path: &Path, notebook: &Notebook) -> Result<(), Problem> {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    std::fs::write(&part, notebook.to_json())
        .and_then(|()| std::fs::rename(&part, path))
        .map_err(|error| Problem::new(UNEXPECTED, format!("cannot write `{}`: {error}", path.display())))
}
