//! The client against a fake Hub: what it asks, what it makes of errors.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use alacard_hub::dossier::{Access, Origin};
use alacard_hub::fake::{Answer, Delivery, FakeHub, FakeModel, Gate};
use alacard_hub::{Hub, Options, Reason, SystemClock, Timeouts, WaitReason};
use serde_json::json;

use crate::client_support::{Bench, model, notices, read};

const RECORD: &str = "/api/models/org/name";

#[test]
fn a_model_is_one_record_and_its_small_files_at_one_commit() {
    let bench = Bench::with_model();
    let material = read(&bench.hub(), "org/name").unwrap();
    assert_eq!(material.origin, Origin::Hub);
    assert_eq!(material.access, Access::Granted);
    assert_eq!(material.card.as_deref(), Some(&b"# A model\n"[..]));
    assert_eq!(material.configs.keys().collect::<Vec<_>>(), ["config.json"]);
    assert!(material.notices.is_empty());
    let sha = "0123456789abcdef0123456789abcdef01234567";
    let seen = bench.fake.take_seen();
    let targets: Vec<&str> = seen.iter().map(|seen| seen.target.as_str()).collect();
    assert_eq!(
        targets,
        [
            "/api/models/org/name?blobs=true&securityStatus=true",
            &format!("/org/name/resolve/{sha}/README.md"),
            &format!("/org/name/resolve/{sha}/config.json"),
        ]
    );
    let agent = seen.first().unwrap().headers.get("user-agent").unwrap();
    assert!(agent.starts_with("alacard/"), "{agent}");
}

#[test]
fn errors_are_told_apart() {
    let bench = Bench::with_model();
    let hub = bench.hub();
    let disabled = "Access to this resource is disabled.";
    let bad_token = "Invalid credentials in Authorization header";
    for (answer, reason) in [
        (
            Answer::error(401, "RepoNotFound", "Repository not found"),
            Reason::NotFound,
        ),
        (Answer::error(404, "RepoNotFound", ""), Reason::NotFound),
        (
            Answer::error(401, "", "Invalid username or password."),
            Reason::NotFound,
        ),
        (Answer::error(404, "", ""), Reason::NotFound),
        (Answer::error(404, "RevisionNotFound", ""), Reason::NotFound),
        (Answer::error(403, "", disabled), Reason::Disabled),
        (Answer::error(401, "", bad_token), Reason::NoAccess),
        (
            Answer::error(403, "", "Your token lacks a scope"),
            Reason::NoAccess,
        ),
        (Answer::error(400, "", "bad"), Reason::Network),
        (Answer::error(500, "", ""), Reason::Network),
        (
            Answer::new(200, "<html>Sign in to the network</html>"),
            Reason::Network,
        ),
        (
            Answer::new(307, "").with("Location", "/api/models/org/name"),
            Reason::Network,
        ),
        (
            Answer::new(302, "").with("Location", "file:///etc/passwd"),
            Reason::Network,
        ),
    ] {
        bench.fake.script(RECORD, [answer.clone()]);
        let card = "/org/name/resolve/main/README.md";
        bench.fake.script(card, [Answer::error(403, "", "")]);
        let refusal = read(&hub, "org/name").unwrap_err();
        assert_eq!(refusal.reason, reason, "{answer:?}");
        assert!(refusal.message.ends_with('.'), "{}", refusal.message);
    }
    assert_eq!(
        std::fs::read_dir(bench.cache.path()).unwrap().count(),
        0,
        "an error must not be kept"
    );
}

#[test]
fn a_revision_is_asked_for_and_may_be_missing() {
    let bench = Bench::with_model();
    let source = bench
        .hub()
        .parse(&format!("{}/org/name/tree/main", bench.fake.url()))
        .unwrap();
    let material = bench.hub().read(&source, None).unwrap();
    assert_eq!(material.requested_revision.as_deref(), Some("main"));
    assert_eq!(
        bench.asked().first().unwrap(),
        "/api/models/org/name/revision/main"
    );
    let refusal = bench.hub().read(&source, Some("refs/pr/9")).unwrap_err();
    assert_eq!(refusal.reason, Reason::NotFound);
    assert!(refusal.message.contains("refs/pr/9"));
    assert_eq!(
        bench.asked(),
        ["/api/models/org/name/revision/refs%2Fpr%2F9"]
    );
    assert!(bench.hub().read(&source, Some("../x")).is_err());
    assert!(bench.asked().is_empty());
}

