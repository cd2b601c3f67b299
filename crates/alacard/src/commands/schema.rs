//! `alacard schema`: the JSON Schema of each artifact, made from its Rust type.

use std::process::ExitCode;

use alacard_catalog::UnknownCard;
use schemars::{Schema, schema_for};

use super::Shell;
use crate::cli::SchemaArgs;
use crate::exit::Problem;

/// The artifacts that have a schema.
pub(crate) const NAMES: [&str; 10] = [
    "recipe", "dossier", "outline", "section", "findings", "manifest", "metrics", "report",
    "refusal", "proof",
];

pub(crate) fn run(shell: &Shell, args: &SchemaArgs) -> Result<ExitCode, Problem> {
    let schema = schema(&args.name).ok_or_else(|| UnknownCard::new("schema", &args.name, NAMES))?;
    shell.printer.document(&schema);
    Ok(ExitCode::SUCCESS)
}

fn schema(name: &str) -> Option<Schema> {
    Some(match name {
        "recipe" | "request" => schema_for!(alacard_catalog::recipe::Recipe),
        "dossier" => schema_for!(alacard_hub::dossier::Dossier),
        "outline" => schema_for!(alacard_teacher::Outline),
        "section" => schema_for!(alacard_teacher::Section),
        "findings" => schema_for!(Vec<alacard_check::Finding>),
        "manifest" => schema_for!(alacard_pipeline::Manifest),
        "metrics" => schema_for!(alacard_pipeline::Metrics),
        "report" => schema_for!(alacard_pipeline::Report),
        "proof" => schema_for!(alacard_prove::Proof),
        "refusal" => schema_for!(alacard_hub::Refusal),
        _ => return None,
    })
}
