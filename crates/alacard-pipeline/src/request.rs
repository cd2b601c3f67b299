//! What the user asked for, before defaults.

use std::path::PathBuf;

use alacard_catalog::UnknownCard;
use alacard_catalog::recipe::{Difficulty, Format, Prompts, Ui};

/// Where the model should run; `auto` decides by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RuntimeChoice {
    /// Local when the estimate fits 16 GB, else an endpoint where the task has such a lesson.
    #[default]
    Auto,
    /// On the reader's machine.
    Local,
    /// At an endpoint.
    Endpoint,
}

impl std::str::FromStr for RuntimeChoice {
    type Err = UnknownCard;

    fn from_str(text: &str) -> Result<Self, UnknownCard> {
        match text {
            "auto" => Ok(Self::Auto),
            "local" => Ok(Self::Local),
            "endpoint" => Ok(Self::Endpoint),
            _ => Err(UnknownCard::new(
                "runtime",
                text,
                ["local", "endpoint", "auto"],
            )),
        }
    }
}

/// Recipe options; everything that is not given gets its default when the facts are known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Topic id or the user's own words.
    pub topic: Option<String>,
    /// Difficulty.
    pub difficulty: Option<Difficulty>,
    /// Prompt pack.
    pub prompts: Option<Prompts>,
    /// UI component.
    pub ui: Option<Ui>,
    /// Notebook format.
    pub format: Option<Format>,
    /// Runtime.
    pub runtime: RuntimeChoice,
    /// ISO code of the lesson's language.
    pub language: Option<String>,
    /// What the user wants to do.
    pub prompt: Option<String>,
    /// At most this many steps.
    pub max_sections: Option<u32>,
    /// Seed.
    pub seed: u64,
    /// Revision of the model.
    pub revision: Option<String>,
    /// Whether the repository's own code may run.
    pub trust_remote_code: bool,
}

/// One notebook to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The source as the user named it (see [`alacard_hub::Source`]).
    pub source: String,
    /// Choices.
    pub options: Options,
    /// Folder under which run folders are made.
    pub out: PathBuf,
    /// Begin anew, even when artifacts of the same recipe are there.
    pub fresh: bool,
}

impl Request {
    /// A request with defaults into a folder.
    pub fn new(source: impl Into<String>, out: impl Into<PathBuf>) -> Self {
        Self {
            source: source.into(),
            options: Options::default(),
            out: out.into(),
            fresh: false,
        }
    }
}
