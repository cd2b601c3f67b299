//! A file that is on its way: it has a temporary name until it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

use crate::client::Sink;
use crate::download::record::Hash;

/// Bytes that are hashed at once.
const PIECE: usize = 1 << 20;

/// The beginning of a file.
#[derive(Debug)]
pub(super) struct Part<'a> {
    path: PathBuf,
    file: File,
    have: u64,
    size: Option<u64>,
    /// Whether more came than was announced.
    excess: bool,
    /// Where the bytes of all files are counted.
    done: &'a AtomicU64,
}

impl<'a> Part<'a> {
    /// Takes up what is there.
    pub(super) fn open(path: &Path, size: Option<u64>, done: &'a AtomicU64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)?;
        let have = file.seek(SeekFrom::End(0))?;
        let mut part = Self {
            path: path.to_owned(),
            file,
            have,
            size,
            excess: false,
            done,
        };
        // Without a size nobody knows whether a beginning belongs to this file.
        if size.is_none_or(|size| have > size) {
            part.have = 0;
            part.file.set_len(0)?;
            part.file.rewind()?;
        }
        done.fetch_add(part.have, Ordering::Relaxed);
        Ok(part)
    }

    /// Whether more came than was announced.
    pub(super) fn is_excess(&self) -> bool {
        self.excess
    }

    /// Whether everything is there already.
    pub(super) fn is_whole(&self) -> bool {
        self.size == Some(self.have)
    }

    /// Whether the bytes are those that the Hub announced.
    pub(super) fn is_right(&mut self, hash: Option<&Hash>) -> io::Result<bool> {
        if self.excess || self.size.is_some_and(|size| size != self.have) {
            return Ok(false);
        }
        self.file.rewind()?;
        let reader = BufReader::with_capacity(PIECE, &self.file);
        Ok(match hash {
            None => true,
            Some(Hash::Sha256(hex)) => &sha256(reader)? == hex,
            Some(Hash::Git(hex)) => &git(reader, self.have)? == hex,
        })
    }

    /// Forgets it.
    pub(super) fn discard(mut self) -> io::Result<()> {
        self.restart()?;
        fs::remove_file(&self.path)
    }

    /// Gives the file its name.
    pub(super) fn keep(self, name: &Path) -> io::Result<()> {
        self.file.sync_data()?;
        fs::rename(&self.path, name)
    }
}

impl Sink for Part<'_> {
    fn have(&self) -> u64 {
        self.have
    }

    fn size(&self) -> Option<u64> {
        self.size
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let length = bytes.len() as u64;
        if self.size.is_some_and(|size| self.have + length > size) {
            self.excess = true;
            return Err(io::Error::other("more came than was announced"));
        }
        self.file.write_all(bytes)?;
        self.have += length;
        self.done.fetch_add(length, Ordering::Relaxed);
        Ok(())
    }

    fn restart(&mut self) -> io::Result<()> {
        self.done.fetch_sub(self.have, Ordering::Relaxed);
        self.have = 0;
        self.excess = false;
        self.file.set_len(0)?;
        self.file.rewind()
    }
}

fn sha256(mut reader: impl Read) -> io::Result<String> {
    let mut hasher = Sha256::new();
    pieces(&mut reader, |piece| hasher.update(piece))?;
    Ok(hex(&hasher.finalize()))
}

/// Git's hash of a blob.
fn git(mut reader: impl Read, size: u64) -> io::Result<String> {
    let mut hasher = sha1_smol::Sha1::new();
    hasher.update(format!("blob {size}\0").as_bytes());
    pieces(&mut reader, |piece| hasher.update(piece))?;
    Ok(hasher.digest().to_string())
}

fn pieces(reader: &mut impl Read, mut each: impl FnMut(&[u8])) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    loop {
        match reader.read(&mut buffer)? {
            0 => return Ok(()),
            read => each(buffer.get(..read).unwrap_or_default()),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
