//! Answers of the Hub, kept on disk.
//!
//! Files are kept by (id, sha, path) and never change; the record of a model is kept by (id,
//! revision) with its `ETag` and the time it was read. Everything is written to a temporary name
//! and renamed, so that two processes may write at once and a killed one leaves nothing half
//! written. What cannot be read back is as good as missing.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::dossier::Access;
use crate::local::{Bounded, read_file};
use crate::small_files::{API_LIMIT, CARD_LIMIT};

/// Version of the layout; another version is another folder.
const LAYOUT: &str = "v1";
/// Digits of the hash that stands before a kept file's bytes.
const HASH_DIGITS: usize = 64;

/// The kept record of a model.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Record {
    /// The id that was asked for; hashes of names are checked against it.
    pub(crate) id: String,
    /// The revision that was asked for.
    pub(crate) revision: Option<String>,
    /// The `ETag` of the answer.
    pub(crate) etag: Option<String>,
    /// When the Hub last said that this is current, in seconds since 1970.
    pub(crate) read_at: u64,
    /// Whether the files could be read.
    pub(crate) access: Access,
    /// The record itself.
    pub(crate) api: Value,
}

/// The cache of one endpoint.
#[derive(Debug)]
pub(crate) struct Cache {
    root: Option<PathBuf>,
}

impl Cache {
    /// The cache in a folder; an empty path keeps nothing. Endpoints do not share answers.
    pub(crate) fn new(dir: &Path, endpoint: &str) -> Self {
        let root =
            (!dir.as_os_str().is_empty()).then(|| dir.join(LAYOUT).join(digest(&[endpoint], 12)));
        Self { root }
    }

    /// The kept record of a model.
    pub(crate) fn record(&self, id: &str, revision: Option<&str>) -> Option<Record> {
        // The envelope adds little to the record; twice the limit is more than it can have.
        let Ok(Bounded::Whole(bytes)) = read_file(&self.record_path(id, revision)?, 2 * API_LIMIT)
        else {
            return None;
        };
        let record: Record = serde_json::from_slice(&bytes).ok()?;
        (record.id == id && record.revision.as_deref() == revision).then_some(record)
    }

    /// Keeps the record of a model.
    pub(crate) fn keep_record(&self, record: &Record) {
        let Some(path) = self.record_path(&record.id, record.revision.as_deref()) else {
            return;
        };
        match serde_json::to_vec(record) {
            Ok(bytes) => keep(&path, &[&bytes]),
            Err(error) => tracing::debug!(%error, "a record cannot be kept"),
        }
    }

    /// A kept file.
    pub(crate) fn file(&self, id: &str, sha: &str, path: &str) -> Option<Vec<u8>> {
        self.file_up_to(id, sha, path, CARD_LIMIT)
    }

    /// A kept file of at most so many bytes.
    pub(crate) fn file_up_to(
        &self,
        id: &str,
        sha: &str,
        path: &str,
        limit: usize,
    ) -> Option<Vec<u8>> {
        let place = self.file_path(id, sha, path)?;
        let Ok(Bounded::Whole(bytes)) = read_file(&place, limit.saturating_add(HASH_DIGITS)) else {
            return None;
        };
        let (hash, content) = bytes.split_at_checked(HASH_DIGITS)?;
        // A disk that filled up or lost power may leave a file of the right name and wrong bytes.
        (hash == hex(&Sha256::digest(content)).as_bytes()).then(|| content.to_vec())
    }

    /// Keeps a file.
    pub(crate) fn keep_file(&self, id: &str, sha: &str, path: &str, content: &[u8]) {
        if let Some(place) = self.file_path(id, sha, path) {
            keep(&place, &[hex(&Sha256::digest(content)).as_bytes(), content]);
        }
    }

