//! Reading JSON that may hold anything: one way to read text, numbers and lists.
//!
//! Text that comes out of here is bounded and has no control characters, so that it can stand in a
//! file, a terminal or a notebook. It stays foreign text all the same.

use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// Longest name, tag or identifier, in characters.
pub(super) const NAME: usize = 300;
/// Longest piece of free text (a widget's text, a prompt), in characters.
pub(super) const PROSE: usize = 4_000;
/// Most entries of an ordinary list.
pub(super) const LIST: usize = 200;

/// Most nested levels that are kept of a foreign value.
const DEPTH: usize = 4;

/// Text on one line: control and direction characters gone, blank space single. `None` when
/// nothing is left.
pub(super) fn line(text: &str, max: usize) -> Option<String> {
    let mut out = String::new();
    let mut length = 0;
    // Nothing beyond this can matter, however much blank space there is.
    for word in text
        .get(..floor(text, max.saturating_mul(16)))
        .unwrap_or_default()
        .split_whitespace()
    {
        let word: String = word.chars().filter(|c| !is_unwanted(*c)).collect();
        if word.is_empty() {
            continue;
        }
        if !out.is_empty() && length < max {
            out.push(' ');
            length += 1;
        }
        out.extend(word.chars().take(max.saturating_sub(length)));
        length += word.chars().count();
        if length >= max {
            break;
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Free text: line ends and tabs stay, other control and direction characters go.
pub(super) fn prose(text: &str, max: usize) -> String {
    text.chars()
        .filter(|c| matches!(c, '\n' | '\t') || !is_unwanted(*c))
        .take(max)
        .collect()
}

/// Control characters, and those that change how the text around them reads. The joiners that
/// Persian and Indic scripts need are not among them.
fn is_unwanted(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}')
}

/// The largest character boundary that is not above `at`.
fn floor(text: &str, at: usize) -> usize {
    let at = at.min(text.len());
    (0..=at)
        .rev()
        .find(|&index| text.is_char_boundary(index))
        .unwrap_or(0)
}

/// A string, number or truth value as one line of text.
pub(super) fn text(value: Option<&Value>, max: usize) -> Option<String> {
    match value? {
        Value::String(text) => line(text, max),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// A name: a string of at most [`NAME`] characters. Numbers and truth values are no names.
pub(super) fn name(value: Option<&Value>) -> Option<String> {
    line(value?.as_str()?, NAME)
}

/// A list of names, or one name; without repetitions, at most `max`.
pub(super) fn names(value: Option<&Value>, max: usize) -> Vec<String> {
    let found: Vec<String> = match value {
        Some(Value::Array(items)) => items
            .iter()
            .take(max.saturating_mul(2))
            .filter_map(|item| name(Some(item)))
            .collect(),
        other => name(other).into_iter().collect(),
    };
    distinct(found, max)
}

/// The same list without repetitions, at most `max` long, in order.
pub(super) fn distinct(list: impl IntoIterator<Item = String>, max: usize) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    list.into_iter()
        .filter(|item| seen.insert(item.clone()))
        .take(max)
        .collect()
}

/// A whole number that is not negative. Python writes some of them as floats.
pub(super) fn number(value: Option<&Value>) -> Option<u64> {
    let value = value?;
    value.as_u64().or_else(|| {
        let float = value
            .as_f64()
            .filter(|float| float.fract() == 0.0 && (0.0..9e15).contains(float))?;
        format!("{float:.0}").parse().ok()
    })
}

/// A whole number above zero.
pub(super) fn count(value: Option<&Value>) -> Option<u64> {
    number(value).filter(|&number| number > 0)
}

/// An object.
pub(super) fn object(value: Option<&Value>) -> Option<&Object> {
    value?.as_object()
}

/// The value at a path of keys.
pub(super) fn at<'a>(object: &'a Object, path: &[&str]) -> Option<&'a Value> {
    let (first, rest) = path.split_first()?;
    let mut value = object.get(*first)?;
    for key in rest {
        value = value.as_object()?.get(*key)?;
    }
    Some(value)
}

/// A copy of a foreign value with bounded text, lists and depth.
pub(super) fn bounded(value: &Value) -> Value {
    shallow(value, DEPTH)
}

fn shallow(value: &Value, depth: usize) -> Value {
    match value {
        Value::String(text) => Value::String(prose(text, PROSE)),
        Value::Array(_) | Value::Object(_) if depth == 0 => Value::Null,
        Value::Array(items) => items
            .iter()
            .take(50)
            .map(|item| shallow(item, depth - 1))
            .collect(),
        Value::Object(fields) => Value::Object(bounded_fields(fields, depth - 1)),
        scalar => scalar.clone(),
    }
}

/// A copy of an object's fields, at most 50, with clean keys.
pub(super) fn bounded_fields(fields: &Object, depth: usize) -> Object {
    let clean = |(key, value): (&String, &Value)| Some((line(key, NAME)?, shallow(value, depth)));
    fields.iter().take(50).filter_map(clean).collect()
}

/// Whether a text has the form of a repository id: `name` or `owner/name`.
pub(super) fn is_repo_id(text: &str) -> bool {
    let part = |part: &str| {
        let fits = !part.is_empty()
            && part.len() <= 96
            && !part.starts_with(['.', '-'])
            && !part.ends_with(['.', '-']);
        fits && !part.contains("..")
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_'))
    };
    match text.split_once('/') {
        Some((owner, name)) => part(owner) && part(name),
        None => part(text),
    }
}

/// Whether a text is a tag-like word: letters, digits, `-`, `_`, `.`.
pub(super) fn is_slug(text: &str) -> bool {
    let fits =
        (1..=60).contains(&text.len()) && text.starts_with(|c: char| c.is_ascii_alphanumeric());
    fits && text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_bounded_and_clean() {
        assert_eq!(
            line(" a\u{1b}[1m\u{202e}\n b ", 10).as_deref(),
            Some("a[1m b")
        );
        assert_eq!(line("\u{7}\n", 10), None);
        assert_eq!(
            line(&"ä".repeat(500), 300).map(|text| text.chars().count()),
            Some(300)
        );
        assert_eq!(prose("a\r\nb\u{0}", 10), "a\nb");
    }

    #[test]
    fn one_reader_for_strings_and_lists() {
        assert_eq!(names(Some(&json!("mit")), 5), ["mit"]);
        assert_eq!(names(Some(&json!(["a", 1, null, "a", "b"])), 5), ["a", "b"]);
        assert!(names(Some(&json!({"a": 1})), 5).is_empty() && names(None, 5).is_empty());
    }

    #[test]
    fn numbers_in_every_dress() {
        assert_eq!(number(Some(&json!(512.0))), Some(512));
        assert_eq!(number(Some(&json!(1e30))), None);
        assert_eq!(number(Some(&json!(-1))), None);
        assert_eq!(number(Some(&json!("512"))), None);
    }

    #[test]
    fn foreign_values_lose_their_depth() {
        let deep = json!({"a": {"b": {"c": {"d": {"e": 1}}}}});
        assert_eq!(bounded(&deep), json!({"a": {"b": {"c": {"d": null}}}}));
    }

    #[test]
    fn ids_are_ids() {
        assert!(is_repo_id("org/name-1.5_x") && is_repo_id("gpt2"));
        assert!(
            !is_repo_id("../x")
                && !is_repo_id("/root/x")
                && !is_repo_id("a/b/c")
                && !is_repo_id("a b")
        );
    }
}
