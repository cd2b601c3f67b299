//! The order in which facts are looked for: the folder that stands in for the Hub, the cache, the
//! Hub, the built-in shelf.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use crate::cache::{Cache, Record};
use crate::client::{Client, Failure, Fresh, Patience};
use crate::dossier::{Access, Dossier, Notice, Origin};
use crate::files::{self, Files};
use crate::material::Material;
use crate::options::Options;
use crate::refusal::{Reason, Refusal};
use crate::search::{self, ModelSummary, Query};
use crate::source::{Source, check_id, check_revision};
use crate::{hub_dir, local, shelf};

/// Reads sources. One `Hub` serves a whole run and may be shared between threads.
///
/// The client is blocking: inside an asynchronous runtime it belongs on a thread for blocking
/// work.
pub struct Hub {
    options: Options,
    pub(crate) client: Client,
    pub(crate) cache: Cache,
}

impl Hub {
    /// A reader with these options. Nothing is opened, loaded or sent yet.
    pub fn new(options: Options) -> Self {
        let cache = Cache::new(&options.cache_dir, &options.endpoint);
        Self {
            client: Client::new(&options),
            cache,
            options,
        }
    }

    /// The options.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Reads what a user wrote as a source; addresses at this run's endpoint count as the Hub's.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub fn parse(&self, text: &str) -> Result<Source, Refusal> {
        Source::parse_at(text, &self.options.endpoint)
    }

    /// What is known about a source, understood.
    ///
    /// # Errors
    /// As [`Hub::read`]. A dossier may still have to be refused: see [`crate::refusal`].
    pub fn dossier(&self, source: &Source, revision: Option<&str>) -> Result<Dossier, Refusal> {
        let mut material = self.read(source, revision)?;
        // A fresh copy is what the Hub would answer: the same facts give the same bytes.
        if material.origin == Origin::Cache {
            material.origin = Origin::Hub;
        }
        Ok(crate::build(&material))
    }

    /// Reads a source. `revision` wins over the one that the source names.
    ///
    /// # Errors
    /// A refusal: `not-found`, `no-access`, `disabled`, `network` for the Hub; `unreadable`,
    /// `too-large`, `nothing-known` for folders, files and text.
    pub fn read(&self, source: &Source, revision: Option<&str>) -> Result<Material, Refusal> {
        match source {
            Source::Hub {
                id,
                revision: named,
            } => self.model(id, revision.or(named.as_deref())),
            Source::Folder(path) => local::folder(path),
            Source::File(path) => local::file(path),
            Source::Text(text) => local::raw(text),
            Source::Stdin => local::stream(std::io::stdin().lock()),
        }
    }

    /// What is known about a model of the folder that stands in for the Hub, at a place inside
    /// that folder (an index names both). Falls back to the id alone when the place has nothing.
    ///
    /// # Errors
    /// `unsupported-source` for a place that leads out of the folder, else as [`Hub::read`].
    pub fn dossier_at(&self, id: &str, place: &str) -> Result<Dossier, Refusal> {
        let place = Path::new(place);
        let inside = place
            .components()
            .all(|part| matches!(part, std::path::Component::Normal(_)));
        if !inside {
            return Err(Refusal::new(
                Reason::UnsupportedSource,
                format!("the index leads out of its folder for `{id}`"),
            ));
        }
        let folder = self.options.hub_dir.as_ref().map(|dir| dir.join(place));
        match folder.and_then(|folder| hub_dir::read(&folder, id)) {
            Some(material) => Ok(crate::build(&material)),
            None => self.dossier(&self.parse(id)?, None),
        }
    }

    /// Searches models: in the folder that stands in for the Hub, else on the Hub, else (offline
    /// or when the Hub does not answer) on the built-in shelf.
    ///
    /// # Errors
    /// `network` or `no-access` when the Hub refuses the search itself.
    pub fn search(&self, query: &Query) -> Result<Vec<ModelSummary>, Refusal> {
        if let Some(dir) = &self.options.hub_dir {
            return Ok(search::in_folder(dir, query));
        }
        if self.options.offline {
            return Ok(search::on_shelf(query));
        }
        match search::on_hub(&self.client, query) {
            Err(failure) if failure.is_temporary() => {
                tracing::warn!("{}; searching the built-in models", failure.sentence());
                Ok(search::on_shelf(query))
            }
            found => found.map_err(|failure| failure.refusal("search", None)),
        }
    }

    /// A model by its id.
    fn model(&self, id: &str, revision: Option<&str>) -> Result<Material, Refusal> {
        check_id(id)?;
        if let Some(revision) = revision {
            check_revision(revision)?;
        }
        let mut material = match self
            .options
            .hub_dir
            .as_deref()
            .and_then(|dir| from_folder(dir, id, revision))
        {
            Some(material) => material,
            None => self.beyond_folder(id, revision)?,
        };
        material.requested_revision = revision.map(str::to_owned);
        Ok(material)
    }

    /// Cache, Hub, shelf.
    fn beyond_folder(&self, id: &str, revision: Option<&str>) -> Result<Material, Refusal> {
        let kept = self.cache.record(id, revision);
        if self.options.offline {
            return self.at_hand(id, revision, kept).ok_or_else(|| offline(id));
        }
        if let Some(record) = kept.as_ref().filter(|record| self.is_fresh(record)) {
            return self
                .complete(record.clone(), Origin::Cache)
                .map_err(|failure| failure.refusal(id, revision));
        }
        match self.ask(id, revision, kept.as_ref()) {
            Ok(material) => Ok(material),
            Err(failure) if failure.is_temporary() => {
                let stale = kept.map(|record| self.stale(record, &failure));
                stale
                    .or_else(|| from_shelf(id, revision, Some(&failure)))
                    .ok_or_else(|| failure.refusal(id, revision))
            }
            Err(failure) => Err(failure.refusal(id, revision)),
        }
    }

    /// Whether a kept record needs no question. One without access is always asked again: the
    /// user may just have accepted the conditions.
    fn is_fresh(&self, record: &Record) -> bool {
        let age = self
            .options
            .clock
            .now()
            .checked_sub(Duration::from_secs(record.read_at));
        record.access != Access::Denied && age.is_some_and(|age| age <= self.options.max_age)
    }

    /// Asks the Hub for the record and the files.
    fn ask(
        &self,
        id: &str,
        revision: Option<&str>,
        kept: Option<&Record>,
    ) -> Result<Material, Failure> {
        let something = kept.is_some() || shelf::material(id).is_some();
        let patience = if something {
            Patience::Short
        } else {
            Patience::Full
        };
        let now = self.options.clock.now().as_secs();
        let etag = kept.and_then(|record| record.etag.as_deref());
        let record = match (self.client.record(id, revision, etag, patience), kept) {
            (Ok(Fresh::Record(api, etag)), _) => Record {
                id: id.to_owned(),
                revision: revision.map(str::to_owned),
                etag,
                read_at: now,
                access: Access::Unknown,
                api,
            },
            (Ok(Fresh::Unchanged), Some(kept)) => Record {
                read_at: now,
                access: Access::Unknown,
                ..kept.clone()
            },
            (Ok(Fresh::Unchanged), None) => return Err(Failure::NotJson),
            (Err(failure), _) if failure.is_no_access() => {
                return self.card_only(id, revision, failure);
            }
            (Err(failure), _) => return Err(failure),
        };
        self.complete(record, Origin::Hub)
    }

    /// A record with the files that belong to it.
    fn complete(&self, mut record: Record, origin: Origin) -> Result<Material, Failure> {
        let mut material = self.begin(&record, origin);
        let files = Files::of(&record, &material);
        files.read(&self.cache, Some(&self.client), &mut material)?;
        if origin == Origin::Hub {
            record.access = material.access;
            self.cache.keep_record(&record);
        }
        Ok(material)
    }

    /// Material with the record in it.
    fn begin(&self, record: &Record, origin: Origin) -> Material {
        let id = canonical(&record.api).unwrap_or(&record.id);
        let mut material = Material::empty(origin, id);
        material.id = Some(id.to_owned());
        material.api = Some(record.api.clone());
        material.access = record.access;
        if !id.eq_ignore_ascii_case(&record.id) {
            material.notices.push(Notice {
                id: "renamed".to_owned(),
                message: format!("`{}` is called `{id}` now.", record.id),
                hint: Some("Use the new id in your own code.".to_owned()),
            });
        }
        material
    }

    /// The record and files of the cache, and nothing else.
    fn kept_material(&self, record: &Record, origin: Origin) -> Material {
        let mut material = self.begin(record, origin);
        let files = Files::of(record, &material);
        // Without a client nothing is asked, so nothing can fail.
        let _ = files.read(&self.cache, None, &mut material);
        material
    }

    /// What the cache or the shelf has, for a run without network.
    fn at_hand(&self, id: &str, revision: Option<&str>, kept: Option<Record>) -> Option<Material> {
        let cached = kept.map(|record| self.kept_material(&record, Origin::Cache));
        cached.or_else(|| from_shelf(id, revision, None))
    }

    /// The cache although it is old, because the Hub does not answer.
    fn stale(&self, record: Record, failure: &Failure) -> Material {
        let mut material = self.kept_material(&record, Origin::Stale);
        material.notices.push(Notice {
            id: "stale".to_owned(),
            message: format!(
                "These facts are from {}: {}.",
                day(record.read_at),
                failure.sentence()
            ),
            hint: Some("Run it again when the Hub answers.".to_owned()),
        });
        material
    }

    /// A gated repository whose record is closed may still show its card.
    fn card_only(
        &self,
        id: &str,
        revision: Option<&str>,
        failure: Failure,
    ) -> Result<Material, Failure> {
        let mut material = Material::empty(Origin::Hub, id);
        material.id = Some(id.to_owned());
        material.card =
            Some(files::card_of(&self.client, id, revision.unwrap_or("main")).ok_or(failure)?);
        files::deny(&mut material, self.options.token.is_some());
        Ok(material)
    }
}

