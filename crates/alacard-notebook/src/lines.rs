//! Text as the list of its lines, cut where Python's `str.splitlines(True)` cuts it.

use serde_json::{Map, Value};

/// The lines of a text, each with its line end.
pub(crate) fn split(text: &str) -> Value {
    let mut lines = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (line, after) = rest.split_at(end_of_line(rest));
        lines.push(Value::from(line));
        rest = after;
    }
    Value::Array(lines)
}

/// Length in bytes of the first line with its end.
fn end_of_line(text: &str) -> usize {
    let Some((at, end)) = text.char_indices().find(|(_, c)| is_line_end(*c)) else {
        return text.len();
    };
    let length = end.len_utf8();
    let pair = end == '\r' && text.get(at + length..).is_some_and(|t| t.starts_with('\n'));
    at + length + usize::from(pair)
}

/// The characters that Python's documentation of `str.splitlines` lists.
fn is_line_end(c: char) -> bool {
    matches!(
        c,
        '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{1c}'..='\u{1e}' | '\u{85}' | '\u{2028}' | '\u{2029}'
    )
}

/// Text that stands as one string or as lines of any cut, as the lines of [`split`]; other values
/// stay as they are.
pub(crate) fn recut(value: &mut Value) {
    if let Some(text) = joined(value) {
        *value = split(&text);
    }
}

/// The pieces of a multi-line string put together; `None` for anything that is not text.
fn joined(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(lines) => lines.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

/// The values of a bundle by MIME type, each as `nbformat` keeps it on disk: text types and two
/// others as lines, the rest (base64) as one string, JSON untouched.
pub(crate) fn recut_bundle(bundle: &mut Map<String, Value>) {
    for (mime, value) in bundle.iter_mut() {
        let is_text = mime.starts_with("text/")
            || matches!(mime.as_str(), "application/javascript" | "image/svg+xml");
        let is_json = mime.starts_with("application/")
            && (mime.ends_with("+json") || mime == "application/json");
        if is_text {
            recut(value);
        } else if let (false, Some(text)) = (is_json, joined(value)) {
            *value = Value::String(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_end_where_python_ends_them() {
        assert_eq!(split(""), json!([]));
        assert_eq!(split("a"), json!(["a"]));
        assert_eq!(split("a\n\nb\n"), json!(["a\n", "\n", "b\n"]));
        assert_eq!(split("a\r\nb\rc"), json!(["a\r\n", "b\r", "c"]));
        assert_eq!(
            split("a\u{b}b\u{c}c\u{1c}d\u{85}e\u{2028}f\u{2029}"),
            json!([
                "a\u{b}",
                "b\u{c}",
                "c\u{1c}",
                "d\u{85}",
                "e\u{2028}",
                "f\u{2029}"
            ])
        );
        assert_eq!(split("a\tb\u{1f}c"), json!(["a\tb\u{1f}c"]));
    }
}
