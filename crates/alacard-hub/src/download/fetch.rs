//! Files from the Hub, several at once.

use std::collections::VecDeque;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

use crate::client::{Broken, Failure};
use crate::download::part::Part;
use crate::download::record::{Listed, Piece};
use crate::download::{Downloaded, Wanted, here, space};
use crate::hub::Hub;
use crate::refusal::{Reason, Refusal};

/// Files that are downloaded at once.
const AT_ONCE: usize = 4;
/// How often the caller hears of progress.
const TELL: Duration = Duration::from_millis(100);
/// How long another process that downloads the same is waited for.
const OTHER: Duration = Duration::from_secs(3600);

/// The folders of one repository in the cache.
struct Rooms {
    repository: PathBuf,
    blobs: PathBuf,
    snapshot: PathBuf,
}

/// What the threads of one download share.
struct Work<'a> {
    hub: &'a Hub,
    wanted: &'a Wanted<'a>,
    sha: &'a str,
    rooms: &'a Rooms,
    left: Mutex<VecDeque<&'a Piece>>,
    done: AtomicU64,
    refused: Mutex<Option<Refusal>>,
    stop: AtomicBool,
    busy: AtomicUsize,
}

/// Downloads what is missing of a repository.
pub(super) fn all(
    hub: &Hub,
    wanted: &Wanted<'_>,
    listed: &Listed,
    tell: &dyn Fn(u64, u64),
) -> Result<Downloaded, Refusal> {
    let rooms = Rooms::make(wanted, &listed.sha).map_err(|error| disk(wanted.id, &error))?;
    let _lock = rooms.lock(hub, wanted.id)?;
    // Another process may have brought it meanwhile.
    if let Some(found) = here::with_all(&rooms.repository, listed) {
        return Ok(found);
    }
    let of: u64 = listed.pieces.iter().filter_map(|piece| piece.size).sum();
    let missing: u64 = listed.pieces.iter().map(|piece| rooms.missing(piece)).sum();
    space::check(wanted.id, &rooms.blobs, missing)?;
    let work = Work::new(hub, wanted, listed, &rooms);
    work.run(&|done| tell(done, of.max(done)));
    let refused = work.refused.into_inner();
    if let Some(refusal) = refused.unwrap_or_else(PoisonError::into_inner) {
        return Err(refusal);
    }
    let name = rooms.repository.join("refs").join("main");
    if matches!(wanted.revision, None | Some("main")) {
        fs::write(name, &listed.sha).map_err(|error| disk(wanted.id, &error))?;
    }
    here::with_all(&rooms.repository, listed).ok_or_else(|| {
        let message = format!(
            "The files of `{}` were changed while they were read.",
            wanted.id
        );
        Refusal::new(Reason::Unreadable, message)
    })
}

impl Rooms {
    fn make(wanted: &Wanted<'_>, sha: &str) -> io::Result<Self> {
        let repository = here::repository(wanted.into, wanted.id);
        let rooms = Self {
            blobs: repository.join("blobs"),
            snapshot: here::snapshot(&repository, sha),
            repository,
        };
        fs::create_dir_all(&rooms.blobs)?;
        fs::create_dir_all(&rooms.snapshot)?;
        fs::create_dir_all(rooms.repository.join("refs"))?;
        Ok(rooms)
    }

    /// One process downloads a repository at a time.
    fn lock(&self, hub: &Hub, id: &str) -> Result<File, Refusal> {
        let file = File::create(self.repository.join(".lock")).map_err(|error| disk(id, &error))?;
        let mut waited = Duration::ZERO;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                // Without locks on this file system everybody downloads for himself.
                Err(TryLockError::Error(_)) => return Ok(file),
                Err(TryLockError::WouldBlock) if hub.options().is_cancelled() => {
                    return Err(stopped(id));
                }
                Err(TryLockError::WouldBlock) if waited > OTHER => {
                    let message =
                        format!("Another process has been downloading `{id}` for an hour.");
                    return Err(Refusal::new(Reason::Network, message)
                        .with_hint("Wait for it, or end it, and try again."));
                }
                Err(TryLockError::WouldBlock) => {
                    std::thread::sleep(TELL);
                    waited += TELL;
                }
            }
        }
    }

    /// Where the bytes of a file lie. What has no announced hash gets a name that is none.
    fn blob(&self, piece: &Piece, sha: &str) -> PathBuf {
        let name = piece.hash.as_ref().map_or_else(
            || {
                let digest = Sha256::digest(format!("{sha}\0{}", piece.path).as_bytes());
                let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                format!("unnamed-{digits}")
            },
            |hash| hash.hex().to_owned(),
        );
        self.blobs.join(name)
    }

    /// Bytes of a file that are still to come.
    fn missing(&self, piece: &Piece) -> u64 {
        let sha = self.snapshot.file_name().unwrap_or_default();
        let blob = self.blob(piece, &sha.to_string_lossy());
        let size = |path: &Path| fs::metadata(path).map_or(0, |meta| meta.len());
        let have = size(&blob).max(size(&beginning(&blob)));
        piece.size.unwrap_or(0).saturating_sub(have)
    }

    /// Gives a file its place in the commit.
    fn link(&self, piece: &Piece, blob: &Path) -> io::Result<()> {
        let place = self.snapshot.join(&piece.path);
        if let Some(folder) = place.parent() {
            fs::create_dir_all(folder)?;
        }
        if fs::symlink_metadata(&place).is_ok() {
            fs::remove_file(&place)?;
        }
        link(&piece.path, blob, &place)
    }
}