/// The id that the Hub itself uses, when the record has one that can be one.
fn canonical(api: &Value) -> Option<&str> {
    let id = api.get("id").or_else(|| api.get("modelId"))?.as_str()?;
    check_id(id).is_ok().then_some(id)
}

/// The folder that stands in for the Hub. It holds one revision, whichever is asked for.
fn from_folder(dir: &Path, id: &str, revision: Option<&str>) -> Option<Material> {
    let mut material = hub_dir::find(dir, id)?;
    one_revision(
        &mut material,
        revision,
        "The folder that stands in for the Hub",
    );
    Some(material)
}

/// The built-in shelf.
fn from_shelf(id: &str, revision: Option<&str>, failure: Option<&Failure>) -> Option<Material> {
    let mut material = shelf::material(id)?;
    one_revision(&mut material, revision, "The built-in list of models");
    let why = failure.map_or_else(|| "the run is offline".to_owned(), Failure::sentence);
    let day = material
        .as_of
        .clone()
        .map(|day| format!(" of {day}"))
        .unwrap_or_default();
    material.notices.push(Notice {
        id: "shelf".to_owned(),
        message: format!("These are built-in facts{day}: {why}."),
        hint: Some(
            "Run it again when the Hub answers for the model card and current figures.".to_owned(),
        ),
    });
    Some(material)
}

