//! A small server that speaks the Hub's protocol over a real socket on this machine, for tests.
//!
//! It knows models with their records and files, gated and renamed ones, lists with pages, and a
//! content host on another origin. On top of that a test may [`script`](FakeHub::script) any
//! answer for any path: errors, rate limits, slow and cut-off bodies. Every request it sees is
//! kept for the test to look at.

mod answers;
mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Value, json};

use crate::protocol::{self, Fault};

/// How the body of an answer goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Delivery {
    /// At once.
    #[default]
    Whole,
    /// In pieces of this many bytes with this pause after each.
    Slow(usize, Duration),
    /// Only so many bytes, then the connection is closed, whatever the length said.
    CutOff(usize),
    /// Nothing at all: the connection is closed without an answer.
    Nothing,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Headers.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How the body is sent.
    pub delivery: Delivery,
}

impl Answer {
    /// An answer without headers of its own.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            delivery: Delivery::Whole,
        }
    }

    /// An error as the Hub sends it: code and message as headers, the message as JSON.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        let answer = Self::new(status, protocol::error_body(message));
        let answer = if code.is_empty() {
            answer
        } else {
            answer.with("X-Error-Code", code)
        };
        if message.is_empty() {
            answer
        } else {
            answer.with("X-Error-Message", message)
        }
    }

    /// An error of the protocol.
    fn fault(fault: Fault) -> Self {
        Self::error(fault.status(), fault.code(), fault.message())
    }

    /// The same answer with a header.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same answer, sent in another way.
    #[must_use]
    pub fn sent(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }
}

/// A request that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET` or `HEAD`.
    pub method: String,
    /// Path and query as sent.
    pub target: String,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
}

/// Who may read the files of a model.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Gate {
    /// Anybody.
    #[default]
    Open,
    /// Whoever sends this token; strangers see record and card.
    Token(String),
    /// Whoever sends this token; strangers do not see the record either.
    Closed(String),
}

/// A model.
#[derive(Debug, Clone, Default)]
pub struct FakeModel {
    /// Repository id.
    pub id: String,
    /// Commit, 40 hexadecimal digits.
    pub sha: String,
    /// Fields that the record has on top of id, sha and files.
    pub record: serde_json::Map<String, Value>,
    /// Files by path.
    pub files: BTreeMap<String, Vec<u8>>,
    /// Who may read.
    pub gate: Gate,
    /// Where files are served from instead (the content host), without a slash at the end.
    pub content_host: Option<String>,
}

impl FakeModel {
    /// A model with a commit and nothing else.
    pub fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            sha: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            ..Self::default()
        }
    }

    /// The same model with a field in its record.
    #[must_use]
    pub fn field(mut self, name: &str, value: Value) -> Self {
        self.record.insert(name.to_owned(), value);
        self
    }

    /// The same model with a file.
    #[must_use]
    pub fn file(mut self, path: &str, content: &str) -> Self {
        self.files
            .insert(path.to_owned(), content.as_bytes().to_vec());
        self
    }

    /// The same model behind a gate.
    #[must_use]
    pub fn gated(mut self, gate: Gate) -> Self {
        self.gate = gate;
        self.field("gated", json!("manual"))
    }

    fn json(&self) -> Value {
        let siblings: Vec<Value> = self
            .files
            .iter()
            .map(|(path, bytes)| json!({"rfilename": path, "size": bytes.len()}))
            .collect();
        protocol::record(&self.id, &self.sha, siblings, self.record.clone())
    }
}

#[derive(Debug, Default)]
struct State {
    models: BTreeMap<String, FakeModel>,
    renamed: BTreeMap<String, String>,
    scripts: BTreeMap<String, VecDeque<Answer>>,
    seen: Vec<Seen>,
}

/// A running server. It ends when it is dropped.
#[derive(Debug)]
pub struct FakeHub {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl FakeHub {
    /// Starts a server on a free port of the loopback address.
    ///
    /// # Errors
    /// When no socket can be opened.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let state = Arc::new(Mutex::new(State::default()));
        let stop = Arc::new(AtomicBool::new(false));
        let (shared, ending) = (Arc::clone(&state), Arc::clone(&stop));
        let thread = std::thread::spawn(move || wire::accept(&listener, &shared, &ending));
        Ok(Self {
            address,
            state,
            stop,
            thread: Some(thread),
        })
    }

    /// Its address, as `HF_ENDPOINT` takes it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Adds a model, or replaces it.
    pub fn add(&self, model: FakeModel) {
        self.state().models.insert(model.id.clone(), model);
    }

    /// Lets an old id redirect to a new one.
    pub fn rename(&self, old: &str, new: &str) {
        self.state().renamed.insert(old.to_owned(), new.to_owned());
    }

    /// Answers the next requests for a path (without its query) with these, one each; the last
    /// one stays.
    pub fn script(&self, path: &str, answers: impl IntoIterator<Item = Answer>) {
        self.state()
            .scripts
            .insert(path.to_owned(), answers.into_iter().collect());
    }

    /// Forgets the script of a path.
    pub fn unscript(&self, path: &str) {
        self.state().scripts.remove(path);
    }

    /// The requests since the start or since the last call.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state().seen)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }
}

impl Drop for FakeHub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // The listener waits for a connection; this is the last one.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The state, also after a test panicked while holding it.
fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
