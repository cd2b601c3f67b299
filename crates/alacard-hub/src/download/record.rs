//! What the Hub says a repository holds.

use serde_json::Value;

use crate::download::{Wanted, choose};
use crate::repository_path::{is_safe, is_sha};

/// Most files of a repository.
const MAX_FILES: usize = 20_000;

/// The hash that the Hub announces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hash {
    /// SHA-256 of the bytes.
    Sha256(String),
    /// Git's hash of a blob.
    Git(String),
}

/// A file that is needed.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub(super) path: String,
    pub(super) size: Option<u64>,
    pub(super) hash: Option<Hash>,
}

/// A repository at one commit, with the files that are needed of it.
#[derive(Debug, Clone)]
pub(super) struct Listed {
    pub(super) sha: String,
    pub(super) pieces: Vec<Piece>,
}

impl Listed {
    /// From the Hub's record; `None` when it names no commit.
    pub(super) fn read(api: &Value, wanted: &Wanted<'_>) -> Option<Self> {
        let sha = api["sha"].as_str().filter(|sha| is_sha(sha))?;
        let files = api["siblings"].as_array()?.iter().take(MAX_FILES);
        let mut all: Vec<Piece> = files.filter_map(Piece::read).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        all.dedup_by(|a, b| a.path == b.path);
        let sizes: Vec<(&str, u64)> = all
            .iter()
            .map(|piece| (piece.path.as_str(), piece.size.unwrap_or(0)))
            .collect();
        let chosen: Vec<String> = choose::chosen(&sizes, wanted.file)
            .into_iter()
            .map(str::to_owned)
            .collect();
        all.retain(|piece| chosen.binary_search(&piece.path).is_ok());
        Some(Self {
            sha: sha.to_ascii_lowercase(),
            pieces: all,
        })
    }
}

impl Piece {
    fn read(file: &Value) -> Option<Self> {
        let path = file["rfilename"].as_str().filter(|path| is_safe(path))?;
        let large = file["lfs"]["sha256"]
            .as_str()
            .or(file["lfs"]["oid"].as_str());
        let sha256 = large.filter(|hash| is_hex(hash, 64)).map(Hash::sha256);
        let git = || {
            let hash = file["blobId"].as_str().filter(|hash| is_hex(hash, 40))?;
            // Of a large file git has a pointer only.
            large.is_none().then(|| Hash::Git(hash.to_owned()))
        };
        Some(Self {
            path: path.to_owned(),
            size: file["size"].as_u64().or(file["lfs"]["size"].as_u64()),
            hash: sha256.or_else(git),
        })
    }
}

impl Hash {
    fn sha256(text: &str) -> Self {
        Self::Sha256(text.to_owned())
    }

    /// The digits.
    pub(super) fn hex(&self) -> &str {
        match self {
            Self::Sha256(hex) | Self::Git(hex) => hex,
        }
    }
}

fn is_hex(text: &str, digits: usize) -> bool {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.len() == digits && text.bytes().all(digit)
}
