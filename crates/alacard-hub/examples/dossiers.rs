//! Builds the dossier of every model of a folder in the corpus layout and prints what is known.
//!
//! ```text
//! cargo run --release -p alacard-hub --example dossiers -- FOLDER [--differences]
//! ```
//!
//! `FOLDER/INDEX.jsonl` lists the models; its task and library columns are annotations of a rough
//! script. They are never facts: here they only measure how often the two readings agree, and
//! `--differences` lists where they do not.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use alacard_hub::dossier::Dossier;
use alacard_hub::{Hub, Options, Source, build, refusal};
use serde_json::Value;

#[derive(Default)]
struct Counts {
    models: usize,
    task_from: BTreeMap<String, usize>,
    tasks: BTreeMap<String, usize>,
    libraries: BTreeMap<String, usize>,
    refusals: BTreeMap<String, usize>,
    /// (agree, differ, only ours, only theirs) for task and library.
    task: [usize; 4],
    library: [usize; 4],
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args()
        .nth(1)
        .ok_or("give the folder of the corpus")?;
    let differences = std::env::args().any(|word| word == "--differences");
    let index = std::fs::read_to_string(Path::new(&folder).join("INDEX.jsonl"))?;
    let hub = Hub::new(Options {
        hub_dir: Some(folder.into()),
        offline: true,
        ..Options::default()
    });
    let (mut counts, mut reading, mut building) = (Counts::default(), 0.0, 0.0);
    for line in index.lines() {
        let row: Value = serde_json::from_str(line)?;
        let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
        counts.models += 1;
        let begin = Instant::now();
        let material = match hub.read(
            &Source::Hub {
                id: id.to_owned(),
                revision: None,
            },
            None,
        ) {
            Ok(material) => material,
            Err(refused) => {
                *counts
                    .refusals
                    .entry(format!("reading: {}", refused.reason.as_str()))
                    .or_default() += 1;
                report(&format!("refused while reading {id}: {refused}"));
                continue;
            }
        };
        reading += begin.elapsed().as_secs_f64();
        let begin = Instant::now();
        let dossier = build(&material);
        building += begin.elapsed().as_secs_f64();
        count(&mut counts, &dossier, &row, differences);
    }
    print(&counts, reading, building);
    Ok(())
}

/// Adds one dossier.
fn count(counts: &mut Counts, dossier: &Dossier, row: &Value, differences: bool) {
    let task = dossier.task.as_ref().map(|task| task.value.as_str());
    let library = dossier
        .library
        .as_ref()
        .map(|library| library.value.as_str());
    let from = dossier.task.as_ref().map_or("unknown".to_owned(), |task| {
        format!("{:?}", task.from).to_lowercase()
    });
    *counts.task_from.entry(from).or_default() += 1;
    *counts
        .tasks
        .entry(task.unwrap_or("unknown").to_owned())
        .or_default() += 1;
    *counts
        .libraries
        .entry(library.unwrap_or("unknown").to_owned())
        .or_default() += 1;
    if let Some(refused) = refusal(dossier) {
        *counts
            .refusals
            .entry(refused.reason.as_str().to_owned())
            .or_default() += 1;
        if differences {
            report(&format!("refused {}: {refused}", dossier.name));
        }
    }
    let id = row.get("id").and_then(Value::as_str).unwrap_or_default();
    let noted = |key: &str| {
        row.get(key)
            .and_then(Value::as_str)
            .map(|text| text.trim_start_matches('~'))
    };
    for (what, ours, theirs, cells) in [
        ("task", task, noted("pipeline_tag"), &mut counts.task),
        ("library", library, noted("library"), &mut counts.library),
    ] {
        let place = match (ours, theirs) {
            (Some(ours), Some(theirs)) if ours == theirs => 0,
            (Some(_), Some(_)) => 1,
            (Some(_), None) => 2,
            (None, Some(_)) => 3,
            (None, None) => continue,
        };
        cells[place] += 1;
        if differences && place % 2 == 1 {
            report(&format!(
                "{what} of {id}: here {ours:?}, noted {theirs:?} ({})",
                dossier.task_reason.as_deref().unwrap_or("-")
            ));
        }
    }
}

/// Prints the counts.
fn print(counts: &Counts, reading: f64, building: f64) {
    let list = |map: &BTreeMap<String, usize>| {
        let mut rows: Vec<_> = map.iter().collect();
        rows.sort_by_key(|(name, number)| (std::cmp::Reverse(**number), (*name).clone()));
        rows.iter()
            .map(|(name, number)| format!("{name} {number}"))
            .collect::<Vec<_>>()
            .join(", ")
    };
    report(&format!("models {}", counts.models));
    report(&format!("task from: {}", list(&counts.task_from)));
    report(&format!("tasks: {}", list(&counts.tasks)));
    report(&format!("libraries: {}", list(&counts.libraries)));
    report(&format!("refusals: {}", list(&counts.refusals)));
    for (what, cells) in [("task", counts.task), ("library", counts.library)] {
        report(&format!(
            "{what} beside the annotation: agree {}, differ {}, only here {}, only there {}",
            cells[0], cells[1], cells[2], cells[3]
        ));
    }
    report(&format!(
        "reading {:.0} ms, building {:.0} ms",
        reading * 1e3,
        building * 1e3
    ));
}

#[allow(clippy::print_stdout, reason = "this program prints")]
fn report(line: &str) {
    println!("{line}");
}
