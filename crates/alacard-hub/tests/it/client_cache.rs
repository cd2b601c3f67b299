//! Cache, staleness, working without network, and the folder that stands in for the Hub.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use alacard_hub::dossier::Origin;
use alacard_hub::fake::{Answer, FakeHub};
use alacard_hub::{Hub, Options, Reason, Source};
use serde_json::json;

use crate::client_support::{Bench, model, notices, put, read};

const RECORD: &str = "/api/models/org/name";

#[test]
fn fresh_for_a_while_then_asked_with_its_etag() {
    let bench = Bench::with_model();
    read(&bench.hub(), "org/name").unwrap();
    bench.asked();
    bench.later(60);
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap().origin,
        Origin::Cache
    );
    assert!(bench.asked().is_empty());
    bench.later(3600);
    let material = read(&bench.hub(), "org/name").unwrap();
    assert_eq!(material.origin, Origin::Hub);
    let seen = bench.fake.take_seen();
    assert_eq!(seen.len(), 1, "files of a commit never change");
    assert!(seen[0].headers.contains_key("if-none-match"));
    // The Hub said that it is current: fresh again.
    bench.later(60);
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap().origin,
        Origin::Cache
    );
}

#[test]
fn a_new_commit_brings_new_files() {
    let bench = Bench::with_model();
    read(&bench.hub(), "org/name").unwrap();
    let mut changed = model("org/name").file("README.md", "# New\n");
    changed.sha = "f".repeat(40);
    bench.fake.add(changed);
    bench.later(3600);
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap().card.as_deref(),
        Some(&b"# New\n"[..])
    );
}

#[test]
fn stale_facts_serve_while_the_hub_is_down() {
    let bench = Bench::with_model();
    read(&bench.hub(), "org/name").unwrap();
    bench.later(86_400);
    bench.asked();
    for (answer, requests) in [
        (Answer::error(503, "", ""), 2),
        (Answer::error(429, "", "").with("Retry-After", "200"), 1),
        (Answer::new(200, "<html>"), 1),
    ] {
        bench.fake.script(RECORD, [answer]);
        let material = read(&bench.hub(), "org/name").unwrap();
        assert_eq!(material.origin, Origin::Stale);
        assert!(material.card.is_some() && !material.configs.is_empty());
        assert_eq!(notices(&material), ["stale"]);
        assert!(
            material.notices[0].message.contains("2023-11-14"),
            "{}",
            material.notices[0].message
        );
        assert_eq!(bench.asked().len(), requests);
    }
    bench
        .fake
        .script(RECORD, [Answer::error(404, "RepoNotFound", "")]);
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap_err().reason,
        Reason::NotFound,
        "gone is not down"
    );
}

#[test]
fn a_host_out_of_reach_is_not_waited_for_again_and_again() {
    let bench = Bench::new();
    let gone = FakeHub::start().unwrap().url();
    let hub = Hub::new(Options {
        endpoint: gone,
        ..bench.options()
    });
    assert_eq!(read(&hub, "org/name").unwrap_err().reason, Reason::Network);
    assert_eq!(bench.waits.lock().unwrap().len(), 2);
    assert_eq!(read(&hub, "org/other").unwrap_err().reason, Reason::Network);
    assert_eq!(
        bench.waits.lock().unwrap().len(),
        2,
        "the second model fails at once"
    );
}

#[test]
fn offline_sends_nothing() {
    let bench = Bench::with_model();
    let offline = || {
        Hub::new(Options {
            offline: true,
            ..bench.options()
        })
    };
    let refusal = read(&offline(), "org/name").unwrap_err();
    assert_eq!(refusal.reason, Reason::Network);
    assert!(refusal.hint.unwrap().contains("--offline"));
    assert!(offline().search(&alacard_hub::Query::default()).is_ok());
    assert!(bench.asked().is_empty());
    read(&bench.hub(), "org/name").unwrap();
    bench.asked();
    bench.later(86_400);
    let material = read(&offline(), "org/name").unwrap();
    assert_eq!(material.origin, Origin::Cache);
    assert!(material.card.is_some() && material.notices.is_empty());
    assert!(bench.asked().is_empty());
}

#[test]
fn without_a_commit_nothing_is_kept_but_the_record() {
    let bench = Bench::with_model();
    bench.fake.script(
        RECORD,
        [Answer::new(
            200,
            json!({"id": "org/name", "sha": "../../x"}).to_string(),
        )],
    );
    let material = read(&bench.hub(), "org/name").unwrap();
    assert!(material.card.is_some(), "README.md of main");
    assert!(
        bench
            .asked()
            .contains(&"/org/name/resolve/main/README.md".to_owned())
    );
    read(&bench.hub(), "org/name").unwrap();
    assert!(
        bench
            .asked()
            .contains(&"/org/name/resolve/main/README.md".to_owned())
    );
}

#[test]
fn many_readers_of_one_cache_at_once() {
    let bench = Bench::with_model();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let options = Options {
                    max_age: Duration::ZERO,
                    ..bench.options()
                };
                for _ in 0..5 {
                    assert!(
                        read(&Hub::new(options.clone()), "org/name")
                            .unwrap()
                            .card
                            .is_some()
                    );
                }
            });
        }
    });
}

#[test]
fn two_processes_share_one_cache() {
    let bench = Bench::with_model();
    let start = || {
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "client_cache::one_of_two_processes", "--ignored"])
            .env("FAKE_HUB", bench.fake.url())
            .env("FAKE_CACHE", bench.cache.path())
            .output()
            .unwrap()
    };
    std::thread::scope(|scope| {
        for child in [scope.spawn(start), scope.spawn(start)] {
            let output = child.join().unwrap();
            assert!(
                output.status.success(),
                "{}",
                String::from_utf8_lossy(&output.stdout)
            );
        }
    });
    let offline = Hub::new(Options {
        offline: true,
        ..bench.options()
    });
    assert!(read(&offline, "org/name").unwrap().card.is_some());
    let mut left = Vec::new();
    files(bench.cache.path(), &mut left);
    assert_eq!(
        left.len(),
        3,
        "a record and two files, nothing half written: {left:?}"
    );
}

/// The files below a folder.
fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() {
            files(&entry.path(), found)
        } else {
            found.push(entry.path())
        }
    }
}

#[test]
#[ignore = "started by two_processes_share_one_cache"]
fn one_of_two_processes() {
    let (Ok(endpoint), Ok(cache)) = (std::env::var("FAKE_HUB"), std::env::var("FAKE_CACHE")) else {
        return;
    };
    let options = Options {
        endpoint,
        cache_dir: cache.into(),
        max_age: Duration::ZERO,
        ..Options::default()
    };
    for _ in 0..40 {
        assert!(
            read(&Hub::new(options.clone()), "org/name")
                .unwrap()
                .card
                .is_some()
        );
    }
}

#[test]
fn the_folder_that_stands_in_comes_first() {
    let bench = Bench::with_model();
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "hub/org/name/README.md", "# From the folder\n");
    let hub = Hub::new(Options {
        hub_dir: Some(dir.path().to_owned()),
        ..bench.options()
    });
    let source = Source::parse("org/name").unwrap();
    let material = hub.read(&source, Some("v2")).unwrap();
    assert_eq!(material.origin, Origin::HubDir);
    assert_eq!(material.requested_revision.as_deref(), Some("v2"));
    assert_eq!(notices(&material), ["other-revision"]);
    assert!(bench.asked().is_empty());
    bench.fake.add(model("org/other"));
    assert_eq!(read(&hub, "org/other").unwrap().origin, Origin::Hub);
}
