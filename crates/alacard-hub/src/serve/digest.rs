//! Hashes of files: computed when somebody asks, once for each state of a file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use sha1_smol::Sha1;
use sha2::{Digest, Sha256};

use crate::serve::place::{Entry, Place};

/// Files above this size are stored as large files, whatever they are called.
const LARGE: u64 = 10 << 20;
/// Names of weights, which are always stored as large files.
const WEIGHTS: [&str; 2] = [".safetensors", ".bin"];
/// Files above this size are told apart by samples in a made commit; hashing them takes seconds.
const SAMPLED: u64 = 64 << 20;
/// How many samples, and how large one is.
const SAMPLES: u64 = 16;
const SAMPLE: u64 = 64 << 10;
/// Most files that are remembered.
const REMEMBERED: usize = 100_000;
/// How long a made commit stays without another look at the folder.
const COMMIT_STAYS: Duration = Duration::from_secs(2);
/// Pieces in which files are read.
const PIECE: usize = 256 << 10;

/// The hash by which a file is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    /// Git's hash of an ordinary file: 40 digits.
    Git(String),
    /// SHA-256 of a large file: 64 digits.
    Large(String),
}

impl Mark {
    /// Its digits; also the file's name among the client's blobs.
    pub(super) fn hex(&self) -> &str {
        match self {
            Self::Git(hex) | Self::Large(hex) => hex,
        }
    }
}

/// The small text that stands for a large file in git.
pub(super) fn pointer(hex: &str, size: u64) -> String {
    format!("version https://git-lfs.github.com/spec/v1\noid sha256:{hex}\nsize {size}\n")
}

