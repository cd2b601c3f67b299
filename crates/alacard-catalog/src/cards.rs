//! Cards as people see them: one line each.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::recipe::{Difficulty, Prompts, Ui};
use crate::{Catalog, CatalogError, UnknownCard};

/// The five kinds of card of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CardKind {
    /// A model.
    Model,
    /// A prompt pack.
    Prompts,
    /// A topic.
    Topic,
    /// A difficulty.
    Difficulty,
    /// A UI component.
    Ui,
}

impl CardKind {
    /// All kinds, in the order in which people are shown them.
    pub const ALL: [Self; 5] = [
        Self::Model,
        Self::Prompts,
        Self::Topic,
        Self::Difficulty,
        Self::Ui,
    ];

    /// The name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Prompts => "prompts",
            Self::Topic => "topic",
            Self::Difficulty => "difficulty",
            Self::Ui => "ui",
        }
    }
}

impl std::str::FromStr for CardKind {
    type Err = UnknownCard;

    fn from_str(text: &str) -> Result<Self, UnknownCard> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| UnknownCard::new("kind of card", text, Self::ALL.map(Self::as_str)))
    }
}

/// One card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Card {
    /// Its kind.
    pub kind: CardKind,
    /// The value on the command line.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// One emoji, or nothing.
    pub emoji: String,
    /// What it is, in one sentence.
    pub blurb: String,
}

impl Card {
    /// Whether every word stands in the id, the title or the blurb; no words match everything.
    pub fn matches(&self, words: &str) -> bool {
        let text = format!("{} {} {}", self.id, self.title, self.blurb).to_lowercase();
        words
            .to_lowercase()
            .split_whitespace()
            .all(|word| text.contains(word))
    }
}

impl Catalog {
    /// The cards of a kind. Model cards are those of the built-in shelf.
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when a file of the catalogue cannot be read.
    pub fn cards(&self, kind: CardKind) -> Result<Vec<Card>, CatalogError> {
        match kind {
            CardKind::Model => self.model_cards(),
            CardKind::Prompts => Prompts::ALL
                .iter()
                .map(|prompts| self.pack_card(*prompts))
                .collect(),
            CardKind::Topic => self
                .topic_ids()
                .iter()
                .map(|id| self.topic_card(id))
                .collect(),
            CardKind::Difficulty => Ok(Difficulty::ALL
                .iter()
                .map(|level| difficulty_card(*level))
                .collect()),
            CardKind::Ui => Ok(Ui::ALL.iter().map(|ui| ui_card(*ui)).collect()),
        }
    }

    fn model_cards(&self) -> Result<Vec<Card>, CatalogError> {
        let mut cards = Vec::new();
        for model in crate::shuffle::shelf() {
            let task = self.task(&model.task)?;
            let blurb = task.map_or_else(|| model.task.clone(), |task| task.verb.clone());
            let title = model.id.rsplit('/').next().unwrap_or(&model.id).to_owned();
            cards.push(Card {
                kind: CardKind::Model,
                title,
                emoji: String::new(),
                blurb,
                id: model.id,
            });
        }
        Ok(cards)
    }

    fn pack_card(&self, prompts: Prompts) -> Result<Card, CatalogError> {
        let pack = self.pack(prompts)?;
        Ok(Card {
            kind: CardKind::Prompts,
            id: pack.id,
            title: pack.title,
            emoji: pack.emoji,
            blurb: pack.blurb,
        })
    }

    fn topic_card(&self, id: &str) -> Result<Card, CatalogError> {
        let topic = self.topic(id)?;
        Ok(Card {
            kind: CardKind::Topic,
            id: topic.id.clone(),
            title: topic.title.clone(),
            emoji: topic.emoji.clone(),
            blurb: topic.blurb.clone(),
        })
    }
}

fn difficulty_card(level: Difficulty) -> Card {
    let (emoji, blurb) = match level {
        Difficulty::Beginner => ("🌱", "Explains each step and reads outputs line by line."),
        Difficulty::Intermediate => ("🌿", "Varies parameters and measures what they do."),
        Difficulty::Advanced => ("🌳", "Batches, throughput, evaluation and deployment."),
    };
    plain_card(CardKind::Difficulty, level.as_str(), emoji, blurb)
}

fn ui_card(ui: Ui) -> Card {
    let (emoji, blurb) = match ui {
        Ui::None => ("📓", "The notebook alone."),
        Ui::Chat => ("💬", "A conversation with history."),
        Ui::Completion => ("✏️", "One input, one output."),
        Ui::Streaming => ("🌊", "The answer as it is written."),
        Ui::Batch => ("📦", "Many inputs at once, with a table of results."),
        Ui::Api => ("🔌", "A FastAPI endpoint, called without opening a port."),
        Ui::Gradio => ("🎛️", "A Gradio demo."),
        Ui::Streamlit => ("📊", "A Streamlit app."),
    };
    plain_card(CardKind::Ui, ui.as_str(), emoji, blurb)
}

fn plain_card(kind: CardKind, id: &str, emoji: &str, blurb: &str) -> Card {
    Card {
        kind,
        id: id.to_owned(),
        title: crate::capitalised(id),
        emoji: emoji.to_owned(),
        blurb: blurb.to_owned(),
    }
}
