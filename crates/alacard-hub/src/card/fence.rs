//! Fenced code blocks as people write them: in quotes, lists and HTML, deeply indented, not closed.
//!
//! A Markdown parser follows the standard, by which one forgotten fence turns all code after it into
//! prose and all prose into code. This scanner looks at what stands between the fences instead.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

use super::{Block, cut};

#[expect(
    clippy::unwrap_used,
    reason = "a constant pattern, compiled in the tests"
)]
static OPENING: LazyLock<Regex> = LazyLock::new(|| {
    ascii_regex(r"^((?:[ \t>]|[-*+][ \t]|\d{1,3}[.)][ \t])*)(`{3,}|~{3,})([^\n]*)$").unwrap()
});

/// The blocks of a text and the text without them.
pub(super) struct Extracted {
    pub(super) blocks: Vec<Block>,
    /// Line for line the text, with blank lines where the blocks stood.
    pub(super) rest: String,
}

/// Takes all fenced blocks out of a text.
pub(super) fn extract(text: &str, oddities: &mut Vec<String>) -> Extracted {
    let lines: Vec<&str> = text.split('\n').collect();
    let mut scan = Scan {
        lines: &lines,
        open: None,
        blocks: Vec::new(),
        rest: vec![""; lines.len()],
    };
    let mut at = 0;
    while at < lines.len() {
        at = scan.step(at, oddities);
    }
    if let Some(open) = scan.open.take() {
        oddities.push(format!(
            "The code fence on line {} is not closed.",
            open.fence_line + 1
        ));
        let end = lines.len();
        scan.finish_open(open, end);
    }
    Extracted {
        blocks: scan.blocks,
        rest: scan.rest.join("\n"),
    }
}

struct Open<'a> {
    mark: u8,
    length: usize,
    /// Width of what stands before the fence.
    indent: usize,
    /// Marks of the block quotes that it stands in.
    quotes: usize,
    label: Option<String>,
    /// Index of the fence's line.
    fence_line: usize,
    /// Code that stands on the fence's own line.
    head: Option<&'a str>,
    /// How often a fence inside was looked at; bounded, because each look parses.
    looks: usize,
    lines: Vec<&'a str>,
}

impl Open<'_> {
    fn labelled_python_or_not(&self) -> bool {
        let label = self
            .label
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        label.is_empty() || label.starts_with("py") || label.starts_with("ipy")
    }
}

struct Scan<'a, 'b> {
    lines: &'b [&'a str],
    open: Option<Open<'a>>,
    blocks: Vec<Block>,
    rest: Vec<&'a str>,
}

impl<'a> Scan<'a, '_> {
    /// Handles one line; yields the index of the next.
    fn step(&mut self, at: usize, oddities: &mut Vec<String>) -> usize {
        let line = self.lines.get(at).copied().unwrap_or_default();
        let Some(mut open) = self.open.take() else {
            self.open = opening(line, at);
            if self.open.is_none() {
                self.keep(at);
            }
            return at + 1;
        };
        let Some(content) = unquoted(line, open.quotes) else {
            self.finish_open(open, at);
            return at;
        };
        match ending(
            content,
            &mut open,
            self.lines.get(at + 1..).unwrap_or_default(),
        ) {
            Ending::None => {
                open.lines.push(content);
                self.open = Some(open);
            }
            Ending::Closed(last) => {
                open.lines.extend(last);
                if let Some(kept) = cut::swallowed_prose(&open.lines).filter(|_| last.is_none()) {
                    self.note_unclosed(&open, oddities);
                    self.finish_at(open, kept, at);
                    return at;
                }
                self.finish(open);
            }
            Ending::Reopened => {
                self.note_unclosed(&open, oddities);
                self.finish_open(open, at);
                return at;
            }
        }
        at + 1
    }

    fn note_unclosed(&self, open: &Open<'a>, oddities: &mut Vec<String>) {
        oddities.push(format!(
            "The code fence on line {} is not closed.",
            open.fence_line + 1
        ));
    }

    fn keep(&mut self, at: usize) {
        if let (Some(slot), Some(line)) = (self.rest.get_mut(at), self.lines.get(at)) {
            *slot = line;
        }
    }

    /// Ends a block that was not closed before line `end`: what looks like prose goes back.
    fn finish_open(&mut self, open: Open<'a>, end: usize) {
        let kept = cut::code_lines(&open.lines);
        self.finish_at(open, kept, end);
    }

    fn finish_at(&mut self, mut open: Open<'a>, kept: usize, end: usize) {
        let first = open.fence_line + 1 + kept;
        for at in first..end {
            self.keep(at);
        }
        open.lines.truncate(kept);
        self.finish(open);
    }

    fn finish(&mut self, open: Open<'a>) {
        let head = open.head.into_iter();
        let line = open.fence_line + if open.head.is_some() { 1 } else { 2 };
        let lines: Vec<&str> = head.chain(open.lines).collect();
        self.blocks.push(Block {
            text: lines.join("\n"),
            label: open.label,
            line,
        });
    }
}

