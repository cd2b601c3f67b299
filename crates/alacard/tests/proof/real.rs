//! `alacard prove --real`: the model's own weights come over the Hub's protocol or from where
//! they lie, the notebook runs on them without a network, and its outputs are kept.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::bench::{Bench, Said, said};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";

/// A small model that stands for a real one: with weights and a tokenizer, in the layout of the
/// Hub's cache.
fn model(bench: &Bench) -> PathBuf {
    let folder = bench.path("described/org/tiny");
    std::fs::create_dir_all(&folder).unwrap();
    let config = json!({
        "model_type": "bert", "architectures": ["BertForSequenceClassification"],
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 64, "vocab_size": 200, "max_position_embeddings": 64,
        "id2label": {"0": "NO", "1": "YES"}, "label2id": {"NO": 0, "YES": 1},
    });
    let record = json!({"id": "org/tiny", "sha": SHA, "pipeline_tag": "text-classification"});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    std::fs::write(folder.join("api.json"), record.to_string()).unwrap();
    let out = bench.path("hub");
    let [from, to] = [bench.path("described"), out.clone()].map(|path| path.display().to_string());
    let arguments = [
        "twin",
        "org/tiny",
        "--hub-dir",
        &from,
        "--offline",
        "--out",
        &to,
    ];
    let output = bench.alacard(&arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    out
}

/// `alacard hub serve`, ended when dropped.
struct Served {
    child: Child,
    url: String,
}

impl Served {
    fn start(bench: &Bench, dir: &Path) -> Self {
        let mut command = bench.alacard(&["hub", "serve", &dir.display().to_string()]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .split_whitespace()
            .find(|word| word.starts_with("http"))
            .unwrap()
            .to_owned();
        Self { child, url }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

const CELLS: [&str; 3] = [
    "from transformers import pipeline\nclassifier = pipeline('text-classification', model='org/tiny')",
    "result = classifier('a good day')\nassert result[0]['label'] in ('NO', 'YES')\nprint('label:', result[0]['label'])",
    "import os\nfrom huggingface_hub import hf_hub_download\nweights = os.path.realpath(hf_hub_download('org/tiny', 'model.safetensors'))\nassert os.path.getsize(weights) > 1000\ntry:\n    open(weights, 'ab')\nexcept OSError:\n    pass\nelse:\n    raise AssertionError('the weights can be written to')",
];

/// Proves the cells on real weights, with a cache of weights of its own.
fn prove_real(bench: &Bench, cells: &[&str], endpoint: &str, arguments: &[&str]) -> Said {
    let file = bench
        .notebook("notebook.ipynb", cells)
        .display()
        .to_string();
    let out = bench.path("out").display().to_string();
    let all = [
        &["prove", &file, "--real", "--json", "--out", &out],
        arguments,
    ]
    .concat();
    let mut command = bench.alacard(&all);
    command
        .env("ALACARD_CACHE", bench.path("cache"))
        .env("HF_ENDPOINT", endpoint);
    said(&command.output().unwrap())
}

fn notebook(bench: &Bench) -> Value {
    serde_json::from_slice(&std::fs::read(bench.path("out/notebook.ipynb")).unwrap()).unwrap()
}

#[test]
#[ignore = "needs uv and Python"]
fn real_weights_prove_and_keep_their_outputs() {
    let bench = Bench::new();
    let hub = model(&bench);
    let served = Served::start(&bench, &hub);
    let first = prove_real(&bench, &CELLS, &served.url, &[]);
    first.all_ran();
    assert_eq!(
        (&first.proof["level"], &first.proof["proves"]),
        (&json!("real"), &json!(true))
    );
    let about = &first.proof["twins"][0];
    assert_eq!(
        (&about["repo"], &about["sha"]),
        (&json!("org/tiny"), &json!(SHA))
    );
    assert_eq!(
        (&about["level"], &about["weights"]),
        (&json!("real"), &json!(["model.safetensors"]))
    );
    let kept = notebook(&bench);
    let text = kept["cells"][1]["outputs"].to_string();
    assert!(text.contains("label: "), "{text}");
    assert_eq!(kept["cells"][1]["execution_count"], 2);
    drop(served);
    // What was downloaded once is there without a network.
    let again = prove_real(&bench, &CELLS, "http://127.0.0.1:9", &["--offline"]);
    again.all_ran();
    assert_eq!(
        again.proof["twins"],
        first.proof["twins"],
        "{}",
        again.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn weights_that_lie_in_a_folder_are_used_there() {
    let bench = Bench::new();
    let hub = model(&bench).display().to_string();
    let said = prove_real(
        &bench,
        &CELLS,
        "http://127.0.0.1:9",
        &["--offline", "--hub-dir", &hub],
    );
    said.all_ran();
    assert_eq!(said.proof["level"], "real");
    assert!(!bench.path("cache/real").exists());
    let report = std::fs::read_to_string(bench.path("out/validation.md")).unwrap();
    assert!(report.contains("Own weights of `org/tiny`"), "{report}");
}

#[test]
#[ignore = "needs uv and Python"]
fn too_little_memory_is_said_before_anything_runs() {
    let bench = Bench::new();
    let hub = model(&bench).display().to_string();
    let arguments = ["--offline", "--hub-dir", &hub, "--memory", "100"];
    let said = prove_real(&bench, &CELLS, "http://127.0.0.1:9", &arguments);
    assert_eq!(
        (said.code, said.reason()),
        (Some(5), "out-of-memory"),
        "{}",
        said.told()
    );
    assert!(
        said.message().contains("the limit is 100 MB"),
        "{}",
        said.message()
    );
    assert_eq!(
        (said.state(0), &said.proof["ended"]),
        ("not-reached", &Value::Null)
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn weights_out_of_reach_are_said() {
    let bench = Bench::new();
    let said = prove_real(&bench, &CELLS, "http://127.0.0.1:9", &["--offline"]);
    assert_eq!(
        (said.code, said.reason()),
        (Some(5), "no-weights"),
        "{}",
        said.told()
    );
    assert!(
        said.proof["causes"][0]["hint"]
            .as_str()
            .unwrap()
            .contains("--hub-dir")
    );
}
