//! The promises of the first screen, kept by the real binary: no network, no key, one command.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should say so")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A run of the binary in an empty world.
fn alacard(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_alacard"))
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("ALACARD_CACHE", home.join("cache"))
        .current_dir(home)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// All files below a folder with their bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(place) = open.pop() {
        for entry in std::fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_path_buf();
                found.insert(name, std::fs::read(&path).unwrap());
            }
        }
    }
    found
}

const MODEL: &str = "distilbert/distilbert-base-uncased-finetuned-sst-2-english";

#[test]
fn the_last_line_is_the_notebook() {
    let home = tempfile::tempdir().unwrap();
    let run = alacard(home.path(), &["generate", MODEL, "--offline"]);
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let notebook = home.path().join(stdout(&run).lines().last().unwrap());
    let text = std::fs::read_to_string(&notebook).unwrap();
    assert!(text.contains("\"nbformat\": 4") && text.contains(MODEL));
    let names: Vec<PathBuf> = files(notebook.parent().unwrap()).into_keys().collect();
    for name in [
        "request.json",
        "dossier.json",
        "outline.json",
        "findings.json",
        "validation.md",
        "instructions.md",
    ] {
        assert!(names.contains(&PathBuf::from(name)), "{name} is missing");
    }
}

#[test]
fn equal_recipes_give_equal_bytes() {
    let home = tempfile::tempdir().unwrap();
    for out in ["one", "two"] {
        let run = alacard(home.path(), &["generate", MODEL, "--offline", "--out", out]);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    }
    let (one, two) = (
        files(&home.path().join("one")),
        files(&home.path().join("two")),
    );
    assert_eq!(
        one.keys().collect::<Vec<_>>(),
        two.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in one {
        if !name.ends_with("manifest.json") && !name.ends_with("metrics.json") {
            assert!(two[&name] == bytes, "{} differs", name.display());
        }
    }
}

#[test]
fn a_second_run_reuses_what_is_there_and_fresh_does_not() {
    let home = tempfile::tempdir().unwrap();
    let metrics = |arguments: &[&str]| {
        let run = alacard(home.path(), arguments);
        let folder = home
            .path()
            .join(stdout(&run))
            .parent()
            .unwrap()
            .to_path_buf();
        std::fs::read_to_string(folder.join("metrics.json")).unwrap()
    };
    let first = metrics(&["generate", MODEL, "--offline"]);
    let second = metrics(&["generate", MODEL, "--offline"]);
    let fresh = metrics(&["generate", MODEL, "--offline", "--fresh"]);
    assert!(first.contains("\"reused\": []") && fresh.contains("\"reused\": []"));
    assert!(second.contains("\"outline\"") && !second.contains("\"reused\": []"));
}

#[test]
fn sources_that_cannot_be_used_end_with_three() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("empty")).unwrap();
    std::fs::write(home.path().join("binary.md"), [0_u8, 159, 146, 150, 0, 1]).unwrap();
    for (source, reason) in [
        ("https://github.com/org/name", "unsupported-source"),
        ("https://huggingface.co/datasets/org/name", "not-a-model"),
        ("./empty", "nothing-known"),
        ("./binary.md", "unreadable"),
        ("nobody/nothing-like-this", "network"),
    ] {
        let run = alacard(home.path(), &["generate", source, "--offline"]);
        assert_eq!(run.status.code(), Some(3), "{source}: {}", stderr(&run));
        assert!(stderr(&run).contains(reason), "{source}: {}", stderr(&run));
        assert!(stdout(&run).is_empty());
        assert!(
            !home.path().join("alacard-out").exists(),
            "{source} left something behind"
        );
    }
}

#[test]
fn wrong_names_end_with_two_and_the_nearest_ones() {
    let home = tempfile::tempdir().unwrap();
    let cases = [
        (vec!["--difficulty", "begginer"], "beginner"),
        (vec!["--ui", "gradioo"], "gradio"),
        (vec!["--format", "manuel"], "manual"),
        (vec!["--language", "xx"], "en"),
        (vec!["--ui", "chat"], "gradio"),
    ];
    for (extra, near) in cases {
        let run = alacard(
            home.path(),
            &[&["generate", MODEL, "--offline"][..], &extra].concat(),
        );
        assert_eq!(run.status.code(), Some(2), "{extra:?}: {}", stderr(&run));
        assert!(stderr(&run).contains(near), "{extra:?}: {}", stderr(&run));
    }
}

