//! The code of the cells, taken together and in order.

use super::{Pattern, occurs, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Code, Lesson, LintKind};
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[
    SYNTAX,
    NEW_SYNTAX,
    UNDEFINED,
    UNUSED_IMPORT,
    REDEFINED,
    EMPTY_FSTRING,
    IS_LITERAL,
    UNUSED_VARIABLE,
    INPUT,
    HIDDEN,
    MIXED_TABS,
];

const SYNTAX: Rule = Rule {
    id: "syntax-error",
    sentence: "Every code cell parses as Python 3.12 with IPython's magics.",
    severity: Severity::Error,
    failing: "%% code\nprint('hello'",
    passing: "%% code\n%matplotlib inline\nfiles = !ls\nprint('hello', files)",
    run: |lesson, sink| {
        for view in lesson.code() {
            if let Some(Code::Broken(problem)) = &view.code {
                sink.add(
                    Place::line(view.index, problem.line),
                    format!("does not parse: {}", shortened(&problem.message)),
                );
            }
        }
        lints(lesson, sink, LintKind::Syntax);
    },
    ..Rule::BASE
};

const NEW_SYNTAX: Rule = Rule {
    id: "new-syntax",
    sentence: "The code runs on every Python from 3.11 on.",
    strict: Strict::Raise(Severity::Error),
    hint: "write it so that Python 3.11 understands it",
    failing: "%% code\ntype Pair = tuple[int, int]\nprint(Pair)",
    passing: "%% code\nPair = tuple[int, int]\nprint(Pair)",
    run: |lesson, sink| lints(lesson, sink, LintKind::NewSyntax),
    ..Rule::BASE
};

fn lints(lesson: &Lesson<'_>, sink: &mut Sink<'_>, kind: LintKind) {
    for lint in lesson.lints.iter().filter(|l| l.kind == kind) {
        sink.add(lint.place, lint.message.clone());
    }
}

const UNDEFINED: Rule = Rule {
    id: "undefined-name",
    sentence: "A name is defined in the same cell or an earlier one before it is used.",
    severity: Severity::Error,
    hint: "define or import it in this cell or an earlier one",
    failing: "%% code\nprint(answer)\n%% code\nanswer = 42",
    passing: "%% code\nanswer = 42\n%% code\nprint(answer, In, Out, _)\ndisplay(get_ipython())",
    run: |lesson, sink| {
        // `%pylab` and `%run` fill the namespace with names that cannot be seen from here.
        let hidden = |text: &str| {
            matches!(
                text.split_whitespace().next(),
                Some("pylab" | "run" | "load" | "store")
            )
        };
        let unseen = lesson
            .facts
            .escapes
            .iter()
            .find(|e| hidden(&e.text))
            .map(|e| e.place);
        for lint in lesson
            .lints
            .iter()
            .filter(|l| l.kind == LintKind::UndefinedName)
        {
            let severity = if unseen.is_some_and(|p| p < lint.place) {
                Severity::Warning
            } else {
                Severity::Error
            };
            sink.add_as(severity, lint.place, lint.message.clone());
        }
    },
    ..Rule::BASE
};

const UNUSED_IMPORT: Rule = Rule {
    id: "unused-import",
    sentence: "What is imported is used.",
    severity: Severity::Note,
    failing: "%% code\nimport json\nprint('hello')",
    passing: "%% code\nimport sys\n!{sys.executable} --version",
    run: |lesson, sink| lints(lesson, sink, LintKind::UnusedImport),
    ..Rule::BASE
};

const REDEFINED: Rule = Rule {
    id: "redefined-name",
    sentence: "A function or import is not defined again before it was used.",
    severity: Severity::Note,
    failing: "%% code\nimport json\n%% code\nimport json\nprint(json.dumps(1))",
    passing: "%% code\nimport json\n%% code\nprint(json.dumps(1))",
    run: |lesson, sink| lints(lesson, sink, LintKind::Redefined),
    ..Rule::BASE
};

