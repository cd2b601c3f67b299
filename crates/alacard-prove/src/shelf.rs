//! The folder of twins: how large it is, what is in use, and what goes when it is full.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use alacard_hub::{Clock, SystemClock};
use serde::{Deserialize, Serialize};

use crate::ProveError;
use crate::environment::{Keep, open_held, remove_folder};
use crate::error::file;

/// The largest size of all twins together, in GB, when no variable says otherwise.
pub const TWINS_GB: f64 = 20.0;
const GB: f64 = 1e9;
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The share of the limit that may be added before anybody counts again.
const UNCOUNTED: u64 = 20;
/// Half-made twins this old have no maker any more: it has a limit of three minutes.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// All twins of a user, in one folder:
///
/// - `<key>/`: one twin, with `twin.json` and `files/` in it;
/// - `held/<key>.lock`: its size in bytes as text; modified when the twin was last used, and
///   locked by the processes that use it.
#[derive(Debug, Clone)]
pub struct Shelf {
    root: PathBuf,
    max_bytes: u64,
    clock: Arc<dyn Clock>,
    /// Bytes that came since somebody counted. The first twin of a process counts in any case.
    uncounted: Arc<AtomicU64>,
}

/// What is on the shelf.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shelved {
    /// The folder.
    pub folder: PathBuf,
    /// Twins in it.
    pub count: usize,
    /// Bytes of all their files.
    pub bytes: u64,
    /// Bytes that they may have together.
    pub max_bytes: u64,
}

/// Twins that were removed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Cleared {
    /// How many.
    pub removed: usize,
    /// Bytes of their files.
    pub freed_bytes: u64,
    /// Twins that would have gone, but are in use.
    pub in_use: usize,
    /// Half-made twins that were swept away.
    pub leftovers: usize,
}

/// A twin that nobody removes as long as this value lives: a shared advisory lock. None where the
/// file system knows no locks.
pub(crate) type Held = Option<Arc<File>>;

/// One twin on the shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    key: String,
    bytes: u64,
    last_used: SystemTime,
}

impl Shelf {
    /// The twins in a cache folder, with a limit in bytes for all of them together.
    pub fn new(cache: &Path, max_bytes: u64) -> Self {
        Self {
            root: cache.join("twins"),
            max_bytes,
            clock: Arc::new(SystemClock),
            uncounted: Arc::new(AtomicU64::new(u64::MAX / 2)),
        }
    }

    /// The same with the limit of the variable `ALACARD_TWINS_GB`, looked up through `get`.
    pub fn from_env(cache: &Path, get: &dyn Fn(&str) -> Option<String>) -> Self {
        let said = get("ALACARD_TWINS_GB").and_then(|text| text.trim().parse::<f64>().ok());
        let limit = said
            .filter(|gb| gb.is_finite() && *gb >= 0.0)
            .unwrap_or(TWINS_GB);
        Self::new(cache, (limit * GB) as u64)
    }

    pub(crate) fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// How many there are and how large they are.
    pub fn usage(&self) -> Shelved {
        let places = self.places();
        Shelved {
            folder: self.root.clone(),
            count: places.len(),
            bytes: places.iter().map(|place| place.bytes).sum(),
            max_bytes: self.max_bytes,
        }
    }

    /// Removes the twins that `keep` does not keep, and what killed makers left. Twins in use stay.
    ///
    /// # Errors
    ///
    /// When a folder cannot be removed.
    pub fn gc(&self, keep: Keep) -> Result<Cleared, ProveError> {
        let mut cleared = Cleared::default();
        for place in doomed(&self.places(), keep, self.now()) {
            self.remove(place, &mut cleared)?;
        }
        cleared.leftovers = self.sweep();
        Ok(cleared)
    }

    /// Takes hold of a twin that is there or about to be made, and marks it as used now.
    pub(crate) fn hold(&self, key: &str) -> Held {
        let held = self.open_held(key).ok()?;
        held.lock_shared().ok()?;
        // A cache that cannot be written to still serves; only its age is not known then.
        let _ = held.set_modified(self.now());
        Some(Arc::new(held))
    }

