//! The places in which facts stand, opened once.

use std::collections::BTreeMap;

use serde_json::Value;

use super::value::{self, Object};
use crate::card;
use crate::dossier::{Card, Fact, FileEntry, Origin, Provenance};
use crate::material::Material;

/// Most files of a repository that are listed.
const MAX_FILES: usize = 4096;
/// Most tags that are kept.
const MAX_TAGS: usize = 400;

/// Everything that was read about a model, parsed.
pub(super) struct Sources<'a> {
    /// What was read.
    pub(super) material: &'a Material,
    /// The Hub's record.
    pub(super) api: Object,
    /// The card's front matter.
    pub(super) front: Object,
    /// The card.
    pub(super) card: Option<Card>,
    /// The list of files.
    pub(super) files: Option<Vec<FileEntry>>,
    /// Tags and where they stand.
    pub(super) tags: Vec<String>,
    /// Where the tags stand.
    pub(super) tags_from: Provenance,
    /// Configuration files that are not JSON although they should be.
    pub(super) unreadable: Vec<String>,
    configs: BTreeMap<&'a str, Value>,
}

impl<'a> Sources<'a> {
    /// Parses all of it.
    pub(super) fn open(material: &'a Material) -> Self {
        let reading = material.card.as_deref().map(card::read);
        let (front, card) = reading.map_or_else(Default::default, |reading| {
            (reading.front_matter, Some(reading.card))
        });
        let api = value::object(material.api.as_ref())
            .cloned()
            .unwrap_or_default();
        let (configs, unreadable) = parse_configs(material);
        let (tags, tags_from) = tags(&api, &front);
        let files = files(material, &api);
        Self {
            material,
            api,
            front,
            card,
            files,
            tags,
            tags_from,
            unreadable,
            configs,
        }
    }

    /// A fact; what stands on the shelf is always the shelf's.
    pub(super) fn fact<T>(&self, value: T, from: Provenance) -> Fact<T> {
        let shelf = self.material.origin == Origin::Shelf;
        Fact::new(value, if shelf { Provenance::Shelf } else { from })
    }

    /// A configuration file, when it is JSON.
    pub(super) fn file(&self, path: &str) -> Option<&Value> {
        self.configs.get(path)
    }

    /// A field of a configuration file.
    pub(super) fn field(&self, path: &str, keys: &[&str]) -> Option<&Value> {
        value::at(self.file(path)?.as_object()?, keys)
    }

    /// The text of a configuration file that is no JSON.
    pub(super) fn raw(&self, path: &str) -> Option<String> {
        self.material
            .configs
            .get(path)
            .map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// A field of the Hub's record; `null` counts as missing.
    pub(super) fn api(&self, keys: &[&str]) -> Option<&Value> {
        value::at(&self.api, keys).filter(|value| !value.is_null())
    }

    /// A field of the front matter: of the card itself, else of the Hub's copy.
    pub(super) fn page(&self, key: &str) -> Option<(&Value, Provenance)> {
        let own = self
            .front
            .get(key)
            .filter(|value| !value.is_null())
            .map(|value| (value, Provenance::Card));
        own.or_else(|| {
            self.api(&["cardData", key])
                .map(|value| (value, Provenance::Api))
        })
    }

    /// A field of the model's configuration: of `config.json`, else of the Hub's extract.
    pub(super) fn config(&self, keys: &[&str]) -> Option<(&Value, Provenance)> {
        let own = self
            .field("config.json", keys)
            .filter(|value| !value.is_null())
            .map(|value| (value, Provenance::Config));
        own.or_else(|| {
            value::at(self.api(&["config"])?.as_object()?, keys)
                .filter(|value| !value.is_null())
                .map(|value| (value, Provenance::Api))
        })
    }

    /// The first of these keys that the configuration has as a number above zero, also inside the
    /// configuration of a model's language part.
    pub(super) fn size(&self, keys: &[&str]) -> Option<Fact<u64>> {
        const PARTS: [&str; 5] = [
            "",
            "text_config",
            "llm_config",
            "language_config",
            "decoder",
        ];
        let paths = PARTS
            .iter()
            .flat_map(|part| keys.iter().map(move |key| (*part, *key)));
        let mut found = paths.filter_map(|(part, key)| {
            let path = [part, key];
            let (value, from) = self.config(if part.is_empty() {
                path.get(1..)?
            } else {
                &path
            })?;
            Some(self.fact(value::count(Some(value))?, from))
        });
        found.next()
    }

    /// Whether the page has this tag, in any case.
    pub(super) fn has_tag(&self, tag: &str) -> bool {
        self.tags
            .iter()
            .any(|known| known.eq_ignore_ascii_case(tag))
    }

    /// Paths of the files, or nothing when they are not known.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().flatten().map(|file| file.path.as_str())
    }

    /// Whether the repository has this file, by its list or because it was read.
    pub(super) fn has_file(&self, path: &str) -> bool {
        self.material.configs.contains_key(path) || self.paths().any(|known| known == path)
    }
}

/// The configuration files that are JSON, and the names of those that should be.
fn parse_configs(material: &Material) -> (BTreeMap<&str, Value>, Vec<String>) {
    let mut configs = BTreeMap::new();
    let mut unreadable = Vec::new();
    for (path, bytes) in material
        .configs
        .iter()
        .filter(|(path, _)| path.ends_with(".json"))
    {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        match serde_json::from_slice(bytes) {
            Ok(value) => _ = configs.insert(path.as_str(), value),
            Err(_) => unreadable.extend(value::line(path, value::NAME)),
        }
    }
    (configs, unreadable)
}

/// Tags of the Hub's record, else of the card.
fn tags(api: &Object, front: &Object) -> (Vec<String>, Provenance) {
    let listed = value::names(api.get("tags"), MAX_TAGS);
    let copied = || value::names(value::at(api, &["cardData", "tags"]), MAX_TAGS);
    let listed = if listed.is_empty() { copied() } else { listed };
    if listed.is_empty() {
        (value::names(front.get("tags"), MAX_TAGS), Provenance::Card)
    } else {
        (listed, Provenance::Api)
    }
}

/// The list of files: the one that was asked for, else the record's.
fn files(material: &Material, api: &Object) -> Option<Vec<FileEntry>> {
    if let Some(tree) = &material.tree {
        let clean = |file: &FileEntry| {
            Some(FileEntry {
                path: value::line(&file.path, value::NAME)?,
                size: file.size,
            })
        };
        return Some(tree.iter().take(MAX_FILES).filter_map(clean).collect());
    }
    let siblings = api.get("siblings")?.as_array()?;
    let entry = |sibling: &Value| {
        let size = value::number(sibling.get("size"))
            .or_else(|| value::number(sibling.get("lfs")?.get("size")));
        Some(FileEntry {
            path: value::name(sibling.get("rfilename"))?,
            size,
        })
    };
    Some(siblings.iter().take(MAX_FILES).filter_map(entry).collect())
}
