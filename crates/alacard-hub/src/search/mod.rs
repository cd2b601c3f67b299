//! Searching models: on the Hub, in a folder that stands in for it, on the built-in shelf.

mod remote;
mod summary;

use std::cmp::Reverse;
use std::path::{Path, PathBuf};

use crate::hub_dir::{self, ROOMS};
use crate::shelf;

pub(crate) use remote::on_hub;
pub use summary::ModelSummary;

/// Most entries of one folder that a search looks at.
const MAX_ENTRIES: usize = 200_000;
/// Most results of one search.
pub const MAX_RESULTS: usize = 1000;

/// The order of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Downloads of the last 30 days, most first.
    #[default]
    Downloads,
    /// Likes, most first.
    Likes,
    /// Last change, newest first.
    Modified,
    /// Day of birth, newest first.
    Created,
    /// What is talked about now (on the Hub; elsewhere as [`Sort::Downloads`]).
    Trending,
    /// Parameters, most first.
    Parameters,
}

impl Sort {
    /// All orders by the names users write.
    pub const NAMES: [(&'static str, Self); 6] = [
        ("downloads", Self::Downloads),
        ("likes", Self::Likes),
        ("modified", Self::Modified),
        ("created", Self::Created),
        ("trending", Self::Trending),
        ("parameters", Self::Parameters),
    ];
}

/// What is searched for. Everything that is given must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Words with blank space between them, each of which stands somewhere in the id (off the Hub
    /// also in a tag), in any case.
    pub words: String,
    /// Pipeline tag.
    pub task: Option<String>,
    /// Library id.
    pub library: Option<String>,
    /// Licence id.
    pub license: Option<String>,
    /// Fewest parameters.
    pub min_params: Option<u64>,
    /// Most parameters.
    pub max_params: Option<u64>,
    /// The order.
    pub sort: Sort,
    /// Most results, up to [`MAX_RESULTS`].
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            words: String::new(),
            task: None,
            library: None,
            license: None,
            min_params: None,
            max_params: None,
            sort: Sort::default(),
            limit: 20,
        }
    }
}

impl Query {
    /// Results are never more than these.
    pub(crate) fn limit(&self) -> usize {
        self.limit.min(MAX_RESULTS)
    }

    /// Whether each word stands in the id or in a tag.
    fn has_words(&self, id: &str, tags: &[String]) -> bool {
        let id = id.to_lowercase();
        self.words
            .split_whitespace()
            .map(|word| word.to_lowercase())
            .all(|word| {
                id.contains(&word) || tags.iter().any(|tag| tag.to_lowercase().contains(&word))
            })
    }

    /// Whether a model off the Hub is a result.
    fn accepts(&self, model: &ModelSummary) -> bool {
        let same = |wanted: &Option<String>, has: &Option<String>| {
            wanted.as_ref().is_none_or(|wanted| {
                has.as_ref()
                    .is_some_and(|has| has.eq_ignore_ascii_case(wanted))
            })
        };
        same(&self.task, &model.task)
            && same(&self.license, &model.license)
            && (same(&self.library, &model.library)
                || self
                    .library
                    .as_ref()
                    .is_some_and(|library| model.tags.contains(library)))
            && self.has_size(model)
            && self.has_words(&model.id, &model.tags)
    }

    /// Whether the parameters are in bounds; unknown ones are not.
    pub(crate) fn has_size(&self, model: &ModelSummary) -> bool {
        let least = self
            .min_params
            .is_none_or(|least| model.parameters.is_some_and(|has| has >= least));
        let most = self
            .max_params
            .is_none_or(|most| model.parameters.is_some_and(|has| has <= most));
        least && most
    }

    /// Sorts and cuts results found off the Hub; equal ones by id.
    fn finish(&self, mut found: Vec<ModelSummary>) -> Vec<ModelSummary> {
        found.sort_by(|a, b| a.id.cmp(&b.id));
        match self.sort {
            Sort::Downloads | Sort::Trending => found.sort_by_key(|model| Reverse(model.downloads)),
            Sort::Likes => found.sort_by_key(|model| Reverse(model.likes)),
            Sort::Modified => found.sort_by(|a, b| b.updated.cmp(&a.updated)),
            Sort::Created => found.sort_by(|a, b| b.created.cmp(&a.created)),
            Sort::Parameters => found.sort_by_key(|model| Reverse(model.parameters)),
        }
        found.truncate(self.limit());
        found
    }
}