#[test]
fn an_output_folder_in_the_way_is_said() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("taken"), "a file").unwrap();
    let run = alacard(
        home.path(),
        &["generate", MODEL, "--offline", "--out", "taken"],
    );
    assert_eq!(run.status.code(), Some(1));
    assert!(
        stderr(&run).contains("taken") && stderr(&run).contains("hint:"),
        "{}",
        stderr(&run)
    );
}

#[test]
fn hostile_text_stays_text() {
    let home = tempfile::tempdir().unwrap();
    let card = "---\npipeline_tag: text-classification\nlibrary_name: transformers\nwidget:\n- text: \"x\\\"\\\"\\\"); import os; os.system('INJECTED') #\"\n---\n# Evil ```\n\n\"\"\" '''; import os; os.system('INJECTED')\n\n```python\nfrom transformers import pipeline\np = pipeline('text-classification')\nprint(p('hi'))\n```\n";
    std::fs::create_dir(home.path().join("evil")).unwrap();
    std::fs::write(home.path().join("evil/README.md"), card).unwrap();
    let prompt = "\"\"\"\n```\nimport os\nos.system('INJECTED')\n{x} {{ y }} {% z %}";
    let run = alacard(
        home.path(),
        &[
            "generate",
            "./evil",
            "--offline",
            "--topic",
            "\"\"\"; os.system('INJECTED')",
            "--prompt",
            prompt,
        ],
    );
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let check = alacard(home.path(), &["check", &stdout(&run)]);
    assert_eq!(check.status.code(), Some(0), "{}", stdout(&check));
}

#[test]
fn a_hand_is_dealt_again_from_its_seed_and_keeps_locked_cards() {
    let home = tempfile::tempdir().unwrap();
    let deal = || {
        alacard(
            home.path(),
            &[
                "shuffle",
                "--seed",
                "7",
                "--lock",
                "topic=sourdough",
                "--json",
            ],
        )
    };
    assert_eq!(deal().stdout, deal().stdout);
    assert!(stdout(&deal()).contains("\"topic\": \"sourdough\""));
    let unknown = alacard(home.path(), &["shuffle", "--lock", "colour=red"]);
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn a_batch_reports_every_source() {
    let home = tempfile::tempdir().unwrap();
    let list = format!("{MODEL}\n# a comment\nhttps://github.com/org/name\nQwen/Qwen3-0.6B\n");
    std::fs::write(home.path().join("list.txt"), list).unwrap();
    let run = alacard(
        home.path(),
        &[
            "batch",
            "list.txt",
            "--offline",
            "--out",
            "out",
            "--report",
            "report.json",
            "--json",
        ],
    );
    assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(home.path().join("report.json")).unwrap()).unwrap();
    assert_eq!(report["rows"].as_array().unwrap().len(), 3);
    assert_eq!(report["rows"][1]["reason"], "unsupported-source");
    assert_eq!(report["totals"]["rates"]["starts"], 1.0);
    assert_eq!(report["totals"]["rates"]["runs"], serde_json::Value::Null);
}

#[test]
fn every_schema_is_printed_and_machines_get_json() {
    let home = tempfile::tempdir().unwrap();
    for name in [
        "recipe", "dossier", "outline", "section", "findings", "manifest", "metrics", "report",
        "refusal",
    ] {
        let run = alacard(home.path(), &["schema", name]);
        let schema: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert!(schema.is_object());
    }
    let run = alacard(
        home.path(),
        &[
            "generate",
            MODEL,
            "--offline",
            "--log-format",
            "json",
            "--json",
        ],
    );
    for line in stderr(&run).lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap();
    }
    let manifest: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
    assert_eq!(manifest["starts"], true);
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            !alacard(home.path(), &["completions", shell])
                .stdout
                .is_empty()
        );
    }
}
