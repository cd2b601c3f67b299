//! The first product of a teacher: what the lesson will hold, in which order.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What part of the arc a section is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SectionKind {
    /// Title, facts, licence, what will be built.
    Title,
    /// The cards.
    Recipe,
    /// Install, versions, device.
    Setup,
    /// The smallest real inference.
    Hello,
    /// What the model is.
    About,
    /// A numbered step.
    Step,
    /// Examples on the topic.
    Topic,
    /// The quickstart's second example.
    Changed,
    /// The UI component.
    Ui,
    /// Time, memory, a small evaluation.
    Measure,
    /// Exercises.
    Exercises,
    /// Multiple-choice questions.
    Quiz,
    /// Troubleshooting, cost, safety.
    Troubleshooting,
    /// Summary, next steps, references.
    Summary,
}

impl SectionKind {
    /// The name in lesson files and cell metadata.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Recipe => "recipe",
            Self::Setup => "setup",
            Self::Hello => "hello",
            Self::About => "about",
            Self::Step => "step",
            Self::Topic => "topic",
            Self::Changed => "changed",
            Self::Ui => "ui",
            Self::Measure => "measure",
            Self::Exercises => "exercises",
            Self::Quiz => "quiz",
            Self::Troubleshooting => "troubleshooting",
            Self::Summary => "summary",
        }
    }
}

/// The plan of one section.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SectionPlan {
    /// Unique in the outline: `hello`, `step.labels`.
    pub id: String,
    /// Its part in the arc.
    pub kind: SectionKind,
    /// Heading, without its number.
    pub title: String,
    /// Number of a step, from 1.
    pub step: Option<usize>,
    /// What the reader gets from it, in one sentence.
    pub purpose: String,
    /// Minutes to read and run.
    pub minutes: u32,
}

impl SectionPlan {
    /// The heading as readers see it: `Step 2: Read the scores`.
    pub fn heading(&self) -> String {
        match self.step {
            Some(number) => format!("Step {number}: {}", self.title),
            None => self.title.clone(),
        }
    }
}

/// The outline of a lesson.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Outline {
    /// Version of this shape.
    pub schema_version: u32,
    /// Title of the notebook.
    pub title: String,
    /// Who wrote it: `offline` or a language model.
    pub teacher: String,
    /// The lesson of the catalogue it follows.
    pub lesson: String,
    /// The route to it.
    pub route: String,
    /// What the reader can do afterwards.
    pub objectives: Vec<String>,
    /// Pinned requirements of the whole notebook (`transformers==5.23.0`), sorted.
    pub requirements: Vec<String>,
    /// Environment variables that the notebook reads.
    pub variables: Vec<String>,
    /// The sections in order.
    pub sections: Vec<SectionPlan>,
}

impl Outline {
    /// Minutes for the whole lesson.
    pub fn minutes(&self) -> u32 {
        self.sections.iter().map(|s| s.minutes).sum()
    }
}
