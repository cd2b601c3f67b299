//! A server of repositories that somebody inserted: what the Hub's clients rely on.

use alacard_hub::serve::{Kind, Repo, Repos, Server};
use serde_json::json;
use tempfile::TempDir;

use crate::client_support::put;
use crate::serve_support::{Line, SHA, field, get, head, start};

/// A server with a model, and the folder it is in.
fn bench() -> (Server, Repos, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("config.json", "{}"),
        ("model.safetensors", "0123456789"),
        ("1_Pooling/config.json", "{\"a\": 1}"),
        ("1_Pooling/deep/x.txt", "x"),
        ("empty.txt", ""),
    ] {
        put(dir.path(), path, text);
    }
    let repos = Repos::new();
    repos.insert(Repo {
        record: json!({"pipeline_tag": "fill-mask", "library_name": "transformers", "tags": ["t"]})
            .as_object()
            .unwrap()
            .clone(),
        aliases: vec!["bert".to_owned()],
        ..Repo::new(Kind::Model, "org/name", SHA, dir.path())
    });
    (start(repos.clone()), repos, dir)
}

#[test]
fn a_file_comes_with_what_the_clients_check() {
    let (server, _, _dir) = bench();
    for revision in ["main", SHA] {
        let address = format!("/org/name/resolve/{revision}/model.safetensors");
        let (asked, got) = (head(&server, &address), get(&server, &address));
        assert_eq!(
            (asked.status, got.status, got.text()),
            (200, 200, "0123456789")
        );
        for answer in [&asked, &got] {
            assert_eq!(answer.header("x-repo-commit"), SHA);
            assert_eq!(answer.header("content-length"), "10");
            assert_eq!(answer.header("accept-ranges"), "bytes");
            // `printf 0123456789 | sha256sum`
            let sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
            assert_eq!(answer.header("etag"), format!("\"{sha256}\""));
            assert!(!answer.headers.keys().any(|name| name.starts_with("x-xet")));
        }
    }
    let small = get(&server, "/org/name/resolve/main/config.json");
    // `printf '{}' | git hash-object --stdin`
    assert_eq!(
        small.header("etag"),
        "\"9e26dfeeb6e641a33dae4961196235bdb965b21b\""
    );
    assert_eq!(get(&server, "/org/name/resolve/main/empty.txt").body, b"");
}

#[test]
fn parts_of_a_file() {
    let (server, _, _dir) = bench();
    let part = |range: &str| {
        let header = format!("Range: {range}");
        let target = "/org/name/resolve/main/model.safetensors";
        Line::to(&server).ask("GET", target, &[&header], "")
    };
    for (range, text, content_range) in [
        ("bytes=0-3", "0123", "bytes 0-3/10"),
        ("bytes=8-", "89", "bytes 8-9/10"),
        ("bytes=-2", "89", "bytes 8-9/10"),
        ("bytes=5-99", "56789", "bytes 5-9/10"),
    ] {
        let got = part(range);
        assert_eq!((got.status, got.text()), (206, text), "{range}");
        assert_eq!(got.header("content-range"), content_range);
        assert_eq!(got.header("x-repo-commit"), SHA);
    }
    let got = part("bytes=10-");
    assert_eq!(
        (got.status, got.header("content-range")),
        (416, "bytes */10")
    );
    assert_eq!(part("bytes=0-1,3-4").status, 200);
    assert_eq!(part("nonsense").status, 200);
}

