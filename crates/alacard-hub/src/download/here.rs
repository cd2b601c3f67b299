//! Copies that are on this machine already.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::dossier::FileEntry;
use crate::download::record::Listed;
use crate::download::{Downloaded, Wanted, choose};
use crate::hub_dir;
use crate::local::{Bounded, read_file};
use crate::options::Options;
use crate::repository_path::{is_safe, is_sha};
use crate::small_files::API_LIMIT;

/// Most files of a copy.
const MAX_FILES: usize = 20_000;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 8;
/// Longest file that names a commit.
const MAX_REF: usize = 64;
/// Largest list of the parts of the weights.
const MAX_INDEX: usize = 32 << 20;
/// Files that tell about a model and do not belong to it.
const BESIDE: [&str; 2] = ["api.json", "files.txt"];

/// A copy in the folder that stands in for the Hub: a plain folder, or one laid out as the cache.
pub(super) fn stand_in(options: &Options, wanted: &Wanted<'_>) -> Option<Downloaded> {
    let dir = options.hub_dir.as_deref()?;
    let plain = hub_dir::places(dir, wanted.id).find_map(|folder| plain(&folder, wanted));
    let roots = [dir.to_owned(), dir.join("hub")];
    plain.or_else(|| roots.iter().find_map(|root| by_itself(root, wanted)))
}

/// A copy in one of the caches that is whole as far as it tells itself.
pub(super) fn unlisted(options: &Options, wanted: &Wanted<'_>) -> Option<Downloaded> {
    roots(options, wanted)
        .iter()
        .find_map(|root| by_itself(root, wanted))
}

/// A copy in one of the caches that has all that the Hub lists.
pub(super) fn listed(
    options: &Options,
    wanted: &Wanted<'_>,
    listed: &Listed,
) -> Option<Downloaded> {
    roots(options, wanted)
        .iter()
        .find_map(|root| with_all(&repository(root, wanted.id), listed))
}

/// The copy of a repository in one cache, if it has all that the Hub lists.
pub(super) fn with_all(repository: &Path, listed: &Listed) -> Option<Downloaded> {
    let copy = Copy::open(repository, &snapshot(repository, &listed.sha))?;
    let entry = |piece: &super::record::Piece| {
        let size = copy.size(&piece.path)?;
        let fits = piece.size.is_none_or(|known| known == size);
        fits.then(|| FileEntry {
            path: piece.path.clone(),
            size: Some(size),
        })
    };
    let files: Option<Vec<FileEntry>> = listed.pieces.iter().map(entry).collect();
    Some(copy.told(files?, Some(listed.sha.clone())))
}

/// The folder of a repository in a cache.
pub(super) fn repository(root: &Path, id: &str) -> PathBuf {
    root.join(format!("models--{}", id.replace('/', "--")))
}

/// The folder of one commit.
pub(super) fn snapshot(repository: &Path, sha: &str) -> PathBuf {
    repository.join("snapshots").join(sha)
}

fn roots(options: &Options, wanted: &Wanted<'_>) -> Vec<PathBuf> {
    let ours = Some(wanted.into.to_owned());
    ours.into_iter().chain(options.hf_cache.clone()).collect()
}

/// A plain folder; only weights make it a copy.
fn plain(folder: &Path, wanted: &Wanted<'_>) -> Option<Downloaded> {
    let copy = Copy::open(folder, folder)?;
    let api = match read_file(&folder.join("api.json"), API_LIMIT) {
        Ok(Bounded::Whole(bytes)) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
        _ => Value::Null,
    };
    let sha = api["sha"].as_str().filter(|sha| is_sha(sha));
    let asked = wanted.revision.filter(|revision| is_sha(revision));
    copy.whole(wanted, sha.or(asked).map(str::to_ascii_lowercase))
}

/// A commit of a cache, found by what the cache itself says.
fn by_itself(root: &Path, wanted: &Wanted<'_>) -> Option<Downloaded> {
    let repository = repository(root, wanted.id);
    let sha = commit(&repository, wanted.revision.unwrap_or("main"))?;
    let copy = Copy::open(&repository, &snapshot(&repository, &sha))?;
    copy.whole(wanted, Some(sha))
}

