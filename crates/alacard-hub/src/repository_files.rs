//! The small files of a model's repository, all of them: what a tokenizer, a processor or the
//! model's own code is made of. Weights are never among them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cache::Record;
use crate::client::{Failure, Fresh, Patience};
use crate::hub::Hub;
use crate::hub_dir;
use crate::local::{Bounded, read_file};
use crate::refusal::Refusal;
use crate::repository_path::{is_safe, is_sha};
use crate::source::{check_id, check_revision};

/// Largest file. The largest tokenizers seen have 17 MB.
const FILE_LIMIT: usize = 20 << 20;
/// Largest sum of all files.
const TOTAL_LIMIT: usize = 64 << 20;
/// Most files.
const MAX_FILES: usize = 300;
/// Deepest folder that is looked into.
const MAX_DEPTH: usize = 4;

/// Ends of the names that are read. `.model` is a SentencePiece model.
const ENDS: [&str; 14] = [
    ".json",
    ".txt",
    ".model",
    ".jinja",
    ".py",
    ".tiktoken",
    ".spm",
    ".bpe",
    ".codes",
    ".vocab",
    ".merges",
    ".yaml",
    ".yml",
    ".spiece",
];
/// Whole names that are read.
const NAMES: [&str; 4] = ["vocab", "merges", "codes", "dict"];
/// What such names may belong to that has no use without the weights, or none at all.
const LEFT_OUT: [&str; 4] = [
    ".index.json",
    "trainer_state.json",
    "training_args.json",
    "requirements.txt",
];
/// Files that tell about a model in a folder that stands in for the Hub.
const BESIDE: [&str; 2] = ["api.json", "files.txt"];

/// Whether a file of a repository is read.
fn is_wanted(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let kind = NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end));
    let left_out = LEFT_OUT.iter().any(|end| name.ends_with(end));
    // Checkpoints of the training repeat the whole repository.
    kind && !left_out && !path.starts_with("checkpoint-") && is_safe(path)
}

/// The wanted files, those at the top first, then by name.
fn wanted(paths: &[String]) -> Vec<&str> {
    let mut paths: Vec<&str> = paths
        .iter()
        .map(String::as_str)
        .filter(|path| is_wanted(path))
        .collect();
    paths.sort_by_key(|path| (path.matches('/').count(), *path));
    paths.dedup();
    paths.truncate(MAX_FILES);
    paths
}

/// Files with their paths, bounded in sum.
#[derive(Default)]
struct Gathered {
    files: Vec<(String, Vec<u8>)>,
    total: usize,
}

impl Gathered {
    fn put(&mut self, path: &str, bytes: Vec<u8>) {
        if self.total.saturating_add(bytes.len()) <= TOTAL_LIMIT {
            self.total += bytes.len();
            self.files.push((path.to_owned(), bytes));
        }
    }

    fn sorted(mut self) -> Vec<(String, Vec<u8>)> {
        self.files.sort();
        self.files
    }
}

