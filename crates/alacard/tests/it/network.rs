//! The Hub, as it answers on good days and on bad ones. The server is a fake that speaks the
//! Hub's protocol over a real socket.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use alacard_hub::fake::{Answer, Delivery, FakeHub, FakeModel, Gate};
use serde_json::json;

use crate::bed::{Bed, Ran, assert_story, json};
use crate::trouble::signal;

const CARD: &str = "---\nlicense: apache-2.0\n---\n# Tiny\n\nIt tells moods apart.\n";
const CONFIG: &str =
    r#"{"architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert"}"#;

fn model(id: &str) -> FakeModel {
    FakeModel::new(id)
        .field("pipeline_tag", json!("text-classification"))
        .field("library_name", json!("transformers"))
        .file("README.md", CARD)
        .file("config.json", CONFIG)
}

/// A bed and a Hub with one model, `acme/tiny`.
fn place() -> (Bed, FakeHub) {
    let hub = FakeHub::start().unwrap();
    hub.add(model("acme/tiny"));
    (Bed::new(), hub)
}

fn command(bed: &Bed, hub: &FakeHub, arguments: &[&str]) -> Command {
    let mut command = bed.alacard(arguments);
    command.env("HF_ENDPOINT", hub.url());
    command
}

fn run(bed: &Bed, hub: &FakeHub, arguments: &[&str]) -> Ran {
    Ran::of(&command(bed, hub, arguments).output().unwrap())
}

#[test]
fn a_model_of_the_hub() {
    let (bed, hub) = place();
    assert_story!(bed.story(&run(&bed, &hub, &["generate", "acme/tiny"])));
    let asked = hub.take_seen();
    assert!(
        asked
            .iter()
            .all(|request| !request.headers.contains_key("authorization"))
    );
}

#[test]
fn the_token_is_sent_and_never_shown() {
    let (bed, hub) = place();
    let secret = "hf_abcdefghijklmnopqrstuvwxyz0123456789";
    hub.add(model("acme/private").gated(Gate::Closed(secret.to_owned())));
    let output = command(
        &bed,
        &hub,
        &["--log-format", "json", "generate", "acme/private"],
    )
    .env("HF_TOKEN", secret)
    .output()
    .unwrap();
    let ran = Ran::of(&output);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!ran.stdout.contains(secret) && !ran.stderr.contains(secret));
    for name in bed.files("alacard-out") {
        let bytes = std::fs::read(bed.path("alacard-out").join(&name)).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains(secret), "{name}");
    }
}

#[test]
fn models_that_cannot_be_read() {
    let (bed, hub) = place();
    hub.add(model("acme/closed").gated(Gate::Closed("secret".to_owned())));
    hub.add(model("acme/disabled").field("disabled", json!(true)));
    let answers = [
        ("bare-401", Answer::error(401, "", "")),
        (
            "bare-403",
            Answer::error(403, "", "You need a fine-grained permission."),
        ),
        ("bare-404", Answer::error(404, "", "")),
        ("gone", Answer::error(410, "", "")),
        (
            "legal",
            Answer::error(451, "", "Not available in your country."),
        ),
        (
            "taken-down",
            Answer::error(403, "", "Access to this resource is disabled."),
        ),
        (
            "token",
            Answer::error(401, "", "Invalid credentials in Authorization header"),
        ),
        (
            "sign-in-page",
            Answer::new(200, "<html><body>Please sign in</body></html>"),
        ),
        ("list", Answer::new(200, "[1, 2, 3]")),
        (
            "loop",
            Answer::new(307, "").with("Location", "/api/models/acme/loop"),
        ),
    ];
    for (name, answer) in answers.clone() {
        hub.script(&format!("/api/models/acme/{name}"), [answer]);
    }
    let mut names = vec!["missing", "closed", "disabled"];
    names.extend(answers.iter().map(|(name, _)| *name));
    let stories: Vec<String> = names
        .iter()
        .map(|name| {
            let ran = run(&bed, &hub, &["generate", &format!("acme/{name}")]);
            assert_eq!(ran.code, Some(3), "{name}: {} {}", ran.stdout, ran.stderr);
            format!("$ generate acme/{name}\n{}", bed.story(&ran))
        })
        .collect();
    assert_story!(stories.join("\n"));
}

#[test]
fn a_gated_model_with_a_readable_card_begins_with_how_to_get_access() {
    let (bed, hub) = place();
    hub.add(model("acme/gated").gated(Gate::Token("secret".to_owned())));
    assert_story!(bed.story(&run(&bed, &hub, &["generate", "acme/gated"])));
}

