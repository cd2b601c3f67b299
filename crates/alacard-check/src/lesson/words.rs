//! Command lines as a shell splits them.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;

/// A word of a command line: its text without quotes, and whether `<` or `>` stand unquoted.
#[derive(Debug, Clone)]
pub(super) struct Word {
    pub(super) text: String,
    pub(super) redirect: bool,
    pub(super) quoted: bool,
    /// Byte range in the command.
    range: std::ops::Range<usize>,
}

/// Splits a command line into words, as a shell would; no expansion.
fn words(command: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word: Option<Word> = None;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in command.char_indices() {
        if quote.is_none() && !escaped && c.is_whitespace() {
            words.extend(word.take());
            continue;
        }
        if c == '#' && quote.is_none() && word.is_none() {
            break;
        }
        let word = word.get_or_insert_with(|| Word {
            text: String::new(),
            redirect: false,
            quoted: false,
            range: at..at,
        });
        word.range.end = at + c.len_utf8();
        match quote {
            Some(q) if c == q => quote = None,
            None if matches!(c, '"' | '\'') && !escaped => {
                quote = Some(c);
                word.quoted = true;
            }
            None if c == '\\' && !escaped => {
                escaped = true;
                continue;
            }
            _ => {
                word.redirect |= quote.is_none() && !escaped && matches!(c, '<' | '>');
                word.text.push(c);
            }
        }
        escaped = false;
    }
    words.extend(word);
    words
}

/// The simple commands of a line, split at `&&`, `||`, `;` and `|`.
pub(super) fn commands(line: &str) -> Vec<Vec<Word>> {
    let mut commands = vec![Vec::new()];
    for mut word in words(line) {
        let separator = !word.quoted && matches!(word.text.as_str(), "&&" | "||" | ";" | "|");
        let ends = !word.quoted && word.text.ends_with(';') && word.text.len() > 1;
        if separator {
            commands.push(Vec::new());
            continue;
        }
        if ends {
            word.text.pop();
        }
        if let Some(last) = commands.last_mut() {
            last.push(word);
        }
        if ends {
            commands.push(Vec::new());
        }
    }
    commands
}

static SPECIFIER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    ascii_regex(r"^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._-]*\])?([<>=!~]=?=?[A-Za-z0-9.*+!-]+)(,[<>=!~]=?=?[A-Za-z0-9.*+!-]+)*$").ok()
});

/// A `pip install` line with every version specifier in quotes that the shell would otherwise
/// take for a redirect; `None` when there is nothing to do.
pub(crate) fn quoted_specifiers(line: &str) -> Option<String> {
    let mut out = String::with_capacity(line.len() + 8);
    let mut copied = 0;
    for word in words(line) {
        let plain = word.redirect && !word.quoted;
        if plain && SPECIFIER.as_ref().is_some_and(|s| s.is_match(&word.text)) {
            out.push_str(line.get(copied..word.range.start)?);
            out.push('"');
            out.push_str(&word.text);
            out.push('"');
            copied = word.range.end;
        }
    }
    out.push_str(line.get(copied..)?);
    (copied > 0).then_some(out)
}
