//! Headings, sections, title and summary.

use comrak::nodes::{AstNode, NodeValue};
use comrak::{Arena, Options, parse_document};

use super::{Block, html, plain};
use crate::dossier::CardSection;

/// Most headings that are kept.
const MAX_HEADINGS: usize = 2000;

/// A heading and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Heading {
    pub(super) level: u8,
    pub(super) title: String,
    /// First line, from 1.
    pub(super) line: usize,
    /// First line below it.
    pub(super) below: usize,
}

/// What the text of a card is made of.
#[derive(Default)]
pub(super) struct Outline {
    pub(super) title: Option<String>,
    pub(super) summary: Option<String>,
    pub(super) headings: Vec<Heading>,
    pub(super) sections: Vec<CardSection>,
    /// Indented code blocks.
    pub(super) indented: Vec<Block>,
}

/// Reads the outline. `rest` is the body with its code blocks blanked out, line for line.
pub(super) fn read(body: &str, rest: &str) -> Outline {
    let mut outline = Outline::default();
    let mut fallback = None;
    let arena = Arena::new();
    let mut options = Options::default();
    options.extension.table = true;
    let flat = flattened(rest);
    let root = parse_document(&arena, &flat, &options);
    for node in root.descendants() {
        look(node, &mut outline, &mut fallback);
    }
    outline.headings.sort_by_key(|heading| heading.line);
    outline.headings.truncate(MAX_HEADINGS);
    outline.title = outline
        .headings
        .iter()
        .find(|h| h.level == 1)
        .map(|h| h.title.clone());
    outline.summary = outline.summary.or(fallback);
    outline.sections = sections(body, &outline.headings);
    outline
}

/// Lines that begin with dozens of markers nest the parser's containers line by line; nobody
/// writes them, so they are blanked out.
fn flattened(text: &str) -> String {
    let too_deep = |line: &str| {
        let marker =
            |c: &char| matches!(c, '>' | '-' | '*' | '+' | ' ' | '\t') || c.is_ascii_digit();
        line.chars()
            .take_while(marker)
            .filter(|c| matches!(c, '>' | '-' | '+' | '*'))
            .count()
            > 40
            && line.contains(['>', ' '])
    };
    let lines = text
        .split('\n')
        .map(|line| if too_deep(line) { "" } else { line });
    lines.collect::<Vec<_>>().join("\n")
}

fn look<'a>(node: &'a AstNode<'a>, outline: &mut Outline, fallback: &mut Option<String>) {
    let data = node.data();
    let (start, end) = (data.sourcepos.start.line, data.sourcepos.end.line);
    match &data.value {
        NodeValue::Heading(heading) => {
            let title = html::text(&node.collect_text());
            if !title.is_empty() {
                let level = heading.level;
                outline.headings.push(Heading {
                    level,
                    title,
                    line: start,
                    below: end + 1,
                });
            }
        }
        NodeValue::HtmlBlock(block) => {
            for (level, title, offset) in html::headings(&block.literal) {
                let line = start + offset;
                outline.headings.push(Heading {
                    level,
                    title,
                    line,
                    below: line + 1,
                });
            }
            if outline.summary.is_none() && fallback.is_none() {
                *fallback = plain::summary_of_html(&block.literal);
            }
        }
        NodeValue::Paragraph if outline.summary.is_none() => {
            let top = node
                .parent()
                .is_some_and(|p| matches!(p.data().value, NodeValue::Document));
            outline.summary = if top { plain::summary(node) } else { None };
        }
        NodeValue::CodeBlock(code) => {
            let line = start + usize::from(code.fenced);
            outline.indented.push(Block {
                text: code.literal.clone(),
                label: None,
                line,
            });
        }
        _ => {}
    }
}

fn sections(body: &str, headings: &[Heading]) -> Vec<CardSection> {
    let lines: Vec<&str> = body.split('\n').collect();
    let first = headings
        .first()
        .map_or(lines.len() + 1, |heading| heading.line);
    let lead = between(&lines, 1, first);
    let mut sections = Vec::new();
    if !lead.is_empty() {
        sections.push(CardSection {
            level: 0,
            title: String::new(),
            text: lead,
        });
    }
    for (index, heading) in headings.iter().enumerate() {
        let end = headings
            .get(index + 1)
            .map_or(lines.len() + 1, |next| next.line);
        let text = between(&lines, heading.below, end);
        sections.push(CardSection {
            level: heading.level,
            title: heading.title.clone(),
            text,
        });
    }
    sections
}

/// Lines `start` up to but not including `end`, from 1, without blank lines around them.
fn between(lines: &[&str], start: usize, end: usize) -> String {
    let range = start.saturating_sub(1)..end.saturating_sub(1);
    let text = lines.get(range).unwrap_or_default().join("\n");
    text.trim_matches('\n').trim_end().to_owned()
}
