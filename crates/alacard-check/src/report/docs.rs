//! The page that documents the rules, made from the rules.

use std::fmt::Write;

use crate::rule::{Rule, Strict, rules};

/// The documentation of all rules as one Markdown page. The examples in it are the rules' tests.
pub fn rules_markdown() -> String {
    let mut page = String::from(INTRODUCTION);
    for rule in rules() {
        let _ = writeln!(
            page,
            "| [`{0}`](#{0}) | {1} | {2} |",
            rule.id,
            severities(rule),
            if rule.fixable { "yes" } else { "" }
        );
    }
    for rule in rules() {
        describe(&mut page, rule);
    }
    page
}

const INTRODUCTION: &str = "# Rules of `alacard check`

This page is made from the rules themselves (`cargo xtask docs`); every example is a test.
`strict` means a notebook with `metadata.alacard`: one of Alacard's own lessons.
Examples are cells written short: `%% code` and `%% markdown` begin a cell.

| rule | severity | `--fix` |
| --- | --- | --- |
";

fn severities(rule: &Rule) -> String {
    match rule.strict {
        Strict::Same => rule.severity.as_str().to_owned(),
        Strict::Raise(strict) => format!("{}, strict: {}", rule.severity.as_str(), strict.as_str()),
        Strict::Only => format!("strict only: {}", rule.severity.as_str()),
    }
}

fn describe(page: &mut String, rule: &Rule) {
    let _ = write!(
        page,
        "\n## {}\n\n{}\n\nSeverity: {}.",
        rule.id,
        rule.sentence,
        severities(rule)
    );
    if !rule.hint.is_empty() {
        let _ = write!(page, " Hint: {}.", rule.hint);
    }
    for (title, text) in [("Fails", rule.failing), ("Passes", rule.passing)] {
        let language = if text.trim_start().starts_with('{') {
            "json"
        } else {
            "text"
        };
        let _ = write!(
            page,
            "\n\n{title}:\n\n````{language}\n{}\n````",
            visible(text)
        );
    }
    page.push('\n');
}

/// Hidden characters shown as escapes, so that the page itself holds none.
fn visible(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\n' => "\n".to_owned(),
            c if c.is_control()
                || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                c.escape_unicode().to_string()
            }
            c => c.to_string(),
        })
        .collect()
}
