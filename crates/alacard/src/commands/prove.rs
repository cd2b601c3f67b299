//! `alacard prove`: notebooks of anybody, executed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use alacard_check::Context;
use alacard_notebook::Notebook;
use alacard_pipeline::{Failure, proof_report, record_proof};
use alacard_prove::environment::{Environments, Settings as EnvSettings};
use alacard_prove::proof::{CellState, Limits, Proof};
use alacard_prove::{ProveError, Proven, Prover, Settings, Shelf, Step};
use indicatif::ProgressBar;

use super::Shell;
use crate::cli::{ExecuteArgs, HubArgs, ProveArgs};
use crate::exit::{PROOF, Problem};
use crate::progress;
use crate::whole;

/// Largest notebook that is read, in bytes.
const LARGEST: u64 = 256 << 20;

pub(crate) fn run(shell: &Shell, args: ProveArgs) -> Result<ExitCode, Problem> {
    let notebooks = args
        .files
        .iter()
        .map(|file| read(file))
        .collect::<Result<Vec<_>, _>>()?;
    let prover = prover(
        shell,
        args.hub,
        &args.execute,
        args.trust_remote_code,
        args.real,
    )?;
    let bar = shell.printer.has_bars().then(|| progress::bar(100));
    let jobs = args.jobs.unwrap_or(notebooks.len()).min(notebooks.len());
    let proven = prove_all(&prover, &notebooks, jobs, bar.as_ref());
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let proven = proven?;
    if let Some(folder) = &args.out {
        for ((file, notebook), proven) in args.files.iter().zip(notebooks).zip(&proven) {
            write(&place(folder, file, args.files.len()), notebook, proven)?;
        }
    }
    finish(shell, &proven, &args.files, args.json)
}

/// Proves several notebooks at once; the prover itself lets in as many as there is room for.
fn prove_all(
    prover: &Prover,
    notebooks: &[Notebook],
    jobs: usize,
    bar: Option<&ProgressBar>,
) -> Result<Vec<Proven>, Problem> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(notebook) = notebooks.get(index) else {
                        return;
                    };
                    let result = prove_one(prover, notebook, index, notebooks.len(), bar);
                    results
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .push((index, result));
                }
            });
        }
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    let proven: Result<Vec<Proven>, ProveError> =
        results.into_iter().map(|(_, result)| result).collect();
    Ok(proven?)
}

fn prove_one(
    prover: &Prover,
    notebook: &Notebook,
    index: usize,
    of: usize,
    bar: Option<&ProgressBar>,
) -> Result<Proven, ProveError> {
    let findings = alacard_check::check(notebook, &Context::default());
    let tell = |step: Step| {
        if let Some(bar) = bar {
            let fraction = (index as f64 + step.fraction) / of as f64;
            bar.set_position((fraction * 100.0) as u64);
            bar.set_message(step.message);
        }
    };
    prover.prove(notebook, alacard_check::starts(&findings), &tell)
}

/// A prover as the command line describes it.
pub(crate) fn prover(
    shell: &Shell,
    hub: HubArgs,
    execute: &ExecuteArgs,
    remote_code: bool,
    real: bool,
) -> Result<Prover, Problem> {
    let mut settings = EnvSettings::from_env(&|name| std::env::var(name).ok());
    settings.cancel = Arc::clone(&shell.cancelled);
    let hub = Arc::new(shell.hub(hub)?);
    let program =
        std::env::current_exe().map_err(|error| Problem::from(anyhow::Error::from(error)))?;
    let cache = hub.options().cache_dir.clone();
    let of_prover = Settings {
        twins: Shelf::from_env(&cache, &|name| std::env::var(name).ok()),
        cache,
        program,
        no_sandbox: execute.no_sandbox,
        remote_code,
        real,
        limits: limits(execute),
        python: shell.catalog.versions()?.python.target.clone(),
    };
    let environments = Arc::new(Environments::new(settings));
    let prover = Prover::new(hub, Arc::clone(&shell.catalog), environments, of_prover);
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
    let cannot = |error: &dyn std::fmt::Display| {
        Problem::usage(format!("cannot read `{name}`: {error}"))
            .with_hint("`alacard prove` takes Jupyter notebooks of format 4")
    };
    let size = std::fs::metadata(path)
        .map_err(|error| cannot(&error))?
        .len();
    if size > LARGEST {
        return Err(cannot(&"it is too large"));
    }
    let bytes = std::fs::read(path).map_err(|error| cannot(&error))?;
    Notebook::read(&bytes).map_err(|error| cannot(&error))
}

/// The folder of one notebook's proof: `--out` itself, or one below it for each of several.
fn place(folder: &Path, file: &Path, of: usize) -> PathBuf {
    match file.file_stem() {
        Some(stem) if of > 1 => folder.join(stem),
        _ => folder.to_owned(),
    }
}

fn write(folder: &Path, mut notebook: Notebook, proven: &Proven) -> Result<(), Problem> {
    let failed = |source: std::io::Error| Failure::Io {
        verb: "write",
        path: folder.to_owned(),
        source,
    };
    std::fs::create_dir_all(folder).map_err(failed)?;
    record_proof(&mut notebook, proven);
    let mut proof = serde_json::to_string_pretty(&proven.proof).unwrap_or_default();
    proof.push('\n');
    let texts = [
        ("proof.json", proof),
        ("validation.md", proof_report(&proven.proof)),
        ("requirements.lock", proven.lock.clone().unwrap_or_default()),
        ("notebook.ipynb", notebook.to_json()),
    ];
    for (name, text) in texts {
        whole::write(&folder.join(name), &text).map_err(failed)?;
    }
    Ok(())
}

fn finish(
    shell: &Shell,
    proven: &[Proven],
    files: &[PathBuf],
    json: bool,
) -> Result<ExitCode, Problem> {
    let proofs: Vec<&Proof> = proven.iter().map(|proven| &proven.proof).collect();
    match proofs.as_slice() {
        [one] if json => shell.printer.document(one),
        all if json => shell.printer.document(&all),
        all => all
            .iter()
            .zip(files)
            .for_each(|(proof, file)| tell(shell, proof, file)),
    }
    let failed = proofs.iter().filter(|proof| !proof.proves).count();
    let cause = proofs.iter().flat_map(|proof| &proof.causes).next();
    let problem = match cause {
        None => return Ok(ExitCode::SUCCESS),
        Some(cause) if proofs.len() == 1 => (cause.message.clone(), cause.hint.clone()),
        Some(cause) => (
            format!(
                "{failed} of {} notebooks are not proven; the first: {}",
                proofs.len(),
                cause.message
            ),
            cause.hint.clone(),
        ),
    };
    Err(match problem {
        (message, Some(hint)) => Problem::new(PROOF, message).with_hint(hint),
        (message, None) => Problem::new(PROOF, message),
    })
}

/// Four lines about one proof.
fn tell(shell: &Shell, proof: &Proof, file: &Path) {
    let ran = proof
        .cells
        .iter()
        .filter(|cell| cell.state == CellState::Ok)
        .count();
    shell.printer.data(&format!(
        "{}: {ran} of {} cells ran in {:.1} s, {} MB at most\nstarts {}, runs {}, proves {}\n{}",
        file.display(),
        proof.cells.len(),
        proof.seconds,
        proof.peak_memory_mb,
        yes(proof.starts),
        yes(proof.runs),
        yes(proof.proves),
        proof.line(),
    ));
    for note in &proof.not_exercised {
        shell.printer.say(note);
    }
}

fn yes(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

impl From<ProveError> for Problem {
    fn from(error: ProveError) -> Self {
        Failure::from(error).into()
    }
}
