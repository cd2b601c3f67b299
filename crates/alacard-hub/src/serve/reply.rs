//! An answer before it goes over the wire.

use std::fs::File;

use serde_json::Value;

use crate::protocol::{Fault, error_body};

/// What an answer carries.
#[derive(Debug)]
pub(super) enum Load {
    /// Bytes at hand.
    Bytes(Vec<u8>),
    /// So many bytes of a file, from where it stands.
    File(File, u64),
    /// So many bytes that are not sent: the answer to `HEAD`.
    Said(u64),
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) load: Load,
}

impl Reply {
    pub(super) fn new(status: u16, load: Load) -> Self {
        Self {
            status,
            headers: Vec::new(),
            load,
        }
    }

    /// A JSON document.
    pub(super) fn json(value: &Value) -> Self {
        Self::new(200, Load::Bytes(value.to_string().into_bytes()))
            .with("content-type", "application/json; charset=utf-8")
    }

    /// An error with a sentence.
    pub(super) fn error(status: u16, message: &str) -> Self {
        Self::new(status, Load::Bytes(error_body(message).into_bytes()))
            .with("content-type", "application/json; charset=utf-8")
            .with("x-error-message", message)
    }

    /// An error of the protocol.
    pub(super) fn fault(fault: Fault) -> Self {
        Self::error(fault.status(), fault.message()).with("x-error-code", fault.code())
    }

    /// A file that a repository does not have. The commit lets clients remember that.
    pub(super) fn no_entry(sha: &str) -> Self {
        Self::fault(Fault::NoEntry).with("x-repo-commit", sha)
    }

    /// The same answer with a header.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// How many bytes it carries, or says it would.
    pub(super) fn length(&self) -> u64 {
        match &self.load {
            Load::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Load::File(_, length) | Load::Said(length) => *length,
        }
    }

    /// The same answer without what it carries.
    pub(super) fn head_only(self) -> Self {
        let length = self.length();
        Self {
            load: Load::Said(length),
            ..self
        }
    }
}
