//! `alacard env`: the environments and the twins of proofs.

use std::process::ExitCode;
use std::sync::Arc;

use alacard_hub::Options as HubOptions;
use alacard_prove::environment::{
    Collected, EnvError, Environments, Keep, Listed, SETS, Settings, warm_requirements,
};
use alacard_prove::{Cleared, Shelf, Shelved};
use serde::Serialize;

use super::Shell;
use crate::cli::{EnvCommand, EnvGcArgs, EnvListArgs, EnvWarmArgs};
use crate::exit::{Problem, UNEXPECTED};

/// Environments and twins that nobody used for so long are removed when no flag says otherwise.
const DAYS: u64 = 30;
const GB: f64 = 1e9;

/// What `env list --json` prints.
#[derive(Serialize)]
struct Listing {
    environments: Vec<Listed>,
    twins: Shelved,
}

/// What `env gc --json` prints.
#[derive(Serialize)]
struct Gone {
    environments: Collected,
    twins: Cleared,
}

pub(crate) fn run(shell: &Shell, command: EnvCommand) -> Result<ExitCode, Problem> {
    let environments = environments(shell);
    match command {
        EnvCommand::List(args) => list(shell, &environments, &args),
        EnvCommand::Warm(args) => warm(shell, &environments, &args),
        EnvCommand::Gc(args) => gc(shell, &environments, &args),
    }
}

/// The twins of the cache that the environment names.
fn twins() -> Shelf {
    let get = |name: &str| std::env::var(name).ok();
    Shelf::from_env(&HubOptions::from_env(&get).cache_dir, &get)
}

fn environments(shell: &Shell) -> Environments {
    let mut settings = Settings::from_env(&|name| std::env::var(name).ok());
    settings.cancel = Arc::clone(&shell.cancelled);
    Environments::new(settings)
}

fn list(
    shell: &Shell,
    environments: &Environments,
    args: &EnvListArgs,
) -> Result<ExitCode, Problem> {
    let listing = Listing {
        environments: environments.list(),
        twins: twins().usage(),
    };
    if args.json {
        shell.printer.document(&listing);
    } else {
        table(shell, &listing);
    }
    Ok(ExitCode::SUCCESS)
}

fn table(shell: &Shell, listing: &Listing) {
    let Listing {
        environments,
        twins,
    } = listing;
    if environments.is_empty() {
        let nothing = "no environments yet; `alacard env warm` makes one";
        shell.printer.say(nothing);
    } else {
        let heads = "LOCK          PYTHON   PACKAGES     SIZE  MADE        LAST USED";
        shell.printer.data(heads);
    }
    for one in environments {
        shell.printer.data(&row(one));
    }
    if twins.count > 0 {
        shell.printer.data(&format!(
            "twins of models: {}, {} of at most {}",
            twins.count,
            size(twins.bytes),
            size(twins.max_bytes)
        ));
    }
}

fn row(one: &Listed) -> String {
    let record = &one.record;
    format!(
        "{:<12}  {:<7}  {:>8}  {:>7}  {}  {}{}",
        short(&record.lock_hash),
        record.python.version,
        record.packages,
        size(record.bytes),
        day(record.created),
        day(one.last_used),
        if one.in_use { "  in use" } else { "" },
    )
}

fn warm(
    shell: &Shell,
    environments: &Environments,
    args: &EnvWarmArgs,
) -> Result<ExitCode, Problem> {
    let requirements = warm_requirements(&shell.catalog, &args.sets)?.map_err(|unknown| {
        let names: Vec<&str> = SETS.iter().map(|(name, _)| *name).collect();
        Problem::usage(format!("`{unknown}` is not a set of packages"))
            .with_hint(format!("the sets are {}", names.join(", ")))
    })?;
    let python = &shell.catalog.versions()?.python.target;
    let printer = shell.printer;
    let progress = move |text: &str| printer.say(text);
    progress("resolving the requirements");
    let lock = match args.upgrade {
        true => environments.upgrade(&requirements, python)?,
        false => environments.lock(&requirements, python)?,
    };
    let made = environments.ensure(&lock, &requirements, &progress)?;
    if args.json {
        shell.printer.document(&made.record);
    } else {
        shell.printer.data(&format!(
            "{}: Python {}, {} packages, {}",
            made.folder.display(),
            made.record.python.version,
            made.record.packages,
            size(made.record.bytes)
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn gc(shell: &Shell, environments: &Environments, args: &EnvGcArgs) -> Result<ExitCode, Problem> {
    let sized = args.max_size.is_some() || args.max_twins.is_some();
    let flagged = args.all || args.days.is_some() || sized;
    let keep = Keep {
        days: args.days.or((!flagged).then_some(DAYS)),
        max_bytes: args.max_size.map(bytes),
        nothing: args.all,
    };
    let of_twins = Keep {
        max_bytes: args.max_twins.map(bytes),
        ..keep
    };
    let gone = Gone {
        environments: environments.gc(keep)?,
        twins: twins().gc(of_twins)?,
    };
    if args.json {
        shell.printer.document(&gone);
    } else {
        shell.printer.data(&summary(&gone.environments));
        shell.printer.data(&summary_of_twins(&gone.twins));
    }
    Ok(ExitCode::SUCCESS)
}

fn summary(collected: &Collected) -> String {
    let total: u64 = collected.removed.iter().map(|one| one.bytes).sum();
    let mut text = format!(
        "{} environments removed ({}, of which {} are free now; the rest is shared with other environments or with uv's cache)",
        collected.removed.len(),
        size(total),
        size(collected.freed_bytes),
    );
    if !collected.in_use.is_empty() {
        text.push_str(&format!(
            "; {} kept, because they are in use",
            collected.in_use.len()
        ));
    }
    if collected.leftovers > 0 {
        text.push_str(&format!(
            "; {} half-made ones swept away",
            collected.leftovers
        ));
    }
    text
}

fn summary_of_twins(cleared: &Cleared) -> String {
    let mut text = format!(
        "{} twins removed ({})",
        cleared.removed,
        size(cleared.freed_bytes)
    );
    if cleared.in_use > 0 {
        text.push_str(&format!(
            "; {} kept, because they are in use",
            cleared.in_use
        ));
    }
    if cleared.leftovers > 0 {
        text.push_str(&format!(
            "; {} half-made ones swept away",
            cleared.leftovers
        ));
    }
    text
}

/// Bytes of a number of GB.
fn bytes(gb: f64) -> u64 {
    (gb.max(0.0) * GB) as u64
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

fn size(bytes: u64) -> String {
    if bytes < 1_000_000_000 {
        format!("{:.0} MB", bytes as f64 / 1e6)
    } else {
        format!("{:.1} GB", bytes as f64 / GB)
    }
}

/// The day of a time in seconds since 1970, in UTC.
fn day(seconds: u64) -> String {
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds)
        .map_or_else(|_| "?".to_owned(), |time| time.strftime("%F").to_string())
}

impl From<EnvError> for Problem {
    fn from(error: EnvError) -> Self {
        let mut problem = Self::new(UNEXPECTED, error.to_string());
        problem.hint = error.hint().map(str::to_owned);
        problem.reason = Some(error.kind.as_str());
        problem
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_days_of_the_calendar() {
        for (seconds, wanted) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (1_795_219_200, "2026-11-21"),
        ] {
            assert_eq!(day(seconds), wanted);
        }
    }
}
