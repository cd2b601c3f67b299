//! A folder of many repositories. Nothing is listed before somebody searches.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::hub_dir::ROOMS;
use crate::local::{Bounded, read_file};
use crate::protocol::Fault;
use crate::repository_path::is_sha;
use crate::serve::digest::Marks;
use crate::serve::found::Found;
use crate::serve::place::Place;
use crate::serve::repos::Kind;
use crate::source::check_id;

/// Files that tell about a repository and do not belong to it.
const BESIDE: [&str; 2] = ["api.json", "files.txt"];
/// Folders at the top that are no organisations.
const NO_ORGANISATION: [&str; 5] = ["hub", "cards", "datasets", "spaces", "_"];
/// Most repositories that a search looks at.
const MAX_REPOS: usize = 20_000;
/// Longest name of a commit in a file of `refs`, with the line's end.
const MAX_REF: usize = 64;

/// The folder.
#[derive(Debug)]
pub(super) struct Mirror {
    dir: PathBuf,
}

impl Mirror {
    pub(super) fn new(dir: &Path) -> io::Result<Self> {
        let dir = dir.canonicalize()?;
        if dir.is_dir() {
            Ok(Self { dir })
        } else {
            Err(io::Error::from(io::ErrorKind::NotADirectory))
        }
    }

    /// A repository at a revision. The id is checked here: it becomes part of a path.
    pub(super) fn find(
        &self,
        kind: Kind,
        id: &str,
        revision: Option<&str>,
        marks: &Marks,
    ) -> Result<Found, Fault> {
        check_id(id).map_err(|_| Fault::NoRepo)?;
        if let Some(place) = self.folder(kind, id) {
            return Found::folder(kind, id, place, revision, marks);
        }
        let cache = self.cache(kind, id).ok_or(Fault::NoRepo)?;
        let sha = commit(&cache, revision.unwrap_or("main")).ok_or(Fault::NoRevision)?;
        let place = Place::below(&self.dir, &cache.root().join("snapshots").join(&sha))
            .ok_or(Fault::NoRevision)?;
        Ok(Found::snapshot(kind, id, place, &sha))
    }

    /// The folder of a repository, in the layout of `--hub-dir`.
    fn folder(&self, kind: Kind, id: &str) -> Option<Place> {
        let (organisation, name) = id.split_once('/').unwrap_or(("_", id));
        let bare = !id.contains('/');
        self.rooms(kind)
            .into_iter()
            .filter(|room| bare || *room != self.dir || !NO_ORGANISATION.contains(&organisation))
            .filter(|_| bare || organisation != "_")
            .find_map(|room| Place::below(&self.dir, &room.join(organisation).join(name)))
            .map(|place| place.without(&BESIDE))
    }

    /// Where organisations lie.
    fn rooms(&self, kind: Kind) -> Vec<PathBuf> {
        match kind {
            Kind::Model => ROOMS.iter().map(|room| self.room(room)).collect(),
            other => vec![self.dir.join(other.plural())],
        }
    }

    fn room(&self, name: &str) -> PathBuf {
        if name.is_empty() {
            self.dir.clone()
        } else {
            self.dir.join(name)
        }
    }

    /// The folder of a repository in the Hub's cache.
    fn cache(&self, kind: Kind, id: &str) -> Option<Place> {
        let name = format!("{}--{}", kind.plural(), id.replace('/', "--"));
        let places = [self.dir.join(&name), self.dir.join("hub").join(&name)];
        places
            .iter()
            .filter(|place| place.join("snapshots").is_dir())
            .find_map(|place| Place::below(&self.dir, place))
    }

    /// The ids of a kind, as far as one search may look.
    pub(super) fn ids(&self, kind: Kind) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for room in self.rooms(kind) {
            for organisation in names(&room) {
                let skipped = kind == Kind::Model
                    && room == self.dir
                    && organisation != "_"
                    && NO_ORGANISATION.contains(&organisation.as_str());
                if !skipped {
                    let ids_of = names(&room.join(&organisation)).into_iter();
                    ids.extend(ids_of.map(|name| joined(&organisation, &name)));
                }
                if ids.len() > MAX_REPOS {
                    return ids;
                }
            }
        }
        ids.extend(self.cached(kind));
        ids.retain(|id| check_id(id).is_ok());
        ids
    }

    /// The ids of the Hub's cache.
    fn cached(&self, kind: Kind) -> Vec<String> {
        let start = format!("{}--", kind.plural());
        let both = names(&self.dir)
            .into_iter()
            .chain(names(&self.dir.join("hub")));
        both.filter_map(|name| Some(name.strip_prefix(&start)?.replace("--", "/")))
            .collect()
    }
}

fn joined(organisation: &str, name: &str) -> String {
    if organisation == "_" {
        name.to_owned()
    } else {
        format!("{organisation}/{name}")
    }
}

/// The names of the folders in a folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter(|entry| entry.path().is_dir())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .take(MAX_REPOS)
        .collect()
}

/// The commit of a revision in the Hub's cache.
fn commit(cache: &Place, revision: &str) -> Option<String> {
    let snapshots = cache.root().join("snapshots");
    let there = |sha: &String| is_sha(sha) && snapshots.join(sha).is_dir();
    let named = Some(revision.to_owned()).filter(there);
    named
        .or_else(|| reference(cache, revision).filter(there))
        .or_else(|| (revision == "main").then(|| newest(&snapshots))?)
}

/// What a file of `refs` says.
fn reference(cache: &Place, name: &str) -> Option<String> {
    let entry = cache.entry(&format!("refs/{name}"))?;
    match read_file(&entry.real, MAX_REF) {
        Ok(Bounded::Whole(bytes)) => Some(String::from_utf8(bytes).ok()?.trim().to_owned()),
        _ => None,
    }
}

/// The snapshot that was written last.
fn newest(snapshots: &Path) -> Option<String> {
    let shas = names(snapshots).into_iter().filter(|name| is_sha(name));
    shas.max_by_key(|name| {
        let modified = fs::metadata(snapshots.join(name)).and_then(|meta| meta.modified());
        (modified.ok(), name.clone())
    })
}
