//! Flags, then environment, then `alacard.toml`, then the user's own configuration.

use crate::bed::{Bed, Ran, assert_story, json};

/// The recipe that a run with these variables writes down.
fn recipe(bed: &Bed, variables: &[(&str, &str)], arguments: &[&str]) -> serde_json::Value {
    let output = bed
        .alacard(&[&["generate", "openai/whisper-tiny"], arguments].concat())
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let ran = Ran::of(&output);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    json(
        &bed.path(ran.stdout.trim_end())
            .with_file_name("request.json"),
    )
}

fn user_file(bed: &Bed, content: &str) {
    bed.put("../config/alacard/config.toml", content);
}

#[test]
fn the_working_folder_wins_over_the_user_and_flags_over_both() {
    let bed = Bed::new();
    user_file(&bed, "topic = \"legal\"\nseed = 5\noffline = true\n");
    let both = recipe(&bed, &[], &[]);
    assert_eq!(
        (&both["topic"], &both["seed"]),
        (&"legal".into(), &5.into())
    );
    bed.put(
        "alacard.toml",
        "topic = \"sourdough\"\noffline = true\ndifficulty = \"advanced\"\n",
    );
    let one = recipe(&bed, &[], &[]);
    assert_eq!(
        (&one["topic"], &one["seed"]),
        (&"sourdough".into(), &0.into())
    );
    let flag = recipe(&bed, &[], &["--topic", "education"]);
    assert_eq!(
        (&flag["topic"], &flag["difficulty"]),
        (&"education".into(), &"advanced".into())
    );
}

#[test]
fn the_output_folder_by_flag_environment_file_and_default() {
    let bed = Bed::new();
    recipe(&bed, &[], &["--offline"]);
    assert!(bed.path("alacard-out").is_dir());
    bed.put("alacard.toml", "out = \"from-file\"\n");
    recipe(&bed, &[], &["--offline"]);
    assert!(bed.path("from-file").is_dir());
    let variable = ("ALACARD_OUT", "from-environment");
    recipe(&bed, &[variable], &["--offline"]);
    assert!(bed.path("from-environment").is_dir());
    recipe(&bed, &[variable], &["--offline", "--out", "from-flag"]);
    assert!(bed.path("from-flag").is_dir());
}

#[test]
fn variables_that_switch_something_on() {
    let bed = Bed::new();
    for variable in ["ALACARD_OFFLINE", "HF_HUB_OFFLINE"] {
        for value in ["1", "true", "on"] {
            let output = bed
                .alacard(&["model", "nobody/nothing"])
                .env(variable, value)
                .output()
                .unwrap();
            let ran = Ran::of(&output);
            assert!(
                ran.stderr.contains("the run is offline"),
                "{variable}={value}: {}",
                ran.stderr
            );
        }
    }
    let hub = crate::bed::fixtures().join("hub");
    let output = bed
        .alacard(&["model", "acme/tiny-sentiment", "--offline", "--json"])
        .env("ALACARD_HUB_DIR", hub)
        .output()
        .unwrap();
    assert_eq!(Ran::of(&output).json()["id"], "acme/tiny-sentiment");
}

#[test]
fn configurations_that_cannot_be_read() {
    let bed = Bed::new();
    let stories = [
        "tpoic = \"legal\"\n",
        "topic = [\n",
        "seed = \"five\"\n",
        "topic = 1\n",
    ]
    .map(|content| {
        bed.put("alacard.toml", content);
        bed.story(&bed.run(&["generate", "openai/whisper-tiny", "--offline"]))
    });
    assert_story!(stories.join("\n"));
}

#[test]
fn a_card_of_the_configuration_is_checked_like_a_flag() {
    let bed = Bed::new();
    bed.put("alacard.toml", "difficulty = \"begginer\"\n");
    assert_story!(bed.story(&bed.run(&["generate", "openai/whisper-tiny", "--offline"])));
}

#[test]
fn a_catalogue_of_the_users_own_lies_over_the_built_in_one() {
    let bed = Bed::new();
    let topics = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalog/topics");
    let topic = std::fs::read_to_string(topics.join("legal.toml")).unwrap();
    bed.put(
        "mine/topics/beekeeping.toml",
        topic.replacen("\"legal\"", "\"beekeeping\"", 1),
    );
    let cards = bed
        .run(&["cards", "topic", "--json", "--catalog", "mine"])
        .json();
    assert_eq!(cards.as_array().unwrap().len(), 9);
    recipe(
        &bed,
        &[("ALACARD_CATALOG", "mine")],
        &["--offline", "--topic", "beekeeping"],
    );
    bed.put("mine/topics/beekeeping.toml", "id = 1");
    let ran = bed.run(&["cards", "topic", "--catalog", "mine"]);
    assert_eq!(ran.code, Some(1));
    assert!(
        ran.stderr.contains("topics/beekeeping.toml"),
        "{}",
        ran.stderr
    );
    assert_eq!(bed.run(&["cards", "--catalog", "missing"]).code, Some(2));
}
