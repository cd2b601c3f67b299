//! Where the front matter stands. It should be first, between two `---` lines; it often is not.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

/// How far down front matter is looked for when the card does not begin with it.
const SEARCH_LINES: usize = 80;

/// Keys that the Hub knows: what stands between `---` lines in the middle of a card is front
/// matter only with one of them.
const KNOWN_KEYS: [&str; 16] = [
    "license",
    "language",
    "tags",
    "datasets",
    "library_name",
    "pipeline_tag",
    "widget",
    "model-index",
    "base_model",
    "metrics",
    "thumbnail",
    "inference",
    "model_name",
    "extra_gated_prompt",
    "model-type",
    "co2_eq_emissions",
];

#[expect(
    clippy::unwrap_used,
    reason = "a constant pattern, compiled in the tests"
)]
static KEY: LazyLock<Regex> =
    LazyLock::new(|| ascii_regex(r#"^\s*["']?[A-Za-z_][\w .-]{0,60}["']?\s*:(\s|$)"#).unwrap());

/// A card in two parts.
pub(super) struct Parts<'a> {
    pub(super) yaml: Option<&'a str>,
    /// The text without front matter; its lines are blank, so that line numbers stay true.
    pub(super) body: String,
}

/// Finds the front matter, wherever it stands.
pub(super) fn split<'a>(text: &'a str, oddities: &mut Vec<String>) -> Parts<'a> {
    let Some(found) = find(text, oddities) else {
        return Parts {
            yaml: None,
            body: text.to_owned(),
        };
    };
    let Found {
        start,
        yaml_start,
        yaml_end,
        end,
    } = found;
    let lines = text
        .get(start..end)
        .unwrap_or_default()
        .matches('\n')
        .count();
    let before = text.get(..start).unwrap_or_default();
    let after = text.get(end..).unwrap_or_default();
    let body = format!("{before}{}{after}", "\n".repeat(lines));
    Parts {
        yaml: text.get(yaml_start..yaml_end),
        body,
    }
}

/// Offsets in bytes.
struct Found {
    start: usize,
    yaml_start: usize,
    yaml_end: usize,
    end: usize,
}

fn find(text: &str, oddities: &mut Vec<String>) -> Option<Found> {
    let mut offset = 0;
    let mut blank_so_far = true;
    for (number, line) in text.split_inclusive('\n').enumerate().take(SEARCH_LINES) {
        if is_rule(line) {
            let found = closed(text, offset, offset + line.len());
            let fits = if blank_so_far {
                is_plausible
            } else {
                is_front_matter
            };
            if let Some(found) = found.filter(|found| fits(text, found)) {
                note_place(number, blank_so_far, oddities);
                return Some(found);
            }
            if blank_so_far {
                return unclosed(text, offset, offset + line.len(), oddities);
            }
        }
        blank_so_far &= line.trim().is_empty();
        offset += line.len();
    }
    None
}

fn note_place(number: usize, blank_so_far: bool, oddities: &mut Vec<String>) {
    if !blank_so_far {
        oddities.push("The front matter does not stand first: text comes before it.".to_owned());
    } else if number > 0 {
        oddities
            .push("The front matter does not stand first: blank lines come before it.".to_owned());
    }
}

fn is_rule(line: &str) -> bool {
    line.trim_end() == "---"
}

/// From an opening line to the next `---` line.
fn closed(text: &str, start: usize, yaml_start: usize) -> Option<Found> {
    let mut offset = yaml_start;
    for line in text.get(yaml_start..)?.split_inclusive('\n') {
        if is_rule(line) {
            return Some(Found {
                start,
                yaml_start,
                yaml_end: offset,
                end: offset + line.len(),
            });
        }
        offset += line.len();
    }
    None
}

/// Between two rules at the top of a card stands front matter, unless it is plainly prose.
fn is_plausible(text: &str, found: &Found) -> bool {
    let yaml = text
        .get(found.yaml_start..found.yaml_end)
        .unwrap_or_default();
    let is_content = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    yaml.lines()
        .find(is_content)
        .is_none_or(|line| KEY.is_match(line))
        || is_front_matter(text, found)
}

fn is_front_matter(text: &str, found: &Found) -> bool {
    let yaml = text
        .get(found.yaml_start..found.yaml_end)
        .unwrap_or_default();
    let first = yaml
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let known = |line: &str| {
        let key = line.split(':').next().unwrap_or_default();
        KNOWN_KEYS.contains(&key.trim()) && KEY.is_match(line)
    };
    KEY.is_match(first) && yaml.lines().any(known)
}

/// An opening line without a closing one: as far as the lines look like YAML.
fn unclosed(
    text: &str,
    start: usize,
    yaml_start: usize,
    oddities: &mut Vec<String>,
) -> Option<Found> {
    let mut offset = yaml_start;
    let mut any = false;
    for line in text.get(yaml_start..)?.split_inclusive('\n') {
        let is_yaml = line.trim().is_empty()
            || KEY.is_match(line)
            || line.trim_start().starts_with("- ")
            || (any && line.starts_with([' ', '\t']));
        if !is_yaml {
            break;
        }
        any |= KEY.is_match(line);
        offset += line.len();
    }
    if any {
        oddities.push(
            "The front matter is not closed; it was read up to the first line of text.".to_owned(),
        );
    }
    any.then_some(Found {
        start,
        yaml_start,
        yaml_end: offset,
        end: offset,
    })
}
