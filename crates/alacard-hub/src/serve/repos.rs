//! What a server has.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::protocol::Fault;
use crate::serve::digest::Marks;
use crate::serve::found::Found;
use crate::serve::mirror::Mirror;

/// What a repository holds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A model.
    #[default]
    Model,
    /// A dataset.
    Dataset,
    /// A space.
    Space,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Model, Self::Dataset, Self::Space];

    /// The word in addresses and in the names of cache folders.
    pub fn plural(self) -> &'static str {
        match self {
            Self::Model => "models",
            Self::Dataset => "datasets",
            Self::Space => "spaces",
        }
    }

    /// The kind with this word.
    pub(super) fn of_plural(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.plural() == word)
    }

    /// An id the way the Hub's addresses write it: `org/name`, `datasets/org/name`.
    pub(super) fn address(self, id: &str) -> String {
        match self {
            Self::Model => id.to_owned(),
            other => format!("{}/{id}", other.plural()),
        }
    }
}

/// A repository in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Repo {
    /// What it holds.
    pub kind: Kind,
    /// `org/name`, or the bare name of an old model.
    pub id: String,
    /// Its commit, 40 hexadecimal digits. Anything else: one is made of the files.
    pub sha: String,
    /// The folder with its files. Links that lead out of it are not followed, except those of the
    /// Hub's cache (`snapshots/SHA` beside `blobs`).
    pub dir: PathBuf,
    /// Fields of the record beside id, commit and files: `pipeline_tag`, `library_name`, `tags` …
    pub record: Map<String, Value>,
    /// Other ids under which it is served.
    pub aliases: Vec<String>,
    /// Whether every revision that is asked for is this one: a stand-in has no history.
    pub any_revision: bool,
}

impl Repo {
    /// A repository with an empty record and one id.
    pub fn new(kind: Kind, id: &str, sha: &str, dir: &Path) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            sha: sha.to_owned(),
            dir: dir.to_owned(),
            record: Map::new(),
            aliases: Vec::new(),
            any_revision: false,
        }
    }

    fn key(&self) -> Key {
        key(self.kind, &self.id)
    }
}

/// Ids differ in more than the case of their letters.
type Key = (Kind, String);

fn key(kind: Kind, id: &str) -> Key {
    (kind, id.to_ascii_lowercase())
}

/// The repositories of a server. Clones share them, so that a running server sees every change.
#[derive(Debug, Clone, Default)]
pub struct Repos(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    given: RwLock<BTreeMap<Key, Arc<Repo>>>,
    mirror: Option<Mirror>,
    marks: Marks,
}

impl Repos {
    /// No repositories yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Everything below a folder, looked up when it is asked for. These layouts are understood,
    /// also mixed:
    ///
    /// * `org/name`, `hub/org/name`, `cards/org/name` (bare ids: `_/name`), as of `--hub-dir`;
    ///   `api.json` gives the record and is, like `files.txt`, not a file of the repository;
    /// * `datasets/org/name`, `spaces/org/name`;
    /// * the Hub's own cache: `models--org--name`, also below `hub`.
    ///
    /// # Errors
    /// When there is no such folder.
    pub fn from_dir(dir: &Path) -> io::Result<Self> {
        Ok(Self(Arc::new(Shared {
            mirror: Some(Mirror::new(dir)?),
            ..Shared::default()
        })))
    }

    /// Adds a repository, or replaces the one of the same kind and id.
    pub fn insert(&self, repo: Repo) {
        let repo = Arc::new(repo);
        let mut given = self.write();
        let key_of_repo = repo.key();
        given.retain(|_, other| other.key() != key_of_repo);
        for alias in &repo.aliases {
            given
                .entry(key(repo.kind, alias))
                .or_insert_with(|| Arc::clone(&repo));
        }
        given.insert(key_of_repo, repo);
    }

    /// Removes inserted repositories with this id; whether there was one.
    pub fn remove(&self, id: &str) -> bool {
        let mut given = self.write();
        let before = given.len();
        given.retain(|_, repo| !repo.id.eq_ignore_ascii_case(id));
        given.len() < before
    }

    /// Removes all inserted repositories.
    pub fn clear(&self) {
        self.write().clear();
    }

    /// The inserted repositories, by kind and id.
    pub fn list(&self) -> Vec<Repo> {
        let given = self.read();
        let own = given.iter().filter(|(key, repo)| **key == repo.key());
        own.map(|(_, repo)| Repo::clone(repo)).collect()
    }

    /// A repository at a revision; the usual one when none is named.
    pub(super) fn find(
        &self,
        kind: Kind,
        id: &str,
        revision: Option<&str>,
    ) -> Result<Found, Fault> {
        let given = self.read().get(&key(kind, id)).cloned();
        match (given, &self.0.mirror) {
            (Some(repo), _) => Found::given(&repo, revision, &self.0.marks),
            (None, Some(mirror)) => mirror.find(kind, id, revision, &self.0.marks),
            (None, None) => Err(Fault::NoRepo),
        }
    }

    /// The ids of a kind, sorted.
    pub(super) fn ids(&self, kind: Kind) -> BTreeSet<String> {
        let mut ids = self
            .0
            .mirror
            .as_ref()
            .map_or_else(BTreeSet::new, |mirror| mirror.ids(kind));
        let given = self.read();
        ids.extend(
            given
                .values()
                .filter(|repo| repo.kind == kind)
                .map(|repo| repo.id.clone()),
        );
        ids
    }

    /// What is known about the bytes of files.
    pub(super) fn marks(&self) -> &Marks {
        &self.0.marks
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, Arc<Repo>>> {
        self.0.given.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, Arc<Repo>>> {
        self.0.given.write().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_never_hides_a_repository() {
        let repos = Repos::new();
        let repo = |id: &str, alias: &str| Repo {
            aliases: vec![alias.to_owned()],
            ..Repo::new(Kind::Model, id, "", Path::new("/"))
        };
        repos.insert(repo("a/old", "a/x"));
        repos.insert(repo("a/new", "a/OLD"));
        let ids = |repos: &Repos| -> Vec<String> {
            repos.list().into_iter().map(|repo| repo.id).collect()
        };
        assert_eq!(ids(&repos), ["a/new", "a/old"]);
        assert!(repos.remove("A/old") && !repos.remove("A/old"));
        assert_eq!(ids(&repos.clone()), ["a/new"]);
        repos.clear();
        assert!(repos.list().is_empty());
    }
}
