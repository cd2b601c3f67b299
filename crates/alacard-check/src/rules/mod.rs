//! The rules, by family. Each is a constant with its examples and the function that looks.

pub(crate) mod contract;
pub(crate) mod imports;
pub(crate) mod install;
pub(crate) mod lesson;
pub(crate) mod links;
pub(crate) mod magics;
pub(crate) mod models;
pub(crate) mod outputs;
pub(crate) mod platform;
pub(crate) mod python;
pub(crate) mod safety;
pub(crate) mod schema;
pub(crate) mod secrets;
pub(crate) mod structure;
pub(crate) mod style;
pub(crate) mod text;
pub(crate) mod using;

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

/// A pattern that is compiled once. The patterns are constants, so that one that does not
/// compile is caught by the examples of its rule; it then matches nothing.
pub(crate) type Pattern = LazyLock<Option<Regex>>;

/// Compiles a pattern.
pub(crate) fn pattern(text: &str) -> Option<Regex> {
    ascii_regex(text).ok()
}

/// All matches of a pattern in a text.
pub(crate) fn matches<'t>(
    pattern: &'static Pattern,
    text: &'t str,
) -> impl Iterator<Item = regex::Match<'t>> {
    pattern
        .as_ref()
        .into_iter()
        .flat_map(move |r| r.find_iter(text))
}

/// Whether a pattern occurs in a text.
pub(crate) fn occurs(pattern: &'static Pattern, text: &str) -> bool {
    pattern.as_ref().is_some_and(|r| r.is_match(text))
}

/// At most this many characters of somebody's text are quoted in a message.
pub(crate) fn shortened(text: &str) -> String {
    let text = text.trim();
    let mut chars = text.chars();
    let head: String = chars
        .by_ref()
        .take(60)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if chars.next().is_some() {
        format!("{head}…")
    } else {
        head
    }
}
