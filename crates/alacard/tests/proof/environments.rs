//! `alacard env`: environments are made, listed, kept while they are used, and removed.

use std::process::Output;

use serde_json::Value;

use crate::bench::Bench;

/// `alacard env` with folders of its own for environments and twins.
fn env(bench: &Bench, arguments: &[&str]) -> Output {
    let all = [&["env"], arguments].concat();
    let mut command = bench.alacard(&all);
    command.env("ALACARD_ENVS", bench.path("envs"));
    command.env("ALACARD_CACHE", bench.path("cache"));
    command.output().unwrap()
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{}", stderr(output));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs uv and Python"]
fn an_environment_is_made_listed_and_removed() {
    let bench = Bench::new();
    let made = json(&env(&bench, &["warm", "--for", "endpoint", "--json"]));
    let hash = made["lock_hash"].as_str().unwrap();
    assert!(made["packages"].as_u64().unwrap() > 5, "{made}");

    let listed = json(&env(&bench, &["list", "--json"]));
    let listed = &listed["environments"];
    assert_eq!(listed[0]["lock_hash"], *hash);
    assert_eq!(listed[0]["in_use"], false);
    let table = stdout(&env(&bench, &["list"]));
    assert!(table.contains(&hash[..12]), "{table}");

    let kept = json(&env(&bench, &["gc", "--json"]));
    let removed = kept["environments"]["removed"].as_array().unwrap();
    assert_eq!(removed.len(), 0, "{kept}");
    let gone = json(&env(&bench, &["gc", "--all", "--json"]));
    let gone = &gone["environments"];
    assert_eq!(gone["removed"][0]["lock_hash"], *hash);
    assert!(gone["removed"][0]["bytes"].as_u64().unwrap() > 1_000_000);
    assert_eq!(
        json(&env(&bench, &["list", "--json"]))["environments"],
        serde_json::json!([])
    );
    assert!(!bench.path("envs").join(hash).exists());
}

#[test]
#[ignore = "needs uv and Python"]
fn the_same_packages_are_one_environment() {
    let bench = Bench::new();
    let warm = || json(&env(&bench, &["warm", "--for", "endpoint", "--json"]));
    let (first, second) = (warm(), warm());
    assert_eq!(first["lock_hash"], second["lock_hash"]);
    assert_eq!(first["created"], second["created"], "it was made twice");
    let listed = json(&env(&bench, &["list", "--json"]));
    assert_eq!(listed["environments"].as_array().unwrap().len(), 1);
}

#[test]
#[ignore = "needs uv and Python"]
fn an_unknown_set_is_named_beside_the_known_ones() {
    let said = env(&Bench::new(), &["warm", "--for", "tensorflow"]);
    assert_eq!(said.status.code(), Some(2));
    let text = stderr(&said);
    assert!(text.contains("`tensorflow`"), "{text}");
    assert!(text.contains("sentence-transformers"), "{text}");
}

#[test]
#[ignore = "needs uv and Python"]
fn nothing_there_is_said_with_what_to_do() {
    let bench = Bench::new();
    let listed = env(&bench, &["list"]);
    assert!(listed.status.success());
    assert_eq!(stdout(&listed), "");
    assert!(stderr(&listed).contains("alacard env warm"));
    let gone = json(&env(&bench, &["gc", "--all", "--json"]));
    assert_eq!(gone["environments"]["removed"], serde_json::json!([]));
}
