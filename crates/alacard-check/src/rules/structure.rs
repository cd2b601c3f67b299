//! Headings and the order of the text.

use std::collections::BTreeMap;

use super::shortened;
use crate::finding::Severity;
use crate::lesson::Heading;
use crate::rule::{Place, Rule, Strict};

pub(crate) const RULES: &[Rule] = &[NO_TITLE, LEVELS, DUPLICATES, STEPS];

const NO_TITLE: Rule = Rule {
    id: "no-title",
    sentence: "A notebook begins with one title.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Error),
    hint: "begin the first Markdown cell with `# Title`",
    failing: "%% markdown\nSome text.\n%% code\nprint(1)",
    passing: "%% markdown\n# A title\n%% code\nprint(1)",
    run: |lesson, sink| {
        let titles: Vec<&Heading> = lesson
            .prose
            .headings
            .iter()
            .filter(|h| h.level == 1)
            .collect();
        match titles.as_slice() {
            [] if !lesson.cells.is_empty() => {
                sink.add(Place::NOTEBOOK, "no heading of the first level")
            }
            [_, second, ..] => sink.add_as(
                Severity::Note,
                second.place,
                format!("`{}` is a second title", shortened(&second.text)),
            ),
            _ => {}
        }
    },
    ..Rule::BASE
};

const LEVELS: Rule = Rule {
    id: "heading-level",
    sentence: "Headings go down one level at a time.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "use the level between",
    failing: "%% markdown\n# Title\n### Detail",
    passing: "%% markdown\n# Title\n## Part\n### Detail",
    run: |lesson, sink| {
        let mut before = 0;
        for heading in &lesson.prose.headings {
            if before > 0 && heading.level > before + 1 {
                sink.add(
                    heading.place,
                    format!(
                        "`{}` jumps from level {before} to {}",
                        shortened(&heading.text),
                        heading.level
                    ),
                );
            }
            before = heading.level;
        }
    },
    ..Rule::BASE
};

const DUPLICATES: Rule = Rule {
    id: "duplicate-heading",
    sentence: "No two headings of the upper levels are the same.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "say what is different in the second part",
    failing: "%% markdown\n# Title\n## Run it\n%% markdown\n## Run it",
    passing: "%% markdown\n# Title\n## Run it\n%% markdown\n## Run it on a picture",
    run: |lesson, sink| {
        let mut seen = BTreeMap::new();
        for heading in lesson.prose.headings.iter().filter(|h| h.level <= 2) {
            if seen.insert(heading.text.to_lowercase(), ()).is_some() {
                sink.add(
                    heading.place,
                    format!("`{}` is a heading already", shortened(&heading.text)),
                );
            }
        }
    },
    ..Rule::BASE
};

const STEPS: Rule = Rule {
    id: "step-order",
    sentence: "Steps are counted from 1 without a gap.",
    strict: Strict::Raise(Severity::Error),
    hint: "number the steps again",
    failing: "%% markdown\n# Title\n## Step 1: Load\n## Step 3: Run",
    passing: "%% markdown\n# Title\n## Step 1: Load\n## Step 2: Run",
    run: |lesson, sink| {
        let mut expected = 1;
        for heading in &lesson.prose.headings {
            let Some(number) = step_number(&heading.text) else {
                continue;
            };
            if number != expected {
                sink.add(
                    heading.place,
                    format!("step {number} comes where step {expected} is due"),
                );
            }
            expected = number.saturating_add(1);
        }
    },
    ..Rule::BASE
};

/// The number of a heading such as `Step 3: Run it`.
pub(crate) fn step_number(heading: &str) -> Option<u32> {
    let rest = heading.strip_prefix("Step ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}
