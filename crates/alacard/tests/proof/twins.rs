//! `alacard twin`: one cache for all processes.

use std::process::{Child, Stdio};

use serde_json::json;

use crate::bench::Bench;

/// Starts making the twin of the one model into a folder of its own.
fn start(bench: &Bench, number: usize) -> Child {
    let [hub, out, cache] = ["hub".to_owned(), format!("out{number}"), "cache".to_owned()]
        .map(|name| bench.path(&name).display().to_string());
    let arguments = [
        "twin",
        "org/one",
        "--hub-dir",
        &hub,
        "--offline",
        "--out",
        &out,
    ];
    let mut command = bench.alacard(&arguments);
    command.env("ALACARD_CACHE", cache).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
#[ignore = "needs uv, Python and torch"]
fn processes_that_make_one_twin_at_once_do_not_spoil_it() {
    let bench = Bench::new();
    let folder = bench.path("hub/org/one");
    std::fs::create_dir_all(&folder).unwrap();
    let config =
        json!({"model_type": "bert", "architectures": ["BertForMaskedLM"], "num_hidden_layers": 2});
    std::fs::write(folder.join("config.json"), config.to_string()).unwrap();
    let children: Vec<Child> = (0..4).map(|number| start(&bench, number)).collect();
    for (number, child) in children.into_iter().enumerate() {
        let output = child.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{told}");
        let models = std::fs::read_dir(bench.path(&format!("out{number}"))).unwrap();
        assert_eq!(models.count(), 1, "{told}");
    }
    let kept = std::fs::read_dir(bench.path("cache/twins")).unwrap();
    let names = kept.map(|entry| entry.unwrap().file_name());
    let names: Vec<_> = names.filter(|name| name != "held").collect();
    assert_eq!(names.len(), 1, "one twin and nothing half-made: {names:?}");
}
