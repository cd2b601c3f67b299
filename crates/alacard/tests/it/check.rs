//! `alacard check` on notebooks of anybody.

use serde_json::{Value, json};

use crate::bed::{Bed, assert_story, json};

/// A notebook with these cells, as some program may have saved it.
fn notebook(cells: &[Value]) -> String {
    let metadata = json!({"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"}});
    json!({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}).to_string()
}

fn code(id: &str, source: &str) -> Value {
    json!({"cell_type": "code", "id": id, "metadata": {}, "source": source, "outputs": [], "execution_count": null})
}

fn text(id: &str, source: &str) -> Value {
    json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": source})
}

/// A bed with a good notebook and a bad one.
fn bed() -> Bed {
    let bed = Bed::new();
    bed.put(
        "good.ipynb",
        notebook(&[
            text("a", "# Hello\n\nA greeting."),
            code("b", "print('hello')"),
        ]),
    );
    let bad = [
        text("a", "# Hello"),
        code("a", "print(greeting)"),
        code("c", "if True print(1)"),
        code("d", "# later"),
    ];
    bed.put("bad.ipynb", notebook(&bad));
    bed
}

#[test]
fn findings_as_lines() {
    let bed = bed();
    assert_story!("good", bed.story(&bed.run(&["check", "good.ipynb"])));
    assert_story!(
        "bad",
        bed.story(&bed.run(&["check", "good.ipynb", "bad.ipynb"]))
    );
}

#[test]
fn findings_as_json() {
    let bed = bed();
    let ran = bed.run(&["check", "good.ipynb", "bad.ipynb", "--format", "json"]);
    assert_eq!(ran.code, Some(4));
    let document = ran.json();
    assert_eq!(document["schema_version"], 1);
    assert_eq!(document["files"][0]["path"], "good.ipynb");
    let findings = document["files"][1]["findings"].as_array().unwrap();
    for rule in [
        "duplicate-cell-id",
        "syntax-error",
        "undefined-name",
        "comment-only-cell",
    ] {
        assert!(
            findings.iter().any(|finding| finding["rule"] == rule),
            "{rule}: {document}"
        );
    }
}

#[test]
fn findings_as_sarif() {
    let bed = bed();
    let ran = bed.run(&["check", "bad.ipynb", "--format", "sarif"]);
    assert_eq!(ran.code, Some(4));
    let log = ran.json();
    assert_eq!(log["version"], "2.1.0");
    let results = log["runs"][0]["results"].as_array().unwrap();
    assert!(
        results
            .iter()
            .any(|result| result["ruleId"] == "syntax-error")
    );
}

#[test]
fn what_can_be_mended_safely_is_mended_and_checked_again() {
    let bed = bed();
    let ran = bed.run(&["check", "bad.ipynb", "--fix"]);
    assert_eq!(
        ran.code,
        Some(4),
        "a syntax error is not mended: {}",
        ran.stdout
    );
    assert!(!ran.stdout.contains("duplicate-cell-id"), "{}", ran.stdout);
    let cells = json(&bed.path("bad.ipynb"))["cells"].clone();
    assert_ne!(cells[0]["id"], cells[1]["id"]);
    assert_eq!(cells[2]["source"], json!(["if True print(1)"]));
    let before = std::fs::read(bed.path("good.ipynb")).unwrap();
    assert_eq!(bed.run(&["check", "good.ipynb", "--fix"]).code, Some(0));
    assert!(
        std::fs::read(bed.path("good.ipynb")).unwrap() == before,
        "nothing to mend, nothing written"
    );
}

#[test]
fn files_that_are_no_notebook() {
    let bed = bed();
    bed.put("text.ipynb", "hello");
    bed.put("object.ipynb", "{}");
    bed.put("old.ipynb", r#"{"nbformat": 3, "worksheets": []}"#);
    bed.put("deep.ipynb", "[".repeat(10_000));
    let stories: Vec<String> = ["missing", "text", "object", "old", "deep"]
        .iter()
        .map(|name| bed.story(&bed.run(&["check", &format!("{name}.ipynb")])))
        .collect();
    assert_story!(stories.join("\n"));
}

#[test]
fn one_file_that_cannot_be_read_does_not_hide_the_others() {
    let bed = bed();
    let ran = bed.run(&["check", "missing.ipynb", "good.ipynb"]);
    assert_eq!(ran.code, Some(2));
    let ran = bed.run(&["check", "missing.ipynb", "bad.ipynb"]);
    assert_eq!(ran.code, Some(4));
    assert!(ran.stdout.contains("syntax-error"));
}

#[test]
fn what_alacard_makes_it_also_passes() {
    let bed = Bed::new();
    let folder = bed.make(&["Qwen/Qwen3-0.6B", "--topic", "legal"]);
    let draft = folder.join("draft.ipynb");
    let notebook = folder.join("notebook.ipynb");
    let ran = bed.run(&["check", draft.to_str().unwrap(), notebook.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{}", ran.stdout);
}
