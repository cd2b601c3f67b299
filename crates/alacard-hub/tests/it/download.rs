//! Weights: from where they lie, or from the Hub, whole and right.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use alacard_hub::fake::{Answer, Delivery, Gate};
use alacard_hub::{Downloaded, Hub, Options, Reason, Refusal, Wanted};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::client_support::{Bench, model, put};

const SHA: &str = "0123456789abcdef0123456789abcdef01234567";
const RECORD: &str = "/api/models/org/name";

/// A Hub with `org/name`, whose weights are these bytes.
struct Place {
    bench: Bench,
    weights: Vec<u8>,
    into: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self {
            bench: Bench::with_model(),
            weights: (0..3_000_000_u32).map(|n| (n % 251) as u8).collect(),
            into: tempfile::tempdir().unwrap(),
        };
        let size = place.weights.len() as u64;
        place.record(size, &sha256(&place.weights));
        place.answer(Answer::new(200, place.weights.clone()));
        place
    }

    /// What the Hub says about the weights.
    fn record(&self, size: u64, hash: &str) {
        let record = json!({"id": "org/name", "sha": SHA, "siblings": [
            {"rfilename": "README.md", "size": 10},
            {"rfilename": "config.json", "size": 22},
            {"rfilename": "pytorch_model.bin", "size": 9},
            {"rfilename": "../outside", "size": 1},
            {"rfilename": "model.safetensors", "size": size, "lfs": {"sha256": hash, "size": size}},
        ]});
        let answer = Answer::new(200, record.to_string());
        self.bench.fake.script(RECORD, [answer]);
    }

    fn answer(&self, answer: Answer) {
        self.answers([answer]);
    }

    fn answers<const N: usize>(&self, answers: [Answer; N]) {
        self.bench.fake.script(&weights_path(), answers);
    }

    /// The end of the weights, as an answer to a range.
    fn rest(&self, from: usize) -> Answer {
        let range = format!(
            "bytes {from}-{}/{}",
            self.weights.len() - 1,
            self.weights.len()
        );
        Answer::new(206, self.weights[from..].to_vec()).with("Content-Range", &range)
    }

    fn get(&self, hub: &Hub) -> Result<Downloaded, Refusal> {
        hub.download(&wanted(self.into.path()), &|_, _| {})
    }

    /// Where the next request for the weights begins, for each one that was seen.
    fn ranges(&self) -> Vec<Option<String>> {
        let seen = self.bench.fake.take_seen();
        seen.into_iter()
            .filter(|seen| seen.target == weights_path())
            .map(|seen| seen.headers.get("range").cloned())
            .collect()
    }
}

fn wanted(into: &Path) -> Wanted<'_> {
    Wanted {
        id: "org/name",
        revision: None,
        file: None,
        into,
    }
}

