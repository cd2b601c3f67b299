//! `alacard prove`: a notebook of anybody, executed.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use alacard_check::Context;
use alacard_notebook::Notebook;
use alacard_pipeline::{proof_report, record_proof};
use alacard_prove::environment::{Environments, Settings as EnvSettings};
use alacard_prove::proof::{CellState, Limits};
use alacard_prove::{ProveError, Proven, Prover, Settings, Step};

use super::Shell;
use crate::cli::{ExecuteArgs, HubArgs, ProveArgs};
use crate::exit::{PROOF, Problem};
use crate::progress;
use crate::whole;

/// Largest notebook that is read, in bytes.
const LARGEST: u64 = 256 << 20;

pub(crate) fn run(shell: &Shell, args: ProveArgs) -> Result<ExitCode, Problem> {
    let notebook = read(&args.file)?;
    let prover = prover(shell, args.hub, &args.execute, args.trust_remote_code)?;
    let findings = alacard_check::check(&notebook, &Context::default());
    let starts = alacard_check::starts(&findings);
    let bar = shell.printer.has_bars().then(|| progress::bar(100));
    let tell = |step: Step| {
        if let Some(bar) = &bar {
            bar.set_position((step.fraction * 100.0) as u64);
            bar.set_message(step.message);
        }
    };
    let result = prover.prove(&notebook, starts, &tell);
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let proven = result?;
    if let Some(folder) = &args.out {
        write(folder, notebook, &proven)?;
    }
    finish(shell, &proven, &args.file, args.json)
}

/// A prover as the command line describes it.
pub(crate) fn prover(
    shell: &Shell,
    hub: HubArgs,
    execute: &ExecuteArgs,
    remote_code: bool,
) -> Result<Prover, Problem> {
    let mut settings = EnvSettings::from_env(&|name| std::env::var(name).ok());
    settings.cancel = Arc::clone(&shell.cancelled);
    let hub = Arc::new(shell.hub(hub)?);
    let cache = hub.options().cache_dir.clone();
    let program = std::env::current_exe().map_err(|error| Problem::from(anyhow::Error::from(error)))?;
    let settings_of_prover = Settings {
        cache,
        program,
        no_sandbox: execute.no_sandbox,
        remote_code,
        limits: limits(execute),
        python: shell.catalog.versions()?.python.target.clone(),
    };
    let environments = Arc::new(Environments::new(settings));
    let prover = Prover::new(hub, Arc::clone(&shell.catalog), environments, settings_of_prover);
    Ok(prover.with_cancel(Arc::clone(&shell.cancelled)))
}

fn limits(args: &ExecuteArgs) -> Limits {
    let default = Limits::default();
    Limits {
        seconds: args.timeout.unwrap_or(default.seconds),
        cell_seconds: args.cell_timeout.unwrap_or(default.cell_seconds),
        memory_mb: args.memory.unwrap_or(default.memory_mb),
        ..default
    }
}

fn read(path: &Path) -> Result<Notebook, Problem> {
    let name = path.display();
    let cannot = |error: &dyn std::fmt::Display| Problem::usage(format!("cannot read `{name}`: {error}"));
    let size = std::fs::metadata(path).map_err(|error| cannot(&error))?.len();
    if size > LARGEST {
        return Err(cannot(&"it is too large"));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    Notebook::read(&bytes)
        .map_err(|error| cannot(&error).with_hint("`alacard prove` takes Jupyter notebooks of format 4"))
}

fn write(folder: &Path, mut notebook: Notebook, proven: &Proven) -> Result<(), Problem> {
    let failed = |error: std::io::Error| {
        Problem::usage(format!("cannot write to `{}`: {error}", folder.display()))
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    record_proof(&mut notebook, proven);
    let mut proof = serde_json::to_string_pretty(&proven.proof).unwrap_or_default();
    proof.push('\n');
    let lock = proven.lock.clone().unwrap_or_default();
    let texts = [
        ("proof.json", proof),
        ("validation.md", proof_report(&proven.proof)),
        ("requirements.lock", lock),
        ("notebook.ipynb", notebook.to_json()),
    ];
    texts.iter().try_for_each(|(name, text)| whole::write(&folder.join(name), text).map_err(failed))
}

fn finish(shell: &Shell, proven: &Proven, file: &Path, json: bool) -> Result<ExitCode, Problem> {
    let proof = &proven.proof;
    if json {
        shell.printer.document(proof);
    } else {
        let ran = proof.cells.iter().filter(|cell| cell.state == CellState::Ok).count();
        shell.printer.data(&format!(
            "{}: {} of {} cells ran in {:.1} s, {} MB at most\nstarts {}, runs {}, proves {}\n{}",
            file.display(),
            ran,
            proof.cells.len(),
            proof.seconds,
            proof.peak_memory_mb,
            yes(proof.starts),
            yes(proof.runs),
            yes(proof.proves),
            proof.line(),
        ));
    }
    for note in &proof.not_exercised {
        shell.printer.say(note);
    }
    match proof.causes.first() {
        None => Ok(ExitCode::SUCCESS),
        Some(cause) => {
            let problem = Problem::new(PROOF, cause.message.clone());
            Err(match &cause.hint {
                Some(hint) => problem.with_hint(hint.clone()),
                None => problem,
            })
        }
    }
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

impl From<ProveError> for Problem {
    fn from(error: ProveError) -> Self {
        alacard_pipeline::Failure::from(error).into()
    }
}
