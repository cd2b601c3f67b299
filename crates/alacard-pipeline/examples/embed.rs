//! A notebook from another program, in ten lines.
#![allow(clippy::print_stdout, reason = "an example that shows its result")]

use alacard_catalog::Catalog;
use alacard_hub::{Hub, Options};
use alacard_pipeline::{Maker, Pipeline, Quiet, Request};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let hub = Hub::new(Options {
        offline: true,
        ..Options::default()
    });
    let pipeline = Pipeline::new(hub, Maker::offline(Catalog::builtin().into()));
    let out = std::env::temp_dir().join("alacard-embed");
    let run = pipeline.generate(&Request::new("Qwen/Qwen3-0.6B", out), &Quiet)?;
    println!("{} cells in {}", run.metrics.cells, run.notebook.display());
    Ok(())
}
