//! The catalogue: everything is read on first use, from the binary or a folder over it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::files::Files;
use crate::library::Library;
use crate::pack::{Pack, capitalised};
use crate::recipe::Prompts;
use crate::task::{QuizQuestion, Task};
use crate::topic::{Speech, Topic};
use crate::versions::Versions;
use crate::{CatalogError, UnknownCard};

/// Tasks, libraries, topics, packs, versions and lessons.
#[derive(Debug, Default)]
pub struct Catalog {
    files: Files,
    tasks: OnceLock<Result<Tasks, CatalogError>>,
    libraries: OnceLock<Result<BTreeMap<String, Library>, CatalogError>>,
    versions: OnceLock<Result<Versions, CatalogError>>,
    imports: OnceLock<Result<Imports, CatalogError>>,
    topics: Mutex<BTreeMap<String, Arc<Topic>>>,
}

#[derive(Debug, Default, Deserialize)]
struct Tasks {
    task: Vec<Task>,
    #[serde(default)]
    general_quiz: Vec<QuizQuestion>,
}

#[derive(Debug, Deserialize)]
struct Libraries {
    library: Vec<Library>,
}

#[derive(Debug, Default, Deserialize)]
struct Imports {
    imports: BTreeMap<String, String>,
}

impl Catalog {
    /// The catalogue in the binary.
    pub fn builtin() -> Self {
        Self::default()
    }

    /// The catalogue in the binary with the files of a folder over it.
    pub fn with_folder(folder: &Path) -> Self {
        Self {
            files: Files::new(Some(folder.to_path_buf())),
            ..Self::default()
        }
    }