impl Hub {
    /// The small files of a model at a revision (best its commit): configurations, vocabularies,
    /// templates and code, never weights, sorted by path.
    ///
    /// `siblings` are the names in the repository; when empty, the Hub is asked for them. They
    /// come from the folder that stands in for the Hub when that has the model, else from the
    /// cache and the Hub, file by file. A file has at most `limit_bytes` (and 20 MB), all together
    /// 64 MB; what is larger is left out. The built-in shelf has no files, and when the Hub does
    /// not answer there are those at hand, perhaps none.
    ///
    /// # Errors
    /// `unsupported-source` for what is no id or revision; `not-found`, `no-access` or `disabled`
    /// when the Hub refuses and nothing was read before.
    pub fn small_files(
        &self,
        id: &str,
        revision: &str,
        siblings: &[String],
        limit_bytes: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, Refusal> {
        check_id(id)?;
        check_revision(revision)?;
        let limit = limit_bytes.min(FILE_LIMIT);
        let hub_dir = self.options().hub_dir.as_deref();
        let folder = hub_dir.and_then(|dir| hub_dir::places(dir, id).find(|place| place.is_dir()));
        if let Some(folder) = folder {
            return Ok(from_folder(&folder, limit));
        }
        let mut gathered = Gathered::default();
        match self.gather(id, revision, siblings, limit, &mut gathered) {
            Err(failure) if !failure.is_temporary() && gathered.files.is_empty() => {
                Err(failure.refusal(id, Some(revision)))
            }
            _ => Ok(gathered.sorted()),
        }
    }

    /// Reads files from cache and Hub until the Hub fails; then from the cache alone.
    fn gather(
        &self,
        id: &str,
        revision: &str,
        siblings: &[String],
        limit: usize,
        gathered: &mut Gathered,
    ) -> Result<(), Failure> {
        let offline = self.options().offline;
        let named;
        let siblings = if siblings.is_empty() {
            named = self.names(id, revision)?;
            &named
        } else {
            siblings
        };
        let sha = self.commit(id, revision);
        let mut trouble = None;
        for path in wanted(siblings) {
            let kept = sha
                .as_deref()
                .and_then(|sha| self.cache.file_up_to(id, sha, path, limit));
            if let Some(bytes) = kept {
                gathered.put(path, bytes);
                continue;
            }
            if offline || trouble.is_some() {
                continue;
            }
            match self.client.file(id, revision, path, limit, Patience::Short) {
                Ok(Some(bytes)) => {
                    if let Some(sha) = &sha {
                        self.cache.keep_file(id, sha, path, &bytes);
                    }
                    gathered.put(path, bytes);
                }
                Ok(None) => {}
                Err(failure) if failure.is_too_large() => {}
                Err(failure) => trouble = Some(failure),
            }
        }
        trouble.map_or(Ok(()), Err)
    }

    /// The commit that a revision is known to be.
    fn commit(&self, id: &str, revision: &str) -> Option<String> {
        if is_sha(revision) {
            return Some(revision.to_owned());
        }
        let kept = self.kept_record(id, revision)?;
        let sha = kept.api.get("sha")?.as_str()?;
        is_sha(sha).then(|| sha.to_owned())
    }

    /// The kept record of a revision; that of the default branch when it is the same commit.
    fn kept_record(&self, id: &str, revision: &str) -> Option<Record> {
        let same = |record: &Record| {
            let sha = record.api.get("sha").and_then(Value::as_str);
            revision == "main" || sha == Some(revision)
        };
        self.cache
            .record(id, Some(revision))
            .or_else(|| self.cache.record(id, None).filter(same))
    }

    /// The names of the files, from the kept record or from the Hub.
    fn names(&self, id: &str, revision: &str) -> Result<Vec<String>, Failure> {
        let kept = self
            .kept_record(id, revision)
            .map(|record| siblings_of(&record.api));
        if let Some(names) = kept.filter(|names| !names.is_empty()) {
            return Ok(names);
        }
        if self.options().offline {
            return Ok(Vec::new());
        }
        match self
            .client
            .record(id, Some(revision), None, Patience::Short)?
        {
            Fresh::Record(api, _) => Ok(siblings_of(&api)),
            Fresh::Unchanged => Ok(Vec::new()),
        }
    }
}

/// The files that a record names.
fn siblings_of(api: &Value) -> Vec<String> {
    let list = api.get("siblings").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|file| Some(file.get("rfilename")?.as_str()?.to_owned()))
        .collect()
}

/// The wanted files of a folder.
fn from_folder(folder: &Path, limit: usize) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    collect(folder, "", 0, &mut paths);
    paths.retain(|path| !BESIDE.contains(&path.as_str()));
    let mut gathered = Gathered::default();
    for path in wanted(&paths) {
        if let Ok(Bounded::Whole(bytes)) = read_file(&folder.join(path), limit) {
            gathered.put(path, bytes);
        }
    }
    gathered.sorted()
}

/// The files of a folder and of the folders in it. Hidden ones and links to folders are left out.
fn collect(folder: &Path, prefix: &str, depth: usize, paths: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{prefix}{name}");
        match entry.file_type() {
            _ if name.starts_with('.') => {}
            Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                collect(&entry.path(), &format!("{path}/"), depth + 1, paths);
            }
            // Only files: opening a pipe waits for somebody to write.
            Ok(kind) if !kind.is_dir() && entry.path().is_file() => paths.push(path),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_never_wanted() {
        let all = [
            "tokenizer/vocab.json",
            "config.json",
            "modeling_x.py",
            "spiece.model",
            "chat_template.jinja",
            "qwen.tiktoken",
            "bpe.codes",
            "model.safetensors",
            "model.safetensors.index.json",
            "pytorch_model.bin",
            "x.gguf",
            "../config.json",
            "a/../../b.json",
            "/etc/x.json",
            "checkpoint-500/config.json",
            "trainer_state.json",
            "README.md",
            "config.json",
        ]
        .map(str::to_owned);
        assert_eq!(
            wanted(&all),
            [
                "bpe.codes",
                "chat_template.jinja",
                "config.json",
                "modeling_x.py",
                "qwen.tiktoken",
                "spiece.model",
                "tokenizer/vocab.json",
            ]
        );
    }
}
