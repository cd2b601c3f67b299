//! What a server was asked.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::serve::repos::Kind;

/// Most requests that are kept; older ones go.
const KEPT: usize = 10_000;
/// Most missing repositories that are kept.
const MISSING: usize = 1_000;
/// Longest text of a request that is kept, in characters.
const TEXT: usize = 1_024;

/// A request, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// `GET`, `HEAD`, `POST` …
    pub method: String,
    /// The address as sent, without its query.
    pub path: String,
    /// Which kind of repository, where the address names one.
    pub kind: Option<Kind>,
    /// The id as it was written.
    pub repo: Option<String>,
    /// The file or folder.
    pub file: Option<String>,
    /// The revision as it was written.
    pub revision: Option<String>,
    /// The status of the answer.
    pub status: u16,
    /// Whether the repository is there; false also where none is named.
    pub known_repo: bool,
}

/// The requests of a server.
#[derive(Debug, Default)]
pub(super) struct Log(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    asked: VecDeque<Asked>,
    missing: BTreeSet<String>,
}

impl Log {
    /// Adds a request.
    pub(super) fn add(&self, asked: Asked) {
        let mut state = self.state();
        if let (Some(id), Some(kind), false) = (&asked.repo, asked.kind, asked.known_repo)
            && state.missing.len() < MISSING
        {
            state.missing.insert(kind.address(id));
        }
        if state.asked.len() >= KEPT {
            state.asked.pop_front();
        }
        state.asked.push_back(asked);
    }

    pub(super) fn asked(&self) -> Vec<Asked> {
        self.state().asked.iter().cloned().collect()
    }

    pub(super) fn missing(&self) -> BTreeSet<String> {
        self.state().missing.clone()
    }

    pub(super) fn clear(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Text of a request, not longer than what is kept.
pub(super) fn short(text: &str) -> String {
    text.chars().take(TEXT).collect()
}
