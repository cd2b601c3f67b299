//! YAML to JSON, within a budget; what is broken is recovered line by line.

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Longest front matter that is parsed as YAML, in bytes. The longest known has 0.7 MB of reported
/// results.
const MAX_BYTES: usize = 1024 * 1024;

/// Deepest nesting; reported results need 6 levels.
const MAX_DEPTH: usize = 32;

/// Lines that the recovery looks at.
const MAX_LINES: usize = 20_000;

/// Reads front matter; records what was odd.
pub(super) fn read(text: &str, oddities: &mut Vec<String>) -> Map<String, Value> {
    if text.len() > MAX_BYTES {
        oddities.push(format!(
            "The front matter is longer than {MAX_BYTES} bytes; only its plain values were read."
        ));
        return recover(text);
    }
    let untabbed = text.contains('\t').then(|| text.replace('\t', "  "));
    for (repeats, tabs) in [(false, false), (true, false), (false, true), (true, true)] {
        let source = if tabs {
            untabbed.as_deref()
        } else {
            Some(text)
        };
        let Some(Ok(value)) = source.map(|source| parse(source, repeats)) else {
            continue;
        };
        if repeats {
            oddities.push("The front matter repeats a key; the last value counts.".to_owned());
        }
        if tabs {
            oddities.push("The front matter is indented with tabs.".to_owned());
        }
        return as_map(value, oddities);
    }
    oddities
        .push("The front matter is not valid YAML; only its plain values were read.".to_owned());
    recover(text)
}

fn as_map(value: Value, oddities: &mut Vec<String>) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        Value::Null => Map::new(),
        _ => {
            oddities.push("The front matter is not a list of keys and values.".to_owned());
            Map::new()
        }
    }
}

fn parse(text: &str, allow_repeats: bool) -> Result<Value, serde_saphyr::Error> {
    use serde_saphyr::options::{DuplicateKeyPolicy, MergeKeyPolicy, NonFiniteFloatPolicy};
    let duplicates = if allow_repeats {
        DuplicateKeyPolicy::LastWins
    } else {
        DuplicateKeyPolicy::Error
    };
    // Anchors are rare in cards and only bombs have many.
    let budget = serde_saphyr::budget! {
        max_depth: MAX_DEPTH,
        flow_nesting_limit: MAX_DEPTH,
        max_aliases: 50,
        max_anchors: 50,
        max_recorded_anchor_events: 20_000,
        max_documents: 4,
        max_merge_keys: 50,
    };
    let mut options = serde_saphyr::options! {
        budget: budget,
        duplicate_keys: duplicates,
        merge_keys: MergeKeyPolicy::AsOrdinary,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        non_finite_float_policy: NonFiniteFloatPolicy::AsString,
        with_snippet: false,
    };
    options.alias_limits.max_total_replayed_events = 20_000;
    serde_saphyr::from_str_with_options::<Json>(text, options).map(|json| json.0)
}

/// A JSON value from YAML: keys of any scalar kind become strings.
struct Json(Value);

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Json, E> {
        Ok(Json(
            Number::from_f64(value).map_or(Value::Null, Value::Number),
        ))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Json, E> {
        Ok(Json(Value::String(value.to_string())))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Json, E> {
        Ok(Json(Value::String(value.to_string())))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json(Value::String(value.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Json, E> {
        Ok(Json(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        Json::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(Json(item)) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json(Value::Array(items)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some((Json(key), Json(value))) = entries.next_entry()? {
            map.insert(key_text(key), value);
        }
        Ok(Json(Value::Object(map)))
    }
}

fn key_text(key: Value) -> String {
    match key {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

/// Top-level scalars and simple lists of broken YAML.
fn recover(text: &str) -> Map<String, Value> {
    let mut map = Map::new();
    let mut list: Option<(String, Vec<Value>)> = None;
    let margin = margin(text);
    for line in text.lines().take(MAX_LINES) {
        let line = line.strip_prefix(margin).unwrap_or(line);
        if let Some(item) = line.trim_start().strip_prefix("- ") {
            if let (Some((_, items)), Some(value)) = (&mut list, scalar(item)) {
                items.push(value);
            }
        } else if let Some((key, value)) = top_level(line) {
            flush(&mut map, list.take());
            match value {
                "" => list = Some((key, Vec::new())),
                _ => drop(inline(value).map(|value| map.insert(key, value))),
            }
        }
    }
    flush(&mut map, list);
    map
}

fn flush(map: &mut Map<String, Value>, list: Option<(String, Vec<Value>)>) {
    if let Some((key, items)) = list.filter(|(_, items)| !items.is_empty()) {
        map.insert(key, Value::Array(items));
    }
}

/// The indentation of the first line with anything on it.
fn margin(text: &str) -> &str {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    first
        .split(|c: char| !c.is_whitespace())
        .next()
        .unwrap_or_default()
}

fn top_level(line: &str) -> Option<(String, &str)> {
    let (key, value) = line.split_once(':')?;
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_key = !key.is_empty() && key.len() <= 80 && key.chars().all(plain);
    let spaced = value.is_empty() || value.starts_with([' ', '\t']);
    (is_key && spaced).then(|| (key.to_owned(), value.trim()))
}

/// A value on the line of its key.
fn inline(value: &str) -> Option<Value> {
    match value
        .strip_prefix('[')
        .and_then(|inner| inner.strip_suffix(']'))
    {
        Some(inner) => Some(inner.split(',').filter_map(scalar).collect()),
        None => scalar(value),
    }
}

/// A plain or quoted scalar; nothing for the beginnings of something longer.
fn scalar(text: &str) -> Option<Value> {
    let text = text.split(" #").next().unwrap_or_default().trim();
    if text.is_empty() || text.len() > 1000 || text.starts_with(['{', '[', '|', '>', '&', '*']) {
        return None;
    }
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|t| t.strip_suffix(quote)) {
            return Some(Value::String(inner.to_owned()));
        }
    }
    if text.ends_with(':') || text.contains(": ") {
        return None;
    }
    Some(match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" | "~" => Value::Null,
        _ => Value::String(text.to_owned()),
    })
}