#[test]
fn what_is_missing_is_said_in_the_hubs_words() {
    let (server, _, _dir) = bench();
    let no_file = head(&server, "/org/name/resolve/main/pytorch_model.bin");
    assert_eq!(no_file.fault(), (404, "EntryNotFound"));
    assert_eq!(no_file.header("x-repo-commit"), SHA);
    for revision in ["other", "refs%2Fpr%2F1", &SHA[..7], "MAIN"] {
        let got = get(
            &server,
            &format!("/org/name/resolve/{revision}/config.json"),
        );
        assert_eq!(got.fault(), (404, "RevisionNotFound"), "{revision}");
    }
    let no_repo = get(&server, "/api/models/org/other");
    assert_eq!(no_repo.fault(), (401, "RepoNotFound"));
    assert_eq!(no_repo.json()["error"], "Repository not found");
    assert_eq!(
        get(&server, "/api/datasets/org/name").fault(),
        (401, "RepoNotFound")
    );
    assert_eq!(get(&server, "/api/whoami-v2").status, 401);
    for nothing in [
        "/",
        "/x",
        "/api/agent-harnesses",
        "/api/models/org/name/discussions?p=0",
    ] {
        assert_eq!(get(&server, nothing).status, 404, "{nothing}");
    }
    let written = Line::to(&server).ask("PUT", "/org/name/resolve/main/x", &[], "x");
    assert_eq!(written.status, 405);
}

#[test]
fn the_record_names_commit_and_files() {
    let (server, _, _dir) = bench();
    let record = get(&server, "/api/models/org/name").json();
    assert_eq!(record["id"], "org/name");
    assert_eq!(record["modelId"], "org/name");
    assert_eq!(record["author"], "org");
    assert_eq!(record["sha"], SHA);
    assert_eq!(record["pipeline_tag"], "fill-mask");
    assert_eq!(
        field(&record["siblings"], "rfilename"),
        [
            "1_Pooling/config.json",
            "1_Pooling/deep/x.txt",
            "config.json",
            "empty.txt",
            "model.safetensors"
        ]
    );
    assert!(record["createdAt"].as_str().unwrap().ends_with('Z'));
    let blobs = get(&server, "/api/models/org/name/revision/main?blobs=True").json();
    assert_eq!(blobs["siblings"][4]["size"], 10);
    assert_eq!(blobs["siblings"][4]["lfs"]["size"], 10);
    assert_eq!(blobs["siblings"][4]["lfs"]["pointerSize"], 127);
    assert!(blobs["siblings"][2].get("lfs").is_none());
    assert_eq!(get(&server, "/api/models/bert").json()["id"], "org/name");
    assert_eq!(get(&server, "/bert/resolve/main/config.json").status, 200);
}

#[test]
fn trees_have_levels() {
    let (server, _, _dir) = bench();
    let tree = |rest: &str| get(&server, &format!("/api/models/org/name/tree/{rest}"));
    assert_eq!(
        field(&tree("main?recursive=false").json(), "path"),
        ["1_Pooling", "config.json", "empty.txt", "model.safetensors"]
    );
    assert_eq!(
        field(
            &tree(&format!("{SHA}?recursive=True&expand=False")).json(),
            "path"
        ),
        [
            "1_Pooling",
            "1_Pooling/config.json",
            "1_Pooling/deep",
            "1_Pooling/deep/x.txt",
            "config.json",
            "empty.txt",
            "model.safetensors"
        ]
    );
    let sub = tree("main/1_Pooling").json();
    assert_eq!(
        field(&sub, "path"),
        ["1_Pooling/config.json", "1_Pooling/deep"]
    );
    assert_eq!(field(&sub, "type"), ["file", "directory"]);
    let none = tree("main/additional_chat_templates");
    assert_eq!(none.fault(), (404, "EntryNotFound"));
    let weights = &tree("main").json()[3];
    let sha256 = "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882";
    assert_eq!(weights["lfs"]["oid"], sha256);
    assert_eq!(weights["lfs"]["pointerSize"], 127);
    assert!(weights.get("xetHash").is_none());
}

