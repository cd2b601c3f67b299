//! What stands in the Markdown cells: headings, links, pictures, HTML.

use std::sync::LazyLock;

use alacard_notebook::{Cell, CellKind};
use alacard_python::ascii_regex;
use regex::Regex;

use crate::rule::Place;

/// A heading.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) place: Place,
    /// From 1 to 6.
    pub(crate) level: usize,
    pub(crate) text: String,
}

/// A link or a picture.
#[derive(Debug, Clone)]
pub(crate) struct Link {
    pub(crate) place: Place,
    pub(crate) target: String,
    /// The text, or the description of a picture.
    pub(crate) text: String,
    pub(crate) image: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Prose {
    pub(crate) headings: Vec<Heading>,
    pub(crate) links: Vec<Link>,
    /// Lines outside code blocks, code spans blanked out.
    pub(crate) lines: Vec<(Place, String)>,
}

/// Reads the Markdown cells.
pub(crate) fn read(cells: &[Cell]) -> Prose {
    let mut prose = Prose::default();
    for (index, cell) in cells.iter().enumerate() {
        if cell.kind == CellKind::Markdown {
            read_cell(index, &cell.source, &mut prose);
        }
    }
    prose
}

fn read_cell(cell: usize, source: &str, prose: &mut Prose) {
    let mut fence: Option<(char, usize)> = None;
    for (number, line) in source.lines().enumerate() {
        let place = Place::line(cell, number + 1);
        let mark = fence_of(line);
        match (fence, mark) {
            (None, Some(mark)) => {
                fence = Some(mark);
                continue;
            }
            (Some((c, length)), Some((other, n)))
                if c == other && n >= length && is_bare(line, c) =>
            {
                fence = None;
                continue;
            }
            (Some(_), _) => continue,
            (None, None) => {}
        }
        if line.starts_with("    ") && prose.lines.last().is_none_or(|(_, l)| l.trim().is_empty()) {
            continue;
        }
        let line = without_code_spans(line);
        read_heading(place, &line, prose);
        read_links(place, &line, prose);
        prose.lines.push((place, line));
    }
}

/// The mark and length of a code fence at the start of a line.
fn fence_of(line: &str) -> Option<(char, usize)> {
    let line = line.trim_start_matches([' ', '>']);
    let mark = line.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let length = line.chars().take_while(|c| *c == mark).count();
    let info_is_clean = mark == '~' || !line.get(length..).unwrap_or_default().contains('`');
    (length >= 3 && info_is_clean).then_some((mark, length))
}

/// Whether a fence line holds nothing but its marks, as a closing one does.
fn is_bare(line: &str, mark: char) -> bool {
    line.trim_matches([' ', '>']).chars().all(|c| c == mark)
}

/// The line with what stands between backticks replaced by as many dots.
fn without_code_spans(line: &str) -> String {
    if !line.contains('`') {
        return line.to_owned();
    }
    static SPAN: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r"```[^`]+```|``[^`]+``|`[^`]+`").ok());
    let Some(span) = SPAN.as_ref() else {
        return line.to_owned();
    };
    span.replace_all(line, |found: &regex::Captures<'_>| {
        let length = found.get(0).map_or(0, |m| m.as_str().chars().count());
        "·".repeat(length)
    })
    .into_owned()
}

fn read_heading(place: Place, line: &str, prose: &mut Prose) {
    let hashes = line.bytes().take_while(|b| *b == b'#').count();
    if let Some(text) = line.get(hashes..)
        && (1..=6).contains(&hashes)
        && text.starts_with([' ', '\t'])
    {
        let text = text.trim().trim_end_matches('#').trim().to_owned();
        prose.headings.push(Heading {
            place,
            level: hashes,
            text,
        });
    }
}

fn read_links(place: Place, line: &str, prose: &mut Prose) {
    static LINK: LazyLock<Option<Regex>> = LazyLock::new(|| {
        ascii_regex(
            r#"(!?)\[([^\[\]]*)\]\(\s*(<[^>]*>|[^()\s]*(?:\([^()\s]*\)[^()\s]*)*)([^()]*)\)"#,
        )
        .ok()
    });
    static AUTO: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r#"<((?:[A-Za-z][A-Za-z0-9+.-]{1,30}):[^<>\s]*)>"#).ok());
    static IMAGE: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r#"(?i)<img\b[^>]*>"#).ok());
    static SOURCE: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r#"(?i)\b(src|href)\s*=\s*["']?([^"'\s>]*)"#).ok());
    static ALT: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r#"(?i)\balt\s*=\s*["']([^"']*)["']"#).ok());
    // An escaped bracket is text, and opens or closes no link.
    let line = &line.replace("\\[", "··").replace("\\]", "··");
    let mut push = |image, text: &str, target: &str| {
        prose.links.push(Link {
            place,
            target: target.to_owned(),
            text: text.trim().to_owned(),
            image,
        });
    };
    if line.contains("](")
        && let Some(link) = LINK.as_ref()
    {
        // A picture may stand inside a link: look for the inner one, then at the outer target.
        let flat = link.replace_all(line, |found: &regex::Captures<'_>| {
            let part = |i: usize| found.get(i).map(|m| m.as_str()).unwrap_or_default();
            let rest = part(4).trim();
            let broken = !rest.is_empty() && !rest.starts_with(['"', '\'']);
            let target = part(3).trim_matches(['<', '>']);
            let target = if broken {
                format!("{target} {rest}")
            } else {
                target.to_owned()
            };
            push(part(1) == "!", part(2), &target);
            "picture".to_owned()
        });
        if flat.contains("](") {
            for found in link.captures_iter(&flat) {
                let part = |i: usize| found.get(i).map(|m| m.as_str()).unwrap_or_default();
                push(false, part(2), part(3).trim_matches(['<', '>']));
            }
        }
    }
    if !line.contains('<') {
        return;
    }
    for found in AUTO.iter().flat_map(|r| r.captures_iter(line)) {
        push(
            false,
            "link",
            found.get(1).map(|m| m.as_str()).unwrap_or_default(),
        );
    }
    for found in IMAGE.iter().flat_map(|r| r.find_iter(line)) {
        let alt = ALT
            .as_ref()
            .and_then(|r| r.captures(found.as_str()))
            .and_then(|c| c.get(1));
        push(true, alt.map(|m| m.as_str()).unwrap_or_default(), "");
    }
    for found in SOURCE.iter().flat_map(|r| r.captures_iter(line)) {
        push(
            false,
            "link",
            found.get(2).map(|m| m.as_str()).unwrap_or_default(),
        );
    }
}
