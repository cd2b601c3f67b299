//! Tasks: what each pipeline tag takes, gives, and how a lesson teaches it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recipe::{Difficulty, Prompts, Ui};

/// A multiple-choice question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuizQuestion {
    /// The question.
    pub question: String,
    /// Four answers.
    pub options: Vec<String>,
    /// Index of the right one.
    pub answer: usize,
    /// Why it is right.
    pub explanation: String,
    /// The level it is meant for; none means every level.
    #[serde(default)]
    pub level: Option<Difficulty>,
}

/// A pipeline tag of the Hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// The tag: `text-classification`.
    pub id: String,
    /// In plain words.
    pub title: String,
    /// `nlp`, `cv`, `audio`, `multimodal`, `tabular`, `rl`, `other`.
    pub modality: String,
    /// What it does, in one sentence.
    pub verb: String,
    /// Two or three sentences for a learner.
    #[serde(default)]
    pub explain: String,
    /// What goes in.
    #[serde(default)]
    pub input: String,
    /// What comes out.
    #[serde(default)]
    pub output: String,
    /// Whether `pipeline()` of the pinned transformers has it.
    #[serde(default)]
    pub pipeline: bool,
    /// The version of transformers that removed it, or nothing.
    #[serde(default)]
    pub removed_in: String,
    /// Metrics people use for it.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// How to read them.
    #[serde(default)]
    pub metric_note: String,
    /// What a result looks like.
    #[serde(default)]
    pub visual: String,
    /// The full lesson of the catalogue, or nothing.
    #[serde(default)]
    pub lesson: String,
    /// Compatible UI components, the preferred one first; `none` always is.
    #[serde(default)]
    pub ui: Vec<Ui>,
    /// Compatible prompt packs.
    #[serde(default)]
    pub packs: Vec<Prompts>,
    /// Whether there is a lesson against an endpoint.
    #[serde(default)]
    pub endpoint: bool,
    /// Risks of this task.
    #[serde(default)]
    pub safety: String,
    /// What it is good for.
    #[serde(default)]
    pub good_for: Vec<String>,
    /// What it is not for.
    #[serde(default)]
    pub not_for: Vec<String>,
    /// Questions about the task.
    #[serde(default)]
    pub quiz: Vec<QuizQuestion>,
}