/// Git's hash of bytes at hand.
pub(super) fn git_hash(bytes: &[u8]) -> String {
    let mut hasher = git_hasher(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    hasher.update(bytes);
    hasher.digest().to_string()
}

fn git_hasher(size: u64) -> Sha1 {
    Sha1::from(format!("blob {size}\0"))
}

/// A state of a file, and its mark.
type Known = (u64, Option<SystemTime>, Mark);

/// What was hashed so far.
#[derive(Debug, Default)]
pub(super) struct Marks {
    known: Mutex<BTreeMap<PathBuf, Known>>,
    commits: Mutex<BTreeMap<PathBuf, (Instant, String)>>,
    /// Held while a large file is hashed, so that two questions for it cost one reading.
    large: Mutex<()>,
}

impl Marks {
    /// The mark of a file.
    pub(super) fn of(&self, entry: &Entry) -> io::Result<Mark> {
        if let Some(mark) = named(&entry.real).or_else(|| self.known(entry)) {
            return Ok(mark);
        }
        let _turn = (entry.size > SAMPLED).then(|| locked(&self.large));
        if let Some(mark) = self.known(entry) {
            return Ok(mark);
        }
        let mark = computed(entry)?;
        let mut known = locked(&self.known);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(
            entry.real.clone(),
            (entry.size, entry.modified, mark.clone()),
        );
        Ok(mark)
    }

    /// A commit for a folder that has none: a hash over the names and bytes of its files.
    pub(super) fn commit(&self, place: &Place) -> String {
        if let Some((at, sha)) = locked(&self.commits).get(place.root())
            && at.elapsed() < COMMIT_STAYS
        {
            return sha.clone();
        }
        let mut hasher = Sha256::new();
        for entry in place.list() {
            // A file that cannot be read is not served; its name and size still count.
            let mark = self.content(&entry).unwrap_or_default();
            hasher.update(format!("{}\0{}\0{mark}\0", entry.path, entry.size));
        }
        let sha: String = hex(&hasher.finalize()).chars().take(40).collect();
        let mut commits = locked(&self.commits);
        if commits.len() >= REMEMBERED {
            commits.clear();
        }
        commits.insert(place.root().to_owned(), (Instant::now(), sha.clone()));
        sha
    }

    /// What tells the bytes of a file apart, in a made commit.
    fn content(&self, entry: &Entry) -> io::Result<String> {
        if entry.size > SAMPLED && named(&entry.real).is_none() {
            return samples(entry);
        }
        self.of(entry).map(|mark| mark.hex().to_owned())
    }

    fn known(&self, entry: &Entry) -> Option<Mark> {
        let known = locked(&self.known);
        let (size, modified, mark) = known.get(&entry.real)?;
        (*size == entry.size && *modified == entry.modified).then(|| mark.clone())
    }
}

/// In the Hub's cache the name of a blob is its hash.
fn named(real: &Path) -> Option<Mark> {
    let name = real.file_name()?.to_str()?;
    let blob = real.parent()?.ends_with("blobs") && name.bytes().all(is_digit);
    match name.len() {
        40 if blob => Some(Mark::Git(name.to_owned())),
        64 if blob => Some(Mark::Large(name.to_owned())),
        _ => None,
    }
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn computed(entry: &Entry) -> io::Result<Mark> {
    let file = entry.open()?;
    let large = entry.size > LARGE || WEIGHTS.iter().any(|end| entry.path.ends_with(end));
    if large {
        let mut hasher = Sha256::new();
        pieces(file, entry.size, |piece| hasher.update(piece))?;
        return Ok(Mark::Large(hex(&hasher.finalize())));
    }
    let mut hasher = git_hasher(entry.size);
    pieces(file, entry.size, |piece| hasher.update(piece))?;
    Ok(Mark::Git(hasher.digest().to_string()))
}

/// Reads a file in pieces; one that is not as long as it was said to be is an error.
fn pieces(file: File, size: u64, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut reader = BufReader::with_capacity(PIECE, file);
    let mut buffer = vec![0; PIECE];
    let mut total = 0_u64;
    loop {
        let read = reader.read(&mut buffer)?;
        total += u64::try_from(read).unwrap_or(u64::MAX);
        match buffer.get(..read) {
            _ if total > size => break,
            Some([]) | None => break,
            Some(piece) => each(piece),
        }
    }
    if total == size {
        Ok(())
    } else {
        Err(io::Error::other("the file changed while it was read"))
    }
}

/// A hash over pieces of a file, evenly spread.
fn samples(entry: &Entry) -> io::Result<String> {
    let mut file = entry.open()?;
    let mut hasher = Sha256::new();
    let last = entry.size.saturating_sub(SAMPLE);
    for number in 0..SAMPLES {
        file.seek(SeekFrom::Start(last / (SAMPLES - 1) * number))?;
        let mut piece = Vec::new();
        (&file).take(SAMPLE).read_to_end(&mut piece)?;
        hasher.update(&piece);
    }
    file.seek(SeekFrom::Start(last))?;
    let mut piece = Vec::new();
    file.take(SAMPLE).read_to_end(&mut piece)?;
    hasher.update(&piece);
    Ok(hex(&hasher.finalize()))
}

/// Bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The value, also after a thread panicked while holding it.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dir: &Path) -> Place {
        Place::alone(dir).unwrap()
    }

    #[test]
    fn marks_are_those_of_git_and_of_large_files() {
        let dir = tempfile::tempdir().unwrap();
        for (name, bytes) in [("a.txt", "hello\n"), ("a.bin", "hello\n")] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }
        let marks = Marks::default();
        let mark = |name| marks.of(&place(dir.path()).entry(name).unwrap()).unwrap();
        // `printf 'hello\n' | git hash-object --stdin`, and `| sha256sum`.
        let git = "ce013625030ba8dba906f756967f9e9ca394464a";
        let sha256 = "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";
        assert_eq!(mark("a.txt"), Mark::Git(git.to_owned()));
        assert_eq!(mark("a.bin"), Mark::Large(sha256.to_owned()));
        assert_eq!(git_hash(b"hello\n"), git);
        std::fs::write(dir.path().join("a.txt"), "hello, again\n").unwrap();
        assert_ne!(mark("a.txt"), Mark::Git(git.to_owned()));
    }

    #[test]
    fn a_made_commit_depends_on_the_content_alone() {
        let commit = |files: &[(&str, &str)]| {
            let dir = tempfile::tempdir().unwrap();
            for (name, text) in files {
                std::fs::write(dir.path().join(name), text).unwrap();
            }
            Marks::default().commit(&place(dir.path()))
        };
        let one = commit(&[("a", "1"), ("b", "2")]);
        assert_eq!(one.len(), 40);
        assert_eq!(one, commit(&[("b", "2"), ("a", "1")]));
        assert_ne!(one, commit(&[("a", "1"), ("b", "3")]));
        assert_ne!(one, commit(&[("a", "1"), ("c", "2")]));
    }

    #[test]
    fn a_huge_file_is_told_apart_by_its_ends() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("weights.bin");
        let commit = |last: &[u8]| {
            let mut file = File::create(&path).unwrap();
            file.set_len(SAMPLED).unwrap();
            file.seek(SeekFrom::End(0)).unwrap();
            io::Write::write_all(&mut file, last).unwrap();
            drop(file);
            Marks::default().commit(&place(dir.path()))
        };
        assert_ne!(commit(b"1"), commit(b"2"));
    }
}
