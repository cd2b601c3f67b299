//! From bytes to a notebook, forgiving where `nbformat` is, plain about the rest.

use serde_json::{Map, Value};

use crate::{Cell, CellKind, Notebook};

/// Why bytes are not a notebook that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The bytes are not JSON.
    #[error("not JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// JSON, but without the shape of a notebook.
    #[error("not a notebook: {0}")]
    Shape(String),
    /// A notebook of another major version.
    #[error("notebook format {0} is not supported, only version 4")]
    Version(u64),
}

pub(crate) fn read(bytes: &[u8]) -> Result<Notebook, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let Value::Object(mut top) = serde_json::from_slice(bytes)? else {
        return Err(shape("the top level is not an object"));
    };
    match top.get("nbformat").and_then(Value::as_u64) {
        Some(4) => {}
        Some(other) => return Err(ReadError::Version(other)),
        None => return Err(shape("`nbformat` is missing")),
    }
    let minor = top
        .get("nbformat_minor")
        .and_then(Value::as_u64)
        .unwrap_or(0);
    let metadata = object(top.remove("metadata"), "metadata")?;
    let Some(Value::Array(cells)) = top.remove("cells") else {
        return Err(shape("`cells` is missing or not a list"));
    };
    let mut notebook = Notebook {
        cells: Vec::with_capacity(cells.len()),
        metadata,
        minor,
    };
    for (position, cell) in cells.into_iter().enumerate() {
        notebook.push(read_cell(cell, position)?);
    }
    Ok(notebook)
}

fn read_cell(cell: Value, position: usize) -> Result<Cell, ReadError> {
    let Value::Object(mut cell) = cell else {
        return Err(shape(&format!("cell {position} is not an object")));
    };
    let kind = match cell.get("cell_type").and_then(Value::as_str) {
        Some("markdown") => CellKind::Markdown,
        Some("code") => CellKind::Code,
        Some("raw") => CellKind::Raw,
        other => return Err(shape(&format!("cell {position} has the type {other:?}"))),
    };
    let outputs = match cell.remove("outputs") {
        Some(Value::Array(outputs)) if kind == CellKind::Code => outputs,
        _ => Vec::new(),
    };
    Ok(Cell {
        id: cell
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        kind,
        source: joined(cell.get("source"), position)?,
        metadata: object(cell.remove("metadata"), "a cell's metadata")?,
        outputs,
        execution_count: cell.get("execution_count").and_then(Value::as_u64),
        attachments: cell.remove("attachments"),
    })
}

/// A multi-line string of nbformat: a string, or a list of strings.
fn joined(source: Option<&Value>, position: usize) -> Result<String, ReadError> {
    match source {
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Array(lines)) => lines
            .iter()
            .map(|line| {
                line.as_str()
                    .ok_or_else(|| shape(&format!("cell {position}: a line is not text")))
            })
            .collect(),
        _ => Err(shape(&format!("cell {position} has no source"))),
    }
}

fn object(value: Option<Value>, what: &str) -> Result<Map<String, Value>, ReadError> {
    match value {
        Some(Value::Object(map)) => Ok(map),
        None => Ok(Map::new()),
        Some(_) => Err(shape(&format!("{what} is not an object"))),
    }
}

fn shape(what: &str) -> ReadError {
    ReadError::Shape(what.to_owned())
}
