//! Code examples: what stands in a block, by content.

use super::Block;
use super::language::{self, Piece};
use super::outline::Heading;
use crate::dossier::CodeExample;

/// Most examples that are kept.
const MAX_EXAMPLES: usize = 500;

/// Longest example in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// All examples of a card; blocks and headings are in the order of their lines.
pub(super) fn all(
    blocks: &[Block],
    headings: &[Heading],
    oddities: &mut Vec<String>,
) -> Vec<CodeExample> {
    let mut examples = Vec::new();
    let mut path = Path {
        headings,
        next: 0,
        above: Vec::new(),
    };
    for block in blocks {
        if examples.len() >= MAX_EXAMPLES {
            oddities.push(format!(
                "The card holds more than {MAX_EXAMPLES} code blocks; the rest was left out."
            ));
            break;
        }
        if block.text.len() > MAX_BYTES {
            oddities.push(format!(
                "The code block on line {} is too long to be read.",
                block.line
            ));
            continue;
        }
        let above = path.at(block.line);
        for piece in language::pieces(&block.text, block.label.as_deref()) {
            examples.push(example(piece, block, above.clone()));
        }
    }
    examples
}

fn example(piece: Piece, block: &Block, headings: Vec<String>) -> CodeExample {
    CodeExample {
        language: piece.language,
        label: block.label.clone(),
        code: piece.code,
        parses: piece.parses,
        imports: piece.imports,
        headings,
        line: block.line + piece.offset,
    }
}

/// The titles above a line, as one walks down the card.
struct Path<'a> {
    headings: &'a [Heading],
    next: usize,
    above: Vec<&'a Heading>,
}

impl Path<'_> {
    fn at(&mut self, line: usize) -> Vec<String> {
        while let Some(heading) = self
            .headings
            .get(self.next)
            .filter(|heading| heading.line < line)
        {
            self.above.retain(|above| above.level < heading.level);
            self.above.push(heading);
            self.next += 1;
        }
        self.above
            .iter()
            .map(|heading| heading.title.clone())
            .collect()
    }
}
