//! The canonical text: what `nbformat.write` produces for the same document.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::number::Canonical;
use crate::{Cell, CellKind, FORMAT, Notebook, lines};

/// Keys that `nbformat` never writes: they belong to one program or one machine.
const TRANSIENT: [&str; 3] = ["orig_nbformat", "orig_nbformat_minor", "signature"];

pub(crate) fn write(notebook: &Notebook) -> String {
    let value = json!({
        "cells": notebook.cells.iter().map(cell_value).collect::<Vec<_>>(),
        "metadata": without(&notebook.metadata, &TRANSIENT),
        "nbformat": FORMAT.0,
        "nbformat_minor": notebook.minor.max(FORMAT.1),
    });
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, Canonical::new());
    // Writing JSON values into memory has no way to fail; an empty text would be seen at once.
    if value.serialize(&mut serializer).is_err() {
        text.clear();
    }
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

fn without(map: &Map<String, Value>, keys: &[&str]) -> Value {
    let mut map = map.clone();
    map.retain(|key, _| !keys.contains(&key.as_str()));
    Value::Object(map)
}

fn cell_value(cell: &Cell) -> Value {
    let mut map = Map::new();
    map.insert("cell_type".into(), cell.kind.as_str().into());
    map.insert("id".into(), cell.id.clone().into());
    map.insert("metadata".into(), without(&cell.metadata, &["trusted"]));
    map.insert("source".into(), lines::split(&cell.source));
    if cell.kind == CellKind::Code {
        map.insert("execution_count".into(), cell.execution_count.into());
        map.insert("outputs".into(), cell.outputs.iter().map(output).collect());
    } else if let Some(attachments) = &cell.attachments {
        map.insert("attachments".into(), attached(attachments));
    }
    Value::Object(map)
}

/// An output with its texts cut into lines, however the file that it was read from held them.
fn output(output: &Value) -> Value {
    let mut output = output.clone();
    let kind = output.get("output_type").and_then(Value::as_str);
    match kind {
        Some("stream") => {
            if let Some(text) = output.get_mut("text") {
                lines::recut(text);
            }
        }
        Some("execute_result" | "display_data") => {
            if let Some(Value::Object(data)) = output.get_mut("data") {
                lines::recut_bundle(data);
            }
        }
        _ => {}
    }
    output
}

/// Attachments: by file name a bundle by MIME type.
fn attached(attachments: &Value) -> Value {
    let mut attachments = attachments.clone();
    for bundle in attachments
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
    {
        if let Value::Object(bundle) = bundle {
            lines::recut_bundle(bundle);
        }
    }
    attachments
}
