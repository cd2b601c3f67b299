//! A cell that fails goes back to the teacher: what a model cannot do is left out, and said.

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::bench::Bench;

/// Makes and proves the beginner's lesson of a classifier, with more steps after its own.
fn generate(bench: &Bench, steps: &str) -> (Output, Value, Value) {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/lessons");
    let name = "text-classification/beginner.alc";
    let mine = bench.path("mine/lessons").join(name);
    std::fs::create_dir_all(mine.parent().unwrap()).unwrap();
    let lesson = std::fs::read_to_string(built_in.join(name)).unwrap();
    std::fs::write(&mine, lesson + steps).unwrap();
    let catalog = bench.path("mine").display().to_string();
    let output = bench
        .alacard(&[
            "generate",
            "distilbert/distilbert-base-uncased-finetuned-sst-2-english",
            "--offline",
            "--prove",
            "--ui",
            "none",
            "--catalog",
            &catalog,
        ])
        .output()
        .unwrap();
    let notebook = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let notebook = bench.path(&notebook);
    let read = |path: &Path| {
        let bytes = std::fs::read(path).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    };
    let proof = read(&notebook.with_file_name("proof.json"));
    (output, read(&notebook), proof)
}

fn told(output: &Output, proof: &Value) -> String {
    format!("{}\n{proof:#}", String::from_utf8_lossy(&output.stderr))
}

#[test]
#[ignore = "needs uv, Python and torch"]
fn a_step_that_fails_is_left_out_unless_others_need_it() {
    left_out_and_said(&Bench::new());
    kept_for_others(&Bench::new());
}

fn left_out_and_said(bench: &Bench) {
    let step = "\n@@ section step.breaks title=\"A step that breaks\" purpose=\"See what becomes of it.\"\n@@ md\nFirst a line that works, then one that does not.\n@@ py\nfine = classifier(\"fine\")\nassert len(fine) == 1\n@@ py\nraise LookupError(\"this model has no such thing\")\n";
    let (output, notebook, proof) = generate(bench, step);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output, &proof));
    assert_eq!(proof["proves"], true, "{}", told(&output, &proof));
    assert_eq!(proof["first_variant"], false, "{}", told(&output, &proof));
    let text = notebook.to_string();
    assert!(text.contains("**Not with this model.**"), "{text}");
    assert!(text.contains("this model has no such thing"), "{text}");
    assert!(!text.contains("raise LookupError"), "{text}");
    assert!(text.contains("fine = classifier"), "{text}");
}

fn kept_for_others(bench: &Bench) {
    let steps = "\n@@ section step.breaks title=\"A step that breaks\" purpose=\"Define a name.\"\n@@ md\nA name for later.\n@@ py\nneeded = len(classifier(\"fine\")) / 0\n\n@@ section step.needs title=\"A step that needs it\" purpose=\"Use the name.\"\n@@ md\nThe name from above.\n@@ py\nprint(needed)\n";
    let (output, notebook, proof) = generate(bench, steps);
    assert_eq!(output.status.code(), Some(5), "{}", told(&output, &proof));
    assert_eq!(
        (&proof["starts"], &proof["runs"]),
        (&true.into(), &false.into()),
        "{}",
        told(&output, &proof)
    );
    assert_eq!(
        proof["causes"][0]["reason"],
        "cell-error",
        "{}",
        told(&output, &proof)
    );
    assert!(notebook.to_string().contains("needed = len"));
}

#[test]
#[ignore = "needs uv, Python and torch"]
fn what_an_unknown_model_takes_is_found_out_before_the_lesson_is_written() {
    let bench = Bench::new();
    let folder = bench.path("hub/org/moves");
    std::fs::create_dir_all(&folder).unwrap();
    let config = json!({"model_type": "decision_transformer", "architectures": ["DecisionTransformerModel"]});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let hub = bench.path("hub").display().to_string();
    let arguments = [
        "generate",
        "org/moves",
        "--hub-dir",
        &hub,
        "--offline",
        "--prove",
        "--format",
        "quickstart",
    ];
    let output = bench.alacard(&arguments).output().unwrap();
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    let notebook = std::fs::read_to_string(bench.path(&name)).unwrap_or_default();
    let proof = std::fs::read_to_string(bench.path(&name).with_file_name("proof.json"));
    let proof: Value = serde_json::from_str(&proof.unwrap_or_default()).unwrap_or_default();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output, &proof));
    assert_eq!(proof["proves"], true, "{}", told(&output, &proof));
    assert_eq!(proof["first_variant"], true, "{}", told(&output, &proof));
    assert!(
        notebook.contains("KINDS = \\\"made-up tensors\\\""),
        "{notebook}"
    );
    assert!(
        !notebook.contains("except"),
        "nothing is tried any more: {notebook}"
    );
}
