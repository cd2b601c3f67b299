//! Text that was left unfinished.

use super::{Pattern, matches, occurs, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Code, Lesson};
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[PLACEHOLDER, ELLIPSIS, EMPTY, COMMENT_ONLY, LEAKED];

/// Marks of unfinished work, and values that the reader is expected to replace.
static PLACEHOLDERS: Pattern = Pattern::new(|| {
    pattern(concat!(
        r"\b(?:TODO|FIXME|XXX|TBD)\b",
        r"|(?i:\bpath[/\\]to[/\\])",
        r"|\bYOUR[_-][A-Z0-9_-]+|\b[A-Z]+_HERE\b",
        r"|<(?i:your)[^<>\n]{0,60}>|(?i:\byour[_-](?:api|token|key|secret|model|user|org|name|repo|hf|endpoint|password|project|bucket)[a-z0-9_-]*)",
        r"|\b(?:hf_|sk-)(?:x{3,}|\.{3}|your)|(?i:\binsert [^.\n]{1,40} here\b)|(?i:\blorem ipsum\b)",
        r"|<<[A-Za-z][^<>\n]{0,60}>>|(?i:\breplace the placeholder\b)|(?i:\bexcerpt intentionally truncated\b)",
    ))
});

const PLACEHOLDER: Rule = Rule {
    id: "placeholder",
    sentence: "Nothing is left for the reader to fill in: no TODO, no `path/to/`, no `YOUR_API_KEY`.",
    strict: Strict::Raise(Severity::Error),
    hint: "write a value that works, or read it from the environment",
    failing: "%% code\nmodel = 'path/to/model'\nprint(model)",
    passing: "%% code\nmodel = 'openai/whisper-tiny'\nprint(model)",
    run: |lesson, sink| {
        for view in &lesson.cells {
            if !occurs(&PLACEHOLDERS, view.source()) {
                continue;
            }
            for (line, text) in view.lines() {
                if let Some(found) = matches(&PLACEHOLDERS, text).next() {
                    sink.add(
                        Place::line(view.index, line),
                        format!("`{}` is a placeholder", shortened(found.as_str())),
                    );
                }
            }
        }
    },
    ..Rule::BASE
};

const ELLIPSIS: Rule = Rule {
    id: "ellipsis",
    sentence: "`...` does not stand for code or text that somebody else is to write.",
    strict: Strict::Raise(Severity::Error),
    hint: "write it out",
    failing: "%% code\ndef greet():\n    ...\ngreet()",
    passing: "%% code\nfrom typing import Protocol\nclass Speaks(Protocol):\n    def greet(self) -> str: ...",
    run: ellipsis,
    ..Rule::BASE
};

fn ellipsis(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    for place in &lesson.facts.ellipses {
        sink.add(*place, "`...` stands where a statement belongs");
    }
    for view in lesson.code() {
        for (line, text) in view.lines().filter(|(_, t)| t.contains('#')) {
            let comment = text
                .trim()
                .strip_prefix('#')
                .map(str::trim)
                .unwrap_or_default();
            if matches!(comment, "..." | "…") || comment.to_ascii_lowercase().starts_with("... ")
            {
                sink.add(
                    Place::line(view.index, line),
                    "a comment stands for missing code",
                );
            }
        }
    }
    if !lesson.strict {
        return;
    }
    for view in lesson.markdown() {
        let last = view.source().trim_end();
        if last.ends_with("...") || last.ends_with('…') {
            sink.add(
                Place::line(view.index, last.matches('\n').count() + 1),
                "the text ends in an ellipsis",
            );
        }
    }
}

const EMPTY: Rule = Rule {
    id: "empty-cell",
    sentence: "No cell is empty.",
    strict: Strict::Raise(Severity::Error),
    hint: "`--fix` removes it",
    fixable: true,
    failing: "%% code\n\n%% markdown\nText",
    passing: "%% code\nprint(1)\n%% markdown\nText",
    run: |lesson, sink| {
        for view in lesson.cells.iter().filter(|v| v.source().trim().is_empty()) {
            sink.add(
                Place::cell(view.index),
                format!("the {} cell is empty", view.cell.kind.as_str()),
            );
        }
    },
    ..Rule::BASE
};

const COMMENT_ONLY: Rule = Rule {
    id: "comment-only-cell",
    sentence: "A code cell does something: comments alone belong into Markdown.",
    strict: Strict::Raise(Severity::Error),
    hint: "make it a Markdown cell",
    failing: "%% code\n# Now we load the model",
    passing: "%% code\n# The answer to everything\nprint(42)",
    run: |lesson, sink| {
        for view in lesson.code() {
            let body = view
                .lines()
                .map(|(_, l)| l.trim())
                .filter(|l| !l.is_empty());
            let mut body = body.filter(|l| !l.starts_with('#')).peekable();
            let bare_magic = matches!(&view.code, Some(Code::Magic(m)) if m.runs_python());
            let nothing = body.peek().is_none() || bare_magic && body.nth(1).is_none();
            if nothing && !view.source().trim().is_empty() {
                sink.add(
                    Place::cell(view.index),
                    "the code cell holds nothing but comments",
                );
            }
        }
    },
    ..Rule::BASE
};

static LEAKS: Pattern = Pattern::new(|| {
    pattern(
        r"(?im)^\s*(?:thinking(?:\.{3}|…)\s*$|</?think>\s*$|we need to (?:produce|output|return) (?:valid )?json|as an ai (?:language )?model\b|(?:sure|certainly)[,!] here(?:'s| is)\b|explanation with analogies\s*$|clear, commented code\s*$|helpful guidance\s*$)",
    )
});

const LEAKED: Rule = Rule {
    id: "leaked-reasoning",
    sentence: "The text is the lesson, not what a language model said to itself while writing it.",
    strict: Strict::Raise(Severity::Error),
    hint: "remove the sentence",
    failing: "%% markdown\nThinking...\n\nWe need to produce JSON with four keys.",
    passing: "%% markdown\nThe model thinks in tokens.",
    run: |lesson, sink| {
        for view in lesson.markdown() {
            for found in matches(&LEAKS, view.source()) {
                let start =
                    found.start() + found.as_str().len() - found.as_str().trim_start().len();
                let line = view
                    .source()
                    .get(..start)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1;
                sink.add(
                    Place::line(view.index, line),
                    format!(
                        "`{}` was not meant for the reader",
                        shortened(found.as_str())
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};