    /// Notes the size of a new twin, and makes room when all of them have become too large.
    pub(crate) fn added(&self, key: &str) {
        let bytes = self.measure(key);
        let before = self.uncounted.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) < self.max_bytes / UNCOUNTED {
            return;
        }
        self.uncounted.store(0, Ordering::Relaxed);
        let keep = Keep {
            max_bytes: Some(self.max_bytes),
            ..Keep::default()
        };
        // The proof goes on without the room; the next one tries again.
        let _ = self.gc(keep);
    }

    fn now(&self) -> SystemTime {
        UNIX_EPOCH + self.clock.now()
    }

    fn open_held(&self, key: &str) -> std::io::Result<File> {
        open_held(&self.root.join("held"), key)
    }

    fn remove(&self, place: &Place, cleared: &mut Cleared) -> Result<(), ProveError> {
        let folder = self.root.join(&place.key);
        let held = self.open_held(&place.key).map_err(file("open", &folder))?;
        if held.try_lock().is_err() {
            cleared.in_use += 1;
            return Ok(());
        }
        match remove_folder(&folder) {
            Ok(()) => {
                cleared.removed += 1;
                cleared.freed_bytes += place.bytes;
                Ok(())
            }
            // Another process was quicker.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(file("remove", &folder)(error)),
        }
    }

    /// All finished twins, the last used first.
    fn places(&self) -> Vec<Place> {
        let mut places: Vec<Place> = names(&self.root)
            .into_iter()
            .filter(|name| is_key(name))
            .map(|key| self.place(key))
            .collect();
        places.sort_by(|a, b| (b.last_used, &a.key).cmp(&(a.last_used, &b.key)));
        places
    }

    fn place(&self, key: String) -> Place {
        let held = self.open_held(&key).ok();
        let noted = held.as_ref().and_then(|mut held| {
            let mut text = String::new();
            held.read_to_string(&mut text).ok()?;
            text.trim().parse().ok()
        });
        let last_used = held
            .and_then(|held| held.metadata().ok()?.modified().ok())
            .unwrap_or(UNIX_EPOCH);
        let bytes = noted.unwrap_or_else(|| self.measure(&key));
        Place {
            key,
            bytes,
            last_used,
        }
    }

    /// Counts the bytes of a twin and writes them down.
    fn measure(&self, key: &str) -> u64 {
        let bytes = folder_bytes(&self.root.join(key));
        if let Ok(mut held) = self.open_held(key) {
            let _ = held.set_len(0).and_then(|()| write!(held, "{bytes}"));
            let _ = held.set_modified(self.now());
        }
        bytes
    }

    /// Removes half-made twins whose makers are gone.
    fn sweep(&self) -> usize {
        let is_abandoned = |name: &String| {
            let age = std::fs::metadata(self.root.join(name))
                .and_then(|data| data.modified())
                .ok()
                .and_then(|time| self.now().duration_since(time).ok());
            name.starts_with('.') && age.is_some_and(|age| age > ABANDONED)
        };
        names(&self.root)
            .into_iter()
            .filter(is_abandoned)
            .filter(|name| std::fs::remove_dir_all(self.root.join(name)).is_ok())
            .count()
    }
}

