//! What is written can be read, and is the same document.

use alacard_notebook::{Cell, CellKind, Notebook, ReadError};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn kind() -> impl Strategy<Value = CellKind> {
    prop_oneof![
        Just(CellKind::Markdown),
        Just(CellKind::Code),
        Just(CellKind::Raw)
    ]
}

/// Any JSON, a few levels deep.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

fn metadata() -> impl Strategy<Value = Map<String, Value>> {
    let pairs = prop::collection::vec(("[a-z]{1,8}", value()), 0..3);
    pairs.prop_map(|pairs| pairs.into_iter().collect())
}

fn cell() -> impl Strategy<Value = Cell> {
    (kind(), any::<String>(), metadata()).prop_map(|(kind, source, metadata)| {
        let mut cell = Cell::new(kind, source);
        cell.metadata = metadata;
        cell.metadata.remove("trusted");
        cell
    })
}

fn notebook() -> impl Strategy<Value = Notebook> {
    (prop::collection::vec(cell(), 0..6), metadata()).prop_map(|(cells, metadata)| {
        let mut notebook = Notebook::new();
        notebook.metadata.extend(metadata);
        notebook.metadata.remove("signature");
        cells.into_iter().for_each(|cell| notebook.push(cell));
        notebook
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_gives_back_what_was_written(notebook in notebook()) {
        let text = notebook.to_json();
        let again = Notebook::read(text.as_bytes()).unwrap();
        prop_assert_eq!(&again, &notebook);
        prop_assert_eq!(again.to_json(), text);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Notebook::read(&bytes);
    }

    #[test]
    fn any_json_is_read_or_refused(value in value()) {
        let in_cells = json!({"nbformat": 4, "metadata": {}, "cells": [value.clone()]});
        let as_outputs = json!({"nbformat": 4, "cells": [
            {"cell_type": "code", "source": "x", "outputs": [value]},
        ]});
        for notebook in [in_cells, as_outputs] {
            if let Ok(notebook) = Notebook::read(notebook.to_string().as_bytes()) {
                Notebook::read(notebook.to_json().as_bytes()).unwrap();
            }
        }
    }
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let deep = "[".repeat(100_000);
    assert!(matches!(
        Notebook::read(deep.as_bytes()),
        Err(ReadError::Json(_))
    ));
}

#[test]
fn the_reason_of_a_refusal_is_plain() {
    let reason = |text: &str| Notebook::read(text.as_bytes()).unwrap_err().to_string();
    assert_eq!(
        reason("[]"),
        "not a notebook: the top level is not an object"
    );
    assert_eq!(reason("{}"), "not a notebook: `nbformat` is missing");
    assert_eq!(
        reason(r#"{"nbformat": 3}"#),
        "notebook format 3 is not supported, only version 4"
    );
    assert_eq!(
        reason(r#"{"nbformat": 4}"#),
        "not a notebook: `cells` is missing or not a list"
    );
}