#[test]
fn paths_refs_commits_and_searches() {
    let (server, repos, dir) = bench();
    repos.insert(Repo::new(Kind::Dataset, "org/data", SHA, dir.path()));
    repos.insert(Repo::new(Kind::Model, "other/Name2", SHA, dir.path()));
    let form = "paths=config.json&paths=1_Pooling&paths=nothing&paths=..%2Fx&expand=False";
    let header = "Content-Type: application/x-www-form-urlencoded";
    let target = "/api/models/org/name/paths-info/main";
    let paths = Line::to(&server)
        .ask("POST", target, &[header], form)
        .json();
    assert_eq!(field(&paths, "path"), ["config.json", "1_Pooling"]);
    let refs = get(&server, "/api/datasets/org/data/refs").json();
    assert_eq!(refs["branches"][0]["targetCommit"], SHA);
    let commits = get(&server, "/api/models/org/name/commits/main").json();
    assert_eq!(commits[0]["id"], SHA);

    let ids = |query: &str| {
        let found = get(&server, &format!("/api/models?{query}")).json();
        field(&found, "id")
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(""), ["org/name", "other/Name2"]);
    assert_eq!(ids("search=name2"), ["other/Name2"]);
    assert_eq!(ids("author=org&limit=5"), ["org/name"]);
    assert_eq!(ids("filter=fill-mask&filter=t"), ["org/name"]);
    assert_eq!(ids("limit=1"), ["org/name"]);
    assert_eq!(ids("search=nothing"), [""; 0]);
    assert_eq!(
        field(&get(&server, "/api/datasets").json(), "id"),
        ["org/data"]
    );
}

#[test]
fn a_running_server_sees_what_is_inserted_and_tells_what_is_missing() {
    let (server, repos, dir) = bench();
    assert_eq!(get(&server, "/api/models/org/late").status, 401);
    assert_eq!(
        get(&server, "/datasets/org/data/resolve/main/x").status,
        401
    );
    let missing: Vec<String> = server.missing_repos().into_iter().collect();
    assert_eq!(missing, ["datasets/org/data", "org/late"]);
    let asked = server.asked();
    let first = asked.first().unwrap();
    assert_eq!(first.repo.as_deref(), Some("org/late"));
    assert_eq!(
        (first.kind, first.known_repo, first.status),
        (Some(Kind::Model), false, 401)
    );

    server.clear_log();
    repos.insert(Repo::new(Kind::Model, "org/late", "no commit", dir.path()));
    let record = get(&server, "/api/models/ORG/Late").json();
    assert_eq!(record["sha"].as_str().unwrap().len(), 40);
    let sha = record["sha"].as_str().unwrap();
    let got = get(&server, &format!("/org/late/resolve/{sha}/config.json"));
    assert_eq!(got.header("x-repo-commit"), sha);
    let asked = server.asked();
    assert_eq!(asked[1].file.as_deref(), Some("config.json"));
    assert_eq!(asked[1].revision.as_deref(), Some(sha));
    assert!(asked[1].known_repo && server.missing_repos().is_empty());
    assert!(repos.remove("org/late"));
    assert_eq!(get(&server, "/api/models/org/late").status, 401);
}

#[test]
fn many_connections_that_stay_open() {
    let (server, _, dir) = bench();
    let large: Vec<u8> = (0..12_u32 << 20)
        .map(|at| u8::try_from(at % 251).unwrap())
        .collect();
    std::fs::write(dir.path().join("large.dat"), &large).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut line = Line::to(&server);
                for _ in 0..3 {
                    let small = line.ask("GET", "/org/name/resolve/main/config.json", &[], "");
                    assert_eq!(small.text(), "{}");
                    let asked = line.ask("HEAD", "/org/name/resolve/main/large.dat", &[], "");
                    assert_eq!(asked.header("content-length"), large.len().to_string());
                    let got = line.ask("GET", "/org/name/resolve/main/large.dat", &[], "");
                    assert!(got.body == large);
                }
            });
        }
    });
    assert_eq!(server.asked().len(), 8 * 9);
}

#[test]
fn a_server_ends_while_clients_hold_on() {
    let (server, _, _dir) = bench();
    let mut idle = Line::to(&server);
    assert_eq!(idle.ask("GET", "/api/models/org/name", &[], "").status, 200);
    let silent = Line::to(&server);
    let address = server.url().replace("http://", "");
    let begin = std::time::Instant::now();
    drop(server);
    assert!(begin.elapsed() < std::time::Duration::from_secs(3));
    assert!(std::net::TcpStream::connect(address).is_err());
    drop(silent);
}
