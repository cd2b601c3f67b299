//! The first sentence or two that say what the model is.

use comrak::nodes::{AstNode, NodeValue};

use super::html;

/// Longest summary in characters.
const MAX_CHARS: usize = 400;

/// Shortest prose that counts as a summary, in letters; half of it when it is a whole sentence.
const MIN_LETTERS: usize = 20;

/// Beginnings of paragraphs that templates put there.
const NOISE: [&str; 15] = [
    "more information needed",
    "[more information needed]",
    "this model card has been automatically generated",
    "this model card has been generated automatically",
    "this is the model card of a 🤗 transformers model",
    "this modelcard aims to be a base template",
    "provide a quick summary",
    "hugging face's logo",
    "model card for model id",
    "[optional]",
    "note:",
    "note!",
    "warning",
    "disclaimer",
    "/!",
];

/// The paragraph as plain text, if it can stand as a summary.
pub(super) fn summary<'a>(paragraph: &'a AstNode<'a>) -> Option<String> {
    let (text, linked) = collect(paragraph);
    // A line of links is a menu, not a description; a short line is one only as a sentence.
    let own = letters(&text).saturating_sub(linked);
    let is_sentence = own >= MIN_LETTERS / 2 && text.ends_with(['.', '。']);
    let is_long = letters(&text) >= MIN_LETTERS && (own >= MIN_LETTERS || own >= linked);
    if !is_sentence && !is_long {
        return None;
    }
    accepted(&text)
}

/// The same for a block of HTML.
pub(super) fn summary_of_html(literal: &str) -> Option<String> {
    let is_code = ["<!--", "<style", "<script", "<table"]
        .iter()
        .any(|t| literal.trim_start().starts_with(t));
    if is_code || literal.contains("<h1") || literal.contains("<img") {
        return None;
    }
    let text = html::text(literal);
    if letters(&text) < 2 * MIN_LETTERS {
        None
    } else {
        accepted(&text)
    }
}

fn accepted(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if NOISE.iter().any(|noise| lower.starts_with(noise)) {
        return None;
    }
    Some(shortened(text))
}

/// Letters; a Chinese or Japanese sign says as much as two or three of them.
fn letters(text: &str) -> usize {
    let weight = |c: char| if c >= '\u{2e80}' { 2 } else { 1 };
    text.chars().filter(|c| c.is_alphabetic()).map(weight).sum()
}

/// The text of a node without images, and how many letters of it are links.
fn collect<'a>(paragraph: &'a AstNode<'a>) -> (String, usize) {
    let mut text = String::new();
    let mut linked = 0;
    let mut stack: Vec<(&AstNode<'a>, bool)> = vec![(paragraph, false)];
    while let Some((node, in_link)) = stack.pop() {
        if text.len() > 8 * MAX_CHARS {
            break;
        }
        let data = node.data();
        let piece = match &data.value {
            NodeValue::Text(piece) => piece.as_ref(),
            NodeValue::Code(code) => code.literal.as_str(),
            NodeValue::SoftBreak | NodeValue::LineBreak => " ",
            NodeValue::Image(_) | NodeValue::HtmlInline(_) => continue,
            value => {
                let link = in_link || matches!(value, NodeValue::Link(_));
                stack.extend(node.reverse_children().map(|child| (child, link)));
                continue;
            }
        };
        linked += if in_link { letters(piece) } else { 0 };
        text.push_str(piece);
    }
    (
        text.split_whitespace().collect::<Vec<_>>().join(" "),
        linked,
    )
}

/// At most [`MAX_CHARS`] characters, cut between words.
fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_CHARS {
        return text.to_owned();
    }
    let head: String = text.chars().take(MAX_CHARS - 1).collect();
    let end = head
        .rfind(' ')
        .filter(|at| *at > MAX_CHARS / 2)
        .unwrap_or(head.len());
    format!("{}…", head.get(..end).unwrap_or(&head).trim_end())
}
