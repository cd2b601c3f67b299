//! The canonical text: what `nbformat.write` produces for the same document.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{Cell, CellKind, FORMAT, Notebook};

pub(crate) fn write(notebook: &Notebook) -> String {
    let value = json!({
        "cells": notebook.cells.iter().map(cell_value).collect::<Vec<_>>(),
        "metadata": notebook.metadata,
        "nbformat": FORMAT.0,
        "nbformat_minor": notebook.minor.max(FORMAT.1),
    });
    let mut text = Vec::new();
    let formatter = serde_json::ser::PrettyFormatter::with_indent(b" ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut text, formatter);
    // Writing JSON values into memory has no way to fail; an empty text would be seen at once.
    if value.serialize(&mut serializer).is_err() {
        text.clear();
    }
    text.push(b'\n');
    String::from_utf8(text).unwrap_or_default()
}

fn cell_value(cell: &Cell) -> Value {
    let mut map = Map::new();
    map.insert("cell_type".into(), cell.kind.as_str().into());
    map.insert("id".into(), cell.id.clone().into());
    map.insert("metadata".into(), Value::Object(cell.metadata.clone()));
    map.insert("source".into(), lines(&cell.source));
    if cell.kind == CellKind::Code {
        map.insert("execution_count".into(), cell.execution_count.into());
        map.insert(
            "outputs".into(),
            cell.outputs.iter().map(split_output).collect(),
        );
    } else if let Some(attachments) = &cell.attachments {
        map.insert("attachments".into(), attachments.clone());
    }
    Value::Object(map)
}

/// Text as the list of its lines, each with its line end.
fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(Value::from).collect()
}

/// Outputs read from a file may hold text as one string; on disk it is a list of lines.
fn split_output(output: &Value) -> Value {
    let mut output = output.clone();
    if let Some(text) = output.get_mut("text")
        && let Some(joined) = text.as_str()
    {
        *text = lines(joined);
    }
    if let Some(Value::Object(data)) = output.get_mut("data") {
        for (mime, value) in data.iter_mut() {
            let is_json = mime == "application/json" || mime.ends_with("+json");
            if let Some(joined) = value.as_str().filter(|_| !is_json) {
                *value = lines(joined);
            }
        }
    }
    output
}
