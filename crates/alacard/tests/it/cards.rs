//! What can be looked up: cards, models, dossiers, schemas; and hands that are dealt.

use crate::bed::{Bed, assert_story};

#[test]
fn cards_of_a_kind() {
    let bed = Bed::new();
    let count = |kind: &str| {
        bed.run(&["cards", kind, "--json"])
            .json()
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(count("topic"), 8);
    assert_eq!(count("prompts"), 4);
    assert_eq!(count("difficulty"), 3);
    assert_eq!(count("ui"), 8);
    assert!(count("model") >= 45);
}

#[test]
fn cards_by_words() {
    let bed = Bed::new();
    assert_story!(bed.story(&bed.run(&["cards", "ui", "--search", "gradio"])));
    let all = bed
        .run(&["cards", "--search", "whisper TINY", "--json"])
        .json();
    assert_eq!(all[0]["id"], "openai/whisper-tiny");
    assert_eq!(bed.run(&["cards", "--search", "zzzzz"]).stdout, "");
}

#[test]
fn one_seed_deals_one_hand() {
    let bed = Bed::new();
    let deal = |seed: &str| bed.run(&["shuffle", "--seed", seed, "--json"]).json();
    for seed in ["0", "1", "18446744073709551615"] {
        assert_eq!(deal(seed), deal(seed));
        assert_eq!(deal(seed)["seed"].to_string(), seed);
    }
    let hands: std::collections::BTreeSet<String> = (0..12)
        .map(|seed| deal(&seed.to_string())["model"].to_string())
        .collect();
    assert!(hands.len() > 3, "{hands:?}");
}

#[test]
fn locked_cards_stay_and_the_hand_goes_together() {
    let bed = Bed::new();
    let locks: [(&str, &str); 5] = [
        ("topic", "keeping bees"),
        ("ui", "chat"),
        ("difficulty", "advanced"),
        ("model", "openai/whisper-tiny"),
        ("prompts", "creative"),
    ];
    for (seed, (card, value)) in locks.iter().enumerate() {
        let lock = format!("{card}={value}");
        let seed = seed.to_string();
        let ran = bed.run(&["shuffle", "--lock", &lock, "--seed", &seed, "--json"]);
        assert_eq!(ran.code, Some(0), "{lock}: {}", ran.stderr);
        assert_eq!(ran.json()[*card], *value);
        let hand = ran.json();
        let card = |name: &str| hand[name].as_str().unwrap().to_owned();
        let ran = bed.run(&[
            "generate",
            &card("model"),
            "--offline",
            "--topic",
            &card("topic"),
            "--ui",
            &card("ui"),
            "--prompts",
            &card("prompts"),
            "--difficulty",
            &card("difficulty"),
        ]);
        assert_eq!(ran.code, Some(0), "{hand}: {}", ran.stderr);
    }
}

#[test]
fn a_hand_becomes_a_notebook_at_once() {
    let bed = Bed::new();
    let ran = bed.run(&[
        "shuffle",
        "--seed",
        "5",
        "--generate",
        "--offline",
        "--json",
    ]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(bed.path(ran.json()["notebook"].as_str().unwrap()).is_file());
}

#[test]
fn locks_that_cannot_be_kept() {
    let bed = Bed::new();
    let all: [&[&str]; 6] = [
        &["ui=grado"],
        &["color=red"],
        &["topic"],
        &["difficulty="],
        &["ui=chat", "model=openai/whisper-tiny"],
        &["model=nobody/nothing"],
    ];
    let stories = all.map(|locks| {
        let mut arguments = vec!["shuffle", "--offline", "--seed", "1"];
        locks
            .iter()
            .for_each(|lock| arguments.extend(["--lock", lock]));
        format!(
            "$ {}\n{}",
            arguments.join(" "),
            bed.story(&bed.run(&arguments))
        )
    });
    assert_story!(stories.join("\n"));
}

#[test]
fn search_on_the_shelf_and_in_a_folder() {
    let bed = Bed::new();
    bed.fixture("hub");
    let ids = |arguments: &[&str]| {
        let ran = bed.run(&[&["models", "search", "--json", "--offline"], arguments].concat());
        assert_eq!(ran.code, Some(0), "{}", ran.stderr);
        let found = ran.json();
        let ids = found
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|m| m["id"].as_str());
        ids.map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(ids(&["whisper"]).contains(&"openai/whisper-tiny".to_owned()));
    assert!(ids(&["--task", "fill-mask"]).contains(&"google-bert/bert-base-uncased".to_owned()));
    assert_eq!(ids(&["--limit", "3"]).len(), 3);
    assert_eq!(ids(&["zzzzz"]), Vec::<String>::new());
    assert_eq!(ids(&["tiny", "--hub-dir", "hub"]), ["acme/tiny-sentiment"]);
    assert_eq!(
        ids(&[
            "--hub-dir",
            "hub",
            "--max-params",
            "70M",
            "--min-params",
            "60m"
        ]),
        ["acme/tiny-sentiment"]
    );
    assert_eq!(
        ids(&["--hub-dir", "hub", "--license", "mit"]),
        ["legacy-model"]
    );
    let ran = bed.run(&["models", "search", "--min-params", "a lot"]);
    assert_story!(bed.story(&ran));
}

#[test]
fn what_is_known_about_a_model() {
    let bed = Bed::new();
    bed.fixture("hub");
    assert_story!(bed.story(&bed.run(&["model", "acme/tiny-sentiment", "--hub-dir", "hub"])));
    let dossier = bed
        .run(&["model", "acme/tiny-sentiment", "--hub-dir", "hub", "--json"])
        .json();
    assert_eq!(
        dossier["task"],
        serde_json::json!({"value": "text-classification", "from": "api"})
    );
    assert_eq!(dossier["schema_version"], 1);
}

/// What a dossier says of a disabled model is still of use to a program.
#[test]
fn what_is_known_about_a_model_that_is_refused() {
    let bed = Bed::new();
    bed.fixture("hub");
    let ran = bed.run(&["model", "acme/taken-down", "--hub-dir", "hub", "--json"]);
    assert_eq!(ran.code, Some(3));
    assert_eq!(ran.json()["disabled"], true);
}

#[test]
fn a_schema_for_every_artifact() {
    let bed = Bed::new();
    let names = [
        "recipe", "dossier", "outline", "section", "findings", "manifest", "metrics", "report",
        "refusal",
    ];
    for name in names {
        let schema = bed.run(&["schema", name]).json();
        assert_eq!(
            schema["$schema"], "https://json-schema.org/draft/2020-12/schema",
            "{name}"
        );
    }
    assert_story!(bed.story(&bed.run(&["schema", "manifesto"])));
}

#[test]
fn a_completion_script_for_each_shell() {
    let bed = Bed::new();
    for shell in ["bash", "zsh", "fish"] {
        let ran = bed.run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}");
        for word in ["generate", "shuffle", "--hub-dir", "alacard"] {
            let word = if shell == "fish" {
                word.trim_start_matches("--")
            } else {
                word
            };
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
    assert_eq!(bed.run(&["completions", "cmd"]).code, Some(2));
}