/// Says that a revision was asked for where there is only one.
fn one_revision(material: &mut Material, revision: Option<&str>, place: &str) {
    let Some(revision) = revision else { return };
    let sha = material
        .api
        .as_ref()
        .and_then(|api| api.get("sha"))
        .and_then(Value::as_str);
    if revision == "main" || sha == Some(revision) {
        return;
    }
    material.notices.push(Notice {
        id: "other-revision".to_owned(),
        message: format!(
            "{place} holds one revision only; its facts may differ from those of `{revision}`."
        ),
        hint: None,
    });
}

/// The refusal of a run that may not ask.
fn offline(id: &str) -> Refusal {
    Refusal::new(Reason::Network, format!("Nothing about `{id}` is at hand, and the run is offline."))
        .with_hint("Run it once without --offline (and without HF_HUB_OFFLINE), or give a folder that stands in for the Hub with --hub-dir.")
}

/// The day (UTC) of a time in seconds since 1970.
fn day(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map_or_else(
        || "an unknown day".to_owned(),
        |time| time.to_string().chars().take(10).collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days() {
        assert_eq!(day(0), "1970-01-01");
        assert_eq!(day(u64::MAX), "an unknown day");
    }

    #[test]
    fn a_record_cannot_name_a_hostile_id() {
        assert_eq!(canonical(&serde_json::json!({"id": "../../etc"})), None);
        assert_eq!(
            canonical(&serde_json::json!({"modelId": "a/b"})),
            Some("a/b")
        );
    }
}
