//! The figures of the proving ground.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

use super::row::Row;

/// What must be reached, in percent.
const STARTS: f64 = 100.0;
const RUNS: f64 = 99.0;
const PROVES: f64 = 97.0;

/// Prints everything; an error when the rates are not reached.
pub(crate) fn tell(rows: &[Row]) -> Result<()> {
    let (rows, left_out): (Vec<&Row>, Vec<&Row>) =
        rows.iter().partition(|row| row.left_out.is_none());
    skips(&left_out);
    failures(&rows);
    by("task", &rows, |row| row.task.clone());
    by("model type", &rows, |row| row.kind.clone());
    by("run", &rows, |row| row.plan.clone());
    costs(&rows);
    let rates = Rates::of(&rows);
    println!("\n{} notebooks: {rates}", rows.len());
    if rates.starts < STARTS || rates.runs < RUNS || rates.proves < PROVES {
        bail!("below starts {STARTS} %, runs {RUNS} %, proves {PROVES} %");
    }
    Ok(())
}

fn skips(rows: &[&Row]) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for row in rows {
        reasons
            .entry(row.left_out.as_deref().unwrap_or_default())
            .or_default()
            .push(&row.id);
    }
    for (reason, mut ids) in reasons {
        let count = ids.len();
        ids.sort_unstable();
        ids.dedup();
        println!(
            "{count} left out of the rates, because {reason}: {}",
            ids.join(", ")
        );
    }
}

struct Rates {
    starts: f64,
    runs: f64,
    proves: f64,
    first: f64,
}

impl Rates {
    fn of(rows: &[&Row]) -> Self {
        let share = |test: fn(&Row) -> bool| {
            100.0 * rows.iter().filter(|row| test(row)).count() as f64 / rows.len().max(1) as f64
        };
        Self {
            starts: share(|row| row.starts),
            runs: share(|row| row.runs),
            proves: share(|row| row.proves),
            first: share(|row| row.first_variant),
        }
    }
}

impl std::fmt::Display for Rates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            starts,
            runs,
            proves,
            first,
        } = self;
        write!(
            f,
            "starts {starts:.1} %, runs {runs:.1} %, proves {proves:.1} %, with the first variant {first:.1} %"
        )
    }
}

fn by(name: &str, rows: &[&Row], key: fn(&Row) -> String) {
    let mut groups: BTreeMap<String, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        groups.entry(key(row)).or_default().push(row);
    }
    println!("\nby {name} ({}):", groups.len());
    for (group, rows) in groups {
        println!("  {group:<40} {:>4}  {}", rows.len(), Rates::of(&rows));
    }
}

fn costs(rows: &[&Row]) {
    let line = |name: &str, of: fn(&Row) -> f64| {
        let mut values: Vec<f64> = rows.iter().map(|row| of(row)).collect();
        values.sort_by(f64::total_cmp);
        let at = |share: f64| {
            let place = (share * values.len().saturating_sub(1) as f64).round();
            values.get(place as usize).copied().unwrap_or(0.0)
        };
        println!(
            "{name:<44} median {:>8.1}, 95 % {:>8.1}, most {:>8.1}",
            at(0.5),
            at(0.95),
            at(1.0)
        );
    };
    println!();
    line("seconds for everything (notebook, twin, run):", |row| {
        row.seconds
    });
    line("seconds of the execution:", |row| row.executed);
    line("largest memory in MB:", |row| row.peak_mb as f64);
}

fn failures(rows: &[&Row]) {
    let failed: Vec<&&Row> = rows.iter().filter(|row| !row.proves).collect();
    println!("\n{} did not prove:", failed.len());
    for row in failed {
        println!("  {} ({})", row.id, row.plan);
        for cause in &row.causes {
            let short: String = cause.chars().take(400).collect();
            println!("    {}", short.replace('\n', " "));
        }
    }
}
