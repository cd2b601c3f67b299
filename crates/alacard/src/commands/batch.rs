//! `alacard batch`: many notebooks and a report.

use std::io::Read as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::Ordering;

use alacard_pipeline::{Batch, Outcome, Report, Row, read_list};

use super::Shell;
use crate::cli::BatchArgs;
use crate::exit::{Problem, UNEXPECTED};
use crate::progress;
use crate::whole;

/// Largest list that is read, in bytes.
const LARGEST_LIST: u64 = 256 * 1024 * 1024;

pub(crate) fn run(shell: &Shell, args: BatchArgs) -> Result<ExitCode, Problem> {
    let entries = read_list(&list(&args.list)?);
    if entries.is_empty() {
        return Err(Problem::usage(format!(
            "the list `{}` names no source",
            args.list
        )));
    }
    let trust = args.recipe.trust_remote_code;
    let batch = Batch {
        entries,
        options: shell.options(args.recipe)?,
        out: args.out,
        fresh: args.fresh,
        jobs: args.jobs.unwrap_or_else(processors),
    };
    let pipeline = shell.proving(args.prove, args.hub, &args.execute, trust)?;
    let bar = shell
        .printer
        .has_bars()
        .then(|| progress::bar(batch.entries.len() as u64));
    let report = batch.run(&pipeline, &|done, row| {
        if let Some(bar) = &bar {
            bar.set_position(done as u64);
            bar.set_message(row.id.clone());
        }
        tell(shell, row);
    });
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    finish(shell, &report?, args.report.as_deref(), args.json)
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn list(name: &str) -> Result<String, Problem> {
    let failed =
        |error: std::io::Error| Problem::usage(format!("cannot read the list `{name}`: {error}"));
    let mut text = String::new();
    if name == "-" {
        std::io::stdin()
            .take(LARGEST_LIST)
            .read_to_string(&mut text)
            .map_err(failed)?;
    } else {
        std::fs::File::open(name)
            .map_err(failed)?
            .take(LARGEST_LIST)
            .read_to_string(&mut text)
            .map_err(failed)?;
    }
    Ok(text)
}

/// What needs a person's eyes is said at once; the rest stands in the report.
fn tell(shell: &Shell, row: &Row) {
    let stopped = shell.cancelled.load(Ordering::Relaxed);
    if row.outcome == Outcome::Failed && !stopped {
        shell.printer.error(
            &format!("{}: {}", row.id, row.message.as_deref().unwrap_or("failed")),
            None,
            None,
        );
    }
}

fn finish(
    shell: &Shell,
    report: &Report,
    file: Option<&Path>,
    json: bool,
) -> Result<ExitCode, Problem> {
    if json {
        shell.printer.document(&report.totals);
    } else {
        shell.printer.data(&summary(report));
    }
    if let Some(path) = file {
        write_report(report, path)?;
    }
    Ok(ExitCode::from(report.exit_code()))
}

fn write_report(report: &Report, path: &Path) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(report).unwrap_or_default();
    whole::write(path, &text).map_err(|error| {
        let message = format!("cannot write the report `{}`: {error}", path.display());
        Problem::new(UNEXPECTED, message).with_hint(
            "the notebooks are there: run the same command again with another `--report`",
        )
    })
}

/// The totals for people.
fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let of = |outcome| totals.outcomes.get(&outcome).copied().unwrap_or(0);
    let mut lines = vec![format!(
        "{} sources in {:.1} s: {} notebooks, {} flagged, {} refused, {} failed",
        totals.sources,
        totals.seconds,
        of(Outcome::Notebook),
        of(Outcome::Flagged),
        of(Outcome::Refused),
        of(Outcome::Failed),
    )];
    lines.push(format!(
        "pages that can be taught: {}, of which with a notebook: {}",
        totals.teachable,
        percent(totals.teachable_with_notebook)
    ));
    let routes: Vec<String> = totals
        .routes
        .iter()
        .map(|(r, share)| format!("{r} {}", percent(Some(*share))))
        .collect();
    lines.push(format!("routes: {}", routes.join(", ")));
    for (reason, count) in &totals.refusals {
        lines.push(format!("refused as {}: {count}", reason.as_str()));
    }
    let rates = &totals.rates;
    lines.push(format!(
        "starts {} (first variant {}), runs {}, proves {}",
        percent(rates.starts),
        percent(rates.first_variant),
        percent(rates.runs),
        percent(rates.proves)
    ));
    lines.join("\n")
}

fn percent(share: Option<f64>) -> String {
    share.map_or_else(
        || "not known yet".to_owned(),
        |share| format!("{:.1} %", 100.0 * share),
    )
}
