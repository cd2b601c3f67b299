//! What stands in for repositories that are no models: small datasets and metrics.
//!
//! A dataset has the columns, splits and configurations of the real one where the table
//! `data/datasets.json` knows them, else `text` and `label`; its rows are made up. A metric is
//! computed where that is simple, else it is 0. The proof says both.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};
use std::sync::LazyLock;

use alacard_hub::serve::Kind;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::plan::{Blueprint, Unknown, made_up};

/// Rows of each split: enough for the usual `select(range(1000))`.
const ROWS: u64 = 1024;
/// The same for datasets with images.
const IMAGES: u64 = 256;
/// The same for datasets with sound.
const SOUNDS: u64 = 64;
/// Bytes of a dataset that is taken whole.
const LARGEST: u64 = 64 << 20;
/// Columns of a dataset that the table does not know.
const USUAL: &str = r#"{"text": "text", "label": {"labels": ["negative", "positive"]}}"#;
/// Organisations of the metrics that have a bare name.
const METRICS: [&str; 3] = [
    "evaluate-metric",
    "evaluate-measurement",
    "evaluate-comparison",
];

static TABLE: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("../data/datasets.json")).unwrap_or_default()
});

/// A dataset of the table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    /// Its id and older ones.
    ids: Vec<String>,
    /// Its configurations; none: `default`.
    #[serde(default)]
    configs: Vec<String>,
    splits: Vec<String>,
    /// Columns by name: a kind, or a kind with what belongs to it.
    columns: Map<String, Value>,
    /// Columns of configurations that differ.
    #[serde(default)]
    by_config: BTreeMap<String, Map<String, Value>>,
}

/// The stand-in of a dataset, with the configurations that the notebook asks for.
pub(crate) fn dataset(id: &str, asked: &BTreeSet<String>) -> Blueprint {
    let entry = TABLE
        .iter()
        .find(|entry| entry.ids.iter().any(|known| known.eq_ignore_ascii_case(id)));
    let (plan, columns) = match entry {
        Some(entry) => (of_entry(entry, asked), "the columns of the real one"),
        None => (
            of_nothing(asked),
            "the columns `text` and `label`, because nothing is known about it",
        ),
    };
    let note = format!("The dataset `{id}` was a small stand-in of made-up rows with {columns}.");
    Blueprint {
        kind: Kind::Dataset,
        library: "dataset".to_owned(),
        config: Some(plan),
        ..named(id, note)
    }
}

/// A dataset under all its ids. The Hub answers a bare name with the full one, and clients build
/// addresses from that.
fn named(id: &str, note: String) -> Blueprint {
    let entry = TABLE
        .iter()
        .find(|entry| entry.ids.iter().any(|known| known.eq_ignore_ascii_case(id)));
    let full = match entry.and_then(|entry| entry.ids.first()) {
        Some(first) => first.clone(),
        None if id.contains('/') => id.to_owned(),
        None => format!("standin/{id}"),
    };
    let others = entry.map(|entry| entry.ids.clone()).unwrap_or_default();
    let aliases = others
        .into_iter()
        .chain([id.to_owned()])
        .filter(|other| *other != full);
    Blueprint {
        aliases: aliases.collect(),
        ..standin(&full, note)
    }
}

/// The dataset itself, from `datasets/ID` in the folder that stands in for the Hub.
pub(crate) fn of_folder(folder: &Path, id: &str) -> Option<Blueprint> {
    let inside = Path::new(id)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    let root = folder.join("datasets").join(id);
    let mut files = BTreeMap::new();
    let mut left = LARGEST;
    if !inside || !collect(&root, &root, &mut files, &mut left) || files.is_empty() {
        return None;
    }
    let note = format!("The dataset `{id}` was read from the folder that stands in for the Hub.");
    Some(Blueprint {
        kind: Kind::Dataset,
        library: "dataset".to_owned(),
        files,
        ..named(id, note)
    })
}

/// Reads all files below a folder; false when that cannot be done, or they are too large.
fn collect(
    root: &Path,
    folder: &Path,
    files: &mut BTreeMap<String, Vec<u8>>,
    left: &mut u64,
) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    entries.flatten().all(|entry| {
        let path = entry.path();
        let Ok(about) = entry.metadata() else {
            return false;
        };
        if about.is_dir() {
            return collect(root, &path, files, left);
        }
        let name = path
            .strip_prefix(root)
            .ok()
            .and_then(Path::to_str)
            .map(str::to_owned);
        let fits = about.is_file() && about.len() <= *left;
        match (name, fits.then(|| std::fs::read(&path))) {
            (Some(name), Some(Ok(bytes))) => {
                *left -= about.len();
                files.insert(name, bytes);
                true
            }
            _ => false,
        }
    })
}