/// A number of parameters as people write it: `7B`, `1.5b`, `350M`, `22k`, `1000000`.
pub fn parse_count(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, scale) = match text.chars().next_back()?.to_ascii_lowercase() {
        'k' => (text.get(..text.len() - 1)?, 1e3),
        'm' => (text.get(..text.len() - 1)?, 1e6),
        'b' => (text.get(..text.len() - 1)?, 1e9),
        't' => (text.get(..text.len() - 1)?, 1e12),
        _ => (text, 1.0),
    };
    let plain = !number.is_empty()
        && number
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = number.parse::<f64>().ok().filter(|_| plain)? * scale;
    // Above 2^53 a float no longer holds every whole number, and no model is that large.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    (value <= 9e15).then_some(value.round() as u64)
}

/// Searches the built-in shelf.
pub(crate) fn on_shelf(query: &Query) -> Vec<ModelSummary> {
    let all = shelf::all();
    query.finish(
        all.iter()
            .filter_map(ModelSummary::of_material)
            .filter(|model| query.accepts(model))
            .collect(),
    )
}

/// Searches a folder that stands in for the Hub. This is the one place that lists it.
pub(crate) fn in_folder(dir: &Path, query: &Query) -> Vec<ModelSummary> {
    let mut found = std::collections::BTreeMap::new();
    for room in ROOMS {
        for (id, path) in models(&dir.join(room), room.is_empty()) {
            let model = || {
                ModelSummary::of_material(&hub_dir::read(&path, &id)?)
                    .filter(|model| query.accepts(model))
            };
            if !found.contains_key(&id)
                && let Some(model) = model()
            {
                found.insert(id, model);
            }
        }
    }
    query.finish(found.into_values().collect())
}

/// The folders two levels down that can be models, with their ids.
fn models(room: &Path, is_top: bool) -> Vec<(String, PathBuf)> {
    let mut models = Vec::new();
    for (org, path) in folders(room) {
        if is_top && ROOMS.contains(&org.as_str()) {
            continue;
        }
        for (name, path) in folders(&path) {
            let id = if org == "_" {
                name
            } else {
                format!("{org}/{name}")
            };
            if crate::source::check_id(&id).is_ok() && models.len() < MAX_ENTRIES {
                models.push((id, path));
            }
        }
    }
    models
}

/// The folders in a folder, by name.
fn folders(path: &Path) -> Vec<(String, PathBuf)> {
    let Ok(entries) = std::fs::read_dir(path) else {
        return Vec::new();
    };
    let entries = entries.flatten().take(MAX_ENTRIES);
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_type().is_ok_and(|kind| !kind.is_file()))
        .filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        assert_eq!(parse_count("7B"), Some(7_000_000_000));
        assert_eq!(parse_count("1.5b"), Some(1_500_000_000));
        assert_eq!(parse_count(" 350M "), Some(350_000_000));
        assert_eq!(parse_count("12"), Some(12));
        for text in [
            "",
            "B",
            "-1",
            "1e9",
            "inf",
            "nan",
            "1.2.3",
            "é",
            "99999999T",
        ] {
            assert_eq!(parse_count(text), None, "{text}");
        }
    }

    #[test]
    fn a_folder_is_searched_by_id_tags_and_facts() {
        let dir = tempfile::tempdir().unwrap();
        let put = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        put(
            "hub/a/one/api.json",
            r#"{"id":"a/one","downloads":5,"pipeline_tag":"fill-mask","tags":["license:mit","bert"]}"#,
        );
        put(
            "hub/a/two/api.json",
            r#"{"id":"a/two","downloads":9,"tags":["bert"],"safetensors":{"total":100}}"#,
        );
        put(
            "cards/_/three/README.md",
            "---\npipeline_tag: fill-mask\nlicense: mit\n---\n# three\n",
        );
        put("cards/a/one/README.md", "# the same again");
        let ids = |query: &Query| {
            in_folder(dir.path(), query)
                .into_iter()
                .map(|model| model.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&Query::default()), ["a/two", "a/one", "three"]);
        assert_eq!(
            ids(&Query {
                words: "BERT".into(),
                limit: 1,
                ..Query::default()
            }),
            ["a/two"]
        );
        assert_eq!(
            ids(&Query {
                max_params: Some(200),
                ..Query::default()
            }),
            ["a/two"]
        );
        let mask = Query {
            task: Some("fill-mask".into()),
            license: Some("mit".into()),
            ..Query::default()
        };
        assert_eq!(ids(&mask), ["a/one", "three"]);
    }
}