#[test]
fn a_renamed_model_is_followed() {
    let (bed, hub) = place();
    hub.rename("old/tiny", "acme/tiny");
    let ran = run(&bed, &hub, &["generate", "old/tiny", "--json"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("`old/tiny` is called `acme/tiny` now"),
        "{}",
        ran.stderr
    );
    assert_eq!(ran.json()["model"], "acme/tiny");
}

#[test]
fn an_unknown_revision_is_refused() {
    let (bed, hub) = place();
    let ran = run(
        &bed,
        &hub,
        &["generate", "acme/tiny", "--revision", "no-such-branch"],
    );
    assert_story!(bed.story(&ran));
}

#[test]
fn a_rate_limit_is_waited_for_and_said() {
    let (bed, hub) = place();
    let limited = Answer::error(429, "", "Too many requests").with("Retry-After", "1");
    let record = json!({"id": "acme/slow", "sha": "0123456789abcdef0123456789abcdef01234567",
        "pipeline_tag": "text-classification", "library_name": "transformers", "siblings": []});
    hub.script(
        "/api/models/acme/slow",
        [limited, Answer::new(200, record.to_string())],
    );
    let ran = run(&bed, &hub, &["generate", "acme/slow"]);
    assert_story!(bed.story(&ran));
}

#[test]
fn a_long_wait_is_said_at_once_and_ctrl_c_ends_it() {
    let (bed, hub) = place();
    let limited = Answer::error(429, "", "").with("RateLimit", "\"api\";r=0;t=280");
    hub.script("/api/models/acme/slow", [limited]);
    let mut child = command(&bed, &hub, &["generate", "acme/slow"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.starts_with("Waiting 28"), "{line}");
    let began = Instant::now();
    signal(&child, "INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(bed.files("alacard-out"), Vec::<String>::new());
}

#[test]
fn what_was_read_before_stands_in_while_the_hub_is_down() {
    let (bed, hub) = place();
    assert_eq!(run(&bed, &hub, &["generate", "acme/tiny"]).code, Some(0));
    age_the_cache(&bed);
    let path = "/api/models/acme/tiny";
    let troubles = [
        Answer::new(200, "{\"id\": ").sent(Delivery::CutOff(3)),
        Answer::new(200, "").sent(Delivery::Nothing),
        Answer::new(502, "<html>bad gateway</html>"),
        Answer::new(200, "<html>a proxy</html>"),
    ];
    for trouble in troubles {
        hub.script(path, [trouble.clone()]);
        let ran = run(&bed, &hub, &["generate", "acme/tiny", "--json", "--fresh"]);
        assert_eq!(ran.code, Some(0), "{trouble:?}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("These facts are from "),
            "{trouble:?}: {}",
            ran.stderr
        );
    }
    let ran = run(
        &bed,
        &hub,
        &["generate", "acme/tiny", "--offline", "--fresh"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
}

/// Makes every record of the cache look as if it had been read long ago.
fn age_the_cache(bed: &Bed) {
    let cache = bed.work().join("../cache");
    for name in crate::bed::files(&cache) {
        let path = cache.join(name);
        let text = std::fs::read_to_string(&path).unwrap();
        let Ok(mut record) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        if record.get("read_at").is_some() {
            record["read_at"] = json!(1_700_000_000);
            std::fs::write(&path, record.to_string()).unwrap();
        }
    }
}

#[test]
fn the_shelf_stands_in_while_the_hub_is_down() {
    let (bed, hub) = place();
    let troubles = [
        (Answer::new(503, ""), "the Hub answers with error 503"),
        (
            Answer::new(200, r#"{"id": "openai/whis"#),
            "the Hub's answer was cut off",
        ),
        (
            Answer::new(200, "{}").sent(Delivery::CutOff(1)),
            "the Hub's answer was cut off",
        ),
        (Answer::new(200, "<html>"), "the Hub's answer is not JSON"),
    ];
    for (answer, sentence) in troubles {
        hub.script("/api/models/openai/whisper-tiny", [answer]);
        let ran = run(&bed, &hub, &["generate", "openai/whisper-tiny"]);
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("These are built-in facts of "),
            "{}",
            ran.stderr
        );
        assert!(ran.stderr.contains(sentence), "{}", ran.stderr);
    }
}

#[test]
fn nobody_at_the_address_and_nothing_at_hand() {
    let bed = Bed::new();
    // The port 9 of this machine answers nobody.
    assert_story!(bed.story(&bed.run(&["generate", "acme/nothing"])));
}

#[test]
fn a_second_run_asks_the_hub_for_nothing() {
    let (bed, hub) = place();
    assert_eq!(run(&bed, &hub, &["generate", "acme/tiny"]).code, Some(0));
    assert!(!hub.take_seen().is_empty());
    let ran = run(&bed, &hub, &["generate", "acme/tiny", "--json"]);
    assert_eq!(ran.code, Some(0));
    assert!(hub.take_seen().is_empty());
    let folder = bed.path(ran.json()["notebook"].as_str().unwrap());
    assert_eq!(
        json(&folder.with_file_name("dossier.json"))["access"],
        "granted"
    );
}

#[test]
fn offline_asks_nobody() {
    let (bed, hub) = place();
    for arguments in [
        &["model", "acme/tiny", "--offline"][..],
        &["models", "search", "tiny", "--offline"],
    ] {
        run(&bed, &hub, arguments);
    }
    assert!(hub.take_seen().is_empty());
}

#[test]
fn a_search_goes_through_the_pages() {
    let (bed, hub) = place();
    for number in 0..30 {
        hub.add(model(&format!("acme/tiny-{number:02}")));
    }
    let ran = run(
        &bed,
        &hub,
        &["models", "search", "tiny", "--limit", "25", "--json"],
    );
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(ran.json().as_array().unwrap().len(), 25);
}