/// The commit that a revision is, as far as a cache knows.
fn commit(repository: &Path, revision: &str) -> Option<String> {
    if is_sha(revision) {
        return Some(revision.to_ascii_lowercase());
    }
    if !is_safe(revision) {
        return None;
    }
    let path = repository.join("refs").join(revision);
    let Ok(Bounded::Whole(bytes)) = read_file(&path, MAX_REF) else {
        return None;
    };
    let sha = String::from_utf8(bytes).ok()?.trim().to_ascii_lowercase();
    is_sha(&sha).then_some(sha)
}

/// A folder with files, and the bounds that its links must not leave.
struct Copy {
    folder: PathBuf,
    root: PathBuf,
}

impl Copy {
    fn open(root: &Path, folder: &Path) -> Option<Self> {
        let root = root.canonicalize().ok()?;
        let folder = folder.canonicalize().ok()?;
        (folder.is_dir() && folder.starts_with(&root)).then_some(Self { folder, root })
    }

    /// The size of a file, or of the one that a link inside the bounds leads to.
    fn size(&self, path: &str) -> Option<u64> {
        let real = self.folder.join(path).canonicalize().ok()?;
        let meta = fs::metadata(&real).ok()?;
        (real.starts_with(&self.root) && meta.is_file()).then_some(meta.len())
    }

    /// All of it, if nothing that it names itself is missing and it has weights.
    fn whole(self, wanted: &Wanted<'_>, sha: Option<String>) -> Option<Downloaded> {
        let mut files = Vec::new();
        self.collect(&self.folder, "", 0, &mut files);
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let sizes: Vec<(&str, u64)> = files
            .iter()
            .map(|file| (file.path.as_str(), file.size.unwrap_or(0)))
            .collect();
        let chosen = choose::chosen(&sizes, wanted.file);
        let weights = chosen.iter().any(|path| choose::is_weight(path));
        let asked = wanted
            .file
            .is_none_or(|file| file.contains('*') || self.size(file).is_some());
        if !weights || !asked || !chosen.iter().all(|path| self.parts_are_here(path)) {
            return None;
        }
        Some(self.told(files, sha))
    }

    /// Whether the files that an index names are there.
    fn parts_are_here(&self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let here = |name: &str| is_safe(name) && self.size(&join(folder, name)).is_some();
        if path.ends_with(".index.json") {
            let index = self.json(path);
            let map = index["weight_map"].as_object();
            let mut parts: Vec<&str> = map
                .into_iter()
                .flat_map(|map| map.values().filter_map(Value::as_str))
                .collect();
            parts.sort_unstable();
            parts.dedup();
            // An index of another format than the one at hand says nothing.
            let other = parts.iter().all(|part| !here(part)) && path.contains(".bin.");
            return other || parts.iter().all(|part| here(part));
        }
        if path == "model_index.json" {
            let index = self.json(path);
            let is_part = |value: &Value| value[0].is_string() && value[1].is_string();
            let mut parts = index.as_object().into_iter().flatten();
            return parts.all(|(name, value)| !is_part(value) || self.folder.join(name).is_dir());
        }
        true
    }

    fn json(&self, path: &str) -> Value {
        match read_file(&self.folder.join(path), MAX_INDEX) {
            Ok(Bounded::Whole(bytes)) => serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            _ => Value::Null,
        }
    }

    fn collect(&self, folder: &Path, prefix: &str, depth: usize, files: &mut Vec<FileEntry>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{prefix}{name}");
            let left_out = name.starts_with('.') && name != ".gitattributes";
            if left_out || BESIDE.contains(&path.as_str()) || files.len() >= MAX_FILES {
                continue;
            }
            match entry.file_type() {
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                    self.collect(&entry.path(), &format!("{path}/"), depth + 1, files);
                }
                Ok(kind) if !kind.is_dir() => {
                    let size = self.size(&path);
                    files.extend(size.map(|size| FileEntry {
                        path,
                        size: Some(size),
                    }));
                }
                _ => {}
            }
        }
    }

    fn told(self, files: Vec<FileEntry>, sha: Option<String>) -> Downloaded {
        Downloaded {
            sha,
            bytes: files.iter().filter_map(|file| file.size).sum(),
            folder: self.folder,
            root: self.root,
            files,
        }
    }
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() {
        name.to_owned()
    } else {
        format!("{folder}/{name}")
    }
}
