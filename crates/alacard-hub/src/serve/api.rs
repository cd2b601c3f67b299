//! What the API says about one repository.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::protocol;
use crate::serve::body::form;
use crate::serve::digest::{Mark, git_hash, hex, pointer};
use crate::serve::found::Found;
use crate::serve::place::Entry;
use crate::serve::reply::Reply;
use crate::serve::repos::{Kind, Repos};

/// The day of everything whose day nobody knows.
const SOME_DAY: &str = "2020-01-01T00:00:00.000Z";
/// Most paths that one request may ask about.
const MAX_PATHS: usize = 10_000;

/// `GET /api/{kind}/{id}[/revision/{revision}]`.
pub(super) fn record(repos: &Repos, found: &Found, blobs: bool) -> Reply {
    let siblings = found.place.list().into_iter();
    let siblings = siblings
        .filter_map(|entry| sibling(repos, &entry, blobs))
        .collect();
    Reply::json(&record_of(found, siblings))
}

/// The record with these files.
pub(super) fn record_of(found: &Found, siblings: Vec<Value>) -> Value {
    let mut known = found.known();
    for (name, value) in defaults(found) {
        known.entry(name).or_insert(value);
    }
    let mut record = protocol::record(&found.id, &found.sha, siblings, known);
    if let (Some(record), true) = (record.as_object_mut(), found.kind != Kind::Model) {
        record.remove("modelId");
    }
    record
}

/// Fields that clients expect, with a value that says nothing.
fn defaults(found: &Found) -> Vec<(String, Value)> {
    let identity = Sha256::digest(found.kind.address(&found.id));
    let number: String = hex(&identity).chars().take(24).collect();
    let author = found.id.split_once('/').map(|(author, _)| author);
    let fields = json!({
        "_id": number, "author": author, "lastModified": SOME_DAY, "createdAt": SOME_DAY,
        "disabled": false, "downloads": 0, "likes": 0, "cardData": {}, "spaces": [],
    });
    match fields {
        Value::Object(fields) => fields.into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A file in a record; `None` when it cannot be read.
fn sibling(repos: &Repos, entry: &Entry, blobs: bool) -> Option<Value> {
    let mut sibling = Map::new();
    sibling.insert("rfilename".to_owned(), json!(entry.path));
    if blobs {
        let mark = repos.marks().of(entry).ok()?;
        let (oid, lfs) = hashes(&mark, entry.size);
        sibling.insert("blobId".to_owned(), json!(oid));
        sibling.insert("size".to_owned(), json!(entry.size));
        if let Some((sha256, pointer_size)) = lfs {
            let lfs = json!({"sha256": sha256, "size": entry.size, "pointerSize": pointer_size});
            sibling.insert("lfs".to_owned(), lfs);
        }
    }
    Some(Value::Object(sibling))
}

/// Git's hash, and for a large file its own hash with the size of its pointer.
fn hashes(mark: &Mark, size: u64) -> (String, Option<(&str, usize)>) {
    match mark {
        Mark::Git(hex) => (hex.clone(), None),
        Mark::Large(hex) => {
            let pointer = pointer(hex, size);
            (git_hash(pointer.as_bytes()), Some((hex, pointer.len())))
        }
    }
}

/// `GET /api/{kind}/{id}/tree/{revision}[/{folder}]`.
pub(super) fn tree(repos: &Repos, found: &Found, folder: &str, recursive: bool) -> Reply {
    let folder = folder.trim_end_matches('/');
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let mut entries = BTreeMap::new();
    for entry in found.place.list() {
        let Some(rest) = entry.path.strip_prefix(&prefix) else {
            continue;
        };
        let cuts: Vec<usize> = rest.match_indices('/').map(|(at, _)| at).collect();
        let shown = if recursive { cuts.len() } else { 1 };
        for at in cuts.iter().take(shown) {
            let path = format!("{prefix}{}", rest.get(..*at).unwrap_or_default());
            entries
                .entry(path.clone())
                .or_insert_with(|| folder_entry(&path));
        }
        if recursive || cuts.is_empty() {
            // A file that cannot be read is not served, so it is not listed either.
            let value = file_entry(repos, &entry);
            entries.extend(value.map(|value| (entry.path, value)));
        }
    }
    if entries.is_empty() && !folder.is_empty() {
        return Reply::no_entry(&found.sha);
    }
    Reply::json(&Value::Array(entries.into_values().collect()))
}

fn file_entry(repos: &Repos, entry: &Entry) -> Option<Value> {
    let mark = repos.marks().of(entry).ok()?;
    let (oid, lfs) = hashes(&mark, entry.size);
    let mut value = json!({"type": "file", "oid": oid, "size": entry.size, "path": entry.path});
    if let (Some(fields), Some((sha256, pointer_size))) = (value.as_object_mut(), lfs) {
        let lfs = json!({"oid": sha256, "size": entry.size, "pointerSize": pointer_size});
        fields.insert("lfs".to_owned(), lfs);
    }
    Some(value)
}

/// A folder. Its hash only has to be its own.
fn folder_entry(path: &str) -> Value {
    json!({"type": "directory", "oid": git_hash(path.as_bytes()), "size": 0, "path": path})
}

/// `POST /api/{kind}/{id}/paths-info/{revision}` with a form. What is not there is left out.
pub(super) fn paths(repos: &Repos, found: &Found, body: &[u8]) -> Reply {
    let asked = form(body, "paths").into_iter().take(MAX_PATHS);
    let folders = found.place.list();
    let entries = asked.filter_map(|path| {
        let path = path.trim_end_matches('/');
        if let Some(entry) = found.place.entry(path) {
            return file_entry(repos, &entry);
        }
        let below = format!("{path}/");
        let is_folder = folders.iter().any(|entry| entry.path.starts_with(&below));
        is_folder.then(|| folder_entry(path))
    });
    Reply::json(&Value::Array(entries.collect()))
}

/// `GET /api/{kind}/{id}/refs`.
pub(super) fn refs(found: &Found) -> Reply {
    let main = json!({"name": "main", "ref": "refs/heads/main", "targetCommit": found.sha});
    Reply::json(&json!({"branches": [main], "tags": [], "converts": []}))
}

/// `GET /api/{kind}/{id}/commits/{revision}`: the one there is.
pub(super) fn commits(found: &Found) -> Reply {
    let date = found.known().get("lastModified").cloned();
    Reply::json(&json!([{
        "id": found.sha, "title": "The files as they are", "message": "", "authors": [],
        "date": date.unwrap_or_else(|| json!(SOME_DAY)),
    }]))
}
