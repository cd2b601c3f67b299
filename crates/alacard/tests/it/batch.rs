//! Many sources at a time, and the report.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::bed::{Bed, Ran, assert_story, json};

/// A folder that stands in for the Hub, and a list of everything that can happen.
fn bed() -> Bed {
    let bed = Bed::new();
    bed.fixture("hub");
    bed.fixture("own-code");
    bed.put("prose.md", "# A walk\n\nWe went to the lake.\n");
    let list = "# what comes first\nacme/tiny-sentiment\n\nlegacy-model\nacme/taken-down\nnobody/x\n\
                ./own-code\nprose.md\nhttps://github.com/a/b\nopenai/whisper-tiny\n";
    bed.put("list", list);
    bed
}

const BATCH: [&str; 8] = [
    "batch",
    "list",
    "--hub-dir",
    "hub",
    "--offline",
    "--out",
    "alacard-out",
    "--jobs=2",
];

#[test]
fn every_source_ends_in_a_notebook_or_a_refusal() {
    let bed = bed();
    let ran = bed.run(&[&BATCH[..], &["--report", "report.json"]].concat());
    let rows = json(&bed.path("report.json"));
    let rows: Vec<String> = rows["rows"].as_array().unwrap().iter().map(line).collect();
    let notebooks = bed
        .files("alacard-out")
        .into_iter()
        .filter(|n| n.ends_with("notebook.ipynb"));
    let count = notebooks.count();
    std::fs::remove_dir_all(bed.path("alacard-out")).unwrap();
    assert_story!(format!(
        "{}--- rows\n{}\n--- notebooks {count}",
        bed.story(&ran),
        rows.join("\n")
    ));
}

/// What a row says, on one line.
fn line(row: &Value) -> String {
    let text = |field: &str| row[field].as_str().unwrap_or("-").to_owned();
    let fields = [
        "id", "outcome", "reason", "route", "lesson", "task", "library",
    ];
    fields.map(text).join(" ")
}

#[test]
fn the_totals_are_the_sum_of_the_rows() {
    let bed = bed();
    bed.run(&[&BATCH[..], &["--report", "report.json"]].concat());
    let report = json(&bed.path("report.json"));
    let (rows, totals) = (report["rows"].as_array().unwrap(), &report["totals"]);
    let of = |outcome: &str| rows.iter().filter(|row| row["outcome"] == outcome).count();
    assert_eq!(totals["sources"], rows.len());
    assert_eq!(
        totals["outcomes"],
        json!({"notebook": of("notebook"), "refused": of("refused")})
    );
    let sum = |values: &Value| {
        values
            .as_object()
            .unwrap()
            .values()
            .filter_map(Value::as_f64)
            .sum::<f64>()
    };
    assert!((sum(&totals["routes"]) - 1.0).abs() < 1e-9);
    assert!((sum(&totals["refusals"]) - of("refused") as f64).abs() < 1e-9);
    for rate in ["starts", "first_variant"] {
        assert_eq!(totals["rates"][rate], 1.0, "{rate}");
    }
    for row in rows {
        assert!(
            row["runs"].is_null() && row["proves"].is_null() && row["milliseconds"].is_number()
        );
        let path = row["notebook"].as_str().map(|path| bed.path(path));
        assert_eq!(
            path.is_some_and(|path| path.is_file()),
            row["outcome"] == "notebook",
            "{row}"
        );
        assert!(
            row["outcome"] != "refused" || row["message"].is_string(),
            "{row}"
        );
    }
}

#[test]
fn an_index_of_json_lines_is_read_for_id_and_path_only() {
    let bed = bed();
    let index = [
        json!({"id": "someone/else", "path": "hub/acme/tiny-sentiment", "task": "text-to-image", "library": "timm"}),
        json!({"id": "legacy-model", "path": "no/such/place", "task": 17}),
        json!({"id": "acme/escape", "path": "../../secret"}),
        json!({"id": "acme/absolute", "path": "/etc"}),
    ];
    bed.put("INDEX.jsonl", index.map(|row| row.to_string()).join("\n"));
    let ran = bed.run(&[
        "batch",
        "INDEX.jsonl",
        "--hub-dir",
        "hub",
        "--offline",
        "--out",
        "out",
        "--report",
        "r.json",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    let report = json(&bed.path("r.json"));
    let rows: Vec<String> = report["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(line)
        .collect();
    assert_eq!(rows, [
        "acme/tiny-sentiment notebook - task text-classification text-classification transformers",
        "legacy-model notebook - task fill-mask fill-mask transformers",
        "acme/escape refused unsupported-source - - - -",
        "acme/absolute refused unsupported-source - - - -",
    ].map(|row| row.replacen("acme/tiny-sentiment", "someone/else", 1)));
}

#[test]
fn the_list_may_come_from_standard_input() {
    let bed = bed();
    let mut child = bed
        .alacard(&["batch", "-", "--offline", "--out", "out", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(b"openai/whisper-tiny\r\nnobody/x\r\n")
        .unwrap();
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.json()["outcomes"], json!({"notebook": 1, "refused": 1}));
}

#[test]
fn lists_that_cannot_be_used() {
    let bed = Bed::new();
    bed.put("empty", "# nothing\n\n");
    bed.put("binary", b"\xff\xfe\0\0");
    let stories: Vec<String> = ["missing", "empty", "binary"]
        .iter()
        .map(|list| bed.story(&bed.run(&["batch", list, "--out", "out"])))
        .collect();
    assert_story!(stories.join("\n"));
}

#[test]
fn something_unexpected_is_exit_code_1_and_the_rest_goes_on() {
    let bed = Bed::new();
    bed.put("list", "openai/whisper-tiny\ngoogle/vit-base-patch16-224\n");
    bed.put(
        "out/openai__whisper-tiny",
        "a file where a folder should be",
    );
    let ran = bed.run(&[
        "batch",
        "list",
        "--offline",
        "--out",
        "out",
        "--report",
        "r.json",
    ]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr
            .contains("error: openai/whisper-tiny: cannot create"),
        "{}",
        ran.stderr
    );
    let report = json(&bed.path("r.json"));
    assert_eq!(
        report["totals"]["outcomes"],
        json!({"failed": 1, "notebook": 1})
    );
}

#[test]
fn a_component_that_fits_one_model_need_not_fit_the_next() {
    let bed = Bed::new();
    bed.put("list", "Qwen/Qwen3-0.6B\nopenai/whisper-tiny\n");
    let ran = bed.run(&[
        "batch",
        "list",
        "--offline",
        "--out",
        "out",
        "--ui",
        "chat",
        "--json",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.json()["outcomes"], json!({"notebook": 2}));
}
