//! Prompt packs: how somebody talks to the model.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Topic;

/// A themed set of prompts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pack {
    /// `quick-start`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// One emoji.
    #[serde(default)]
    pub emoji: String,
    /// What it is for, in one sentence.
    pub blurb: String,
    /// Whether the topic's own questions come first.
    #[serde(default)]
    pub from_topic: bool,
    /// Prompts by kind (`chat`, `completion`, `text`, `question`, `rewrite`, `vision`, `image`,
    /// `audio`), with the placeholders `{noun}`, `{title}`, `{reader}`, `{keyword}`.
    pub kinds: BTreeMap<String, Vec<String>>,
}

impl Pack {
    /// The pack with the topic's words in its prompts.
    #[must_use]
    pub fn on(&self, topic: &Topic) -> Self {
        let fill = |prompt: &String| {
            let filled = prompt
                .replace("{noun}", &topic.noun)
                .replace("{title}", &topic.title)
                .replace("{reader}", &topic.reader)
                .replace("{keyword}", &topic.exercise.keyword);
            capitalised(&filled)
        };
        let mut pack = self.clone();
        for prompts in pack.kinds.values_mut() {
            *prompts = prompts.iter().map(fill).collect();
        }
        if self.from_topic {
            pack.take_from(topic);
        }
        pack
    }

    fn take_from(&mut self, topic: &Topic) {
        let own = [
            ("chat", topic.chat.intermediate.clone()),
            ("completion", topic.completions.clone()),
            (
                "text",
                topic
                    .sentences
                    .iter()
                    .map(|s| s.text.clone())
                    .take(5)
                    .collect(),
            ),
            (
                "question",
                topic
                    .qa
                    .questions
                    .iter()
                    .map(|q| q.question.clone())
                    .collect(),
            ),
            ("vision", topic.picture.questions.clone()),
            ("image", topic.picture.prompts.clone()),
        ];
        for (kind, prompts) in own {
            self.kinds.insert(kind.to_owned(), prompts);
        }
    }
}

/// The text with its first letter as a capital.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