    /// The text of a lesson file (`text-classification/beginner`).
    pub fn lesson(&self, name: &str) -> Option<Cow<'static, str>> {
        self.files.text(&format!("lessons/{name}.alc"))
    }

    /// All tasks in the Hub's order.
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when a file of the user's folder cannot be read as a catalogue file.
    pub fn tasks(&self) -> Result<&[Task], CatalogError> {
        Ok(&self.task_file()?.task)
    }

    /// The task with this pipeline tag.
    ///
    /// # Errors
    ///
    /// As [`Catalog::tasks`].
    pub fn task(&self, tag: &str) -> Result<Option<&Task>, CatalogError> {
        Ok(self.tasks()?.iter().find(|task| task.id == tag))
    }

    /// Quiz questions that fit every model.
    ///
    /// # Errors
    ///
    /// As [`Catalog::tasks`].
    pub fn general_quiz(&self) -> Result<&[QuizQuestion], CatalogError> {
        Ok(&self.task_file()?.general_quiz)
    }

    fn task_file(&self) -> Result<&Tasks, CatalogError> {
        held(self.tasks.get_or_init(|| self.read("tasks.toml")))
    }

    /// The library with this id.
    ///
    /// # Errors
    ///
    /// As [`Catalog::tasks`].
    pub fn library(&self, id: &str) -> Result<Option<&Library>, CatalogError> {
        let read = || {
            let table: Libraries = self.read("libraries.toml")?;
            Ok(table
                .library
                .into_iter()
                .map(|l| (l.id.clone(), l))
                .collect())
        };
        Ok(held(self.libraries.get_or_init(read))?.get(id))
    }

    /// The version table.
    ///
    /// # Errors
    ///
    /// As [`Catalog::tasks`].
    pub fn versions(&self) -> Result<&Versions, CatalogError> {
        held(self.versions.get_or_init(|| self.read("versions.toml")))
    }

    /// The package that an import comes from.
    pub fn package_of(&self, import: &str) -> Option<&str> {
        let imports = held(self.imports.get_or_init(|| self.read("imports.toml"))).ok()?;
        imports.imports.get(import).map(String::as_str)
    }

    /// All pairs of import root and package, sorted.
    pub fn imports(&self) -> impl Iterator<Item = (&str, &str)> {
        let imports = held(self.imports.get_or_init(|| self.read("imports.toml"))).ok();
        imports
            .into_iter()
            .flat_map(|i| &i.imports)
            .map(|(k, v)| (k.as_str(), v.as_str()))
    }

    /// Ids of the topics that the catalogue has, without the template of own topics.
    pub fn topic_ids(&self) -> Vec<String> {
        let all = self.files.stems("topics", ".toml");
        all.into_iter().filter(|id| !id.starts_with('_')).collect()
    }

    /// A topic by its id, or a topic made from the user's own words.
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when a topic file cannot be read.
    pub fn topic(&self, words: &str) -> Result<Arc<Topic>, CatalogError> {
        let kept = || self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(topic) = kept().get(words) {
            return Ok(Arc::clone(topic));
        }
        let topic = Arc::new(self.read_topic(words)?);
        // Own words are without number; only the catalogue's topics are kept.
        if topic.id != "_custom" {
            kept().insert(words.to_owned(), Arc::clone(&topic));
        }
        Ok(topic)
    }

    fn read_topic(&self, words: &str) -> Result<Topic, CatalogError> {
        let known = self.topic_ids().iter().any(|id| id == words);
        let id = if known { words } else { "_custom" };
        let name = format!("topics/{id}.toml");
        let mut text = self.text(&name)?;
        if !known {
            text = Cow::Owned(on_words(&text, words));
        }
        let mut topic: Topic = parse(&name, &text)?;
        // A topic of the user's folder may come without a clip of its own.
        topic.speech = match self.speech(id)? {
            Some(speech) => Some(speech),
            None => self.speech("_custom")?,
        };
        Ok(topic)
    }

    /// Ids that are close to a topic of the user's own: a did-you-mean.
    pub fn near_topics(&self, words: &str) -> Vec<String> {
        let ids = self.topic_ids();
        if ids.iter().any(|id| id == words) {
            return Vec::new();
        }
        let near = |id: &String| strsim::jaro_winkler(&words.to_lowercase(), id) > 0.88;
        ids.into_iter().filter(near).collect()
    }

    fn speech(&self, id: &str) -> Result<Option<Speech>, CatalogError> {
        let name = format!("speech/{id}.toml");
        let Some(text) = self.files.text(&name) else {
            return Ok(None);
        };
        let mut speech: Speech = parse(&name, &text)?;
        speech.base64.retain(|c| !c.is_whitespace());
        Ok(Some(speech))
    }

    /// A prompt pack.
    ///
    /// # Errors
    ///
    /// [`CatalogError`] when its file cannot be read.
    pub fn pack(&self, prompts: Prompts) -> Result<Pack, CatalogError> {
        self.read(&format!("prompts/{prompts}.toml"))
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, CatalogError> {
        parse(name, &self.text(name)?)
    }

    fn text(&self, name: &str) -> Result<Cow<'static, str>, CatalogError> {
        self.files
            .text(name)
            .ok_or_else(|| CatalogError::Missing(name.to_owned()))
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> Result<T, CatalogError> {
    toml::from_str(text).map_err(|error| CatalogError::Unreadable {
        name: name.to_owned(),
        message: error.to_string(),
    })
}

fn held<T>(result: &Result<T, CatalogError>) -> Result<&T, CatalogError> {
    result.as_ref().map_err(Clone::clone)
}

/// The template of own topics with the user's words, safe inside TOML strings of every kind.
fn on_words(template: &str, words: &str) -> String {
    let clean: String = words
        .chars()
        .map(|c| {
            if c.is_control() || "\"'\\{}".contains(c) {
                ' '
            } else {
                c
            }
        })
        .take(60)
        .collect();
    let clean = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    let clean = if clean.is_empty() {
        UnknownCard::FALLBACK_TOPIC.to_owned()
    } else {
        clean
    };
    template
        .replace("{topic}", &clean)
        .replace("{Topic}", &capitalised(&clean))
}
