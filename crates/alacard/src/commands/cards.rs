//! `alacard cards`: what a recipe is made of.

use std::process::ExitCode;

use alacard_catalog::{Card, CardKind};

use super::Shell;
use crate::cli::CardsArgs;
use crate::exit::Problem;

pub(crate) fn run(shell: &Shell, args: &CardsArgs) -> Result<ExitCode, Problem> {
    let kinds: Vec<CardKind> = match &args.kind {
        Some(kind) => vec![kind.parse()?],
        None => CardKind::ALL.to_vec(),
    };
    let words = args.search.as_deref().unwrap_or_default();
    let mut cards: Vec<Card> = Vec::new();
    for kind in kinds {
        cards.extend(
            shell
                .catalog
                .cards(kind)?
                .into_iter()
                .filter(|card| card.matches(words)),
        );
    }
    if args.json {
        shell.printer.document(&cards);
    } else {
        for card in &cards {
            shell.printer.data(&format!(
                "{:<11} {:<32} {} {}",
                card.kind.as_str(),
                card.id,
                card.emoji,
                card.blurb
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}