const EMPTY_FSTRING: Rule = Rule {
    id: "f-string-without-value",
    sentence: "An f-string has a value in it.",
    severity: Severity::Note,
    failing: "%% code\nprint(f'hello')",
    passing: "%% code\nname = 'Ada'\nprint(f'hello {name}')",
    run: |lesson, sink| lints(lesson, sink, LintKind::EmptyFString),
    ..Rule::BASE
};

const IS_LITERAL: Rule = Rule {
    id: "is-literal",
    sentence: "Numbers and strings are compared with `==`, not with `is`.",
    failing: "%% code\nx = 'a'\nprint(x is 'a')",
    passing: "%% code\nx = 'a'\nprint(x == 'a')",
    run: |lesson, sink| lints(lesson, sink, LintKind::IsLiteral),
    ..Rule::BASE
};

const UNUSED_VARIABLE: Rule = Rule {
    id: "unused-variable",
    sentence: "A variable of a function is used in it.",
    severity: Severity::Note,
    failing: "%% code\ndef area(r):\n    pi = 3.14\n    return r * r\nprint(area(2))",
    passing: "%% code\ndef area(r):\n    pi = 3.14\n    return pi * r * r\nprint(area(2))",
    run: |lesson, sink| lints(lesson, sink, LintKind::UnusedVariable),
    ..Rule::BASE
};

const INPUT: Rule = Rule {
    id: "input-call",
    sentence: "No cell waits for somebody to type: a notebook must run from top to bottom alone.",
    strict: Strict::Raise(Severity::Error),
    hint: "put the value into a variable at the top of the cell",
    failing: "%% code\nname = input('Your name? ')\nprint(name)",
    passing: "%% code\nname = 'Ada'\nprint(name)",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| c.name == "input") {
            sink.add(
                call.place,
                "`input()` stops the notebook until somebody answers",
            );
        }
    },
    ..Rule::BASE
};

/// Characters that show code otherwise than it runs, or that no editor shows at all.
static HIDDEN_CHARACTERS: Pattern = Pattern::new(|| {
    pattern(
        "[\u{202a}-\u{202e}\u{2066}-\u{2069}\u{200b}\u{2060}\u{feff}\u{0}-\u{8}\u{b}\u{e}-\u{1f}\u{7f}-\u{84}\u{86}-\u{9f}]",
    )
});

const HIDDEN: Rule = Rule {
    id: "hidden-characters",
    sentence: "Code holds no control characters and none that turn the direction of the text.",
    severity: Severity::Error,
    hint: "write the character as an escape such as \\u202e",
    failing: "%% code\nrole = 'user\u{202e}nimda'\nprint(role)",
    passing: "%% code\nrole = 'user\\u202enimda'\nprint(role)",
    run: |lesson, sink| {
        for view in lesson.code() {
            if !occurs(&HIDDEN_CHARACTERS, view.source()) {
                continue;
            }
            for (line, text) in view.lines() {
                if let Some(found) = super::matches(&HIDDEN_CHARACTERS, text).next() {
                    let code = found.as_str().chars().next().map_or(0, u32::from);
                    sink.add(
                        Place::line(view.index, line),
                        format!("the line holds the hidden character U+{code:04X}"),
                    );
                }
            }
        }
    },
    ..Rule::BASE
};

const MIXED_TABS: Rule = Rule {
    id: "mixed-tabs",
    sentence: "A cell is indented with spaces or with tabs, not with both.",
    failing: "%% code\nif True:\n\tprint('tab')\nif True:\n    print('spaces')",
    passing: "%% code\nif True:\n    print('spaces')\nif True:\n    print('spaces')",
    hint: "indent with four spaces",
    run: |lesson, sink| {
        for view in lesson.code() {
            let tab = view
                .lines()
                .find(|(_, l)| l.starts_with('\t') && !l.trim().is_empty());
            let spaces = view
                .lines()
                .any(|(_, l)| l.starts_with("  ") && !l.trim().is_empty());
            if let (Some((line, _)), true) = (tab, spaces) {
                sink.add(
                    Place::line(view.index, line),
                    "some lines are indented with tabs, others with spaces",
                );
            }
        }
    },
    ..Rule::BASE
};
