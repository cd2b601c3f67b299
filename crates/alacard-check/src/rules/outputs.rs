//! Outputs that are saved with the notebook.

use serde_json::Value;

use super::shortened;
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[SAVED_ERROR, HUGE, NO_COUNT, ORDER, WIDGET_STATE];

const SAVED_ERROR: Rule = Rule {
    id: "saved-error",
    sentence: "No saved output is an error.",
    strict: Strict::Raise(Severity::Error),
    hint: "mend the cell and run the notebook again",
    failing: "%% code\nprint(1)\n%% output {\"output_type\": \"error\", \"ename\": \"NameError\", \"evalue\": \"x\", \"traceback\": []}",
    passing: "%% code\nprint(1)\n%% output {\"output_type\": \"stream\", \"name\": \"stdout\", \"text\": [\"1\\n\"]}",
    run: |lesson, sink| {
        for view in lesson.code() {
            for output in view
                .cell
                .outputs
                .iter()
                .filter(|o| output_type(o) == "error")
            {
                let name = output
                    .get("ename")
                    .and_then(Value::as_str)
                    .unwrap_or("an error");
                sink.add(
                    Place::cell(view.index),
                    format!(
                        "the cell ended in `{}` when it was last run",
                        shortened(name)
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};

fn output_type(output: &Value) -> &str {
    output
        .get("output_type")
        .and_then(Value::as_str)
        .unwrap_or_default()
}

const HUGE: Rule = Rule {
    id: "huge-output",
    sentence: "The outputs of a cell stay under a megabyte.",
    hint: "show fewer rows or a smaller picture, and run the cell again",
    failing: "%% code\nprint(1)\n%% large-output 1000001",
    passing: "%% code\nprint(1)\n%% large-output 1000",
    run: |lesson, sink| {
        for view in lesson.code() {
            let size: usize = view.cell.outputs.iter().map(size_of).sum();
            if size > lesson.context.largest_output {
                sink.add(
                    Place::cell(view.index),
                    format!("the outputs have {} kB", size / 1000),
                );
            }
        }
    },
    ..Rule::BASE
};

/// Bytes of all texts in a JSON value.
fn size_of(value: &Value) -> usize {
    let mut size = 0;
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::String(text) => size += text.len(),
            Value::Array(items) => todo.extend(items),
            Value::Object(map) => todo.extend(map.values()),
            _ => size += 4,
        }
    }
    size
}

const NO_COUNT: Rule = Rule {
    id: "output-without-count",
    sentence: "A cell with outputs has the number of its run.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "run the notebook from top to bottom, or remove the outputs",
    failing: "%% code\nprint(1)\n%% output {\"output_type\": \"stream\", \"name\": \"stdout\", \"text\": [\"1\\n\"]}",
    passing: "%% code\nprint(1)",
    run: |lesson, sink| {
        for view in lesson
            .code()
            .filter(|v| !v.cell.outputs.is_empty() && v.cell.execution_count.is_none())
        {
            sink.add(
                Place::cell(view.index),
                "there are outputs, and no sign that the cell was run",
            );
        }
    },
    ..Rule::BASE
};

const ORDER: Rule = Rule {
    id: "run-order",
    sentence: "The cells were run in the order in which they stand.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "restart the kernel and run all cells",
    failing: r#"{"cells": [
  {"cell_type": "code", "id": "a", "metadata": {}, "source": "a = 1", "outputs": [], "execution_count": 7},
  {"cell_type": "code", "id": "b", "metadata": {}, "source": "b = 2", "outputs": [], "execution_count": 3}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [
  {"cell_type": "code", "id": "a", "metadata": {}, "source": "a = 1", "outputs": [], "execution_count": 1},
  {"cell_type": "code", "id": "b", "metadata": {}, "source": "b = 2", "outputs": [], "execution_count": 2}],
 "metadata": {}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: |lesson, sink| {
        let mut before = 0;
        for view in lesson.code() {
            let Some(count) = view.cell.execution_count else {
                continue;
            };
            if count < before {
                sink.add(
                    Place::cell(view.index),
                    format!("the cell was run as number {count}, after number {before}"),
                );
                return;
            }
            before = count;
        }
    },
    ..Rule::BASE
};

const WIDGET_STATE: Rule = Rule {
    id: "widget-state",
    sentence: "Saved widgets hold their state in the shape that viewers expect.",
    hint: "remove `metadata.widgets`, or save the notebook again with its widgets",
    fixable: true,
    failing: r#"{"cells": [], "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {"abc": {}}}}, "nbformat": 4, "nbformat_minor": 5}"#,
    passing: r#"{"cells": [], "metadata": {"widgets": {"application/vnd.jupyter.widget-state+json": {"state": {}, "version_major": 2, "version_minor": 0}}}, "nbformat": 4, "nbformat_minor": 5}"#,
    run: |lesson: &Lesson<'_>, sink: &mut Sink<'_>| {
        if bad_widgets(&lesson.notebook.metadata) {
            sink.add(
                Place::NOTEBOOK,
                "`metadata.widgets` has no `state`: some viewers refuse the whole notebook",
            );
        }
    },
    ..Rule::BASE
};

/// Whether widget state is kept in a shape that viewers stumble over.
pub(crate) fn bad_widgets(metadata: &serde_json::Map<String, Value>) -> bool {
    let Some(widgets) = metadata.get("widgets") else {
        return false;
    };
    let kept = widgets.get("application/vnd.jupyter.widget-state+json");
    !kept.is_some_and(|k| k.get("state").is_some_and(Value::is_object))
}
