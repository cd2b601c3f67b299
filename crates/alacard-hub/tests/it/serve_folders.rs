//! A folder that is served as it is: the layouts of `--hub-dir` and of the Hub's own cache.

use std::path::Path;

use serde_json::json;

use crate::client_support::put;
use crate::serve_support::{SHA, field, get, mirror};

const OLD: &str = "ffffffffffffffffffffffffffffffffffffffff";

#[test]
fn the_rooms_of_a_hub_folder() {
    let dir = tempfile::tempdir().unwrap();
    let api = json!({"id": "a/b", "sha": SHA, "tags": ["x"], "siblings": [{"rfilename": "gone"}]});
    put(dir.path(), "hub/a/b/api.json", &api.to_string());
    put(dir.path(), "hub/a/b/files.txt", "gone\n");
    put(dir.path(), "hub/a/b/config.json", "{}");
    put(
        dir.path(),
        "cards/a/c/README.md",
        "---\npipeline_tag: fill-mask\ntags: [t]\n---\n# c",
    );
    put(dir.path(), "d/e/config.json", "{}");
    put(dir.path(), "_/gpt2/config.json", "{}");
    put(dir.path(), "datasets/a/data/x.jsonl", "{}");
    put(dir.path(), "spaces/a/app/app.py", "");
    let server = mirror(dir.path());

    let record = get(&server, "/api/models/a/b").json();
    assert_eq!(record["sha"], SHA);
    assert_eq!(record["tags"], json!(["x"]));
    assert_eq!(field(&record["siblings"], "rfilename"), ["config.json"]);
    for beside in ["api.json", "files.txt", "gone"] {
        let got = get(&server, &format!("/a/b/resolve/main/{beside}"));
        assert_eq!(got.fault(), (404, "EntryNotFound"), "{beside}");
    }
    let card = get(&server, "/api/models/a/c").json();
    assert_eq!(card["pipeline_tag"], "fill-mask");
    assert_eq!(card["cardData"]["tags"], json!(["t"]));
    let sha = card["sha"].as_str().unwrap();
    assert_eq!(
        get(&mirror(dir.path()), "/api/models/a/c").json()["sha"],
        sha
    );
    let by_sha = get(&server, &format!("/a/c/resolve/{sha}/README.md"));
    assert_eq!((by_sha.status, by_sha.header("x-repo-commit")), (200, sha));

    for there in [
        "models/d/e",
        "models/gpt2",
        "datasets/a/data",
        "spaces/a/app",
    ] {
        assert_eq!(
            get(&server, &format!("/api/{there}")).status,
            200,
            "{there}"
        );
    }
    for none in ["hub/a", "datasets/a", "_/gpt2", "d", "a"] {
        assert_eq!(
            get(&server, &format!("/api/models/{none}")).status,
            401,
            "{none}"
        );
    }
    assert_eq!(
        field(&get(&server, "/api/models").json(), "id"),
        ["a/b", "a/c", "d/e", "gpt2"]
    );
}

#[test]
fn a_folder_that_changes_gets_another_commit() {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "a/b/config.json", "{}");
    let sha = || get(&mirror(dir.path()), "/api/models/a/b").json()["sha"].clone();
    let first = sha();
    put(dir.path(), "a/b/config.json", "{\"a\": 1}");
    assert_ne!(first, sha());
}

#[cfg(unix)]
fn link(target: &str, place: &Path) {
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(target, place).unwrap();
}

#[test]
#[cfg(unix)]
fn the_hubs_own_cache() {
    let dir = tempfile::tempdir().unwrap();
    let cache = dir.path().join("hub/models--a--b");
    let blob = "9e26dfeeb6e641a33dae4961196235bdb965b21b";
    put(&cache, &format!("blobs/{blob}"), "{}");
    put(&cache, "refs/main", &format!("{SHA}\n"));
    put(&cache, "refs/refs/pr/1", OLD);
    for sha in [SHA, OLD] {
        let place = cache.join("snapshots").join(sha).join("config.json");
        link(&format!("../../blobs/{blob}"), &place);
    }
    put(
        dir.path(),
        &format!("models--gpt2/snapshots/{OLD}/config.json"),
        "{}",
    );
    put(
        dir.path(),
        &format!("datasets--a--data/snapshots/{SHA}/x.jsonl"),
        "{}",
    );
    let server = mirror(dir.path());

    let commit = |revision: &str| {
        let got = get(&server, &format!("/a/b/resolve/{revision}/config.json"));
        got.header("x-repo-commit").to_owned()
    };
    assert_eq!(commit("main"), SHA);
    assert_eq!(commit(OLD), OLD);
    assert_eq!(commit("refs%2Fpr%2F1"), OLD);
    assert_eq!(commit("v1"), "");
    let got = get(&server, "/a/b/resolve/main/config.json");
    assert_eq!(
        (got.text(), got.header("etag")),
        ("{}", &*format!("\"{blob}\""))
    );
    assert_eq!(get(&server, "/api/models/gpt2").json()["sha"], OLD);
    assert_eq!(get(&server, "/api/datasets/a/data").json()["sha"], SHA);
    assert_eq!(
        field(&get(&server, "/api/models").json(), "id"),
        ["a/b", "gpt2"]
    );
    assert_eq!(get(&server, "/a/b/resolve/..%2F..%2Frefs/main").status, 404);
}

#[test]
fn a_large_folder_starts_at_once() {
    let dir = tempfile::tempdir().unwrap();
    for number in 0..2_000 {
        put(dir.path(), &format!("org/m{number}/config.json"), "{}");
    }
    let begin = std::time::Instant::now();
    let server = mirror(dir.path());
    assert_eq!(get(&server, "/api/models/org/m1999").status, 200);
    assert!(begin.elapsed() < std::time::Duration::from_millis(500));
}
