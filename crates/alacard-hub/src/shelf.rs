//! Facts about popular models that are built in, so that the first run works with no network.
//!
//! The files of `shelf/` hold configuration-level facts only, written from public knowledge of
//! these models: no card texts, no commits, no figures of use. Each entry says from which day it
//! is. `popularity` is our own editorial order for dealing cards, not a measurement. Counts of
//! parameters are distinct weights, counted from the configuration; weights that a file stores
//! twice count once.
//!
//! ```
//! use alacard_hub::{build, dossier::Provenance, shelf};
//!
//! let material = shelf::material("gpt2").ok_or("not on the shelf")?;
//! let dossier = build(&material);
//! assert_eq!(dossier.id.as_deref(), Some("openai-community/gpt2"));
//! assert!(dossier.task.is_some_and(|task| task.from == Provenance::Shelf));
//! # Ok::<(), &str>(())
//! ```

use std::collections::BTreeMap;
use std::sync::LazyLock;

use include_dir::{Dir, include_dir};
use serde::Deserialize;
use serde_json::Value;

use crate::dossier::Origin;
use crate::material::Material;

static FOLDER: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/shelf");
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(read);

/// A model as a file of `shelf/` has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    /// Older ids under which people know it.
    #[serde(default)]
    aliases: Vec<String>,
    as_of: String,
    popularity: u32,
    /// In the shape of the Hub's record. `config.chat_template_facts` stands for the template's
    /// text, which is not here.
    api: Value,
    #[serde(default)]
    configs: BTreeMap<String, Value>,
}

/// All entries, the most popular first. A file that cannot be read would be left out; a test
/// excludes that.
fn read() -> Vec<Entry> {
    let files = FOLDER
        .files()
        .filter_map(|file| serde_json::from_slice::<Vec<Entry>>(file.contents()).ok());
    let mut entries: Vec<Entry> = files.flatten().collect();
    entries.sort_by(|a, b| {
        b.popularity
            .cmp(&a.popularity)
            .then_with(|| a.id.cmp(&b.id))
    });
    entries
}

/// The built-in facts about a model, by its id or an older one, in any case.
pub fn material(id: &str) -> Option<Material> {
    find(id).map(Entry::material)
}

/// Ids of all built-in models, in our own order of popularity.
pub fn ids() -> impl Iterator<Item = &'static str> {
    ENTRIES.iter().map(|entry| entry.id.as_str())
}

/// How likely a model should be dealt, from 1 to 100, by our own judgement.
pub fn popularity(id: &str) -> Option<u32> {
    find(id).map(|entry| entry.popularity)
}

/// All built-in models, in our own order of popularity.
pub fn all() -> Vec<Material> {
    ENTRIES.iter().map(Entry::material).collect()
}

fn find(id: &str) -> Option<&'static Entry> {
    let known = |entry: &&Entry| {
        entry.id.eq_ignore_ascii_case(id)
            || entry
                .aliases
                .iter()
                .any(|alias| alias.eq_ignore_ascii_case(id))
    };
    ENTRIES.iter().find(known)
}

impl Entry {
    fn material(&self) -> Material {
        let mut material = Material::empty(Origin::Shelf, &self.id);
        material.id = Some(self.id.clone());
        material.as_of = Some(self.as_of.clone());
        material.api = Some(self.api.clone());
        material.configs = self
            .configs
            .iter()
            .map(|(path, value)| (path.clone(), value.to_string().into_bytes()))
            .collect();
        material
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_can_be_read_and_no_id_stands_twice() {
        for file in FOLDER.files() {
            serde_json::from_slice::<Vec<Entry>>(file.contents()).unwrap();
        }
        let mut seen = std::collections::BTreeSet::new();
        for entry in ENTRIES.iter() {
            assert_eq!(
                entry.api.get("id").and_then(Value::as_str),
                Some(entry.id.as_str())
            );
            assert!(
                entry.as_of.len() == 10 && (1..=100).contains(&entry.popularity),
                "{}",
                entry.id
            );
            for id in entry.aliases.iter().chain([&entry.id]) {
                assert!(seen.insert(id.to_lowercase()), "{id}");
            }
        }
    }
}
