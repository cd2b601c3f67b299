//! Transcripts of interactive sessions, and the code in them.

use std::sync::LazyLock;

use crate::ascii_regex;
use regex::Regex;

use crate::cell::parse_cell;

#[expect(
    clippy::unwrap_used,
    reason = "constant patterns, compiled in the tests"
)]
static IN: LazyLock<Regex> = LazyLock::new(|| ascii_regex(r"^\s*In ?\[\s*\d*\s*\]: ?").unwrap());
#[expect(
    clippy::unwrap_used,
    reason = "constant patterns, compiled in the tests"
)]
static MORE: LazyLock<Regex> = LazyLock::new(|| ascii_regex(r"^\s*\.{3,}: ?").unwrap());

/// The code of a transcript: doctest (`>>>`, `...`) or IPython (`In [1]:`). Outputs are left out.
/// `None` when the text is not a transcript.
///
/// Lines without a prompt are outputs, unless only with them the code parses (people often prompt
/// only the first line of a statement).
pub fn strip_prompts(text: &str) -> Option<String> {
    let style = style_of(text)?;
    let strict = stripped(text, style, false);
    if !strict.trim().is_empty() && parse_cell(&strict).is_ok() {
        return Some(strict);
    }
    let loose = stripped(text, style, true);
    Some(if parse_cell(&loose).is_ok() {
        loose
    } else {
        strict
    })
}

/// The same text without its prompts, line for line, if it begins with one.
pub(crate) fn without_prompts_in_place(text: &str) -> Option<String> {
    let first = text.lines().find(|line| !line.trim().is_empty())?;
    let style = style_of(first)?;
    let lines = text
        .split('\n')
        .map(|line| unprompt(line, style).unwrap_or(line));
    Some(lines.collect::<Vec<_>>().join("\n"))
}

/// The text moved to the left by the indentation of its first line.
pub(crate) fn unindented(text: &str) -> String {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let width = first.len() - first.trim_start_matches([' ', '\t']).len();
    let indent = first.get(..width).unwrap_or_default();
    if indent.is_empty() {
        return text.to_owned();
    }
    let lines = text
        .split('\n')
        .map(|line| line.strip_prefix(indent).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    Doctest,
    IPython,
}

/// The style of a transcript, by its first line that is neither blank nor a comment.
fn style_of(text: &str) -> Option<Style> {
    let is_code = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let first = text.lines().find(is_code)?;
    if first.trim_start().starts_with(">>>") {
        Some(Style::Doctest)
    } else if IN.is_match(first) {
        Some(Style::IPython)
    } else {
        None
    }
}

/// The line without its prompt; `None` when it has none.
fn unprompt(line: &str, style: Style) -> Option<&str> {
    match style {
        Style::Doctest => {
            let line = line.trim_start();
            let rest = line
                .strip_prefix(">>>")
                .or_else(|| line.strip_prefix("..."))?;
            Some(rest.strip_prefix(' ').unwrap_or(rest))
        }
        Style::IPython => {
            let prompt = IN.find(line).or_else(|| MORE.find(line))?;
            line.get(prompt.end()..)
        }
    }
}

fn stripped(text: &str, style: Style, keep_bare: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let bare = keep_bare || line.trim().is_empty() || line.trim_start().starts_with('#');
        let kept = unprompt(line, style).or_else(|| bare.then_some(line));
        if let Some(kept) = kept {
            out.push_str(kept.trim_end());
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::strip_prompts;

    #[test]
    fn doctest_loses_prompts_and_outputs() {
        let text = ">>> for i in range(2):\n...     print(i)\n...\n0\n1\n\n# then\n>>> x = 1\n";
        let code = "for i in range(2):\n    print(i)\n\n\n# then\nx = 1\n";
        assert_eq!(strip_prompts(text).as_deref(), Some(code));
    }

    #[test]
    fn lines_without_prompt_stay_when_the_code_needs_them() {
        let text = ">>> f(\n    1,\n)\n";
        assert_eq!(strip_prompts(text).as_deref(), Some("f(\n    1,\n)\n"));
    }

    #[test]
    fn ipython_transcripts() {
        let text = "In [1]: def f():\n   ...:     return 2\n\nIn [2]: f()\nOut[2]: 2\n";
        let code = "def f():\n    return 2\n\nf()\n";
        assert_eq!(strip_prompts(text).as_deref(), Some(code));
        assert_eq!(strip_prompts("x = 1\n"), None);
    }
}
