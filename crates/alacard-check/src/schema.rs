//! The notebook schema, version 4.5, checked exactly and without a schema engine.
//!
//! The rules are those of the JSON schema that Python's `nbformat` ships for 4.5: required keys,
//! no others in cells and outputs, types, the shape of ids, tags, attachments and each kind of
//! output. Files of minor version 0 to 4 are held to the same, without ids.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// Something that the schema does not allow: the cell, if it is in one, and a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) cell: Option<usize>,
    pub(crate) message: String,
}

/// Collects faults with the cell they stand in.
struct Faults {
    cell: Option<usize>,
    found: Vec<Fault>,
}

impl Faults {
    fn add(&mut self, message: impl Into<String>) {
        self.found.push(Fault {
            cell: self.cell,
            message: message.into(),
        });
    }

    fn require(&mut self, holds: bool, message: &str) {
        if !holds {
            self.add(message);
        }
    }
}

/// Checks the JSON of a whole notebook.
pub(crate) fn check(notebook: &Value) -> Vec<Fault> {
    let mut faults = Faults {
        cell: None,
        found: Vec::new(),
    };
    let Some(top) = notebook.as_object() else {
        faults.add("the file is not a JSON object");
        return faults.found;
    };
    let minor = integer(top.get("nbformat_minor"));
    faults.require(
        integer(top.get("nbformat")) == Some(4),
        "`nbformat` is not 4",
    );
    faults.require(
        minor.is_some(),
        "`nbformat_minor` is missing or not a number",
    );
    let minor = minor.unwrap_or(5);
    if minor <= 5 {
        only(
            &mut faults,
            top,
            &["metadata", "nbformat", "nbformat_minor", "cells"],
            "the notebook",
        );
    }
    match top.get("metadata") {
        Some(Value::Object(metadata)) => notebook_metadata(&mut faults, metadata),
        _ => faults.add("`metadata` is missing or not an object"),
    }
    let Some(cells) = top.get("cells").and_then(Value::as_array) else {
        faults.add("`cells` is missing or not a list");
        return faults.found;
    };
    for (index, value) in cells.iter().enumerate() {
        faults.cell = Some(index);
        cell(&mut faults, value, minor);
    }
    faults.found
}

fn integer(value: Option<&Value>) -> Option<u64> {
    value.and_then(Value::as_u64)
}

/// Complains about keys that are not in the list.
fn only(faults: &mut Faults, map: &Map<String, Value>, allowed: &[&str], what: &str) {
    for key in map.keys().filter(|k| !allowed.contains(&k.as_str())) {
        faults.add(format!(
            "{what} has the key `{}`, which the schema does not know",
            crate::rules::shortened(key)
        ));
    }
}

fn notebook_metadata(faults: &mut Faults, metadata: &Map<String, Value>) {
    named(faults, metadata, "kernelspec", &["name", "display_name"]);
    named(faults, metadata, "language_info", &["name"]);
    if let Some(info) = metadata.get("language_info").and_then(Value::as_object) {
        for key in ["file_extension", "mimetype", "pygments_lexer"] {
            let fine = info.get(key).is_none_or(Value::is_string);
            faults.require(fine, &format!("`language_info.{key}` is not text"));
        }
        let mode = info.get("codemirror_mode");
        faults.require(
            mode.is_none_or(|m| m.is_string() || m.is_object()),
            "`language_info.codemirror_mode` is neither text nor an object",
        );
    }
    let orig = metadata.get("orig_nbformat");
    faults.require(
        orig.is_none_or(|v| v.as_u64().is_some_and(|n| n >= 1)),
        "`orig_nbformat` is not a number from 1",
    );
    faults.require(
        metadata.get("title").is_none_or(Value::is_string),
        "`title` is not text",
    );
    faults.require(
        metadata.get("authors").is_none_or(Value::is_array),
        "`authors` is not a list",
    );
}

/// An object that may be missing, with keys that must be text.
fn named(faults: &mut Faults, metadata: &Map<String, Value>, key: &str, required: &[&str]) {
    match metadata.get(key) {
        None => {}
        Some(Value::Object(map)) => {
            for name in required {
                let fine = map.get(*name).is_some_and(Value::is_string);
                faults.require(fine, &format!("`{key}.{name}` is missing or not text"));
            }
        }
        Some(_) => faults.add(format!("`{key}` is not an object")),
    }
}

