//! Examples of rules: notebooks written short.

use alacard_notebook::{Cell, Notebook, ReadError};
use serde_json::Value;

/// Reads an example. Text that begins with `{` is a notebook file; anything else is cells:
///
/// - `%% code`, `%% markdown` and `%% raw` begin a cell, the lines below are its source,
/// - `%% metadata {…}` adds to the notebook's metadata,
/// - `%% output {…}` adds an output to the code cell above, `%% large-output N` one of N bytes,
/// - `%% long-code N` is a code cell of N lines.
///
/// # Errors
///
/// [`ReadError`] for a notebook file that cannot be read; cells always can.
///
/// ```
/// let notebook = alacard_check::example("%% markdown\n# Title\n%% code\nprint(1)")?;
/// assert_eq!(notebook.cells.len(), 2);
/// # Ok::<(), alacard_notebook::ReadError>(())
/// ```
pub fn example(text: &str) -> Result<Notebook, ReadError> {
    if text.trim_start().starts_with('{') {
        return Notebook::read(text.as_bytes());
    }
    let mut notebook = Notebook::new();
    let mut cell: Option<Cell> = None;
    for line in text.split('\n') {
        let Some((word, rest)) = directive(line) else {
            if let Some(cell) = &mut cell {
                cell.source.push_str(line);
                cell.source.push('\n');
            }
            continue;
        };
        match word {
            "output" | "large-output" => {
                if let Some(cell) = &mut cell {
                    cell.outputs.push(output(word, rest));
                }
            }
            "metadata" => {
                if let Ok(Value::Object(more)) = serde_json::from_str(rest) {
                    notebook.metadata.extend(more);
                }
            }
            _ => {
                push(&mut notebook, cell.take());
                cell = Some(begin(word, rest));
            }
        }
    }
    push(&mut notebook, cell);
    Ok(notebook)
}

fn directive(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("%% ")?;
    let (word, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let known = [
        "code",
        "markdown",
        "raw",
        "metadata",
        "output",
        "large-output",
        "long-code",
    ];
    known.contains(&word).then_some((word, rest))
}

fn begin(word: &str, rest: &str) -> Cell {
    match word {
        "markdown" => Cell::markdown(""),
        "raw" => Cell::raw(""),
        "long-code" => Cell::code("print(1)\n".repeat(rest.trim().parse().unwrap_or(0).min(1000))),
        _ => Cell::code(""),
    }
}

fn output(word: &str, rest: &str) -> Value {
    if word == "output" {
        return serde_json::from_str(rest).unwrap_or(Value::Null);
    }
    let size = rest.trim().parse().unwrap_or(0).min(10_000_000);
    serde_json::json!({"output_type": "stream", "name": "stdout", "text": "x".repeat(size)})
}

fn push(notebook: &mut Notebook, cell: Option<Cell>) {
    if let Some(mut cell) = cell {
        cell.source
            .truncate(cell.source.trim_end_matches('\n').len());
        notebook.push(cell);
    }
}
