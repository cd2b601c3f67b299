//! From a source to a run folder.

use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;

use alacard_notebook::Notebook;

use crate::bed::{Bed, Ran, TIMED, assert_story, assert_whole, files, json};

#[test]
fn from_the_shelf_without_network() {
    let bed = Bed::new();
    let ran = bed.run(&["generate", "Qwen/Qwen3-0.6B", "--offline"]);
    assert_story!(bed.story(&ran));
    let notebook = std::fs::read(bed.path(ran.stdout.trim())).unwrap();
    let notebook = Notebook::read(&notebook).unwrap();
    assert!(notebook.markdown_share() >= 0.4 && notebook.markdown_share() <= 0.7);
}

#[test]
fn the_quickstart_has_seven_cells() {
    let bed = Bed::new();
    for model in ["Qwen/Qwen3-0.6B", "google/vit-base-patch16-224"] {
        let folder = bed.make(&[model, "--format", "quickstart"]);
        let notebook = Notebook::read(&std::fs::read(folder.join("notebook.ipynb")).unwrap());
        assert_eq!(notebook.unwrap().cells.len(), 7, "{model}");
    }
}

#[test]
fn from_a_folder() {
    let bed = Bed::new();
    bed.fixture("sentiment");
    assert_story!(bed.story(&bed.run(&["generate", "./sentiment"])));
}

#[test]
fn from_a_markdown_file() {
    let bed = Bed::new();
    bed.fixture("own-code");
    assert_story!(bed.story(&bed.run(&["generate", "own-code/README.md"])));
}

