//! The small files of a model on the Hub: which are read, and from where.

use serde_json::Value;

use crate::cache::{Cache, Record};
use crate::client::{Client, Failure, Patience};
use crate::dossier::{Access, Notice};
use crate::material::Material;
use crate::repository_path::is_sha;
use crate::small_files::{CARD_LIMIT, CARD_NAMES, CONFIG_LIMIT, CONFIGS};

/// Files of one model at one commit.
pub(crate) struct Files {
    id: String,
    /// The commit; `None` when the record does not tell it. Then nothing is kept.
    sha: Option<String>,
    revision: String,
    card: Option<&'static str>,
    configs: Vec<&'static str>,
    gated: bool,
}

/// What happened to one file.
enum Got {
    Bytes(Vec<u8>),
    Missing,
    Denied,
    TooLarge,
    /// The Hub does not answer (any more).
    Failed(Failure),
}

impl Files {
    /// The files worth reading: those of the list, or the likeliest two when there is no list.
    pub(crate) fn of(record: &Record, material: &Material) -> Self {
        let sha = record
            .api
            .get("sha")
            .and_then(Value::as_str)
            .filter(|sha| is_sha(sha))
            .map(str::to_owned);
        let siblings = record.api.get("siblings").and_then(Value::as_array);
        let names = siblings.map(|list| {
            list.iter()
                .filter_map(|file| file.get("rfilename")?.as_str())
                .collect::<Vec<_>>()
        });
        let there =
            |name: &str, guess: bool| names.as_ref().map_or(guess, |names| names.contains(&name));
        let revision = sha
            .clone()
            .or_else(|| record.revision.clone())
            .unwrap_or_else(|| "main".to_owned());
        Self {
            id: material.id.clone().unwrap_or_else(|| record.id.clone()),
            card: CARD_NAMES
                .into_iter()
                .find(|name| there(name, *name == "README.md")),
            configs: CONFIGS
                .into_iter()
                .filter(|name| there(name, *name == "config.json"))
                .collect(),
            gated: !matches!(
                record.api.get("gated"),
                None | Some(Value::Null | Value::Bool(false))
            ),
            sha,
            revision,
        }
    }

    /// Reads the files into the material. Without a client only the cache is looked at. The first
    /// refusal ends the reading of configurations: the others would be refused too.
    pub(crate) fn read(
        &self,
        cache: &Cache,
        client: Option<&Client>,
        material: &mut Material,
    ) -> Result<(), Failure> {
        let mut left_out = Vec::new();
        let mut trouble = None;
        let has_token = client.is_some_and(Client::has_token);
        let mut client = client;
        for name in self.card.iter().chain(&self.configs) {
            let limit = if Some(*name) == self.card {
                CARD_LIMIT
            } else {
                CONFIG_LIMIT
            };
            match self.one(cache, client, name, limit) {
                Got::Bytes(bytes) => self.put(name, bytes, client.is_some(), material),
                Got::Missing if trouble.is_some() => left_out.push(*name),
                Got::Missing => {}
                Got::TooLarge => material.notices.push(crate::local::left_out(name, limit)),
                Got::Denied if Some(*name) == self.card => material.access = Access::Denied,
                Got::Denied => {
                    material.access = Access::Denied;
                    break;
                }
                Got::Failed(failure) if failure.ends_all() => return Err(failure),
                Got::Failed(failure) => {
                    left_out.push(*name);
                    trouble.get_or_insert(failure);
                    client = None;
                }
            }
        }
        if let Some(failure) = trouble {
            material.notices.push(incomplete(&left_out, &failure));
        }
        if material.access == Access::Denied {
            deny(material, has_token);
        }
        Ok(())
    }

    /// Puts one file where it belongs. A card alone does not prove access to a gated repository.
    fn put(&self, name: &'static str, bytes: Vec<u8>, asked: bool, material: &mut Material) {
        let is_card = Some(name) == self.card;
        if is_card {
            material.card = Some(bytes);
        } else {
            material.configs.insert(name.to_owned(), bytes);
        }
        if asked && !(is_card && self.gated) {
            material.access = Access::Granted;
        }
    }

    /// One file: from the cache, else from the Hub.
    fn one(&self, cache: &Cache, client: Option<&Client>, name: &str, limit: usize) -> Got {
        if let Some(bytes) = self
            .sha
            .as_deref()
            .and_then(|sha| cache.file(&self.id, sha, name))
        {
            return Got::Bytes(bytes);
        }
        let Some(client) = client else {
            return Got::Missing;
        };
        match client.file(&self.id, &self.revision, name, limit, Patience::Full) {
            Ok(Some(bytes)) => {
                if let Some(sha) = &self.sha {
                    cache.keep_file(&self.id, sha, name, &bytes);
                }
                Got::Bytes(bytes)
            }
            Ok(None) => Got::Missing,
            Err(failure) if failure.is_too_large() => Got::TooLarge,
            Err(failure) if failure.is_denied_file() => Got::Denied,
            Err(failure) => Got::Failed(failure),
        }
    }
}

/// The card of a repository whose record is closed; `None` when it cannot be read either.
pub(crate) fn card_of(client: &Client, id: &str, revision: &str) -> Option<Vec<u8>> {
    client
        .file(id, revision, "README.md", CARD_LIMIT, Patience::Short)
        .ok()?
}

/// Marks material as readable in part, and says how to get the rest.
pub(crate) fn deny(material: &mut Material, has_token: bool) {
    material.access = Access::Denied;
    let page = material
        .id
        .as_deref()
        .map(|id| format!("https://huggingface.co/{id}"))
        .unwrap_or_default();
    let hint = if has_token {
        format!(
            "Open {page} with the account of your token and accept the conditions, or ask for access."
        )
    } else {
        format!(
            "Accept the conditions at {page}, make a token in the settings of your account and set HF_TOKEN."
        )
    };
    material.notices.push(Notice {
        id: "gated".to_owned(),
        message: "The files of this model are gated, and this run may not read them.".to_owned(),
        hint: Some(hint),
    });
}

/// The notice for files that could not be read although they are there.
fn incomplete(names: &[&str], failure: &Failure) -> Notice {
    Notice {
        id: "incomplete".to_owned(),
        message: format!("Not read: {} ({}).", names.join(", "), failure.sentence()),
        hint: Some("Run it again later for the missing facts.".to_owned()),
    }
}
