//! Removing environments that nobody uses.

use std::path::Path;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::error::EnvError;
use super::store::{Environments, Listed, is_hash};

/// Which environments are kept. Those in use are kept in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Keep {
    /// Those used in the last so many days.
    pub days: Option<u64>,
    /// The last used ones, as many as fit into so many bytes.
    pub max_bytes: Option<u64>,
    /// None at all: everything goes, resolutions too.
    pub nothing: bool,
}

/// What was removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Collected {
    /// Environments that are gone.
    pub removed: Vec<Removed>,
    /// Hashes of environments that would have gone, but are in use.
    pub in_use: Vec<String>,
    /// Half-made environments that were swept away.
    pub leftovers: usize,
    /// Stored resolutions that are gone.
    pub locks: usize,
    /// Bytes that the disk has gained, without files that uv's cache still holds.
    pub freed_bytes: u64,
}

/// A removed environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Removed {
    /// Its lock hash.
    pub lock_hash: String,
    /// Bytes of all its files.
    pub bytes: u64,
}

const DAY: u64 = 24 * 60 * 60;

impl Environments {
    /// Removes the environments that `keep` does not keep, and what unfinished makers left.
    ///
    /// # Errors
    ///
    /// When a folder cannot be removed.
    pub fn gc(&self, keep: Keep) -> Result<Collected, EnvError> {
        let listed = self.list();
        let mut collected = Collected::default();
        for doomed in doomed(&listed, keep, self.settings.now()) {
            self.remove(doomed, &mut collected)?;
        }
        collected.leftovers = self.sweep_all();
        collected.locks = self.forget_locks(keep);
        Ok(collected)
    }

    fn remove(&self, listed: &Listed, collected: &mut Collected) -> Result<(), EnvError> {
        let hash = &listed.record.lock_hash;
        let held = self.hold_file(hash)?;
        if held.try_lock().is_err() {
            collected.in_use.push(hash.clone());
            return Ok(());
        }
        remove_folder(&self.folder_of(hash))
            .map_err(|error| EnvError::io("cannot remove an environment", &error))?;
        collected.freed_bytes += listed.record.own_bytes;
        collected.removed.push(Removed {
            lock_hash: hash.clone(),
            bytes: listed.record.bytes,
        });
        Ok(())
    }

    /// Removes half-made environments whose makers are gone.
    fn sweep_all(&self) -> usize {
        let entries = std::fs::read_dir(&self.settings.folder)
            .into_iter()
            .flatten()
            .flatten();
        let mut hashes: Vec<String> = entries
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter_map(|name| {
                let rest = name
                    .strip_prefix(".making-")
                    .or_else(|| name.strip_prefix(".removing-"))?;
                rest.get(..64)
                    .filter(|hash| is_hash(hash))
                    .map(str::to_owned)
            })
            .collect();
        hashes.sort();
        hashes.dedup();
        hashes
            .iter()
            .filter_map(|hash| {
                let held = self.hold_file(hash).ok()?;
                held.try_lock().ok()?;
                Some(self.sweep(hash))
            })
            .sum()
    }

    /// Removes stored resolutions: all of them, or those as old as environments may be.
    fn forget_locks(&self, keep: Keep) -> usize {
        let oldest = match (keep.nothing, keep.days) {
            (true, _) => None,
            (false, Some(days)) => Some(Duration::from_secs(
                self.settings.now().saturating_sub(days * DAY),
            )),
            (false, None) => return 0,
        };
        let is_old = |entry: &std::fs::DirEntry| match oldest {
            None => true,
            Some(oldest) => entry
                .metadata()
                .and_then(|meta| meta.modified())
                .is_ok_and(|time| time < SystemTime::UNIX_EPOCH + oldest),
        };
        let entries = std::fs::read_dir(self.locks_folder())
            .into_iter()
            .flatten()
            .flatten();
        entries
            .filter(is_old)
            .filter(|entry| std::fs::remove_file(entry.path()).is_ok())
            .count()
    }
}

/// Those that go, of a list that has the last used first.
fn doomed(listed: &[Listed], keep: Keep, now: u64) -> Vec<&Listed> {
    let mut sum: u64 = 0;
    listed
        .iter()
        .filter(|one| {
            sum = sum.saturating_add(one.record.bytes);
            let old = keep
                .days
                .is_some_and(|days| now.saturating_sub(one.last_used) >= days * DAY);
            let large = keep.max_bytes.is_some_and(|most| sum > most);
            keep.nothing || old || large
        })
        .collect()
}

/// Removes a folder so that nobody sees half of it: renamed first.
pub(crate) fn remove_folder(folder: &Path) -> std::io::Result<()> {
    let name = folder
        .file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let aside = folder.with_file_name(format!(".removing-{name}-{}", std::process::id()));
    std::fs::rename(folder, &aside)?;
    std::fs::remove_dir_all(&aside)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::environment::{EnvRecord, Interpreter};

    fn listed(name: &str, bytes: u64, last_used: u64) -> Listed {
        let python = Interpreter {
            path: "/p".into(),
            version: "3.12.1".to_owned(),
            prefix: "/".into(),
            platform: "linux-x86_64".to_owned(),
        };
        let record = EnvRecord {
            schema_version: 1,
            lock_hash: name.to_owned(),
            requirements: Vec::new(),
            python,
            packages: 1,
            bytes,
            own_bytes: 0,
            created: 0,
            made_in_ms: 0,
            uv: String::new(),
            bytecode: crate::environment::record::Bytecode::default(),
        };
        Listed {
            record,
            last_used,
            in_use: false,
        }
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let all = [
            listed("new", 5, 10 * DAY),
            listed("middle", 5, 9 * DAY),
            listed("old", 5, DAY),
        ];
        let gone = |keep| {
            let names: Vec<String> = doomed(&all, keep, 10 * DAY)
                .iter()
                .map(|l| l.record.lock_hash.clone())
                .collect();
            names.join(" ")
        };
        assert_eq!(
            gone(Keep {
                days: Some(3),
                ..Keep::default()
            }),
            "old"
        );
        assert_eq!(
            gone(Keep {
                max_bytes: Some(9),
                ..Keep::default()
            }),
            "middle old"
        );
        assert_eq!(
            gone(Keep {
                nothing: true,
                ..Keep::default()
            }),
            "new middle old"
        );
        assert_eq!(
            gone(Keep {
                days: Some(0),
                ..Keep::default()
            }),
            "new middle old"
        );
        assert_eq!(gone(Keep::default()), "");
    }
}
