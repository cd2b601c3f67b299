//! A model with its weights, on this machine.
//!
//! A copy that is here already is used where it lies: in the folder that stands in for the Hub,
//! in the cache of huggingface_hub, in the folder that is downloaded to. What is downloaded is
//! laid out as huggingface_hub does it (`models--org--name` with `blobs`, `snapshots` and `refs`),
//! so that one kind of copy has to be understood and other tools can use ours.

mod choose;
mod fetch;
mod here;
mod part;
mod record;
mod space;

use std::path::{Path, PathBuf};

use crate::client::{Failure, Fresh, Patience};
use crate::dossier::FileEntry;
use crate::hub::Hub;
use crate::refusal::Refusal;
use crate::source::{check_id, check_revision};

use record::Listed;

/// What is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Repository id.
    pub id: &'a str,
    /// Commit, branch or tag; the default branch when none is named.
    pub revision: Option<&'a str>,
    /// A file that must be among the others, such as one of many quantised copies; `*` stands for
    /// any text.
    pub file: Option<&'a str>,
    /// The folder for what has to be downloaded.
    pub into: &'a Path,
}

/// Where a model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloaded {
    /// The commit; `None` for a folder that does not tell.
    pub sha: Option<String>,
    /// The folder with the files by their names.
    pub folder: PathBuf,
    /// The folder in which all bytes lie, those of links in `folder` too.
    pub root: PathBuf,
    /// The files, by path.
    pub files: Vec<FileEntry>,
    /// Their size together.
    pub bytes: u64,
}

impl Downloaded {
    /// The files that hold weights.
    pub fn weights(&self) -> impl Iterator<Item = &FileEntry> {
        self.files
            .iter()
            .filter(|file| choose::is_weight(&file.path))
    }
}

impl Hub {
    /// A model with its weights, complete on this machine: as it lies here, or downloaded now.
    ///
    /// Of weights that the repository holds in several formats only the safest is downloaded. Each
    /// file is checked against size and hash and gets its name when it is whole; what was cut off
    /// is taken up again by the next call. `tell` hears how many bytes of how many there are.
    ///
    /// # Errors
    /// `not-found`, `no-access` or `disabled` when the Hub refuses; `network` when it does not
    /// answer or the run is offline, and no copy is at hand; `too-large` when the disk has no room;
    /// `unreadable` when files arrive damaged or cannot be written.
    pub fn download(
        &self,
        wanted: &Wanted<'_>,
        tell: &dyn Fn(u64, u64),
    ) -> Result<Downloaded, Refusal> {
        check_id(wanted.id)?;
        if let Some(revision) = wanted.revision {
            check_revision(revision)?;
        }
        if let Some(found) = here::stand_in(self.options(), wanted) {
            return Ok(found);
        }
        if self.options().offline {
            return here::unlisted(self.options(), wanted).ok_or_else(|| offline(wanted.id));
        }
        match self.listed(wanted) {
            Ok(listed) => match here::listed(self.options(), wanted, &listed) {
                Some(found) => Ok(found),
                None => fetch::all(self, wanted, &listed, tell),
            },
            // Somebody who has the files may use them, whatever the Hub says today.
            Err(failure) => here::unlisted(self.options(), wanted)
                .ok_or_else(|| failure.refusal(wanted.id, wanted.revision)),
        }
    }

    /// What the Hub says the repository holds.
    fn listed(&self, wanted: &Wanted<'_>) -> Result<Listed, Failure> {
        let fresh = self
            .client
            .record(wanted.id, wanted.revision, None, Patience::Full)?;
        match fresh {
            Fresh::Record(api, _) => Listed::read(&api, wanted).ok_or(Failure::NotJson),
            Fresh::Unchanged => Err(Failure::NotJson),
        }
    }
}

fn offline(id: &str) -> Refusal {
    use crate::refusal::Reason;
    Refusal::new(
        Reason::Network,
        format!("The weights of `{id}` are not on this machine, and the run is offline."),
    )
    .with_hint(
        "Run it once without --offline (and without HF_HUB_OFFLINE), or give a folder that has \
         them with --hub-dir.",
    )
}