/// A relative link, so that the cache can be moved.
#[cfg(unix)]
fn link(path: &str, blob: &Path, place: &Path) -> io::Result<()> {
    let up = "../".repeat(path.matches('/').count() + 2);
    let name = blob.file_name().unwrap_or_default();
    std::os::unix::fs::symlink(Path::new(&up).join("blobs").join(name), place)
}

/// Links need rights that not every user has there.
#[cfg(not(unix))]
fn link(_: &str, blob: &Path, place: &Path) -> io::Result<()> {
    fs::hard_link(blob, place).or_else(|_| fs::copy(blob, place).map(drop))
}

impl<'a> Work<'a> {
    fn new(hub: &'a Hub, wanted: &'a Wanted<'a>, listed: &'a Listed, rooms: &'a Rooms) -> Self {
        let mut left: Vec<&Piece> = listed.pieces.iter().collect();
        // The largest first, so that they do not come alone at the end.
        left.sort_by_key(|piece| std::cmp::Reverse(piece.size));
        Self {
            hub,
            wanted,
            sha: &listed.sha,
            rooms,
            left: Mutex::new(left.into()),
            done: AtomicU64::new(0),
            refused: Mutex::new(None),
            stop: AtomicBool::new(false),
            busy: AtomicUsize::new(AT_ONCE),
        }
    }

    /// Downloads everything, or until the first refusal.
    fn run(&self, tell: &dyn Fn(u64)) {
        std::thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    self.take_turns();
                    self.busy.fetch_sub(1, Ordering::SeqCst);
                });
            }
            while self.busy.load(Ordering::SeqCst) > 0 {
                std::thread::sleep(TELL);
                tell(self.done.load(Ordering::Relaxed));
            }
        });
    }

    fn take_turns(&self) {
        while !self.stop.load(Ordering::Relaxed) {
            let next = locked(&self.left).pop_front();
            let Some(piece) = next else { return };
            if let Err(refusal) = self.one(piece) {
                self.stop.store(true, Ordering::Relaxed);
                locked(&self.refused).get_or_insert(refusal);
            }
        }
    }

    /// One file: as it lies there, or downloaded.
    fn one(&self, piece: &Piece) -> Result<(), Refusal> {
        let id = self.wanted.id;
        let blob = self.rooms.blob(piece, self.sha);
        let here = fs::metadata(&blob).ok().map(|meta| meta.len());
        match here {
            Some(size) if piece.size.is_none_or(|known| known == size) => {
                self.done.fetch_add(size, Ordering::Relaxed);
            }
            _ => self.bring(piece, &blob)?,
        }
        self.rooms
            .link(piece, &blob)
            .map_err(|error| disk(id, &error))
    }

    /// Downloads a file. One that arrives damaged is asked for once more, from its beginning: a
    /// wrong piece may come from an earlier call.
    fn bring(&self, piece: &Piece, blob: &Path) -> Result<(), Refusal> {
        let id = self.wanted.id;
        let failed = |error: io::Error| disk(id, &error);
        for _ in 0..2 {
            let path = beginning(blob);
            let mut part = Part::open(&path, piece.size, &self.done).map_err(failed)?;
            if !part.is_whole() {
                match self.hub.client.stream(id, self.sha, &piece.path, &mut part) {
                    Err(Broken::Disk(_)) if part.is_excess() => {}
                    Err(Broken::Disk(error)) => return Err(failed(error)),
                    Err(Broken::Hub(failure)) => return Err(self.refusal(&failure)),
                    Ok(()) => {}
                }
            }
            if part.is_right(piece.hash.as_ref()).map_err(failed)? {
                return part.keep(blob).map_err(failed);
            }
            part.discard().map_err(failed)?;
        }
        let message = format!("`{}` of `{id}` arrives damaged.", piece.path);
        Err(Refusal::new(Reason::Unreadable, message)
            .with_hint("Try again later; a proxy or mirror between may change what it passes on."))
    }

    /// Why a file cannot be had. Of a repository that is to be seen, a bare 401 means that this
    /// file is closed.
    fn refusal(&self, failure: &Failure) -> Refusal {
        let id = self.wanted.id;
        match failure {
            Failure::Hidden => Failure::Gated.refusal(id, Some(self.sha)),
            other => other.refusal(id, Some(self.sha)),
        }
    }
}

/// The temporary name of a file.
fn beginning(blob: &Path) -> PathBuf {
    let mut name = blob.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

fn disk(id: &str, error: &io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::StorageFull {
        return Refusal::new(
            Reason::TooLarge,
            format!("The disk has no room for `{id}`."),
        )
        .with_hint("Make room, or keep the cache on another disk with ALACARD_CACHE.");
    }
    let message = format!("The files of `{id}` cannot be written: {error}.");
    Refusal::new(Reason::Unreadable, message)
        .with_hint("Choose a folder that can be written to with ALACARD_CACHE.")
}

fn stopped(id: &str) -> Refusal {
    let message = format!("The run was stopped before `{id}` was downloaded.");
    Refusal::new(Reason::Network, message)
}

/// The value, also after a thread panicked while holding it.
fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
