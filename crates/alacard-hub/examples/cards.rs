//! Reads every `README.md` below a folder and prints what was found in it, one line a card.
//!
//!     cargo run --release -p alacard-hub --example cards -- FOLDER

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line example"
)]

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alacard_hub::card;
use alacard_hub::dossier::ExampleLanguage;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        eprintln!("usage: cards FOLDER");
        return Ok(());
    };
    let mut paths = Vec::new();
    collect(Path::new(&folder), &mut paths)?;
    paths.sort();
    let (mut total, mut slowest, mut with_python) = (Duration::ZERO, Duration::ZERO, 0);
    for path in &paths {
        let bytes = std::fs::read(path)?;
        let start = Instant::now();
        let reading = card::read(&bytes);
        let took = start.elapsed();
        total += took;
        slowest = slowest.max(took);
        let is_good = |e: &&alacard_hub::dossier::CodeExample| {
            e.language == ExampleLanguage::Python && e.parses && !e.imports.is_empty()
        };
        let good = reading.card.examples.iter().filter(is_good).count();
        with_python += usize::from(good > 0);
        println!(
            "{}\t{} examples\t{good} Python with imports\t{} keys\t{} oddities",
            path.display(),
            reading.card.examples.len(),
            reading.front_matter.len(),
            reading.card.oddities.len()
        );
    }
    eprintln!(
        "{} cards, {with_python} with a Python example that parses and imports something, {total:.1?} in all, slowest {slowest:.1?}",
        paths.len()
    );
    Ok(())
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.file_name().is_some_and(|name| name == "README.md") {
            paths.push(path);
        }
    }
    Ok(())
}