fn opening(line: &str, at: usize) -> Option<Open<'_>> {
    let found = OPENING.captures(line)?;
    let prefix = found.get(1).map_or("", |m| m.as_str());
    let fence = found.get(2).map_or("", |m| m.as_str());
    let info = found.get(3).map_or("", |m| m.as_str()).trim();
    let mark = *fence.as_bytes().first()?;
    if info.contains(char::from(mark)) {
        return None;
    }
    let code =
        info.starts_with("import ") || (info.starts_with("from ") && info.contains(" import "));
    Some(Open {
        mark,
        length: fence.len(),
        indent: prefix.len(),
        quotes: prefix.matches('>').count(),
        label: if code { None } else { label(info) },
        fence_line: at,
        head: code.then_some(info),
        looks: 0,
        lines: Vec::new(),
    })
}

/// The first word of what stands behind a fence.
fn label(info: &str) -> Option<String> {
    let trimmed = info.trim_start_matches(['{', '.', ' ']);
    let word = trimmed
        .split(|c: char| c.is_whitespace() || matches!(c, '}' | ',' | ':' | '{'))
        .next()?;
    (!word.is_empty()).then(|| word.chars().take(40).collect())
}

/// The line without the marks of the quotes that the block stands in; `None` outside of them.
fn unquoted(line: &str, quotes: usize) -> Option<&str> {
    let mut rest = line;
    for _ in 0..quotes {
        rest = rest.trim_start().strip_prefix('>')?;
    }
    Some(if quotes > 0 {
        rest.strip_prefix(' ').unwrap_or(rest)
    } else {
        rest
    })
}

enum Ending<'a> {
    None,
    /// A closing fence, perhaps with code before it on its line.
    Closed(Option<&'a str>),
    /// A fence with a label: the block before it was never closed.
    Reopened,
}

fn ending<'a>(content: &'a str, open: &mut Open<'_>, after: &[&str]) -> Ending<'a> {
    let trimmed = content.trim();
    let mark = char::from(open.mark);
    let rest = trimmed.trim_start_matches(mark);
    let length = trimmed.len() - rest.len();
    let indent = content.len() - content.trim_start().len();
    if length >= open.length && indent <= open.indent + 3 {
        if rest.is_empty() {
            return Ending::Closed(None);
        }
        return if is_reopening(rest, open) {
            Ending::Reopened
        } else {
            Ending::None
        };
    }
    trailing(content, mark, open.length, after)
}

/// ```` print(x)``` ````: the closing fence behind the last line of code.
fn trailing<'a>(content: &'a str, mark: char, length: usize, after: &[&str]) -> Ending<'a> {
    let end = content.trim_end();
    let code = end.trim_end_matches(mark);
    let closes = mark == '`' && end.len() - code.len() == length && !code.contains(mark);
    if !closes || code.trim().is_empty() {
        return Ending::None;
    }
    let next = after.iter().find(|line| !line.trim().is_empty());
    let closed_again = next.is_some_and(|line| line.trim().chars().all(|c| c == mark));
    if closed_again {
        Ending::None
    } else {
        Ending::Closed(Some(code))
    }
}

/// Whether a fence with a label inside an open block means that the block was never closed. In a
/// string of a Python program such a fence is text: then what stands above it does not parse.
fn is_reopening(info: &str, open: &mut Open<'_>) -> bool {
    let is_label = info.trim().len() <= 20 && !info.trim().contains(char::is_whitespace);
    open.looks += 1;
    if !is_label || open.looks > 8 {
        return false;
    }
    !open.labelled_python_or_not() || !cut::ends_in_string(&open.lines)
}
