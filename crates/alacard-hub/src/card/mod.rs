//! Model cards as people write them: front matter, text, code examples.
//!
//! Reading never fails. Whatever is odd about a card is recorded in one sentence each, and what can
//! be understood is kept. All work is bounded by the card's size, and nothing recurses on it.

mod cut;
mod decode;
mod example;
mod fence;
mod front_matter;
mod html;
mod language;
mod outline;
mod plain;
mod yaml;

use serde_json::{Map, Value};

use crate::dossier::Card;

/// A card that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct CardReading {
    /// The front matter as JSON; empty when there is none. YAML 1.2 rules: `no` is a string.
    pub front_matter: Map<String, Value>,
    /// Everything else.
    pub card: Card,
}

/// Reads a card.
///
/// ```
/// let text = "---\nlicense: mit\nlanguage: no\n---\n# Tiny\n\nA tiny model.\n\n```\nimport timm\n```\n";
/// let reading = alacard_hub::card::read(text.as_bytes());
/// assert_eq!(reading.front_matter["language"], "no");
/// assert_eq!(reading.card.title.as_deref(), Some("Tiny"));
/// assert_eq!(reading.card.summary.as_deref(), Some("A tiny model."));
/// assert_eq!(reading.card.examples[0].imports, ["timm"]);
/// assert_eq!(reading.card.examples[0].line, 10);
/// ```
pub fn read(bytes: &[u8]) -> CardReading {
    let mut oddities = Vec::new();
    let text = decode::decode(bytes, &mut oddities);
    let found = front_matter::split(&text, &mut oddities);
    let front_matter = found
        .yaml
        .map(|yaml| yaml::read(yaml, &mut oddities))
        .unwrap_or_default();

    let mut extracted = fence::extract(&found.body, &mut oddities);
    html::extract(&mut extracted);
    let outline = outline::read(&found.body, &extracted.rest);
    extracted.blocks.extend(outline.indented);
    extracted.blocks.sort_by_key(|block| block.line);
    let examples = example::all(&extracted.blocks, &outline.headings, &mut oddities);

    oddities.dedup();
    let card = Card {
        title: outline.title,
        summary: outline.summary,
        sections: outline.sections,
        examples,
        bytes: bytes.len(),
        oddities,
    };
    CardReading { front_matter, card }
}

/// A block of something that may be code, as it stands in the card.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Block {
    /// Its text with `\n` line ends, without quote marks.
    text: String,
    /// The label of its fence.
    label: Option<String>,
    /// Line of the card on which the text starts, from 1.
    line: usize,
}
