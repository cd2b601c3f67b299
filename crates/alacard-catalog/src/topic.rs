//! Topics: the material of which examples, exercises and questions are made.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A sentence with what a classifier should say about it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// `positive`, `negative` or `neutral`.
    pub sentiment: String,
    /// One of the topic's themes.
    pub theme: String,
}

/// A text long enough to be summarised.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Article {
    /// Its title.
    pub title: String,
    /// 160 to 260 words.
    pub text: String,
    /// A reference summary of one or two sentences.
    pub summary: String,
    /// Words that occur in the text and that a good summary keeps.
    pub keywords: Vec<String>,
}

/// A question with its answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The question.
    pub question: String,
    /// The answer, as it stands in the context.
    pub answer: String,
}

/// Reading comprehension.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comprehension {
    /// The paragraph that holds the answers.
    pub context: String,
    /// Questions whose answers are in the context.
    pub questions: Vec<Question>,
    /// A question whose answer is not.
    pub unanswerable: String,
}

/// Two sentences that mean the same, or do not.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// One sentence.
    pub a: String,
    /// The other.
    pub b: String,
    /// Whether they mean the same.
    pub similar: bool,
}

/// A search with the passage that answers it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The search words.
    pub text: String,
    /// Index into the topic's passages.
    pub relevant: usize,
}

/// A name in a sentence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// The name as it stands in the sentence.
    pub text: String,
    /// `PER`, `LOC` or `ORG`.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A sentence with names in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NamedSentence {
    /// The sentence.
    pub text: String,
    /// Its names.
    pub entities: Vec<Entity>,
}

/// A sentence with a gap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// The sentence, with `{mask}` for the gap.
    pub text: String,
    /// Words that fit.
    pub answers: Vec<String>,
}

/// Messages for a chat model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Chat {
    /// First steps.
    pub beginner: Vec<String>,
    /// Deeper.
    pub intermediate: Vec<String>,
    /// Deepest.
    pub advanced: Vec<String>,
    /// A message that makes sense only after the first beginner message was answered.
    pub followup: String,
}

/// A small table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it shows.
    pub caption: String,
    /// Column names.
    pub columns: Vec<String>,
    /// Rows of text and numbers.
    pub rows: Vec<Vec<serde_json::Value>>,
}

/// A picture that is drawn in code.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// What it shows.
    pub subject: String,
    /// Things in it.
    pub objects: Vec<String>,
    /// A caption of one sentence.
    pub caption: String,
    /// Python that defines `draw_picture(size=384)`.
    pub code: String,
    /// Questions about it.
    pub questions: Vec<String>,
    /// Candidate labels, the right one first.
    pub labels: Vec<String>,
    /// Prompts for text-to-image models.
    pub prompts: Vec<String>,
    /// A negative prompt.
    pub negative: String,
}

/// What the reader of each level will build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audience {
    /// For beginners.
    pub beginner: String,
    /// For intermediate readers.
    pub intermediate: String,
    /// For advanced readers.
    pub advanced: String,
}

/// The sentence that exercises use.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Exercise {
    /// One word of the topic.
    pub keyword: String,
    /// The sentence.
    pub text: String,
    /// Its sentiment.
    pub sentiment: String,
    /// Its theme.
    pub theme: String,
}

/// A spoken clip with its words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Speech {
    /// What is said.
    pub transcript: String,
    /// ISO code of the language.
    pub language: String,
    /// Samples a second after decoding.
    pub sampling_rate: u32,
    /// Length in seconds.
    pub seconds: f64,
    /// Ogg/Opus as base64, without line ends.
    pub base64: String,
}

/// One topic with all its material.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// `sourdough`; `_custom` for a topic of the user's own.
    pub id: String,
    /// `Sourdough baking`.
    pub title: String,
    /// As used inside a sentence.
    pub noun: String,
    /// One emoji.
    pub emoji: String,
    /// Why this topic, in one sentence.
    pub blurb: String,
    /// Who would care.
    pub reader: String,
    /// System prompt for a chat model.
    pub persona: String,
    /// Labels that sort the sentences.
    pub themes: Vec<String>,
    /// Ten sentences.
    pub sentences: Vec<Sentence>,
    /// Two articles.
    pub articles: Vec<Article>,
    /// Reading comprehension.
    pub qa: Comprehension,
    /// Six pairs.
    pub pairs: Vec<Pair>,
    /// Eight passages to search in.
    pub passages: Vec<String>,
    /// Three searches.
    pub queries: Vec<Query>,
    /// Four sentences with names.
    pub entities: Vec<NamedSentence>,
    /// Five sentences with a gap.
    pub masks: Vec<Gap>,
    /// Chat messages.
    pub chat: Chat,
    /// Openings of texts.
    pub completions: Vec<String>,
    /// The same three sentences in several languages.
    pub translations: BTreeMap<String, Vec<String>>,
    /// A table.
    pub table: Table,
    /// A picture.
    pub picture: Picture,
    /// What the reader will build.
    pub audience: Audience,
    /// For exercises.
    pub exercise: Exercise,
    /// A spoken clip; filled from `speech/<id>.toml`.
    #[serde(default)]
    pub speech: Option<Speech>,
}