    fn record_path(&self, id: &str, revision: Option<&str>) -> Option<PathBuf> {
        let name = digest(
            &[
                "record",
                revision.unwrap_or_default(),
                if revision.is_some() { "1" } else { "0" },
            ],
            24,
        );
        Some(self.folder(id)?.join(format!("{name}.json")))
    }

    fn file_path(&self, id: &str, sha: &str, path: &str) -> Option<PathBuf> {
        Some(self.folder(id)?.join(digest(&["file", sha, path], 24)))
    }

    /// The folder of one model: its name for people, a hash for file systems without cases.
    fn folder(&self, id: &str) -> Option<PathBuf> {
        let root = self.root.as_ref()?;
        Some(root.join(format!(
            "{}-{}",
            id.replace('/', "--"),
            digest(&["model", id], 8)
        )))
    }
}

/// The first digits of a hash over parts, with their lengths so that no two lists look the same.
fn digest(parts: &[&str], digits: usize) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.len().to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hex(&hasher.finalize()).chars().take(digits).collect()
}

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes a file whole or not at all. A cache that cannot be written is no reason to fail.
fn keep(path: &Path, parts: &[&[u8]]) {
    if let Err(error) = write(path, parts) {
        tracing::warn!(%error, "the cache cannot be written");
    }
}

fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.persist(path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, api: Value) -> Record {
        Record {
            id: id.to_owned(),
            revision: None,
            etag: None,
            read_at: 1,
            access: Access::Unknown,
            api,
        }
    }

    #[test]
    fn keeps_and_finds() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), "https://a.example");
        cache.keep_record(&record("a/b", serde_json::json!({"id": "a/b"})));
        cache.keep_file("a/b", "sha", "README.md", b"# b");
        assert!(cache.record("a/b", None).is_some());
        assert!(cache.record("a/b", Some("")).is_none());
        assert_eq!(
            cache.file("a/b", "sha", "README.md").as_deref(),
            Some(&b"# b"[..])
        );
        assert!(cache.file("a/b", "other", "README.md").is_none());
        assert!(
            Cache::new(dir.path(), "https://b.example")
                .record("a/b", None)
                .is_none()
        );
    }

    #[test]
    fn damaged_files_are_as_good_as_missing() {
        let dir = tempfile::tempdir().unwrap();
        let cache = Cache::new(dir.path(), "e");
        cache.keep_file("a/b", "sha", "x", b"content");
        let path = cache.file_path("a/b", "sha", "x").unwrap();
        let bytes = fs::read(&path).unwrap();
        for cut in [0, 10, HASH_DIGITS, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            assert!(cache.file("a/b", "sha", "x").is_none(), "{cut}");
        }
        cache.keep_record(&record("a/b", Value::Null));
        fs::write(cache.record_path("a/b", None).unwrap(), "{\"id\"").unwrap();
        assert!(cache.record("a/b", None).is_none());
    }

    #[test]
    fn no_folder_keeps_nothing_and_does_not_fail() {
        let cache = Cache::new(Path::new(""), "e");
        cache.keep_file("a/b", "sha", "x", b"content");
        assert!(cache.file("a/b", "sha", "x").is_none());
        let dir = tempfile::tempdir().unwrap();
        let blocked = dir.path().join("file");
        fs::write(&blocked, "").unwrap();
        Cache::new(&blocked, "e").keep_file("a/b", "sha", "x", b"content");
    }

    #[test]
    fn many_writers_at_once_leave_one_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let cache = Cache::new(dir.path(), "e");
                    for _ in 0..20 {
                        cache.keep_file("a/b", "sha", "x", &[b'x'; 10_000]);
                        assert_eq!(
                            cache.file("a/b", "sha", "x").map(|bytes| bytes.len()),
                            Some(10_000)
                        );
                    }
                });
            }
        });
        let cache = Cache::new(dir.path(), "e");
        assert_eq!(
            fs::read_dir(cache.folder("a/b").unwrap()).unwrap().count(),
            1
        );
    }
}