fn weights_path() -> String {
    format!("/org/name/resolve/{SHA}/model.safetensors")
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn names(found: &Downloaded) -> Vec<&str> {
    found.files.iter().map(|file| file.path.as_str()).collect()
}

/// Files whose name says that they are not whole.
fn beginnings(dir: &Path) -> usize {
    let blobs = std::fs::read_dir(dir.join("models--org--name/blobs")).unwrap();
    blobs
        .filter(|entry| {
            entry
                .as_ref()
                .unwrap()
                .file_name()
                .to_string_lossy()
                .ends_with(".part")
        })
        .count()
}

#[test]
fn one_copy_of_the_weights_and_everything_else() {
    let place = Place::new();
    let told = Mutex::new(Vec::new());
    let tell = |done, of| told.lock().unwrap().push((done, of));
    let found = place
        .bench
        .hub()
        .download(&wanted(place.into.path()), &tell)
        .unwrap();
    assert_eq!(found.sha.as_deref(), Some(SHA));
    assert_eq!(
        names(&found),
        ["README.md", "config.json", "model.safetensors"]
    );
    assert_eq!(found.weights().count(), 1);
    let weights = std::fs::read(found.folder.join("model.safetensors")).unwrap();
    assert_eq!(weights, place.weights);
    assert_eq!(beginnings(place.into.path()), 0);
    let of = place.weights.len() as u64 + 32;
    assert_eq!(told.lock().unwrap().last(), Some(&(of, of)));
    assert_eq!(found.bytes, of);
}

#[test]
fn a_second_call_downloads_nothing() {
    let place = Place::new();
    let first = place.get(&place.bench.hub()).unwrap();
    place.bench.fake.take_seen();
    assert_eq!(place.get(&place.bench.hub()).unwrap(), first);
    assert_eq!(place.bench.asked(), [RECORD]);
    let offline = Hub::new(Options {
        offline: true,
        ..place.bench.options()
    });
    assert_eq!(place.get(&offline).unwrap().folder, first.folder);
    assert!(place.bench.asked().is_empty());
}

#[test]
fn a_cut_off_body_is_taken_up_where_it_ended() {
    let place = Place::new();
    let cut = Answer::new(200, place.weights.clone()).sent(Delivery::CutOff(1_000_000));
    place.answers([cut, place.rest(1_000_000)]);
    let found = place.get(&place.bench.hub()).unwrap();
    assert_eq!(
        std::fs::read(found.folder.join("model.safetensors")).unwrap(),
        place.weights
    );
    assert_eq!(place.ranges(), [None, Some("bytes=1000000-".to_owned())]);
}

#[test]
fn the_next_run_takes_up_what_the_last_one_had() {
    let place = Place::new();
    let cut = Answer::new(200, place.weights.clone()).sent(Delivery::CutOff(500_000));
    place.answers([cut, Answer::error(404, "", "gone")]);
    place.get(&place.bench.hub()).unwrap_err();
    assert_eq!(beginnings(place.into.path()), 1);
    place.ranges();
    place.answer(place.rest(500_000));
    place.get(&place.bench.hub()).unwrap();
    assert_eq!(place.ranges(), [Some("bytes=500000-".to_owned())]);
    assert_eq!(beginnings(place.into.path()), 0);
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let place = Place::new();
    let whole = Answer::new(200, place.weights.clone());
    place.answers([whole.clone().sent(Delivery::CutOff(700_000)), whole]);
    let found = place.get(&place.bench.hub()).unwrap();
    assert_eq!(
        std::fs::read(found.folder.join("model.safetensors")).unwrap(),
        place.weights
    );
}

#[test]
fn wrong_bytes_are_asked_for_once_more_and_never_kept() {
    let place = Place::new();
    let mut wrong = place.weights.clone();
    wrong[7] ^= 1;
    let wrong = Answer::new(200, wrong);
    place.answers([wrong.clone(), Answer::new(200, place.weights.clone())]);
    place.get(&place.bench.hub()).unwrap();
    let place = Place::new();
    place.answer(wrong);
    let refusal = place.get(&place.bench.hub()).unwrap_err();
    assert_eq!(refusal.reason, Reason::Unreadable);
    assert!(refusal.message.contains("model.safetensors") && refusal.hint.is_some());
    assert_eq!(place.ranges().len(), 2);
    let blobs = place.into.path().join("models--org--name/blobs");
    assert!(!blobs.join(sha256(&place.weights)).exists() && beginnings(place.into.path()) == 0);
}

#[test]
fn more_bytes_than_announced_are_not_kept() {
    let place = Place::new();
    let mut long = place.weights.clone();
    long.push(0);
    place.answer(Answer::new(200, long));
    assert_eq!(
        place.get(&place.bench.hub()).unwrap_err().reason,
        Reason::Unreadable
    );
}

#[test]
fn a_gate_is_named_with_what_to_do() {
    let place = Place::new();
    place.bench.fake.unscript(RECORD);
    place.bench.fake.unscript(&weights_path());
    place
        .bench
        .fake
        .add(model("org/name").gated(Gate::Token("key".to_owned())));
    let refusal = place.get(&place.bench.hub()).unwrap_err();
    assert_eq!(refusal.reason, Reason::NoAccess, "{refusal}");
    assert!(refusal.hint.unwrap().contains("HF_TOKEN"));
    place.get(&place.bench.hub_with_token("key")).unwrap();
}

#[test]
fn a_token_is_not_shown_to_the_host_that_serves_large_files() {
    let place = Place::new();
    let other = alacard_hub::fake::FakeHub::start().unwrap();
    other.script("/content", [Answer::new(200, place.weights.clone())]);
    let there = format!("{}/content", other.url());
    place.answer(Answer::new(302, "").with("Location", &there));
    place.get(&place.bench.hub_with_token("secret")).unwrap();
    let own = place.bench.fake.take_seen();
    assert!(
        own.iter()
            .all(|seen| seen.headers.contains_key("authorization"))
    );
    let seen = other.take_seen();
    assert_eq!(seen.len(), 1);
    assert!(
        seen.iter()
            .all(|seen| !seen.headers.contains_key("authorization"))
    );
}

#[test]
fn offline_without_a_copy_is_a_sentence() {
    let place = Place::new();
    let hub = Hub::new(Options {
        offline: true,
        ..place.bench.options()
    });
    let refusal = place.get(&hub).unwrap_err();
    assert_eq!(refusal.reason, Reason::Network);
    assert!(refusal.hint.unwrap().contains("--hub-dir"));
    assert!(place.bench.asked().is_empty());
}

#[test]
fn a_disk_without_room_is_said_before_anything_is_sent() {
    let place = Place::new();
    place.record(1 << 60, &sha256(b"x"));
    let refusal = place.get(&place.bench.hub()).unwrap_err();
    assert_eq!(refusal.reason, Reason::TooLarge);
    assert!(refusal.message.contains("GB more are needed"), "{refusal}");
    assert!(refusal.hint.unwrap().contains("ALACARD_CACHE"));
    assert!(place.ranges().is_empty());
}

#[test]
fn a_stop_ends_it_soon_and_keeps_the_beginning() {
    let place = Place::new();
    let slow = Delivery::Slow(100_000, std::time::Duration::from_millis(50));
    place.answer(Answer::new(200, place.weights.clone()).sent(slow));
    let options = place.bench.options();
    let cancel = options.cancel.clone();
    let begun = std::time::Instant::now();
    let tell = |done, _| {
        if done > 200_000 {
            cancel.store(true, Ordering::Relaxed);
        }
    };
    let refusal = Hub::new(options)
        .download(&wanted(place.into.path()), &tell)
        .unwrap_err();
    assert!(refusal.message.contains("stopped"), "{refusal}");
    assert!(begun.elapsed().as_millis() < 1400, "{:?}", begun.elapsed());
    assert_eq!(beginnings(place.into.path()), 1);
}

#[test]
fn the_cache_of_huggingface_hub_is_used_where_it_lies() {
    let place = Place::new();
    let cache = tempfile::tempdir().unwrap();
    let room = cache.path().join("models--org--name");
    let snapshot = room.join("snapshots").join(SHA);
    put(&room, "refs/main", SHA);
    put(&snapshot, "README.md", "# A model\n");
    put(&snapshot, "config.json", r#"{"model_type": "bert"}"#);
    std::fs::create_dir_all(room.join("blobs")).unwrap();
    std::fs::write(room.join("blobs/w"), &place.weights).unwrap();
    let hub = |offline| {
        Hub::new(Options {
            hf_cache: Some(cache.path().to_owned()),
            offline,
            ..place.bench.options()
        })
    };
    // The weights are missing: it is not whole.
    place.get(&hub(true)).unwrap_err();
    link("../../blobs/w", &snapshot.join("model.safetensors"));
    for offline in [true, false] {
        let found = place.get(&hub(offline)).unwrap();
        assert_eq!(found.folder, snapshot.canonicalize().unwrap());
        assert_eq!(found.root, room.canonicalize().unwrap());
    }
    assert!(place.ranges().is_empty());
    // A link that leads out of it is no file.
    let outside = cache.path().join("outside");
    std::fs::write(&outside, &place.weights).unwrap();
    std::fs::remove_file(snapshot.join("model.safetensors")).unwrap();
    link("../../../outside", &snapshot.join("model.safetensors"));
    place.get(&hub(true)).unwrap_err();
}

#[cfg(unix)]
fn link(to: &str, place: &Path) {
    std::os::unix::fs::symlink(to, place).unwrap();
}

#[test]
fn the_folder_that_stands_in_for_the_hub_comes_first() {
    let place = Place::new();
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "org/name/config.json", "{}");
    put(
        dir.path(),
        "org/name/api.json",
        &json!({"id": "org/name", "sha": SHA}).to_string(),
    );
    let hub = Hub::new(Options {
        hub_dir: Some(dir.path().to_owned()),
        offline: true,
        ..place.bench.options()
    });
    // A folder that only describes the model is no copy of it.
    place.get(&hub).unwrap_err();
    let index: Value =
        json!({"weight_map": {"a": "model-1.safetensors", "b": "model-2.safetensors"}});
    put(
        dir.path(),
        "org/name/model.safetensors.index.json",
        &index.to_string(),
    );
    put(dir.path(), "org/name/model-1.safetensors", "1");
    place.get(&hub).unwrap_err();
    put(dir.path(), "org/name/model-2.safetensors", "2");
    let found = place.get(&hub).unwrap();
    assert_eq!(found.sha.as_deref(), Some(SHA));
    assert_eq!(found.weights().count(), 2);
    assert!(!names(&found).contains(&"api.json"));
}

#[test]
fn two_at_once_download_once() {
    let place = Place::new();
    let hubs = [place.bench.hub(), place.bench.hub()];
    std::thread::scope(|scope| {
        let running: Vec<_> = hubs
            .iter()
            .map(|hub| scope.spawn(|| place.get(hub)))
            .collect();
        for one in running {
            one.join().unwrap().unwrap();
        }
    });
    assert_eq!(place.ranges().len(), 1);
}
