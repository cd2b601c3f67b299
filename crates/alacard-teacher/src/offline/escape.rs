//! How values enter cells: as Python literals in code, as plain words in Markdown.
//!
//! Values come from pages of strangers. A code template can only print a value as a literal, a
//! Markdown template only as text; neither can end a string, a line, a fence or a cell.

use minijinja::value::{Value, ValueKind};

/// Longest line of a literal before it is broken into several.
const WIDTH: usize = 88;

/// Markdown text for a value, on one line.
pub(crate) fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(c) = letters.next() {
        let after = letters.peek().copied().unwrap_or(' ');
        match c {
            // Inside a word an underscore means nothing to Markdown.
            '_' if before.is_alphanumeric() && after.is_alphanumeric() => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '$' | '~' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '&' => out.push_str("&amp;"),
            // Entities, not backslashes: whoever looks for tags before Markdown is read finds none.
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || c == '\u{2028}' || c == '\u{2029}' => out.push(' '),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// A Markdown code span that holds the text whatever backticks are in it.
pub(crate) fn code_span(text: &str) -> String {
    let flat: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let longest = flat.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if flat.starts_with('`') || flat.ends_with('`') || flat.is_empty() {
        " "
    } else {
        ""
    };
    format!("{fence}{pad}{flat}{pad}{fence}")
}

/// A web address that can stand between `<` and `>`; anything but http and https becomes `#`.
pub(crate) fn url(text: &str) -> String {
    if !text.starts_with("https://") && !text.starts_with("http://") && text.contains(':') {
        return "#".to_owned();
    }
    text.chars()
        .filter(|c| !c.is_control())
        .map(|c| {
            if c.is_whitespace() || "<>\"'`\\()".contains(c) {
                format!("%{:02X}", c as u32)
            } else {
                c.to_string()
            }
        })
        .collect()
}

/// A word for a command line inside a code span: only characters that no shell and no Markdown
/// reader takes for anything else.
pub(crate) fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    text.chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect()
}

/// A Python literal for a value: strings, numbers, lists and dictionaries, broken into lines
/// where one line would be too long.
pub(crate) fn python(value: &Value) -> String {
    literal(value, 0)
}

fn literal(value: &Value, depth: usize) -> String {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => "None".to_owned(),
        ValueKind::Bool => if value.is_true() { "True" } else { "False" }.to_owned(),
        ValueKind::Number => value.to_string(),
        ValueKind::Seq | ValueKind::Iterable => {
            let items: Vec<String> = value
                .try_iter()
                .into_iter()
                .flatten()
                .map(|v| literal(&v, depth + 1))
                .collect();
            bracketed('[', &items, ']', depth)
        }
        ValueKind::Map => {
            let items: Vec<String> = value
                .try_iter()
                .into_iter()
                .flatten()
                .map(|key| {
                    let item = value.get_item(&key).unwrap_or_default();
                    format!(
                        "{}: {}",
                        literal(&key, depth + 1),
                        literal(&item, depth + 1)
                    )
                })
                .collect();
            bracketed('{', &items, '}', depth)
        }
        _ => string(value.as_str().unwrap_or(&value.to_string()), depth),
    }
}

fn bracketed(open: char, items: &[String], close: char, depth: usize) -> String {
    let flat = format!("{open}{}{close}", items.join(", "));
    if depth * 4 + flat.chars().count() <= WIDTH && !flat.contains('\n') {
        return flat;
    }
    let inner = " ".repeat((depth + 1) * 4);
    let lines: String = items
        .iter()
        .map(|item| format!("{inner}{item},\n"))
        .collect();
    format!("{open}\n{lines}{}{close}", " ".repeat(depth * 4))
}

/// A string literal; a long one becomes several in brackets, broken between words.
fn string(text: &str, depth: usize) -> String {
    let flat = alacard_python::literal(text);
    if depth * 4 + flat.chars().count() <= WIDTH + 8 {
        return flat;
    }
    let inner = " ".repeat((depth + 1) * 4);
    let mut lines = String::new();
    for piece in pieces(text, WIDTH.saturating_sub(inner.len() + 4)) {
        lines.push_str(&format!("{inner}{}\n", alacard_python::literal(&piece)));
    }
    format!("(\n{lines}{})", " ".repeat(depth * 4))
}

/// Cuts text after blanks into pieces of about `width` characters that join to the same text.
fn pieces(text: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut length = 0;
    for word in text.split_inclusive(' ') {
        let size = word.chars().count();
        if length > 0 && length + size > width {
            pieces.push(String::new());
            length = 0;
        }
        length += size;
        if let Some(last) = pieces.last_mut() {
            last.push_str(word);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_text() {
        let hostile = "\"\"\"\n'''\\ {x} ${y} `rm -rf` <script>\u{2028}";
        assert!(!python(&Value::from(hostile)).contains('\n'));
        assert!(!markdown(hostile).contains(['\n', '<', '>']));
        assert_eq!(code_span("a``b"), "```a``b```");
    }

    #[test]
    fn long_values_are_broken_and_join_to_the_same_text() {
        let words = "word ".repeat(60);
        assert_eq!(pieces(&words, 40).concat(), words);
        let list = Value::from(vec!["short", "words"]);
        assert_eq!(python(&list), "[\"short\", \"words\"]");
    }
}
