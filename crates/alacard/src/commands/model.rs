//! `alacard model`: what is known.

use std::process::ExitCode;

use alacard_hub::dossier::{Dossier, Fact};

use super::Shell;
use crate::cli::ModelArgs;
use crate::exit::Problem;
use crate::printer::plain;

pub(crate) fn run(shell: &Shell, args: ModelArgs) -> Result<ExitCode, Problem> {
    let hub = shell.hub(args.hub)?;
    let dossier = hub.dossier(&hub.parse(&args.source)?, args.revision.as_deref())?;
    if args.json {
        shell.printer.document(&dossier);
    } else {
        print(shell, &dossier);
    }
    for notice in &dossier.notices {
        shell.printer.warn(&notice.message, notice.hint.as_deref());
    }
    match alacard_hub::refusal(&dossier) {
        Some(refusal) => Err(refusal.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn print(shell: &Shell, dossier: &Dossier) {
    let line =
        |name: &str, value: &str| shell.printer.data(&format!("{name:<16} {}", plain(value)));
    line("model", dossier.id.as_ref().unwrap_or(&dossier.name));
    let texts = [
        ("commit", &dossier.sha),
        ("author", &dossier.author),
        ("task", &dossier.task),
        ("library", &dossier.library),
        ("architecture", &dossier.architecture),
        ("auto class", &dossier.auto_model),
        ("processor", &dossier.processor),
    ];
    for (name, fact) in texts {
        if let Some(fact) = fact {
            line(name, &format!("{} ({})", fact.value, from(fact)));
        }
    }
    let numbers = [
        ("parameters", &dossier.parameters),
        ("context length", &dossier.context_length),
        ("weights, bytes", &dossier.weight_bytes),
        ("downloads", &dossier.downloads),
    ];
    for (name, fact) in numbers {
        if let Some(fact) = fact {
            line(name, &format!("{} ({})", fact.value, from(fact)));
        }
    }
    if let Some(licence) = &dossier.licence {
        line(
            "licence",
            &format!("{} ({})", licence.value.id, from(licence)),
        );
    }
    if !dossier.languages.is_empty() {
        line("languages", &dossier.languages.join(", "));
    }
    if let Some(card) = &dossier.card {
        line(
            "card",
            &format!(
                "{} bytes, {} code examples",
                card.bytes,
                card.examples.len()
            ),
        );
    }
}

fn from<T>(fact: &Fact<T>) -> String {
    format!("{:?}", fact.from).to_lowercase()
}
