//! Telling code from the prose that an unclosed fence swallowed.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use alacard_python::parse_cell;
use regex::Regex;

/// Cuts that are tried; each parses the block once.
const MAX_TRIES: usize = 24;

/// Blocks longer than this are not cut by trying.
const MAX_BYTES: usize = 64 * 1024;

#[expect(
    clippy::unwrap_used,
    reason = "a constant pattern, compiled in the tests"
)]
static HEADING: LazyLock<Regex> = LazyLock::new(|| ascii_regex(r"^#{2,6}[ \t]+\S").unwrap());

#[expect(
    clippy::unwrap_used,
    reason = "a constant pattern, compiled in the tests"
)]
static PROSE: LazyLock<Regex> = LazyLock::new(|| {
    ascii_regex(r"^(?:#{1,6}[ \t]+\S|\*\*|[-*+] |\||<|\[|!\[|\d+\. |\p{Lu}[\p{L}',-]*(?: [\p{L}\d`'*,.:()-]+){2,})")
        .unwrap()
});

/// How many lines of an unclosed block are code.
pub(super) fn code_lines(lines: &[&str]) -> usize {
    let text = lines.join("\n");
    if text.len() <= MAX_BYTES && parse_cell(&text).is_ok() {
        return trimmed(lines, lines.len());
    }
    if let Some(kept) = parsing_prefix(lines) {
        return kept;
    }
    let heading = prose_starts(lines)
        .into_iter()
        .find(|at| lines.get(*at).is_some_and(|l| HEADING.is_match(l)));
    trimmed(lines, heading.unwrap_or(lines.len()))
}

/// When a closed block holds a heading, does not parse as a whole, and does parse up to some prose:
/// how many lines of it are code. Its closing fence is then the opening one of the next block.
pub(super) fn swallowed_prose(lines: &[&str]) -> Option<usize> {
    let starts = prose_starts(lines);
    let heading = |at: &usize| lines.get(*at).is_some_and(|line| HEADING.is_match(line));
    if !starts.iter().any(heading) {
        return None;
    }
    let text = lines.join("\n");
    if text.len() > MAX_BYTES
        || parse_cell(&text).is_ok()
        || alacard_python::strip_prompts(&text).is_some()
    {
        return None;
    }
    let kept = parsing_prefix(lines)?;
    let code = lines.get(..kept)?.join("\n");
    let imports = code
        .lines()
        .any(|line| line.starts_with("import ") || line.starts_with("from "));
    imports.then_some(kept)
}

/// Whether the text above stops inside a triple-quoted string.
pub(super) fn ends_in_string(lines: &[&str]) -> bool {
    let text = lines.join("\n");
    if text.len() > MAX_BYTES || parse_cell(&text).is_ok() {
        return false;
    }
    ["\"\"\"", "'''"].iter().any(|quote| {
        parse_cell(&format!("{text}\n{quote}\n")).is_ok()
            || parse_cell(&format!("{text}\n{quote})\n")).is_ok()
    })
}

/// The longest beginning that ends where prose may start and that parses.
fn parsing_prefix(lines: &[&str]) -> Option<usize> {
    let starts = prose_starts(lines);
    let tries = starts.get(..MAX_TRIES.min(starts.len()))?;
    let parses = |at: &&usize| {
        let text = lines.get(..**at).unwrap_or_default().join("\n");
        !text.trim().is_empty() && text.len() <= MAX_BYTES && parse_cell(&text).is_ok()
    };
    tries
        .iter()
        .rev()
        .find(parses)
        .map(|at| trimmed(lines, *at))
}

/// Lines that may be the first of some prose: they follow a blank line and look like it.
fn prose_starts(lines: &[&str]) -> Vec<usize> {
    let mut after_blank = true;
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if (after_blank || HEADING.is_match(line)) && PROSE.is_match(line) {
            found.push(at);
        }
        after_blank = line.trim().is_empty();
    }
    found
}

/// Without blank lines and headings at the end (a heading is a comment to Python).
fn trimmed(lines: &[&str], mut kept: usize) -> usize {
    while let Some(line) = kept.checked_sub(1).and_then(|at| lines.get(at)) {
        if !line.trim().is_empty() && !HEADING.is_match(line) {
            break;
        }
        kept -= 1;
    }
    kept
}
