//! The entries as a folder that stands in for the Hub.

use std::path::Path;

use anyhow::Result;
use sha2::{Digest as _, Sha256};

use super::entry::Entry;

/// Writes one folder a model: record, small files, list of all files. No weights, no tokenizers.
pub(crate) fn write(entries: &[Entry], folder: &Path) -> Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)?;
    }
    for entry in entries {
        let place = folder.join("hub").join(&entry.id);
        std::fs::create_dir_all(&place)?;
        let record = serde_json::to_string_pretty(&entry.record(&commit(&entry.id)))?;
        std::fs::write(place.join("api.json"), record)?;
        std::fs::write(place.join("files.txt"), entry.names().join("\n"))?;
        for (name, text) in entry.small_files() {
            let path = place.join(name);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(path, text)?;
        }
    }
    Ok(())
}

/// A commit to pin; the real ones are not in the entries.
fn commit(id: &str) -> String {
    let digest = Sha256::digest(id.as_bytes());
    digest
        .iter()
        .take(20)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
