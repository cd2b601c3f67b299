//! The whole built-in catalogue, and topics of the user's own.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

use std::collections::BTreeSet;

use alacard_catalog::recipe::Prompts;
use alacard_catalog::{CardKind, Catalog, Topic, UnknownCard};
use proptest::prelude::*;

#[test]
fn every_task_leads_to_lessons_that_are_there() {
    let catalog = Catalog::builtin();
    let tasks = catalog.tasks().unwrap();
    assert!(tasks.len() >= 45, "{}", tasks.len());
    let ids: BTreeSet<&str> = tasks.iter().map(|task| task.id.as_str()).collect();
    assert_eq!(ids.len(), tasks.len(), "ids are unique");
    for task in tasks.iter().filter(|task| !task.lesson.is_empty()) {
        for part in ["common", "beginner", "intermediate", "advanced"] {
            let name = format!("{}/{part}", task.lesson);
            assert!(
                catalog.lesson(&name).is_some(),
                "{}: {name} is missing",
                task.id
            );
        }
    }
    for task in tasks {
        let endpoint = alacard_catalog::route::endpoint_lesson(&task.id);
        let lesson = endpoint.map(|lesson| catalog.lesson(&format!("{lesson}/common")).is_some());
        assert_ne!(lesson, Some(false), "{}", task.id);
    }
}

#[test]
fn quiz_questions_have_one_answer_among_different_ones() {
    let catalog = Catalog::builtin();
    let of_tasks = catalog.tasks().unwrap().iter().flat_map(|task| &task.quiz);
    for question in of_tasks.chain(catalog.general_quiz().unwrap()) {
        let options: BTreeSet<&String> = question.options.iter().collect();
        assert_eq!(
            (options.len(), question.options.len()),
            (4, 4),
            "{}",
            question.question
        );
        assert!(question.answer < 4, "{}", question.question);
    }
}

#[test]
fn libraries_packages_and_imports_fit_together() {
    let catalog = Catalog::builtin();
    let versions = catalog.versions().unwrap();
    for tag in [
        "transformers",
        "diffusers",
        "sentence-transformers",
        "timm",
        "peft",
    ] {
        let library = catalog.library(tag).unwrap().unwrap();
        assert!(
            library
                .packages
                .iter()
                .all(|package| versions.knows(package)),
            "{tag}"
        );
    }
    assert_eq!(catalog.package_of("PIL"), Some("pillow"));
    assert_eq!(catalog.package_of("sklearn"), Some("scikit-learn"));
    assert!(catalog.imports().count() > 100);
    assert_eq!(catalog.library("no-such-library").unwrap(), None);
}

#[test]
fn every_topic_has_all_its_material() {
    let catalog = Catalog::builtin();
    let ids = catalog.topic_ids();
    assert_eq!(ids.len(), 8);
    for id in ids.iter().map(String::as_str).chain(["keeping bees"]) {
        complete(&catalog.topic(id).unwrap());
    }
}

/// That a topic has what lessons count on.
fn complete(topic: &Topic) {
    let id = &topic.id;
    assert_eq!(topic.sentences.len(), 10, "{id}");
    assert_eq!(
        (
            topic.articles.len(),
            topic.pairs.len(),
            topic.passages.len()
        ),
        (2, 6, 8),
        "{id}"
    );
    assert_eq!(
        (topic.queries.len(), topic.entities.len(), topic.masks.len()),
        (3, 4, 5),
        "{id}"
    );
    for query in &topic.queries {
        assert!(
            query.relevant < topic.passages.len(),
            "{id}: {}",
            query.text
        );
    }
    for sentence in &topic.sentences {
        assert!(
            topic.themes.contains(&sentence.theme),
            "{id}: {}",
            sentence.theme
        );
    }
    for question in &topic.qa.questions {
        assert!(
            topic.qa.context.contains(&question.answer),
            "{id}: {}",
            question.answer
        );
    }
    for named in &topic.entities {
        for entity in &named.entities {
            assert!(named.text.contains(&entity.text), "{id}: {}", entity.text);
        }
    }
    for gap in &topic.masks {
        assert_eq!(gap.text.matches("{mask}").count(), 1, "{id}: {}", gap.text);
    }
    for article in &topic.articles {
        let missing = article
            .keywords
            .iter()
            .find(|word| !article.text.contains(word.as_str()));
        assert_eq!(missing, None, "{id}: {}", article.title);
    }
    let speech = topic.speech.as_ref().unwrap();
    assert!(
        !speech.base64.contains(char::is_whitespace) && !speech.transcript.is_empty(),
        "{id}"
    );
}

#[test]
fn topics_are_different_topics() {
    let catalog = Catalog::builtin();
    let topics: Vec<_> = catalog
        .topic_ids()
        .iter()
        .map(|id| catalog.topic(id).unwrap())
        .collect();
    let sentences: BTreeSet<&String> = topics
        .iter()
        .flat_map(|topic| topic.sentences.iter().map(|s| &s.text))
        .collect();
    assert_eq!(sentences.len(), 80);
}

#[test]
fn every_pack_has_prompts_and_every_card_a_line() {
    let catalog = Catalog::builtin();
    let topic = catalog.topic("sourdough").unwrap();
    for prompts in Prompts::ALL {
        let pack = catalog.pack(*prompts).unwrap().on(&topic);
        for (kind, texts) in &pack.kinds {
            assert!(!texts.is_empty(), "{prompts}: {kind}");
            let raw = texts
                .iter()
                .find(|text| text.contains("{noun}") || text.contains("{title}"));
            assert_eq!(raw, None, "{prompts}: {kind}");
        }
    }
    for kind in CardKind::ALL {
        for card in catalog.cards(kind).unwrap() {
            assert!(!card.title.is_empty() && !card.blurb.is_empty(), "{card:?}");
        }
    }
}

#[test]
fn unknown_names_come_with_the_nearest() {
    let unknown =
        |given: &str| UnknownCard::new("Ui", given, ["none", "gradio", "streamlit", "streaming"]);
    assert_eq!(unknown("gradoi").nearest, ["gradio"]);
    assert_eq!(unknown("stream").nearest, ["streaming", "streamlit"]);
    assert_eq!(unknown("").nearest.len(), 4);
    assert_eq!(unknown("x").to_string(), "`x` is not a known UI component");
}

#[test]
fn a_folder_that_cannot_be_read_changes_nothing() {
    let catalog = Catalog::with_folder(std::path::Path::new("/no/such/folder"));
    assert_eq!(catalog.topic_ids(), Catalog::builtin().topic_ids());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_words_make_a_topic(words in prop_oneof![
        any::<String>(),
        "\\PC{0,200}",
        "[\"'\\\\{}\\[\\]#=\n\r\t`$<>|&;%-]{0,40}",
    ]) {
        let catalog = Catalog::builtin();
        let topic = catalog.topic(&words).unwrap();
        complete(&topic);
        prop_assert!(topic.title.chars().count() < 200);
        prop_assert!(!topic.title.chars().any(char::is_control));
        catalog.near_topics(&words);
    }
}
