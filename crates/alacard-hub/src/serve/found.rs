//! A repository at one revision.

use serde_json::{Map, Value, json};

use crate::card;
use crate::local::{Bounded, read_file};
use crate::protocol::Fault;
use crate::repository_path::is_sha;
use crate::serve::digest::Marks;
use crate::serve::place::Place;
use crate::serve::repos::{Kind, Repo};
use crate::small_files::{API_LIMIT, CARD_LIMIT, CARD_NAMES};

/// Fields of a card's front matter that stand in the record itself.
const LIFTED: [&str; 3] = ["pipeline_tag", "library_name", "tags"];

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) sha: String,
    pub(super) place: Place,
    /// What the record is known to say; `None`: the card may tell.
    known: Option<Map<String, Value>>,
}

impl Found {
    /// An inserted repository.
    pub(super) fn given(repo: &Repo, revision: Option<&str>, marks: &Marks) -> Result<Self, Fault> {
        let place = Place::alone(&repo.dir).ok_or(Fault::NoRepo)?;
        let sha = if is_sha(&repo.sha) {
            repo.sha.to_ascii_lowercase()
        } else {
            marks.commit(&place)
        };
        let known = (!repo.record.is_empty()).then(|| repo.record.clone());
        let revision = revision.filter(|_| !repo.any_revision);
        Self::new(repo.kind, &repo.id, place, known, sha).at(revision)
    }

    /// A folder of the layout of `--hub-dir`.
    pub(super) fn folder(
        kind: Kind,
        id: &str,
        place: Place,
        revision: Option<&str>,
        marks: &Marks,
    ) -> Result<Self, Fault> {
        let known = api_record(&place);
        let named = known
            .as_ref()
            .and_then(|record| record.get("sha")?.as_str())
            .filter(|sha| is_sha(sha));
        let sha = named.map_or_else(|| marks.commit(&place), str::to_ascii_lowercase);
        Self::new(kind, id, place, known, sha).at(revision)
    }

    /// A snapshot of the Hub's cache.
    pub(super) fn snapshot(kind: Kind, id: &str, place: Place, sha: &str) -> Self {
        Self::new(kind, id, place, None, sha.to_owned())
    }

    fn new(
        kind: Kind,
        id: &str,
        place: Place,
        known: Option<Map<String, Value>>,
        sha: String,
    ) -> Self {
        Self {
            kind,
            id: id.to_owned(),
            sha,
            place,
            known,
        }
    }

    /// There is one revision, which is `main`.
    fn at(self, revision: Option<&str>) -> Result<Self, Fault> {
        let is_this = |name: &str| name == "main" || name.eq_ignore_ascii_case(&self.sha);
        if revision.is_none_or(is_this) {
            Ok(self)
        } else {
            Err(Fault::NoRevision)
        }
    }

    /// What the record says beside id, commit and files.
    pub(super) fn known(&self) -> Map<String, Value> {
        self.known
            .clone()
            .unwrap_or_else(|| card_record(&self.place))
    }
}

/// The record beside the files, when it is one.
fn api_record(place: &Place) -> Option<Map<String, Value>> {
    let entry = place.whole().entry("api.json")?;
    let Ok(Bounded::Whole(bytes)) = read_file(&entry.real, API_LIMIT) else {
        return None;
    };
    serde_json::from_slice(&bytes).ok()
}

/// What a card says, as the Hub would put it into the record.
fn card_record(place: &Place) -> Map<String, Value> {
    let card = CARD_NAMES.iter().find_map(|name| place.entry(name));
    let Some(Ok(Bounded::Whole(bytes))) = card.map(|entry| read_file(&entry.real, CARD_LIMIT))
    else {
        return Map::new();
    };
    let front = card::read(&bytes).front_matter;
    let mut record: Map<String, Value> = LIFTED
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), front.get(*name)?.clone())))
        .filter(|(name, value)| name.as_str() == "tags" && value.is_array() || value.is_string())
        .collect();
    record.insert("cardData".to_owned(), json!(front));
    record
}
