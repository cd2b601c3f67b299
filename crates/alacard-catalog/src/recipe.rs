//! The five cards and what else makes one notebook this notebook.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the recipe's JSON shape.
pub const SCHEMA_VERSION: u32 = 1;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every value, in the order in which people are shown them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name on the command line and in files.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::UnknownCard;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|v| v.as_str() == text).ok_or_else(|| {
                    crate::UnknownCard::new(stringify!($name), text, Self::ALL.iter().map(|v| v.as_str()))
                })
            }
        }
    };
}

choice! {
    /// How deep the lesson goes.
    Difficulty {
        /// Explains each step and reads outputs line by line.
        Beginner = "beginner",
        /// Varies parameters and measures.
        Intermediate = "intermediate",
        /// Batching, streaming, quantisation, evaluation, deployment.
        Advanced = "advanced",
    }
}

choice! {
    /// What the reader builds around the model.
    Ui {
        /// Nothing around it.
        None = "none",
        /// A conversation with history.
        Chat = "chat",
        /// One input, one output.
        Completion = "completion",
        /// Tokens as they come.
        Streaming = "streaming",
        /// Many inputs at once.
        Batch = "batch",
        /// A FastAPI endpoint.
        Api = "api",
        /// A Gradio demo.
        Gradio = "gradio",
        /// A Streamlit app.
        Streamlit = "streamlit",
    }
}

choice! {
    /// A themed set of prompts.
    Prompts {
        /// The shortest way to a first result.
        QuickStart = "quick-start",
        /// Inputs as they come up at work.
        RealWorld = "real-world",
        /// Unexpected ones.
        Creative = "creative",
        /// From the topic itself.
        Domain = "domain",
    }
}

choice! {
    /// The shape of the notebook.
    Format {
        /// Seven cells.
        Quickstart = "quickstart",
        /// The whole arc.
        Manual = "manual",
    }
}

choice! {
    /// Where the model runs.
    Runtime {
        /// Weights on the reader's machine.
        Local = "local",
        /// An endpoint named by environment variables.
        Endpoint = "endpoint",
    }
}

/// Everything that was chosen. Two equal recipes over one dossier give the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Recipe {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The source as the user named it.
    pub model: String,
    /// The revision asked for, if any.
    pub revision: Option<String>,
    /// Prompt pack.
    pub prompts: Prompts,
    /// Id of a topic of the catalogue, or the words of the user's own topic.
    pub topic: String,
    /// Whether the topic was chosen; a default topic is not named in the title.
    pub topic_given: bool,
    /// Difficulty.
    pub difficulty: Difficulty,
    /// UI component; `None` in the enum's sense when the task has no other.
    pub ui: Ui,
    /// Notebook format.
    pub format: Format,
    /// Runtime, decided.
    pub runtime: Runtime,
    /// ISO code of the language in which the lesson is written.
    pub language: String,
    /// What the user wants to do, in their own words.
    pub prompt: Option<String>,
    /// At most this many `Step N` sections.
    pub max_sections: Option<u32>,
    /// Seed of everything random.
    pub seed: u64,
    /// Who writes.
    pub teacher: String,
    /// Whether the user allows code of the repository to run.
    pub trust_remote_code: bool,
}
