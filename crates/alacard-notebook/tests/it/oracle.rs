//! Our bytes beside those of Python's `nbformat.write`.

use std::path::Path;
use std::process::Command;

use alacard_notebook::{Cell, Notebook};
use serde_json::{Value, json};

/// Reads each file of a folder and writes it again beside itself.
const WRITE_AGAIN: &str = "
import pathlib, sys, nbformat
for path in sorted(pathlib.Path(sys.argv[1]).glob('*.ipynb')):
    notebook = nbformat.read(path, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    with open(path.with_suffix('.python'), 'w', encoding='utf-8', newline='') as out:
        nbformat.write(notebook, out)
";

#[test]
#[ignore = "needs Python: cargo xtask test sets ALACARD_TEST_PYTHON"]
fn the_bytes_are_those_of_nbformat() {
    let python = std::env::var("ALACARD_TEST_PYTHON").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let cases = cases();
    for (name, case) in &cases {
        std::fs::write(folder.path().join(format!("{name}.ipynb")), case).unwrap();
    }
    let status = Command::new(python)
        .args(["-c", WRITE_AGAIN])
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "Python could not read the notebooks");
    for (name, case) in &cases {
        let theirs = read(&folder.path().join(format!("{name}.python")));
        let ours = Notebook::read(case.as_bytes()).unwrap().to_json();
        assert_eq!(ours, theirs, "{name}");
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Notebooks by name, as some program may have saved them.
fn cases() -> Vec<(&'static str, String)> {
    let ours = |cells: Vec<Cell>| {
        let mut notebook = Notebook::new();
        cells.into_iter().for_each(|cell| notebook.push(cell));
        notebook.to_json()
    };
    vec![
        ("empty", ours(Vec::new())),
        (
            "plain",
            ours(vec![
                Cell::markdown("# Ä\n\ntext"),
                Cell::code("print('ü')\n"),
            ]),
        ),
        (
            "line-ends",
            ours(vec![Cell::code(LINE_ENDS), Cell::raw(LINE_ENDS)]),
        ),
        (
            "escapes",
            ours(vec![Cell::markdown(
                "\u{0}\u{1}\u{7f}\u{9f}\"\\/\u{8}\t😀\u{feff}",
            )]),
        ),
        ("metadata", with_metadata()),
        ("outputs", saved(&outputs())),
        ("attachments", saved(&attachments())),
    ]
}

/// Every character at which Python ends a line, and some at which it does not.
const LINE_ENDS: &str =
    "a\nb\r\nc\rd\u{b}e\u{c}f\u{1c}g\u{1d}h\u{1e}i\u{1f}j\u{85}k\u{2028}l\u{2029}m\n\n";

fn with_metadata() -> String {
    let mut notebook = Notebook::new();
    notebook.metadata.insert(
        "numbers".to_owned(),
        json!([
            0,
            -1,
            18446744073709551615_u64,
            0.1,
            1.0,
            -0.5,
            1e15,
            1e16,
            1e-4,
            1e-5,
            2.5e-300
        ]),
    );
    notebook.metadata.insert(
        "empty".to_owned(),
        json!({"list": [], "map": {}, "text": ""}),
    );
    notebook.metadata.insert(
        "order".to_owned(),
        json!({"é": 1, "z": 2, "Z": 3, "😀": 4, "\u{ffff}": 5}),
    );
    let mut cell = Cell::code("1");
    cell.tag("remove-input");
    cell.metadata.insert("trusted".to_owned(), json!(true));
    notebook.push(cell);
    notebook
        .metadata
        .insert("orig_nbformat".to_owned(), json!(4));
    notebook.to_json()
}

fn saved(cells: &Value) -> String {
    json!({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}).to_string()
}

fn outputs() -> Value {
    json!([{
        "cell_type": "code", "id": "a", "metadata": {}, "execution_count": 3,
        "source": ["one ", "line\nand ", "two"],
        "outputs": [
            {"output_type": "stream", "name": "stdout", "text": "a\nb\u{85}c"},
            {"output_type": "stream", "name": "stderr", "text": ["a\nb\n", "c"]},
            {"output_type": "display_data", "metadata": {}, "data": {
                "text/plain": "x\ny", "image/png": "aGVs\nbG8=\n", "image/svg+xml": "<svg>\n</svg>",
                "application/json": {"a": "b\nc"}, "application/vnd.x+json": ["p\nq"],
                "application/javascript": "a()\nb()",
            }},
            {"output_type": "execute_result", "execution_count": 3, "metadata": {}, "data": {
                "text/html": ["<p>\n", "</p>"], "image/jpeg": ["aGVs\n", "bG8=\n"],
            }},
            {"output_type": "error", "ename": "E", "evalue": "v\nw", "traceback": ["a\nb", "c"]},
        ],
    }])
}

fn attachments() -> Value {
    json!([{
        "cell_type": "markdown", "id": "a", "metadata": {}, "source": "![x](attachment:x.png)",
        "attachments": {"x.png": {"image/png": ["aGVs\n", "bG8=\n"], "text/plain": "a\nb"}},
    }])
}
