//! What Alacard's own lessons must hold: their record, their shape and their parts.

use serde_json::Value;

use super::structure::step_number;
use super::{Pattern, matches, occurs, pattern};
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Place, Rule, Sink, Strict, section_of};

pub(crate) const RULES: &[Rule] = &[
    RECORD, CLOSING, SHARE, SECTIONS, QUICKSTART, QUIZ, LICENCE, STEP_COUNT,
];

const RECORD: Rule = Rule {
    id: "lesson-record",
    sentence: "`metadata.alacard` holds the recipe, what is known of the model's commit, and who wrote the lesson.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "generate the notebook again",
    failing: "%% metadata {\"alacard\": {}}\n%% markdown\n# Title",
    passing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\", \"teacher\": \"offline\"}, \"sha\": null}}\n%% markdown\n# Title",
    run: |lesson, sink| {
        let Some(record) = lesson.record() else {
            return sink.add(
                Place::NOTEBOOK,
                "`metadata.alacard` is missing or not an object",
            );
        };
        let recipe = record.get("recipe").and_then(Value::as_object);
        let format = lesson.format();
        if recipe.is_none() {
            sink.add(Place::NOTEBOOK, "`metadata.alacard.recipe` is missing");
        } else if !matches!(format, Some("manual" | "quickstart")) {
            sink.add(
                Place::NOTEBOOK,
                "`metadata.alacard.recipe.format` is neither `manual` nor `quickstart`",
            );
        }
        let sha = record
            .get("sha")
            .or_else(|| record.get("dossier").and_then(|d| d.get("sha")));
        if let Some(sha) = sha.and_then(Value::as_str).filter(|s| !is_commit(s)) {
            sink.add(
                Place::NOTEBOOK,
                format!("`{}` is not a commit's hash", super::shortened(sha)),
            );
        }
    },
    ..Rule::BASE
};

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

const CLOSING: Rule = Rule {
    id: "closing-record",
    sentence: "A raw cell at the end of a manual repeats the record, for tools that drop metadata.",
    strict: Strict::Only,
    hint: "generate the notebook again",
    failing: "%% metadata {\"alacard\": {}}\n%% markdown\n# Title",
    passing: "%% metadata {\"alacard\": {}}\n%% markdown\n# Title\n%% raw\n{\"alacard\": {}}",
    run: |lesson, sink| {
        // Seven cells are seven cells.
        if lesson.format() == Some("quickstart") {
            return;
        }
        let last = lesson.notebook.cells.last();
        let repeats = last.is_some_and(|c| {
            c.kind == alacard_notebook::CellKind::Raw && c.source.contains("alacard")
        });
        if !repeats {
            sink.add(Place::NOTEBOOK, "the last cell does not repeat the record");
        }
    },
    ..Rule::BASE
};

const SHARE: Rule = Rule {
    id: "markdown-share",
    sentence: "Between 40 and 70 % of a manual's cells are Markdown, and at least 30 % of a quickstart's.",
    severity: Severity::Error,
    strict: Strict::Only,
    failing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title\n%% code\nprint(1)\n%% code\nprint(2)\n%% code\nprint(3)",
    passing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title\n%% code\nprint(1)",
    run: |lesson, sink| {
        let bounds = match lesson.format() {
            Some("manual") => 0.4..=0.7,
            Some("quickstart") => 0.3..=1.0,
            _ => return,
        };
        let share = lesson.notebook.markdown_share();
        if !bounds.contains(&share) {
            sink.add(
                Place::NOTEBOOK,
                format!("{:.0} % of the cells are Markdown", share * 100.0),
            );
        }
    },
    ..Rule::BASE
};

/// The parts of a manual: a name, the section ids and the words in a heading that show it.
const PARTS: &[(&str, &[&str], &[&str])] = &[
    (
        "a set-up",
        &["setup", "set-up"],
        &["set up", "setup", "set-up", "install"],
    ),
    ("a `Step N: …` section", &["step", "steps"], &["step "]),
    (
        "exercises",
        &["exercise", "exercises"],
        &["exercise", "your turn", "try it yourself"],
    ),
    (
        "a quiz",
        &["quiz", "questions", "assessment"],
        &[
            "quiz",
            "question",
            "check your understanding",
            "what do you know",
        ],
    ),
    (
        "a summary",
        &["summary"],
        &["summary", "what you learned", "what you built", "recap"],
    ),
    (
        "references",
        &["references"],
        &["reference", "links", "read more", "further reading"],
    ),
];

const SECTIONS: Rule = Rule {
    id: "missing-section",
    sentence: "A manual has a title, a set-up, steps, exercises, a quiz, a summary and references.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "add it, with a heading or with the cell's `metadata.alacard.section`",
    failing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title",
    passing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title\n## Set-up\n## Step 1: Run\n## Exercises\n## Quiz\n## Summary\n## References",
    run: |lesson, sink| {
        if lesson.format() != Some("manual") {
            return;
        }
        for (name, ids, words) in PARTS {
            if !has_part(lesson, ids, words) {
                sink.add(
                    Place::NOTEBOOK,
                    format!("the lesson has no part for {name}"),
                );
            }
        }
    },
    ..Rule::BASE
};

fn has_part(lesson: &Lesson<'_>, ids: &[&str], words: &[&str]) -> bool {
    let is_id = |section: &str| {
        ids.iter().any(|id| {
            section == *id
                || section
                    .strip_prefix(id)
                    .is_some_and(|r| r.starts_with(['-', '_']))
        })
    };
    let by_id = lesson
        .notebook
        .cells
        .iter()
        .filter_map(section_of)
        .any(is_id);
    let by_heading = || {
        lesson.prose.headings.iter().any(|h| {
            let text = h.text.to_lowercase();
            words.iter().any(|w| text.contains(w))
        })
    };
    by_id || by_heading()
}

