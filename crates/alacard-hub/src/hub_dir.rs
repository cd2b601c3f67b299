//! A folder that stands in for the Hub (`--hub-dir`).
//!
//! A model `org/name` lies in `hub/org/name`, `cards/org/name` or `org/name` of the folder, a
//! model without an organisation under `_`. Beside its card and configuration a model may have
//! `api.json`, the Hub's answer to `GET /api/models/{id}`, and `files.txt`, the names of its
//! files. Files are opened by name; no folder is listed, so that a large folder costs nothing.

use std::path::{Path, PathBuf};

use crate::dossier::{FileEntry, Notice, Origin};
use crate::local::{Bounded, left_out, read_configs, read_file};
use crate::material::Material;
use crate::small_files::{API_LIMIT, CARD_LIMIT, CARD_NAMES};

/// Largest list of files that is read, in bytes.
const LIST_LIMIT: usize = 1 << 20;

/// The places in which models lie.
pub(crate) const ROOMS: [&str; 3] = ["hub", "cards", ""];

/// What the folder has about a model; `None` when it is not there. The id must have been checked:
/// it becomes part of a path.
pub(crate) fn find(dir: &Path, id: &str) -> Option<Material> {
    places(dir, id).find_map(|folder| read(&folder, id))
}

/// Where a model may lie.
pub(crate) fn places(dir: &Path, id: &str) -> impl Iterator<Item = PathBuf> {
    let place = if id.contains('/') {
        id.to_owned()
    } else {
        format!("_/{id}")
    };
    ROOMS.iter().map(move |room| dir.join(room).join(&place))
}

/// The model in one folder; `None` when nothing of it is there.
pub(crate) fn read(folder: &Path, id: &str) -> Option<Material> {
    if !folder.is_dir() {
        return None;
    }
    let mut material = Material::empty(Origin::HubDir, id);
    material.id = Some(id.to_owned());
    read_api(folder, &mut material);
    read_card(folder, &mut material);
    read_configs(folder, &mut material);
    material.tree = read_list(folder);
    let nothing = material.api.is_none() && material.card.is_none() && material.configs.is_empty();
    (!nothing || !material.notices.is_empty()).then_some(material)
}

/// The Hub's record. What is not JSON is said and left out.
fn read_api(folder: &Path, material: &mut Material) {
    let trouble = match read_file(&folder.join("api.json"), API_LIMIT) {
        Ok(Bounded::Whole(bytes)) => match serde_json::from_slice(&bytes) {
            Ok(value) => {
                material.api = Some(value);
                return;
            }
            Err(error) => format!("api.json is not JSON ({error})."),
        },
        Ok(Bounded::TooLarge) => return material.notices.push(left_out("api.json", API_LIMIT)),
        Err(_) => return,
    };
    material.notices.push(Notice {
        id: "api-unreadable".to_owned(),
        message: trouble,
        hint: None,
    });
}

/// The card, under the names it usually has.
fn read_card(folder: &Path, material: &mut Material) {
    for name in CARD_NAMES {
        match read_file(&folder.join(name), CARD_LIMIT) {
            Ok(Bounded::Whole(bytes)) => {
                material.card = Some(bytes);
                return;
            }
            Ok(Bounded::TooLarge) => return material.notices.push(left_out(name, CARD_LIMIT)),
            Err(_) => {}
        }
    }
}

/// `files.txt`: one path a line.
fn read_list(folder: &Path) -> Option<Vec<FileEntry>> {
    let Ok(Bounded::Whole(bytes)) = read_file(&folder.join("files.txt"), LIST_LIMIT) else {
        return None;
    };
    let text = String::from_utf8_lossy(&bytes);
    let paths = text.lines().map(str::trim).filter(|line| !line.is_empty());
    Some(
        paths
            .map(|path| FileEntry {
                path: path.to_owned(),
                size: None,
            })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn three_layouts_and_bare_ids() {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), "hub/a/b/api.json", r#"{"id": "a/b"}"#);
        put(dir.path(), "cards/a/c/README.md", "# c");
        put(dir.path(), "cards/a/c/files.txt", "README.md\n\nx.bin\n");
        put(dir.path(), "d/e/config.json", "{}");
        put(dir.path(), "cards/_/gpt2/README.MD", "# gpt2");
        let get = |id| find(dir.path(), id);
        assert!(get("a/b").unwrap().api.is_some());
        assert_eq!(get("a/c").unwrap().tree.unwrap().len(), 2);
        assert_eq!(get("d/e").unwrap().configs.len(), 1);
        assert!(get("gpt2").unwrap().card.is_some());
        assert!(get("a/nothing").is_none() && get("hub").is_none());
    }

    #[test]
    fn a_record_that_is_not_json_is_a_notice() {
        let dir = tempfile::tempdir().unwrap();
        put(
            dir.path(),
            "a/b/api.json",
            "Temporary Redirect. Redirecting to /api/models/c/b",
        );
        put(dir.path(), "a/b/README.md", "# b");
        let material = find(dir.path(), "a/b").unwrap();
        assert!(material.api.is_none() && material.card.is_some());
        assert_eq!(material.notices.first().unwrap().id, "api-unreadable");
    }
}
