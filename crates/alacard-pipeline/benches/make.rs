//! How long one manual notebook takes in process: every stage from the dossier to the findings,
//! all checks included. Nothing is written to disk.

use std::sync::Arc;

use alacard_catalog::Catalog;
use alacard_hub::dossier::Dossier;
use alacard_pipeline::{Maker, Options};

/// Models of the built-in shelf, one a task.
const MODELS: [&str; 3] = [
    "Qwen/Qwen3-0.6B",
    "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
    "google/vit-base-patch16-224",
];

fn main() {
    divan::main();
}

fn dossier(id: &str) -> Dossier {
    let material = alacard_hub::shelf::material(id);
    alacard_hub::build(&material.unwrap_or_else(|| panic!("{id} is not on the shelf")))
}

/// The maker is kept, as a server keeps it: its lessons are read once.
#[divan::bench(args = MODELS)]
fn manual(bencher: divan::Bencher<'_, '_>, model: &str) {
    let maker = Maker::offline(Arc::new(Catalog::builtin()));
    let dossier = dossier(model);
    bencher.bench(|| maker.make(divan::black_box(&dossier), model, &Options::default()));
}

/// The first notebook of a process, with the catalogue still unread.
#[divan::bench(args = MODELS)]
fn first_manual(bencher: divan::Bencher<'_, '_>, model: &str) {
    let dossier = dossier(model);
    bencher
        .with_inputs(|| Maker::offline(Arc::new(Catalog::builtin())))
        .bench_values(|maker| maker.make(divan::black_box(&dossier), model, &Options::default()));
}
