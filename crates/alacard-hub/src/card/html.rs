//! Code in `<pre>` and `<code>` elements, and plain text from HTML.

use std::borrow::Cow;
use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::{Captures, Regex};

use super::Block;
use super::fence::Extracted;

#[expect(
    clippy::unwrap_used,
    reason = "constant patterns, compiled in the tests"
)]
mod patterns {
    use super::{LazyLock, Regex, ascii_regex};

    pub(super) static PRE: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"(?is)<pre\b([^>]*)>(.*?)</pre\s*>").unwrap());
    pub(super) static CODE: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"(?is)<code\b([^>]*)>([^\n]*?\n.*?)</code\s*>").unwrap());
    pub(super) static CLASS: LazyLock<Regex> = LazyLock::new(|| {
        ascii_regex(r#"(?i)(?:lang(?:uage)?-|lang=["']?|class=["']?)(\w+)"#).unwrap()
    });
    pub(super) static BREAK: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"(?i)<br\s*/?>").unwrap());
    pub(super) static INLINE: LazyLock<Regex> = LazyLock::new(|| {
        ascii_regex(r"(?i)</?(?:code|span|div|b|i|u|a|p|font|strong|em|pre|samp|kbd)\b[^>]*>")
            .unwrap()
    });
    pub(super) static TAG: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"(?s)<!--.*?-->|</?[A-Za-z][^<>]*>").unwrap());
    pub(super) static ENTITY: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"&(#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,8});").unwrap());
    pub(super) static HEADING: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"(?is)<h([1-6])\b[^>]*>(.*?)</h[1-6]\s*>").unwrap());
}

/// Takes the code of HTML elements out of the text and adds it to the blocks.
pub(super) fn extract(extracted: &mut Extracted) {
    for pattern in [&patterns::PRE, &patterns::CODE] {
        let mut rest = String::with_capacity(extracted.rest.len());
        let (mut done, mut line) = (0, 1);
        for found in pattern.captures_iter(&extracted.rest) {
            let (Some(whole), Some(inner)) = (found.get(0), found.get(2)) else {
                continue;
            };
            let before = extracted.rest.get(done..whole.start()).unwrap_or_default();
            let lead = extracted
                .rest
                .get(whole.start()..inner.start())
                .unwrap_or_default();
            line += before.matches('\n').count();
            extracted
                .blocks
                .extend(block(&found, line + lead.matches('\n').count()));
            rest.push_str(before);
            let lines = whole.as_str().matches('\n').count();
            rest.push_str(&"\n".repeat(lines));
            line += lines;
            done = whole.end();
        }
        rest.push_str(extracted.rest.get(done..).unwrap_or_default());
        extracted.rest = rest;
    }
}

fn block(found: &Captures<'_>, line: usize) -> Option<Block> {
    let inner = found.get(2)?.as_str();
    let text = patterns::BREAK.replace_all(inner, "\n");
    let text = entities(&patterns::INLINE.replace_all(&text, "")).into_owned();
    let blank = text.len() - text.trim_start_matches('\n').len();
    if text.trim().is_empty() {
        return None;
    }
    let attributes = found
        .get(0)?
        .as_str()
        .get(..200)
        .unwrap_or(found.get(0)?.as_str());
    let label = patterns::CLASS
        .captures(attributes)
        .and_then(|c| c.get(1))
        .map(|m| m.as_str().to_owned());
    let text = text.trim_matches('\n').to_owned();
    Some(Block {
        text,
        label,
        line: line + blank,
    })
}

/// The text without tags and entities, blank space collapsed.
pub(super) fn text(html: &str) -> String {
    let bare = patterns::TAG.replace_all(html, " ");
    entities(&bare)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// Headings of a piece of HTML: level, title, offset in lines from its start.
pub(super) fn headings(html: &str) -> Vec<(u8, String, usize)> {
    let mut found = Vec::new();
    let (mut done, mut line) = (0, 0);
    for heading in patterns::HEADING.captures_iter(html) {
        let (Some(whole), Some(level), Some(inner)) =
            (heading.get(0), heading.get(1), heading.get(2))
        else {
            continue;
        };
        line += html
            .get(done..whole.start())
            .unwrap_or_default()
            .matches('\n')
            .count();
        done = whole.start();
        let title = text(inner.as_str());
        if !title.is_empty() {
            found.push((level.as_str().parse().unwrap_or(1), title, line));
        }
    }
    found
}

/// Decodes the entities that stand in code and prose.
fn entities(text: &str) -> Cow<'_, str> {
    patterns::ENTITY.replace_all(text, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |m| m.as_str());
        let name = found.get(1).map_or("", |m| m.as_str());
        entity(name).map_or_else(|| whole.to_owned(), String::from)
    })
}

fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| *c != '\0');
    }
    Some(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "lbrace" => '{',
        "rbrace" => '}',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "copy" => '©',
        _ => return None,
    })
}
