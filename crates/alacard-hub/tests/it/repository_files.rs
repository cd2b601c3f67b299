//! The small files of a model: from where they come, and which.

use alacard_hub::{Hub, Options, Reason};

use crate::client_support::{Bench, model, put};

const MB: usize = 1 << 20;

/// Paths of files.
fn names(files: &[(String, Vec<u8>)]) -> Vec<&str> {
    files.iter().map(|(path, _)| path.as_str()).collect()
}

fn siblings(paths: &[&str]) -> Vec<String> {
    paths.iter().map(|path| (*path).to_owned()).collect()
}

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const ALL: [&str; 5] = [
    "config.json",
    "model.safetensors",
    "tokenizer/vocab.txt",
    "gone.json",
    "../x.json",
];

fn bench() -> Bench {
    let bench = Bench::new();
    bench
        .fake
        .add(model("org/name").file("tokenizer/vocab.txt", "a\n"));
    bench
}

#[test]
fn files_come_from_the_hub_once() {
    let bench = bench();
    let read = |hub: &Hub| hub.small_files("org/name", SHA, &siblings(&ALL), 20 * MB);
    let files = read(&bench.hub()).unwrap();
    assert_eq!(names(&files), ["config.json", "tokenizer/vocab.txt"]);
    bench.asked();
    let offline = Hub::new(Options {
        offline: true,
        ..bench.options()
    });
    assert_eq!(read(&offline).unwrap(), files);
    assert_eq!(bench.asked(), [""; 0]);
}

#[test]
fn without_names_the_hub_is_asked_for_them() {
    let files = bench()
        .hub()
        .small_files("org/name", "main", &[], MB)
        .unwrap();
    assert_eq!(names(&files), ["config.json", "tokenizer/vocab.txt"]);
}

#[test]
fn a_folder_that_stands_in_for_the_hub_comes_first() {
    let bench = bench();
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "hub/org/name/api.json", "{}");
    put(dir.path(), "hub/org/name/config.json", "from the folder");
    put(dir.path(), "hub/org/name/sub/x.json", &"x".repeat(2_000));
    let hub = Hub::new(Options {
        hub_dir: Some(dir.path().to_owned()),
        ..bench.options()
    });
    let files = hub
        .small_files("org/name", SHA, &siblings(&ALL), 1_000)
        .unwrap();
    assert_eq!(
        files,
        [("config.json".to_owned(), b"from the folder".to_vec())]
    );
    assert_eq!(bench.asked(), [""; 0]);
}

#[test]
fn what_cannot_be_had_is_left_out_or_refused() {
    let bench = bench();
    let hub = bench.hub();
    let small = hub
        .small_files("org/name", SHA, &siblings(&ALL), 5)
        .unwrap();
    assert_eq!(names(&small), ["tokenizer/vocab.txt"]);
    let refused =
        |id: &str, revision: &str| hub.small_files(id, revision, &[], MB).unwrap_err().reason;
    assert_eq!(refused("org/none", "main"), Reason::NotFound);
    assert_eq!(refused("../x", "main"), Reason::UnsupportedSource);
    assert_eq!(refused("org/name", "../x"), Reason::UnsupportedSource);
    let nowhere = Hub::new(Options {
        endpoint: "http://127.0.0.1:9".to_owned(),
        ..bench.options()
    });
    let files = nowhere
        .small_files("org/x", "main", &siblings(&ALL), MB)
        .unwrap();
    assert!(files.is_empty());
}
