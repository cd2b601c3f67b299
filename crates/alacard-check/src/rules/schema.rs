//! The file itself: schema, ids, version, kernel.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Pattern, occurs, pattern};
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Place, Rule, Sink, Strict};
use crate::schema;

pub(crate) const RULES: &[Rule] = &[SCHEMA, DUPLICATE_ID, OLD_FORMAT, KERNEL, RANDOM_ID];

const SCHEMA: Rule = Rule {
    id: "schema",
    sentence: "A notebook follows the nbformat 4.5 schema.",
    severity: Severity::Error,
    hint: "write the file with a notebook editor, or let `--fix` write it in the canonical form",
    fixable: true,
    failing: r#"{"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": "print(1)"}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [{"cell_type": "code", "id": "a", "metadata": {}, "source": "print(1)", "outputs": [], "execution_count": null}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: check_schema,
    ..Rule::BASE
};

fn check_schema(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let faults = match lesson.raw {
        Some(raw) => schema::check(raw),
        // What was built in memory is judged by the bytes that it would become.
        None => serde_json::from_str::<Value>(&lesson.notebook.to_json())
            .map(|v| schema::check(&v))
            .unwrap_or_default(),
    };
    for fault in faults {
        let place = fault.cell.map_or(Place::NOTEBOOK, Place::cell);
        sink.add(place, fault.message);
    }
}

const DUPLICATE_ID: Rule = Rule {
    id: "duplicate-cell-id",
    sentence: "Every cell has an id of its own.",
    severity: Severity::Error,
    hint: "`--fix` gives the second cell a new id",
    fixable: true,
    failing: r#"{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "One"},
  {"cell_type": "markdown", "id": "a", "metadata": {}, "source": "Two"}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [{"cell_type": "markdown", "id": "a", "metadata": {}, "source": "One"},
  {"cell_type": "markdown", "id": "b", "metadata": {}, "source": "Two"}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: check_duplicate_ids,
    ..Rule::BASE
};

fn check_duplicate_ids(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let mut seen = BTreeMap::new();
    for view in &lesson.cells {
        if let Some(first) = seen.insert(&view.cell.id, view.index) {
            sink.add(
                Place::cell(view.index),
                format!(
                    "the id `{}` is also that of cell {}",
                    super::shortened(&view.cell.id),
                    first + 1
                ),
            );
            seen.insert(&view.cell.id, first);
        }
    }
}

const OLD_FORMAT: Rule = Rule {
    id: "old-format",
    sentence: "A notebook is written in format 4.5, in which cells have ids.",
    strict: Strict::Raise(Severity::Error),
    hint: "`--fix` writes it as 4.5",
    fixable: true,
    failing: r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 2}"#,
    passing: r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: |lesson, sink| {
        if lesson.notebook.minor < 5 {
            sink.add(
                Place::NOTEBOOK,
                format!("the format is 4.{}", lesson.notebook.minor),
            );
        }
    },
    ..Rule::BASE
};

const KERNEL: Rule = Rule {
    id: "kernel-metadata",
    sentence: "The metadata names the kernel and the language, so that any tool can run the notebook.",
    strict: Strict::Raise(Severity::Error),
    hint: "`--fix` adds the `python3` kernel",
    fixable: true,
    failing: r#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [], "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}},
 "nbformat": 4, "nbformat_minor": 5}"#,
    run: |lesson, sink| {
        for key in ["kernelspec", "language_info"] {
            if !lesson.notebook.metadata.contains_key(key) {
                sink.add(Place::NOTEBOOK, format!("`metadata.{key}` is missing"));
            }
        }
    },
    ..Rule::BASE
};

static RANDOM: Pattern = Pattern::new(|| {
    pattern(
        r"^(?:[0-9a-f]{8}|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})$",
    )
});

const RANDOM_ID: Rule = Rule {
    id: "random-cell-id",
    sentence: "Cell ids are made from the content, so that the same recipe gives the same bytes.",
    strict: Strict::Only,
    hint: "let the notebook derive the id, or give the cell a name of its own",
    failing: r#"{"cells": [{"cell_type": "markdown", "id": "9f3c2a1b", "metadata": {}, "source": "One"}],
 "metadata": {"alacard": {}}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [{"cell_type": "markdown", "id": "title", "metadata": {}, "source": "One"}],
 "metadata": {"alacard": {}}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: |lesson, sink| {
        for view in &lesson.cells {
            if occurs(&RANDOM, &view.cell.id) && !view.cell.id.bytes().all(|b| b.is_ascii_digit()) {
                sink.add(
                    Place::cell(view.index),
                    format!("the id `{}` looks random", view.cell.id),
                );
            }
        }
    },
    ..Rule::BASE
};