#[test]
fn from_standard_input() {
    let bed = Bed::new();
    let card = std::fs::read(crate::bed::fixtures().join("own-code/README.md")).unwrap();
    let mut child = bed
        .alacard(&["generate", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&card).unwrap();
    let ran = Ran::of(&child.wait_with_output().unwrap());
    assert_story!(bed.story(&ran));
}

#[test]
fn from_a_folder_that_stands_in_for_the_hub() {
    let bed = Bed::new();
    bed.fixture("hub");
    for id in ["acme/tiny-sentiment", "legacy-model"] {
        let folder = bed.make(&[id, "--hub-dir", "hub"]);
        assert_eq!(
            json(&folder.join("dossier.json"))["origin"],
            "hub-dir",
            "{id}"
        );
    }
}

#[test]
fn every_form_of_a_hub_address_names_the_same_model() {
    let bed = Bed::new();
    let sources = [
        "google-bert/bert-base-uncased",
        "https://huggingface.co/google-bert/bert-base-uncased",
        "http://hf.co/google-bert/bert-base-uncased/",
        "huggingface.co/google-bert/bert-base-uncased?library=transformers#usage",
        "https://huggingface.co/google-bert/bert-base-uncased/tree/main",
        "https://huggingface.co/google-bert/bert-base-uncased/blob/main/config.json",
        "hf://google-bert/bert-base-uncased",
    ];
    for source in sources {
        let folder = bed.make(&[source]);
        let dossier = json(&folder.join("dossier.json"));
        assert_eq!(dossier["id"], "google-bert/bert-base-uncased", "{source}");
    }
    assert_eq!(
        std::fs::read_dir(bed.path("alacard-out")).unwrap().count(),
        1
    );
}

#[test]
fn a_revision_in_the_address_is_the_one_that_is_asked_for() {
    let bed = Bed::new();
    let folder = bed.make(&["https://huggingface.co/Qwen/Qwen3-0.6B/tree/refs%2Fpr%2F1"]);
    let dossier = json(&folder.join("dossier.json"));
    assert_eq!(dossier["requested_revision"], "refs/pr/1");
}

#[test]
fn the_manifest_names_every_artifact_with_its_hash() {
    let bed = Bed::new();
    let ran = bed.run(&["generate", "openai/whisper-tiny", "--offline", "--json"]);
    let manifest = ran.json();
    let folder = bed.path(manifest["notebook"].as_str().unwrap());
    let folder = folder.parent().unwrap();
    assert_eq!(manifest, json(&folder.join("manifest.json")));
    let artifacts = manifest["artifacts"].as_array().unwrap();
    let mut listed: Vec<String> = Vec::new();
    for artifact in artifacts {
        let name = artifact["name"].as_str().unwrap();
        let bytes = std::fs::read(folder.join(name)).unwrap();
        assert_eq!(artifact["bytes"], bytes.len(), "{name}");
        assert_eq!(artifact["sha256"].as_str().unwrap().len(), 64, "{name}");
        listed.push(name.to_owned());
    }
    let mut there = files(folder);
    there.retain(|n| {
        !TIMED.contains(&n.as_str()) && ![".lock", ".state.json"].contains(&n.as_str())
    });
    assert_eq!(listed, there);
    for field in ["runs", "proves"] {
        assert!(manifest[field].is_null(), "nothing was executed yet");
    }
    let folder = folder.file_name().unwrap().to_string_lossy().into_owned();
    assert!(
        manifest["recipe_hash"]
            .as_str()
            .unwrap()
            .starts_with(&folder)
    );
}

#[test]
fn two_runs_of_one_recipe_give_the_same_bytes() {
    let bed = Bed::new();
    let recipes: [&[&str]; 4] = [
        &["Qwen/Qwen3-0.6B", "--topic", "sourdough", "--ui", "gradio"],
        &[
            "Qwen/Qwen3-0.6B",
            "--topic",
            "keeping bees",
            "--difficulty",
            "advanced",
        ],
        &[
            "google-bert/bert-base-uncased",
            "--format",
            "quickstart",
            "--seed",
            "7",
        ],
        &[
            "Qwen/Qwen3-0.6B",
            "--runtime",
            "endpoint",
            "--prompt",
            "summarise my mail",
        ],
    ];
    for recipe in recipes {
        let one = bed.make(&[recipe, &["--out", "one"]].concat());
        let two = bed.make(&[recipe, &["--out", "two"]].concat());
        assert_eq!(one.file_name(), two.file_name(), "{recipe:?}");
        assert_same(&one, &two);
    }
}

/// That two run folders are equal but for the files with times.
fn assert_same(one: &Path, two: &Path) {
    assert_eq!(files(one), files(two));
    for name in files(one) {
        if TIMED.contains(&name.as_str()) || name == ".state.json" {
            continue;
        }
        let read = |folder: &Path| std::fs::read(folder.join(&name)).unwrap();
        assert!(read(one) == read(two), "{name} differs");
    }
}

#[test]
fn a_second_run_uses_what_the_first_one_left() {
    let bed = Bed::new();
    let reused = |more: &[&str]| {
        let folder = bed.make(&[&["openai/whisper-tiny"], more].concat());
        json(&folder.join("metrics.json"))["reused"].to_string()
    };
    assert_eq!(reused(&[]), "[]");
    assert_eq!(reused(&[]), r#"["outline","sections"]"#);
    assert_eq!(reused(&["--fresh"]), "[]");
}

#[test]
fn an_artifact_that_somebody_changed_is_made_again() {
    let bed = Bed::new();
    let folder = bed.make(&["openai/whisper-tiny"]);
    let outline = std::fs::read(folder.join("outline.json")).unwrap();
    let notebook = std::fs::read(folder.join("notebook.ipynb")).unwrap();
    std::fs::write(folder.join("outline.json"), "{\"title\": \"").unwrap();
    std::fs::write(folder.join("notebook.ipynb"), "").unwrap();
    std::fs::write(folder.join(".state.json"), "\u{0}not json").unwrap();
    assert_eq!(bed.make(&["openai/whisper-tiny"]), folder);
    assert_eq!(std::fs::read(folder.join("outline.json")).unwrap(), outline);
    assert_eq!(
        std::fs::read(folder.join("notebook.ipynb")).unwrap(),
        notebook
    );
    assert_whole(&folder);
}

#[test]
fn another_recipe_is_another_folder() {
    let bed = Bed::new();
    let mut folders = vec![
        bed.make(&["openai/whisper-tiny"]),
        bed.make(&["openai/whisper-tiny", "--seed", "1"]),
        bed.make(&["openai/whisper-tiny", "--difficulty", "advanced"]),
        bed.make(&["openai/whisper-tiny", "--topic", "legal"]),
    ];
    folders.sort();
    folders.dedup();
    assert_eq!(folders.len(), 4);
}

#[test]
fn at_most_so_many_steps() {
    let bed = Bed::new();
    let folder = bed.make(&["Qwen/Qwen3-0.6B", "--max-sections", "2"]);
    let outline = json(&folder.join("outline.json"));
    let sections = outline["sections"].as_array().unwrap();
    let steps = sections.iter().filter(|s| s["kind"] == "step").count();
    assert_eq!(steps, 2);
}