const QUICKSTART: Rule = Rule {
    id: "quickstart-shape",
    sentence: "A quickstart has seven cells, the closing record aside.",
    severity: Severity::Error,
    strict: Strict::Only,
    failing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"quickstart\"}}}\n%% markdown\n# Title\n%% code\nprint(1)",
    passing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"quickstart\"}}}\n%% markdown\n# Title\n%% code\nprint(1)\n%% code\nprint(2)\n%% markdown\nText\n%% code\nprint(3)\n%% code\nprint(4)\n%% markdown\nText\n%% raw\nalacard",
    run: |lesson, sink| {
        let cells = lesson
            .notebook
            .cells
            .iter()
            .filter(|c| c.kind != alacard_notebook::CellKind::Raw)
            .count();
        if lesson.format() == Some("quickstart") && cells != 7 {
            sink.add(Place::NOTEBOOK, format!("the quickstart has {cells} cells"));
        }
    },
    ..Rule::BASE
};

/// A question, as quizzes write it: a key of a dictionary, a keyword, or a numbered line.
static QUESTION: Pattern = Pattern::new(|| {
    pattern(
        r#"(?m)["']question["']\s*:|\bquestion\s*=|^\W*(?:Question|Q)\s*[0-9]+\b|\b(?:Question|Quiz|quiz|ask|mcq)\(\s*(?:\d+\s*,\s*)?f?["']|^\s*\*{0,2}[0-9]+[.)]\s[^\n]*\?"#,
    )
});

const QUIZ: Rule = Rule {
    id: "quiz-questions",
    sentence: "The quiz of a manual asks at least four questions.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "write each as `1. …?`, or with the key \"question\" in the cell that shows them",
    failing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title\n## Quiz\n1. What is a token?",
    passing: "%% metadata {\"alacard\": {\"recipe\": {\"format\": \"manual\"}}}\n%% markdown\n# Title\n## Quiz\n1. What is a token?\n2. What is a model?\n3. What is a task?\n4. What is a cell?",
    run: |lesson, sink| {
        if lesson.format() != Some("manual") {
            return;
        }
        let counted = lesson.cells.iter().map(|view| {
            let stated = view
                .cell
                .metadata
                .get("alacard")
                .and_then(|a| a.get("questions"))
                .and_then(Value::as_u64);
            let seen = matches(&QUESTION, view.source()).count();
            stated
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(0)
                .max(seen)
        });
        let count = counted.max().unwrap_or(0).max(total_questions(lesson));
        if count < 4 {
            sink.add(Place::NOTEBOOK, format!("the quiz asks {count} questions"));
        }
    },
    ..Rule::BASE
};

/// Questions of all cells that belong to a quiz.
fn total_questions(lesson: &Lesson<'_>) -> usize {
    let of_quiz = lesson
        .cells
        .iter()
        .filter(|v| section_of(v.cell).is_some_and(|s| s.starts_with("quiz") || s == "questions"));
    of_quiz
        .map(|view| matches(&QUESTION, view.source()).count())
        .sum()
}

static LICENCE_WORD: Pattern = Pattern::new(|| pattern(r"(?i)\blicen[cs]e"));

const LICENCE: Rule = Rule {
    id: "licence-cell",
    sentence: "A lesson on a model whose licence restricts its use says so.",
    severity: Severity::Error,
    strict: Strict::Only,
    hint: "say in the first cells what the licence allows and forbids",
    failing: "%% metadata {\"alacard\": {\"licence\": {\"id\": \"cc-by-nc-4.0\", \"restricted\": true}}}\n%% markdown\n# Title",
    passing: "%% metadata {\"alacard\": {\"licence\": {\"id\": \"cc-by-nc-4.0\", \"restricted\": true}}}\n%% markdown\n# Title\n\nThe licence forbids commercial use.",
    run: |lesson, sink| {
        let licence = lesson
            .record()
            .and_then(|r| r.get("licence").or_else(|| r.get("license")));
        let flag = |key: &str| {
            licence
                .and_then(|l| l.get(key))
                .and_then(Value::as_bool)
                .unwrap_or(false)
        };
        let said = lesson
            .markdown()
            .any(|view| occurs(&LICENCE_WORD, view.source()));
        if (flag("restricted") || flag("restricts") || flag("restrictive")) && !said {
            sink.add(
                Place::NOTEBOOK,
                "the model's licence restricts its use, and no cell says so",
            );
        }
    },
    ..Rule::BASE
};

const STEP_COUNT: Rule = Rule {
    id: "step-heading",
    sentence: "The heading of a step says what is done in it.",
    strict: Strict::Only,
    hint: "write `Step 2: Compare two sentences`",
    failing: "%% metadata {\"alacard\": {}}\n%% markdown\n# Title\n## Step 1",
    passing: "%% metadata {\"alacard\": {}}\n%% markdown\n# Title\n## Step 1: Load the model",
    run: |lesson, sink: &mut Sink<'_>| {
        for heading in lesson
            .prose
            .headings
            .iter()
            .filter(|h| step_number(&h.text).is_some())
        {
            if heading
                .text
                .split_once(':')
                .is_none_or(|(_, what)| what.trim().is_empty())
            {
                sink.add(
                    heading.place,
                    format!(
                        "`{}` does not say what is done",
                        super::shortened(&heading.text)
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};
