//! Every compatible combination of cards, from one representative model a lesson.
//!
//! `cargo run --release -p alacard-pipeline --example matrix -- OUT [--pairwise]`
//!
//! Writes one notebook a combination into OUT and prints what the checks say. `--pairwise` keeps
//! a selection in which every pair of values of two different cards still occurs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool for the command line"
)]

use std::collections::BTreeSet;
use std::error::Error;
use std::path::PathBuf;
use std::sync::Arc;

use alacard_catalog::Catalog;
use alacard_catalog::recipe::{Difficulty, Format, Prompts, Runtime, Ui};
use alacard_check::Severity;
use alacard_hub::dossier::Dossier;
use alacard_pipeline::{Failure, Maker, Options, RuntimeChoice};

/// One model of the built-in shelf for each lesson and each of its branches.
const MODELS: &[&str] = &[
    "Qwen/Qwen3-0.6B",
    "openai-community/gpt2",
    "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
    "dslim/bert-base-NER",
    "google-bert/bert-base-uncased",
    "facebook/bart-large-mnli",
    "deepset/roberta-base-squad2",
    "facebook/bart-large-cnn",
    "google-t5/t5-small",
    "Helsinki-NLP/opus-mt-en-de",
    "facebook/nllb-200-distilled-600M",
    "BAAI/bge-small-en-v1.5",
    "sentence-transformers/all-MiniLM-L6-v2",
    "Qwen/Qwen3-Embedding-0.6B",
    "cross-encoder/ms-marco-MiniLM-L6-v2",
    "google/vit-base-patch16-224",
    "timm/resnet50.a1_in1k",
    "facebook/detr-resnet-50",
    "openai/whisper-tiny",
    "facebook/wav2vec2-base-960h",
    "HuggingFaceTB/SmolVLM-256M-Instruct",
    "stabilityai/stable-diffusion-xl-base-1.0",
    "latent-consistency/lcm-lora-sdxl",
    "ybelkada/opt-350m-lora",
    "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
];

/// One combination.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Combination {
    model: &'static str,
    difficulty: Difficulty,
    topic: String,
    ui: Ui,
    format: Format,
    runtime: RuntimeChoice,
    prompts: Prompts,
}

impl Combination {
    /// The values by card, for pairs.
    fn values(&self) -> [String; 7] {
        [
            self.model.to_owned(),
            self.difficulty.to_string(),
            self.topic.clone(),
            self.ui.to_string(),
            self.format.to_string(),
            format!("{:?}", self.runtime),
            self.prompts.to_string(),
        ]
    }

    fn options(&self) -> Options {
        Options {
            topic: Some(self.topic.clone()),
            difficulty: Some(self.difficulty),
            ui: Some(self.ui),
            format: Some(self.format),
            runtime: self.runtime,
            prompts: Some(self.prompts),
            ..Options::default()
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let out = PathBuf::from(arguments.first().ok_or("usage: matrix OUT [--pairwise]")?);
    std::fs::create_dir_all(&out)?;
    let catalog = Arc::new(Catalog::builtin());
    let mut all = combinations(&catalog);
    if arguments.iter().any(|argument| argument == "--pairwise") {
        all = pairwise(all);
    }
    let maker = Maker::offline(catalog);
    let (mut made, mut skipped, mut bad) = (0, 0, 0);
    for (number, combination) in all.iter().enumerate() {
        match make(&maker, combination, &out.join(format!("{number:05}.ipynb"))) {
            Ok(errors) => {
                made += 1;
                bad += usize::from(errors > 0);
            }
            Err(Failure::Incompatible { .. }) => skipped += 1,
            Err(failure) => {
                bad += 1;
                println!("{combination:?}: {failure}");
            }
        }
    }
    println!(
        "matrix: {made} notebooks, {skipped} combinations do not go together, {bad} with errors"
    );
    if bad == 0 && made > 0 {
        Ok(())
    } else {
        Err("some combinations are broken".into())
    }
}

fn dossier(id: &str) -> Option<Dossier> {
    Some(alacard_hub::build(&alacard_hub::shelf::material(id)?))
}

fn make(
    maker: &Maker,
    combination: &Combination,
    path: &std::path::Path,
) -> Result<usize, Failure> {
    let Some(dossier) = dossier(combination.model) else {
        return Err(Failure::Incompatible {
            message: format!("{} is not on the shelf", combination.model),
            hint: String::new(),
        });
    };
    let made = maker.make(&dossier, combination.model, &combination.options())?;
    if combination.runtime == RuntimeChoice::Endpoint && made.recipe.runtime == Runtime::Local {
        return Err(Failure::Incompatible {
            message: "no endpoint lesson".to_owned(),
            hint: String::new(),
        });
    }
    let errors: Vec<_> = made
        .findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .collect();
    for finding in &errors {
        println!(
            "{combination:?}: {:?} {}: {}",
            finding.section, finding.rule, finding.message
        );
    }
    std::fs::write(path, made.notebook.to_json()).map_err(|source| Failure::Io {
        verb: "write",
        path: path.to_path_buf(),
        source,
    })?;
    Ok(errors.len())
}

/// All combinations, also those that will turn out not to go together.
fn combinations(catalog: &Catalog) -> Vec<Combination> {
    let mut topics = catalog.topic_ids();
    topics.push("beekeeping".to_owned());
    let mut all = Vec::new();
    for (turn, model) in MODELS.iter().enumerate() {
        for difficulty in Difficulty::ALL {
            for (number, topic) in topics.iter().enumerate() {
                for ui in Ui::ALL {
                    for format in Format::ALL {
                        for runtime in [RuntimeChoice::Local, RuntimeChoice::Endpoint] {
                            // The pack goes round: it is the seventh card, and its effect is small.
                            let packs = Prompts::ALL;
                            let prompts = packs[(turn + number + *ui as usize) % packs.len()];
                            all.push(Combination {
                                model,
                                difficulty: *difficulty,
                                topic: topic.clone(),
                                ui: *ui,
                                format: *format,
                                runtime,
                                prompts,
                            });
                        }
                    }
                }
            }
        }
    }
    all
}

/// A greedy selection that covers every pair of values that all combinations cover.
fn pairwise(all: Vec<Combination>) -> Vec<Combination> {
    let mut seen: BTreeSet<(usize, String, usize, String)> = BTreeSet::new();
    // A stride through the list meets different values at each step, so few are enough.
    let stride = 7919;
    let mut kept = Vec::new();
    for step in 0..all.len() {
        let combination = &all[(step * stride) % all.len()];
        let values = combination.values();
        let mut new = false;
        for a in 0..values.len() {
            for b in a + 1..values.len() {
                new |= seen.insert((a, values[a].clone(), b, values[b].clone()));
            }
        }
        if new {
            kept.push(combination.clone());
        }
    }
    kept
}