#[test]
fn a_gated_model_shows_its_card_and_says_how_to_get_the_rest() {
    let bench = Bench::new();
    bench
        .fake
        .add(model("org/name").gated(Gate::Token("sesame".to_owned())));
    let material = read(&bench.hub(), "org/name").unwrap();
    assert_eq!(material.access, Access::Denied);
    assert!(material.card.is_some() && material.configs.is_empty());
    assert_eq!(notices(&material), ["gated"]);
    assert!(
        material.notices[0]
            .hint
            .as_ref()
            .unwrap()
            .contains("HF_TOKEN")
    );
    // The conditions are accepted: no need to wait until the cache is old.
    let material = read(&bench.hub_with_token("sesame"), "org/name").unwrap();
    assert_eq!(
        (material.access, material.configs.len()),
        (Access::Granted, 1)
    );
    assert!(material.notices.is_empty());
}

#[test]
fn an_open_card_does_not_prove_access_to_gated_files() {
    let bench = Bench::new();
    let gate = Gate::Token("sesame".to_owned());
    bench.fake.add(
        FakeModel::new("org/name")
            .file("README.md", "# x")
            .file("x.gguf", "")
            .gated(gate),
    );
    let material = read(&bench.hub(), "org/name").unwrap();
    assert_eq!(material.access, Access::Unknown);
    assert!(material.notices.is_empty());
}

#[test]
fn a_closed_record_is_refused_only_when_the_card_is_closed_too() {
    let bench = Bench::new();
    bench
        .fake
        .add(model("org/name").gated(Gate::Closed("sesame".to_owned())));
    let material = read(&bench.hub(), "org/name").unwrap();
    assert!(material.api.is_none() && material.card.is_some());
    assert_eq!(notices(&material), ["gated"]);
    bench.fake.script(
        "/org/name/resolve/main/README.md",
        [Answer::error(401, "GatedRepo", "")],
    );
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap_err().reason,
        Reason::NoAccess
    );
}

#[test]
fn a_renamed_model_is_followed() {
    let bench = Bench::with_model();
    bench.fake.rename("old", "org/name");
    let material = read(&bench.hub(), "old").unwrap();
    assert_eq!(material.id.as_deref(), Some("org/name"));
    assert_eq!(notices(&material), ["renamed"]);
    bench.asked();
    let again = read(&bench.hub(), "old").unwrap();
    assert_eq!(
        (again.origin, notices(&again)),
        (Origin::Cache, vec!["renamed"])
    );
    assert!(bench.asked().is_empty());
}

#[test]
fn the_token_goes_to_the_hub_and_nowhere_else() {
    let bench = Bench::new();
    let content = FakeHub::start().unwrap();
    content.add(model("org/name"));
    let mut elsewhere = model("org/name");
    elsewhere.content_host = Some(content.url());
    bench.fake.add(elsewhere);
    let material = read(&bench.hub_with_token("sesame"), "org/name").unwrap();
    assert!(material.card.is_some());
    for seen in bench.fake.take_seen() {
        assert_eq!(
            seen.headers.get("authorization").map(String::as_str),
            Some("Bearer sesame"),
            "{}",
            seen.target
        );
    }
    let strangers = content.take_seen();
    assert_eq!(strangers.len(), 2);
    assert!(
        strangers
            .iter()
            .all(|seen| !seen.headers.contains_key("authorization"))
    );
}

#[test]
fn the_token_never_shows() {
    let bench = Bench::new();
    bench.fake.script(
        RECORD,
        [Answer::error(
            401,
            "",
            "Invalid credentials in Authorization header",
        )],
    );
    let hub = bench.hub_with_token("sesame");
    let refusal = read(&hub, "org/name").unwrap_err();
    assert!(!format!("{refusal:?} {:?}", hub.options()).contains("sesame"));
}

#[test]
fn a_rate_limit_is_waited_for_and_said() {
    let bench = Bench::with_model();
    let limited = Answer::error(429, "", "").with("RateLimit", "\"api\";r=0;t=55");
    bench.fake.script(
        "/api/models/old",
        [limited, Answer::new(307, "").with("Location", RECORD)],
    );
    assert!(read(&bench.hub(), "old").is_ok());
    let waits = bench.waits.lock().unwrap();
    assert_eq!(waits.len(), 1);
    assert_eq!(waits[0].reason, WaitReason::RateLimit);
    assert!(waits[0].time >= Duration::from_secs(55) && waits[0].time <= Duration::from_secs(57));
    assert!(
        waits[0].message.contains("limits requests"),
        "{}",
        waits[0].message
    );
}

#[test]
fn a_rate_limit_longer_than_patience_is_refused_with_its_length() {
    let bench = Bench::with_model();
    bench.fake.script(
        RECORD,
        [Answer::error(429, "", "").with("Retry-After", "86400")],
    );
    let refusal = read(&bench.hub(), "org/name").unwrap_err();
    assert_eq!(refusal.reason, Reason::Network);
    assert!(refusal.message.contains("86400 s"), "{}", refusal.message);
    assert!(bench.waits.lock().unwrap().is_empty());
}