/// Those that go, of a list that has the last used first.
fn doomed(places: &[Place], keep: Keep, now: SystemTime) -> Vec<&Place> {
    let mut sum: u64 = 0;
    let is_old = |place: &Place, days: u64| {
        now.duration_since(place.last_used)
            .is_ok_and(|age| age.as_secs() >= days.saturating_mul(DAY.as_secs()))
    };
    places
        .iter()
        .filter(|place| {
            sum = sum.saturating_add(place.bytes);
            let old = keep.days.is_some_and(|days| is_old(place, days));
            let large = keep.max_bytes.is_some_and(|most| sum > most);
            keep.nothing || old || large
        })
        .collect()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

fn is_key(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Bytes of all files below a folder.
fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let data = entry.metadata().ok()?;
            Some(match data.is_dir() {
                true => folder_bytes(&entry.path()),
                false => data.len(),
            })
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYS: [&str; 3] = [
        "00000000000000000000000000000001",
        "00000000000000000000000000000002",
        "00000000000000000000000000000003",
    ];

    #[derive(Debug)]
    struct At(u64);

    impl Clock for At {
        fn now(&self) -> Duration {
            Duration::from_secs(self.0)
        }

        fn sleep(&self, _: Duration) {}
    }

    fn shelf(folder: &Path, now: u64, max_bytes: u64) -> Shelf {
        Shelf::new(folder, max_bytes).with_clock(Arc::new(At(now)))
    }

    /// A twin of so many bytes, made and let go at a time.
    fn put(folder: &Path, now: u64, max_bytes: u64, key: &str, bytes: usize) {
        let shelf = shelf(folder, now, max_bytes);
        let _held = shelf.hold(key);
        let files = shelf.root.join(key).join("files");
        std::fs::create_dir_all(&files).unwrap();
        std::fs::write(files.join("w"), vec![0; bytes]).unwrap();
        shelf.added(key);
    }

    fn there(folder: &Path) -> Vec<bool> {
        let is_there = |key: &&str| folder.join("twins").join(key).exists();
        KEYS.iter().map(is_there).collect()
    }

    #[test]
    fn the_least_recently_used_twin_makes_room() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), 100, 25, KEYS[0], 10);
        put(folder.path(), 200, 25, KEYS[1], 10);
        drop(shelf(folder.path(), 300, 25).hold(KEYS[0]));
        put(folder.path(), 400, 25, KEYS[2], 10);
        assert_eq!(there(folder.path()), [true, false, true]);
        let usage = shelf(folder.path(), 400, 25).usage();
        assert_eq!((usage.count, usage.bytes), (2, 20));
    }

    #[test]
    fn a_twin_in_use_stays_whatever_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), 100, 100, KEYS[0], 10);
        let held = shelf(folder.path(), 100, 0).hold(KEYS[0]);
        put(folder.path(), 200, 0, KEYS[1], 10);
        assert_eq!(there(folder.path()), [true, true, false], "both are held");
        let all = Keep {
            nothing: true,
            ..Keep::default()
        };
        let cleared = shelf(folder.path(), 300, 0).gc(all).unwrap();
        assert_eq!((cleared.removed, cleared.in_use), (1, 1));
        drop(held);
        let cleared = shelf(folder.path(), 300, 0).gc(all).unwrap();
        assert_eq!((cleared.removed, cleared.freed_bytes), (1, 10));
    }

    #[test]
    fn twins_that_nobody_used_for_days_go_and_half_made_ones_too() {
        let folder = tempfile::tempdir().unwrap();
        let day = DAY.as_secs();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        put(folder.path(), now, 100, KEYS[0], 10);
        put(folder.path(), now + 3 * day, 100, KEYS[1], 10);
        std::fs::create_dir_all(folder.path().join("twins/.tmpabc/files")).unwrap();
        let keep = Keep {
            days: Some(2),
            ..Keep::default()
        };
        let cleared = shelf(folder.path(), now + 4 * day, 100).gc(keep).unwrap();
        assert_eq!((cleared.removed, cleared.leftovers), (1, 1));
        assert_eq!(there(folder.path()), [false, true, false]);
    }

    #[test]
    fn the_variable_says_how_much_room_there_is() {
        let limit = |text: Option<&str>| {
            let text = text.map(str::to_owned);
            Shelf::from_env(Path::new("/c"), &move |_| text.clone()).max_bytes
        };
        assert_eq!(limit(None), 20_000_000_000);
        assert_eq!(limit(Some("1.5")), 1_500_000_000);
        assert_eq!(limit(Some("0")), 0);
        for nonsense in ["-1", "all", "nan", "inf"] {
            assert_eq!(limit(Some(nonsense)), 20_000_000_000, "{nonsense}");
        }
    }
}
