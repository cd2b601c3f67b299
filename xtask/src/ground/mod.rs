//! The proving ground: real models by id and dimensions, every notebook of theirs executed.

mod batch;
mod components;
mod entry;
mod hub;
mod kept;
mod options;
mod report;
mod row;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use anyhow::{Result, bail};

use crate::shell;
use batch::{Ground, Plan};
use entry::Entry;
use kept::Kept;
use options::{Options, wanted};

const DIFFICULTIES: [&str; 3] = ["beginner", "intermediate", "advanced"];
const FORMATS: [&str; 2] = ["quickstart", "manual"];
const RUNTIMES: [&str; 2] = ["local", "endpoint"];
const COMPONENTS: [&str; 7] = [
    "chat",
    "completion",
    "streaming",
    "batch",
    "api",
    "gradio",
    "streamlit",
];

/// Runs the ground: every entry in three difficulties, quickstart and manual.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    let options = Options::read(arguments)?;
    let entries = entry::read(&shell::root().join("proving"))?;
    let place = shell::root().join(format!("target/ground/{}", std::process::id()));
    let ground = Ground {
        program: program(),
        hub: place.join("hub-dir"),
        out: place.join("out"),
        jobs: options.jobs,
        catalog: options.catalog.clone(),
    };
    hub::write(&entries, &ground.hub)?;
    let chosen = chosen(&entries, &options);
    if chosen.is_empty() {
        bail!("no entry fits");
    }
    let plans = plans(&chosen, &options)?;
    introduce(&chosen, &plans);
    let mut kept = Kept::open(&options, &ground.program)?;
    rows(&ground, &plans, &entries, &mut kept)?;
    report::tell(&kept.rows)
}

/// The program under test.
fn program() -> std::path::PathBuf {
    std::env::var_os("ALACARD_PROGRAM")
        .map_or_else(|| shell::root().join("target/debug/alacard"), Into::into)
}

fn introduce(chosen: &[&Entry], plans: &[Plan]) {
    let run: Vec<&&Entry> = chosen
        .iter()
        .filter(|entry| plans.iter().any(|plan| plan.ids.contains(&entry.id)))
        .collect();
    let count = |of: fn(&Entry) -> String| {
        run.iter()
            .map(|entry| of(entry))
            .collect::<BTreeSet<_>>()
            .len()
    };
    println!(
        "{} models, {} tasks, {} model types, {} runs. Ids, dimensions and classes are real; weights are random, \
         tokenizers and processors are stand-ins trained on a small text, commits are made up.",
        run.len(),
        count(|entry| entry.task.clone()),
        count(Entry::kind),
        plans.len()
    );
}

/// The entries that are asked for. A sample takes one of each task before a second of any.
fn chosen<'a>(entries: &'a [Entry], options: &Options) -> Vec<&'a Entry> {
    let only = options.only.as_deref().unwrap_or_default();
    let named = |entry: &Entry| {
        only.split(',')
            .any(|part| entry.id.contains(part) || entry.task == part)
    };
    let fits = |entry: &&Entry| !entry.only_base && named(entry);
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, &Entry)> = Vec::new();
    for entry in entries.iter().filter(fits) {
        let rank = seen.entry((&entry.task, &entry.library)).or_insert(0);
        ranked.push((*rank, entry));
        *rank += 1;
    }
    if options.every_ui {
        ranked.retain(|(rank, _)| *rank == 0);
    }
    if let Some(count) = options.sample {
        ranked = sample(ranked, count);
    }
    ranked.into_iter().map(|(_, entry)| entry).collect()
}

/// So many, always the same: evenly over the firsts of their task, then the others.
fn sample(mut ranked: Vec<(usize, &Entry)>, count: usize) -> Vec<(usize, &Entry)> {
    ranked.sort_by_key(|(rank, _)| *rank);
    let firsts = ranked.iter().filter(|(rank, _)| *rank == 0).count();
    if count >= firsts {
        ranked.truncate(count);
        return ranked;
    }
    let at = |number: usize| ranked.get(number * firsts / count).copied();
    (0..count).filter_map(at).collect()
}

/// What is run, one batch each.
fn plans(chosen: &[&Entry], options: &Options) -> Result<Vec<Plan>> {
    let fitting = components::read()?;
    let components: Vec<Option<&str>> = match options.every_ui {
        true => COMPONENTS.map(Some).to_vec(),
        false => vec![None],
    };
    let mut plans = Vec::new();
    for difficulty in wanted(&DIFFICULTIES, options.difficulty.as_deref()) {
        for format in wanted(&FORMATS, options.format.as_deref()) {
            for runtime in wanted(&RUNTIMES, options.runtime.as_deref()) {
                for ui in &components {
                    plans.push(Plan {
                        difficulty,
                        format,
                        runtime,
                        ui: ui.map(str::to_owned),
                        ids: ids(chosen, runtime, *ui, &fitting),
                    });
                }
            }
        }
    }
    plans.retain(|plan| !plan.ids.is_empty());
    Ok(plans)
}

fn ids(
    chosen: &[&Entry],
    runtime: &str,
    ui: Option<&str>,
    fitting: &BTreeMap<String, Vec<String>>,
) -> Vec<String> {
    let has = |task: &str, ui: &str| {
        fitting
            .get(task)
            .is_some_and(|list| list.iter().any(|one| one == ui))
    };
    let fits = |entry: &&&Entry| {
        (runtime == "local" || entry.endpoint) && ui.is_none_or(|ui| has(&entry.task, ui))
    };
    chosen
        .iter()
        .filter(fits)
        .map(|entry| entry.id.clone())
        .collect()
}

/// Runs the plans whose rows are not there yet.
fn rows(ground: &Ground, plans: &[Plan], entries: &[Entry], kept: &mut Kept) -> Result<()> {
    for plan in plans {
        if kept.has(plan) {
            println!("{}: taken from the report", plan.title());
            continue;
        }
        let began = Instant::now();
        let mut new = batch::run(ground, plan)?;
        for row in &mut new {
            let entry = entries.iter().find(|entry| entry.id == row.id);
            row.kind = entry.map(Entry::kind).unwrap_or_default();
        }
        let proven = new.iter().filter(|row| row.proves).count();
        println!(
            "{}: {proven} of {} proven, {:.0} s",
            plan.title(),
            new.len(),
            began.elapsed().as_secs_f64()
        );
        kept.add(new)?;
    }
    Ok(())
}
