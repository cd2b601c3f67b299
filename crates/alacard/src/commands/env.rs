//! `alacard env`: the environments of proofs.

use std::process::ExitCode;
use std::sync::Arc;

use alacard_prove::environment::{
    Collected, EnvError, Environments, Keep, Listed, SETS, Settings, warm_requirements,
};

use super::Shell;
use crate::cli::{EnvCommand, EnvGcArgs, EnvListArgs, EnvWarmArgs};
use crate::exit::{Problem, UNEXPECTED};

/// Environments that nobody used for so long are removed when no flag says otherwise.
const DAYS: u64 = 30;
const GB: f64 = 1e9;

pub(crate) fn run(shell: &Shell, command: EnvCommand) -> Result<ExitCode, Problem> {
    let environments = environments(shell);
    match command {
        EnvCommand::List(args) => list(shell, &environments, &args),
        EnvCommand::Warm(args) => warm(shell, &environments, &args),
        EnvCommand::Gc(args) => gc(shell, &environments, &args),
    }
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
    let listed = environments.list();
    if args.json {
        shell.printer.document(&listed);
        return Ok(ExitCode::SUCCESS);
    }
    if listed.is_empty() {
        shell
            .printer
            .say("no environments yet; `alacard env warm` makes one");
        return Ok(ExitCode::SUCCESS);
    }
    shell
        .printer
        .data("LOCK          PYTHON   PACKAGES     SIZE  MADE        LAST USED");
    for one in &listed {
        shell.printer.data(&row(one));
    }
    Ok(ExitCode::SUCCESS)
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
    let flagged = args.all || args.days.is_some() || args.max_size.is_some();
    let keep = Keep {
        days: args.days.or((!flagged).then_some(DAYS)),
        max_bytes: args.max_size.map(|gb| (gb.max(0.0) * GB) as u64),
        nothing: args.all,
    };
    let collected = environments.gc(keep)?;
    if args.json {
        shell.printer.document(&collected);
    } else {
        shell.printer.data(&summary(&collected));
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