/// The stand-in of a space, when it is a metric.
pub(crate) fn space(id: &str) -> Result<Blueprint, Unknown> {
    let of_evaluate = id
        .split_once('/')
        .is_some_and(|(organisation, _)| METRICS.contains(&organisation));
    if !of_evaluate {
        return Err(Unknown {
            message: format!(
                "`spaces/{id}` is a program of its own, and a proof has no stand-in for it."
            ),
        });
    }
    let note = format!("The metric `{id}` was a stand-in; its values mean nothing.");
    Ok(Blueprint {
        kind: Kind::Space,
        library: "metric".to_owned(),
        config: Some(json!({})),
        ..standin(id, note)
    })
}

fn standin(id: &str, note: String) -> Blueprint {
    Blueprint {
        id: id.to_owned(),
        aliases: Vec::new(),
        kind: Kind::Model,
        sha: made_up(id),
        library: String::new(),
        task: None,
        files: BTreeMap::new(),
        siblings: Vec::new(),
        base: None,
        config: None,
        record: Map::new(),
        remote_code: false,
        note: Some(note),
    }
}

fn of_entry(entry: &Entry, asked: &BTreeSet<String>) -> Value {
    let mut names = entry.configs.clone();
    names.extend(entry.by_config.keys().cloned());
    // What the notebook asks for is there, also when the table does not name it.
    names.extend(asked.iter().cloned());
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    if names.is_empty() {
        names.push("default".to_owned());
    }
    let config = |name: &String| {
        let columns = entry.by_config.get(name).unwrap_or(&entry.columns);
        json!({"name": name, "splits": entry.splits, "columns": columns, "rows": rows(columns)})
    };
    json!({"configs": names.iter().map(config).collect::<Vec<_>>()})
}

fn of_nothing(asked: &BTreeSet<String>) -> Value {
    let columns: Map<String, Value> = serde_json::from_str(USUAL).unwrap_or_default();
    let splits = ["train", "validation", "test"].map(str::to_owned).to_vec();
    let entry = Entry {
        ids: Vec::new(),
        configs: Vec::new(),
        splits,
        columns,
        by_config: BTreeMap::new(),
    };
    of_entry(&entry, asked)
}

fn rows(columns: &Map<String, Value>) -> u64 {
    let has = |kind: &str| columns.values().any(|value| value == kind);
    match (has("audio"), has("image")) {
        (true, _) => SOUNDS,
        (false, true) => IMAGES,
        (false, false) => ROWS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    fn configs(blueprint: &Blueprint) -> Vec<Value> {
        let plan = blueprint.config.clone().unwrap();
        plan["configs"].as_array().unwrap().clone()
    }

    #[test]
    fn the_table_can_be_read_and_names_no_dataset_twice() {
        assert!(TABLE.len() > 40);
        let mut seen = BTreeSet::new();
        for entry in TABLE.iter() {
            assert!(!entry.splits.is_empty() && !entry.columns.is_empty());
            for id in &entry.ids {
                assert!(seen.insert(id.to_lowercase()), "{id}");
            }
        }
    }

    #[test]
    fn a_known_dataset_has_its_configurations_and_columns() {
        let blueprint = dataset("glue", &asked(&["mrpc"]));
        assert_eq!(
            (blueprint.id.as_str(), &blueprint.aliases[0]),
            ("nyu-mll/glue", &"glue".to_owned())
        );
        let glue = configs(&blueprint);
        let of = |name: &str| glue.iter().find(|config| config["name"] == name).unwrap();
        assert_eq!(of("mrpc")["columns"]["sentence1"], "text");
        assert_eq!(of("sst2")["columns"]["sentence"], "text");
        assert_eq!(of("sst2")["rows"], 1024);
        let sounds = configs(&dataset("PolyAI/minds14", &asked(&["pl-PL"])));
        assert!(
            sounds
                .iter()
                .any(|config| config["name"] == "pl-PL" && config["rows"] == 64)
        );
    }

    #[test]
    fn an_unknown_dataset_is_said_to_be_one() {
        let unknown = dataset("somebody/rows", &asked(&[]));
        assert_eq!(configs(&unknown)[0]["name"], "default");
        assert!(unknown.note.unwrap().contains("nothing is known"));
        assert_eq!(unknown.kind, Kind::Dataset);
        assert_eq!(unknown.id, "somebody/rows");
    }

    #[test]
    fn a_folder_is_taken_whole_and_never_left() {
        let hub = tempfile::tempdir().unwrap();
        let folder = hub.path().join("datasets/org/rows/data");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("train.jsonl"), "{}").unwrap();
        let found = of_folder(hub.path(), "org/rows").unwrap();
        assert_eq!(found.files.keys().collect::<Vec<_>>(), ["data/train.jsonl"]);
        assert!(found.config.is_none());
        for other in ["org/other", "../datasets/org/rows", "/etc"] {
            assert!(of_folder(hub.path(), other).is_none(), "{other}");
        }
    }

    #[test]
    fn spaces_are_metrics_or_nothing() {
        assert_eq!(space("evaluate-metric/accuracy").unwrap().library, "metric");
        assert!(
            space("somebody/app")
                .unwrap_err()
                .message
                .contains("spaces/somebody/app")
        );
    }
}