fn cell(faults: &mut Faults, value: &Value, minor: u64) {
    let Some(map) = value.as_object() else {
        faults.add("the cell is not an object");
        return;
    };
    let kind = map
        .get("cell_type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut allowed = vec!["cell_type", "metadata", "source"];
    match kind {
        "code" => allowed.extend(["outputs", "execution_count"]),
        "markdown" | "raw" => allowed.push("attachments"),
        _ => {
            faults.add("`cell_type` is not one of code, markdown and raw");
            return;
        }
    }
    if minor >= 5 {
        allowed.push("id");
        faults.require(
            map.get("id").and_then(Value::as_str).is_some_and(is_id),
            "`id` is missing or not 1 to 64 characters of A-Z, a-z, 0-9, - and _",
        );
    }
    if minor <= 5 {
        only(faults, map, &allowed, "the cell");
    }
    faults.require(
        map.get("source").is_some_and(is_multiline),
        "`source` is missing or neither text nor a list of lines",
    );
    match map.get("metadata") {
        Some(Value::Object(metadata)) => cell_metadata(faults, metadata, kind),
        _ => faults.add("the cell's `metadata` is missing or not an object"),
    }
    if kind == "code" {
        code(faults, map);
    } else if let Some(attached) = map.get("attachments") {
        attachments(faults, attached);
    }
}

/// Whether a text is a cell id of nbformat 4.5.
pub(crate) fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn is_multiline(value: &Value) -> bool {
    match value {
        Value::String(_) => true,
        Value::Array(lines) => lines.iter().all(Value::is_string),
        _ => false,
    }
}

fn cell_metadata(faults: &mut Faults, metadata: &Map<String, Value>, kind: &str) {
    let name = metadata.get("name");
    faults.require(
        name.is_none_or(|n| n.as_str().is_some_and(has_text)),
        "the cell's `name` is not text",
    );
    faults.require(
        metadata.get("jupyter").is_none_or(Value::is_object),
        "the cell's `jupyter` metadata is not an object",
    );
    if let Some(tags) = metadata.get("tags") {
        let list = tags.as_array().map(Vec::as_slice);
        let fine = |tag: &Value| {
            tag.as_str()
                .is_some_and(|t| has_text(t) && !t.contains(','))
        };
        faults.require(
            list.is_some_and(|l| l.iter().all(fine)),
            "`tags` is not a list of words without commas",
        );
        let words: Vec<&str> = list
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let different = words.iter().collect::<BTreeSet<_>>().len();
        faults.require(different == words.len(), "a tag occurs twice");
    }
    if kind == "raw" {
        faults.require(
            metadata.get("format").is_none_or(Value::is_string),
            "the cell's `format` is not text",
        );
    }
    if kind == "code" {
        faults.require(
            metadata.get("collapsed").is_none_or(Value::is_boolean),
            "`collapsed` is neither true nor false",
        );
        let scrolled = metadata.get("scrolled");
        faults.require(
            scrolled.is_none_or(|s| s.is_boolean() || s == "auto"),
            "`scrolled` is not true, false or \"auto\"",
        );
        let execution = metadata.get("execution");
        let times = |e: &Value| {
            e.as_object()
                .is_some_and(|m| m.values().all(Value::is_string))
        };
        faults.require(
            execution.is_none_or(times),
            "`execution` is not an object of times",
        );
    }
}

fn has_text(text: &str) -> bool {
    text.chars().any(|c| c != '\n')
}

fn attachments(faults: &mut Faults, attached: &Value) {
    match attached.as_object() {
        Some(files) => files
            .values()
            .for_each(|bundle| mime_bundle(faults, Some(bundle))),
        None => faults.add("`attachments` is not an object"),
    }
}

fn code(faults: &mut Faults, map: &Map<String, Value>) {
    count(faults, map, "the cell");
    match map.get("outputs").and_then(Value::as_array) {
        Some(outputs) => outputs.iter().for_each(|o| output(faults, o)),
        None => faults.add("`outputs` is missing or not a list"),
    }
}

fn count(faults: &mut Faults, map: &Map<String, Value>, what: &str) {
    let fine = map
        .get("execution_count")
        .is_some_and(|c| c.is_null() || c.as_u64().is_some());
    faults.require(
        fine,
        &format!("`execution_count` of {what} is missing or neither a number nor null"),
    );
}

fn output(faults: &mut Faults, value: &Value) {
    let Some(map) = value.as_object() else {
        faults.add("an output is not an object");
        return;
    };
    match map.get("output_type").and_then(Value::as_str) {
        Some("stream") => {
            only(
                faults,
                map,
                &["output_type", "name", "text"],
                "a stream output",
            );
            faults.require(
                map.get("name").is_some_and(Value::is_string),
                "a stream output has no `name`",
            );
            faults.require(
                map.get("text").is_some_and(is_multiline),
                "a stream output has no `text`",
            );
        }
        Some("error") => {
            only(
                faults,
                map,
                &["output_type", "ename", "evalue", "traceback"],
                "an error output",
            );
            for key in ["ename", "evalue"] {
                faults.require(
                    map.get(key).is_some_and(Value::is_string),
                    &format!("an error output has no `{key}`"),
                );
            }
            let lines = map.get("traceback").and_then(Value::as_array);
            faults.require(
                lines.is_some_and(|l| l.iter().all(Value::is_string)),
                "an error output has no `traceback`",
            );
        }
        Some("display_data") => {
            only(
                faults,
                map,
                &["output_type", "data", "metadata"],
                "a display output",
            );
            rich(faults, map);
        }
        Some("execute_result") => {
            only(
                faults,
                map,
                &["output_type", "data", "metadata", "execution_count"],
                "a result",
            );
            count(faults, map, "a result");
            rich(faults, map);
        }
        _ => {
            faults.add("`output_type` is not one of stream, error, display_data and execute_result")
        }
    }
}

/// Whether all outputs of a cell follow the schema.
pub(crate) fn cell_outputs_are_valid(outputs: &[Value]) -> bool {
    let mut faults = Faults {
        cell: None,
        found: Vec::new(),
    };
    outputs.iter().for_each(|o| output(&mut faults, o));
    faults.found.is_empty()
}

fn rich(faults: &mut Faults, map: &Map<String, Value>) {
    faults.require(
        map.get("metadata").is_some_and(Value::is_object),
        "an output has no `metadata`",
    );
    mime_bundle(faults, map.get("data"));
}

fn mime_bundle(faults: &mut Faults, data: Option<&Value>) {
    let Some(bundle) = data.and_then(Value::as_object) else {
        faults.add("a bundle of data by media type is missing or not an object");
        return;
    };
    for (mime, value) in bundle {
        let json = mime
            .strip_prefix("application/")
            .is_some_and(|m| m == "json" || m.ends_with("+json"));
        if !json && !is_multiline(value) {
            faults.add(format!(
                "the data of type `{}` is neither text nor a list of lines",
                crate::rules::shortened(mime)
            ));
        }
    }
}