#[test]
fn passing_errors_are_tried_five_times() {
    let bench = Bench::with_model();
    bench.fake.script(RECORD, [Answer::error(503, "", "")]);
    let refusal = read(&bench.hub(), "org/name").unwrap_err();
    assert!(refusal.message.contains("503"), "{}", refusal.message);
    assert_eq!(bench.asked().len(), 5);
    let waits = bench.waits.lock().unwrap();
    assert_eq!(waits.len(), 4);
    assert!(
        waits.windows(2).all(|pair| pair[0].time < pair[1].time),
        "{waits:?}"
    );
}

#[test]
fn a_cut_off_body_is_asked_for_again() {
    let bench = Bench::with_model();
    let body = serde_json::to_vec(&json!({"id": "org/name", "siblings": []})).unwrap();
    let good = Answer::new(200, body.clone());
    bench.fake.script(
        RECORD,
        [
            good.clone().sent(Delivery::CutOff(5)),
            good.clone().sent(Delivery::Nothing),
            // The length is right and the JSON is not whole: somebody in between cut it.
            Answer::new(200, body[..10].to_vec()),
            good,
        ],
    );
    assert!(read(&bench.hub(), "org/name").unwrap().api.is_some());
    assert_eq!(bench.asked().len(), 4);
}

#[test]
fn an_answer_that_drips_is_given_up() {
    let bench = Bench::new();
    let slow =
        Answer::new(200, vec![b' '; 10_000]).sent(Delivery::Slow(1, Duration::from_millis(20)));
    bench.fake.script(RECORD, [slow]);
    let total = Duration::from_millis(200);
    let timeouts = Timeouts {
        total,
        ..Timeouts::default()
    };
    let options = Options {
        timeouts,
        clock: Arc::new(SystemClock),
        max_wait: Duration::ZERO,
        ..bench.options()
    };
    let start = Instant::now();
    let refusal = read(&Hub::new(options), "org/name").unwrap_err();
    assert!(refusal.message.contains("in time"), "{}", refusal.message);
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_silent_server_is_given_up() {
    let bench = Bench::new();
    let silent = Answer::new(200, "{}").sent(Delivery::Slow(1, Duration::from_secs(3)));
    bench.fake.script(RECORD, [silent]);
    let timeouts = Timeouts {
        read: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let refusal = read(
        &Hub::new(Options {
            timeouts,
            max_wait: Duration::ZERO,
            ..bench.options()
        }),
        "org/name",
    )
    .unwrap_err();
    assert!(refusal.message.contains("in time"), "{}", refusal.message);
}

#[test]
fn a_huge_answer_is_not_read_to_its_end() {
    let bench = Bench::with_model();
    bench
        .fake
        .script(RECORD, [Answer::new(200, vec![b' '; (8 << 20) + 1])]);
    assert_eq!(
        read(&bench.hub(), "org/name").unwrap_err().reason,
        Reason::TooLarge
    );
    bench.fake.unscript(RECORD);
    let sha = "0123456789abcdef0123456789abcdef01234567";
    bench.fake.script(
        &format!("/org/name/resolve/{sha}/config.json"),
        [Answer::new(200, vec![b' '; 5 << 20])],
    );
    let material = read(&bench.hub(), "org/name").unwrap();
    assert!(material.card.is_some() && material.configs.is_empty());
    assert_eq!(notices(&material), ["too-large"]);
}

#[test]
fn a_file_that_fails_leaves_the_rest_and_a_notice() {
    let bench = Bench::with_model();
    let sha = "0123456789abcdef0123456789abcdef01234567";
    bench.fake.script(
        &format!("/org/name/resolve/{sha}/config.json"),
        [Answer::error(500, "", "")],
    );
    let material = read(&bench.hub(), "org/name").unwrap();
    assert!(material.card.is_some());
    assert_eq!(notices(&material), ["incomplete"]);
    assert!(material.notices[0].message.contains("config.json"));
}

#[test]
fn a_stop_ends_waits() {
    let bench = Bench::with_model();
    bench.fake.script(RECORD, [Answer::error(500, "", "")]);
    let options = bench.options();
    let cancel = Arc::clone(&options.cancel);
    let stop = Arc::clone(&cancel);
    let options = Options {
        on_wait: Some(Arc::new(move |_| stop.store(true, Ordering::SeqCst))),
        ..options
    };
    let refusal = read(&Hub::new(options), "org/name").unwrap_err();
    assert!(refusal.message.contains("stopped"), "{}", refusal.message);
    assert_eq!(bench.asked().len(), 1);
}

#[test]
fn an_endpoint_that_is_no_address_is_said() {
    let bench = Bench::new();
    let options = Options {
        endpoint: "nonsense".to_owned(),
        ..bench.options()
    };
    assert!(
        read(&Hub::new(options), "org/name")
            .unwrap_err()
            .message
            .contains("HF_ENDPOINT")
    );
}
