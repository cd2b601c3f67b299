//! What makes cells hard to read.

use crate::finding::Severity;
use crate::rule::{Place, Rule};

pub(crate) const RULES: &[Rule] = &[LONG_CELL, LONG_LINE];

const LONG_CELL: Rule = Rule {
    id: "long-cell",
    sentence: "A code cell has at most 80 lines.",
    severity: Severity::Note,
    hint: "split it where one thought ends",
    failing: "%% long-code 81",
    passing: "%% long-code 80",
    run: |lesson, sink| {
        for view in lesson.code() {
            let lines = view.source().lines().count();
            if lines > lesson.context.longest_cell {
                sink.add(
                    Place::cell(view.index),
                    format!("the cell has {lines} lines"),
                );
            }
        }
    },
    ..Rule::BASE
};

const LONG_LINE: Rule = Rule {
    id: "long-line",
    sentence: "A line of code has at most 120 characters.",
    severity: Severity::Note,
    hint: "break it inside brackets",
    failing: "%% code\nprint('This line goes on and on and on and on and on and on and on and on and on and on and on and on and on and on, far too long')",
    passing: "%% code\nprint('short')",
    run: |lesson, sink| {
        for view in lesson.code() {
            for (line, text) in view.lines() {
                // Bytes are never fewer than characters, and quicker to count.
                let long = text.len() > lesson.context.longest_line
                    && text.chars().count() > lesson.context.longest_line;
                if long && !text.contains("://") {
                    sink.add(
                        Place::line(view.index, line),
                        format!("the line has {} characters", text.chars().count()),
                    );
                }
            }
        }
    },
    ..Rule::BASE
};
