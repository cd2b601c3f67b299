//! Requests that no client sends by itself. Nothing outside the folder is ever read, and no
//! answer tells a client to try again.

use alacard_hub::serve::Server;
use proptest::prelude::*;
use tempfile::TempDir;

use crate::client_support::put;
use crate::serve_support::{Line, get, mirror};

/// A server of `served`, beside which lies a secret.
fn bench() -> (Server, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "secret.txt", "secret");
    put(dir.path(), "served/org/name/config.json", "{}");
    put(dir.path(), "served/org/name/ä ö%.json", "odd");
    put(dir.path(), "served/org/name/.git/config", "secret");
    (mirror(&dir.path().join("served")), dir)
}

#[test]
fn no_way_leads_out_of_the_folder() {
    let (server, _dir) = bench();
    for path in [
        "/org/name/resolve/main/../../../secret.txt",
        "/org/name/resolve/main/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "/org/name/resolve/main/..%2F..%2F..%2Fsecret.txt",
        "/org/name/resolve/main/%2Fetc%2Fpasswd",
        "/org/name/resolve/main//etc/passwd",
        "/org/name/resolve/main/.git/config",
        "/org/name/resolve/main/./config.json",
        "/org/../resolve/main/secret.txt",
        "/../resolve/main/secret.txt",
        "/%2e%2e/resolve/main/secret.txt",
        "/org%2F..%2F../served/resolve/main/secret.txt",
        "/org/name/resolve/..%2F..%2Fmain/config.json",
        "/api/models/org/name/tree/main/../..",
        "/api/models/../..",
        "/api/models/..%2F..",
    ] {
        let got = get(&server, path);
        assert!(
            matches!(got.status, 400 | 401 | 404),
            "{path}: {}",
            got.status
        );
        assert!(!got.text().contains("secret"), "{path}");
    }
}

#[test]
#[cfg(unix)]
fn links_out_of_the_folder_are_no_files() {
    use std::os::unix::fs::symlink;
    let (server, dir) = bench();
    let name = dir.path().join("served/org/name");
    symlink("/etc/passwd", name.join("absolute.txt")).unwrap();
    symlink("../../../secret.txt", name.join("relative.txt")).unwrap();
    symlink("../../..", name.join("folder")).unwrap();
    symlink(dir.path(), dir.path().join("served/org/whole")).unwrap();
    for path in ["absolute.txt", "relative.txt", "folder/secret.txt"] {
        let got = get(&server, &format!("/org/name/resolve/main/{path}"));
        assert_eq!(got.fault(), (404, "EntryNotFound"), "{path}");
    }
    assert_eq!(get(&server, "/api/models/org/whole").status, 401);
    let tree = get(&server, "/api/models/org/name/tree/main?recursive=true");
    assert_eq!(tree.json().as_array().unwrap().len(), 2);
}

#[test]
#[cfg(unix)]
fn a_pipe_is_no_file_and_stops_nobody() {
    let (server, dir) = bench();
    let pipe = dir.path().join("served/org/name/pipe.txt");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    if made.is_ok_and(|made| made.success()) {
        let got = get(&server, "/org/name/resolve/main/pipe.txt");
        assert_eq!(got.fault(), (404, "EntryNotFound"));
        assert_eq!(get(&server, "/api/models/org/name?blobs=true").status, 200);
    }
}

#[test]
fn odd_names_are_names() {
    let (server, _dir) = bench();
    let got = get(&server, "/org/name/resolve/main/%C3%A4%20%C3%B6%25.json");
    assert_eq!((got.status, got.text()), (200, "odd"));
    for odd in [
        "%00",
        "%0A",
        "%FF%FE",
        "a%00b",
        "%",
        "%zz",
        "%5C..%5C",
        &"x".repeat(5_000),
    ] {
        let got = get(&server, &format!("/org/name/resolve/main/{odd}"));
        assert_eq!(got.fault(), (404, "EntryNotFound"), "{odd}");
        let got = get(&server, &format!("/org/{odd}/resolve/main/x"));
        assert_eq!(got.fault(), (401, "RepoNotFound"), "{odd}");
    }
}

#[test]
fn what_is_not_http_is_refused_and_forgotten() {
    let (server, _dir) = bench();
    let long = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(100_000));
    let many: String = (0..2_000).map(|n| format!("X-{n}: y\r\n")).collect();
    let many = format!("GET / HTTP/1.1\r\n{many}\r\n");
    for bytes in [
        long.as_str(),
        &many,
        "GET /a\u{1}b HTTP/1.1\r\n\r\n",
        "nonsense\r\n\r\n",
    ] {
        let got = Line::to(&server).send(bytes.as_bytes(), true);
        assert!((400..500).contains(&got.status), "{}", got.status);
    }
    let target = "/api/models/org/name/paths-info/main";
    let big = "x".repeat(2 << 20);
    assert_eq!(Line::to(&server).ask("POST", target, &[], &big).status, 400);
    assert_eq!(get(&server, "/api/models/org/name").status, 200);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_path_brings_the_server_into_trouble(
        paths in proptest::collection::vec(
            "(/|%2[eEfF]|%00|%C3|\\.\\.|org|name|resolve|main|api|models|tree|[!-~&&[^#?]]){0,16}", 60)
    ) {
        let (server, _dir) = bench();
        let mut line = Line::to(&server);
        for path in paths {
            let got = line.ask("GET", &format!("/{path}"), &[], "");
            prop_assert!(got.status < 500, "{}: {}", path, got.status);
            prop_assert!(!String::from_utf8_lossy(&got.body).contains("secret"), "{}", path);
            if got.status == 400 {
                line = Line::to(&server);
            }
        }
    }
}
