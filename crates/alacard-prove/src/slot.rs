//! One sandbox with a host in it, seen from the outside.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use alacard_sandbox as sandbox;

use crate::ProveError;
use crate::wire::{Ended, LAST_WORD, Order, Report};

/// How long a sandbox may take to come up.
const START_LIMIT: Duration = Duration::from_secs(30);
/// How often a wait looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(100);
/// Bytes of what the inside wrote to standard error that are kept.
const LOG_BYTES: usize = 8000;
/// Largest file of a twin that is taken.
const FILE_LIMIT: u64 = 2 << 30;
/// The only place that may be written to, as the sandbox sees it.
const WORK: &str = "/work";
/// Shared memory of a sandbox, in MB: torch passes tensors between processes there.
const SHARED_MB: u64 = 256;
/// Processes and threads of the sandbox itself.
const HOST_PROCESSES: u64 = 64;
/// Open files of one process.
const OPEN_FILES: u64 = 4096;
/// Reports that may wait to be read.
const BACKLOG: usize = 64;

/// What the sandbox is made of.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// The program that has the inside.
    pub(crate) program: PathBuf,
    /// The environment: its folder and its interpreter.
    pub(crate) environment: PathBuf,
    pub(crate) python: PathBuf,
    /// Folders that the interpreter needs beside its environment.
    pub(crate) interpreter: Vec<PathBuf>,
    /// The Python code of the host and the twin maker.
    pub(crate) payload: PathBuf,
    /// The twin cache.
    pub(crate) twins: PathBuf,
    /// Folders with real weights.
    pub(crate) shown: Vec<PathBuf>,
    /// Which sandbox.
    pub(crate) kind: sandbox::Kind,
    /// What may be used, at most, by any run in it.
    pub(crate) limits: crate::proof::Limits,
}

/// What comes out of a sandbox.
pub(crate) enum Frame {
    /// A report.
    Report(Report),
    /// A file of a twin.
    File {
        /// Its path below the twin's folder.
        path: String,
        /// Its bytes.
        bytes: Vec<u8>,
    },
}

/// A running sandbox.
pub(crate) struct Slot {
    process: sandbox::Child,
    input: std::process::ChildStdin,
    frames: Receiver<std::io::Result<Frame>>,
    log: Arc<Mutex<Vec<u8>>>,
    /// Modules that the host has imported.
    pub(crate) warm: BTreeSet<String>,
}

impl Slot {
    /// Starts a sandbox and waits until its inside is up.
    pub(crate) fn open(place: &Place) -> Result<Self, ProveError> {
        let broke = |error: sandbox::SandboxError| ProveError::Sandbox {
            message: error.to_string(),
        };
        let launcher = sandbox::Launcher::new(&place.program, ["__confine"]);
        let mut process = launcher
            .spawn(&spec(place), place.kind, sandbox::Streams::piped())
            .map_err(broke)?;
        let pipes = (
            process.stdin.take(),
            process.stdout.take(),
            process.stderr.take(),
        );
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(ProveError::Sandbox {
                message: "it has no pipes".to_owned(),
            });
        };
        let (sender, frames) = sync_channel(BACKLOG);
        std::thread::spawn(move || read_frames(output, &sender));
        let log = Arc::new(Mutex::new(Vec::new()));
        let kept = log.clone();
        std::thread::spawn(move || keep_tail(errors, &kept));
        let mut slot = Self {
            process,
            input,
            frames,
            log,
            warm: BTreeSet::new(),
        };
        match slot.next(Instant::now() + START_LIMIT, &|| false)? {
            Frame::Report(Report::Ready { .. }) => Ok(slot),
            _ => Err(slot.broken("it did not say that it is ready")),
        }
    }

    /// Sends an order.
    pub(crate) fn ask(&mut self, order: &Order) -> Result<(), ProveError> {
        let mut line =
            serde_json::to_vec(order).map_err(|error| self.broken(&error.to_string()))?;
        line.push(b'\n');
        let sent = self
            .input
            .write_all(&line)
            .and_then(|()| self.input.flush());
        sent.map_err(|error| self.broken(&error.to_string()))
    }

    /// The next report or file.
    pub(crate) fn next(
        &mut self,
        deadline: Instant,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Frame, ProveError> {
        loop {
            if cancelled() {
                return Err(ProveError::Interrupted);
            }
            match self.frames.recv_timeout(LOOK) {
                Ok(Ok(Frame::Report(Report::Trouble { message }))) => {
                    return Err(self.broken(&message));
                }
                Ok(Ok(frame)) => return Ok(frame),
                Ok(Err(error)) => return Err(self.broken(&error.to_string())),
                Err(RecvTimeoutError::Disconnected) => return Err(self.broken("it ended")),
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    return Err(self.broken("it did not answer in time"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Imports modules in the host, once each.
    pub(crate) fn warm(
        &mut self,
        modules: &[String],
        limit: Duration,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<(), ProveError> {
        let new: Vec<String> = modules
            .iter()
            .filter(|m| !self.warm.contains(*m))
            .cloned()
            .collect();
        if new.is_empty() {
            return Ok(());
        }
        self.ask(&Order::Warm {
            modules: new.clone(),
        })?;
        self.next(Instant::now() + limit, cancelled)?;
        self.warm.extend(new);
        Ok(())
    }

    /// Why the sandbox ended itself, when it did.
    pub(crate) fn last_word(&self) -> Option<Ended> {
        let log = self.log.lock().ok()?;
        let text = String::from_utf8_lossy(&log);
        let line = text
            .lines()
            .rev()
            .find_map(|line| line.strip_prefix(LAST_WORD))?;
        serde_json::from_str(line).ok()
    }

    fn broken(&self, what: &str) -> ProveError {
        let log = self
            .log
            .lock()
            .map(|log| String::from_utf8_lossy(&log).trim().to_owned());
        let log = log.unwrap_or_default();
        let message = if log.is_empty() {
            what.to_owned()
        } else {
            format!("{what} ({log})")
        };
        ProveError::Sandbox { message }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // What will not die cannot be helped here; the sandbox's own guard goes on trying.
        let _ = self.process.kill_all();
    }
}

fn spec(place: &Place) -> sandbox::Spec {
    let mut spec = sandbox::Spec::new(&place.program).args(arguments(place));
    let folders = [
        &place.program,
        &place.environment,
        &place.payload,
        &place.twins,
    ];
    for path in folders
        .into_iter()
        .chain(&place.interpreter)
        .chain(&place.shown)
    {
        // What lies in a folder that is seen anyway needs no showing.
        if !path.starts_with("/usr") {
            spec = spec.show_in_place(path);
        }
    }
    spec.env = variables(place);
    spec.writable_mb = place.limits.disk_mb;
    spec.shm_mb = SHARED_MB;
    spec.processes = place.limits.processes + HOST_PROCESSES;
    spec.file_mb = place.limits.file_mb;
    spec.open_files = OPEN_FILES;
    spec
}

fn arguments(place: &Place) -> [OsString; 7] {
    [
        "__inside".into(),
        "--python".into(),
        place.python.clone().into(),
        "--payload".into(),
        place.payload.clone().into(),
        "--work".into(),
        WORK.into(),
    ]
}

/// Variables of the host; a kernel gets its own.
fn variables(place: &Place) -> BTreeMap<String, String> {
    let payload = place.payload.display().to_string();
    let pairs = [
        ("PYTHONPATH", payload.as_str()),
        ("PYTHONDONTWRITEBYTECODE", "1"),
        ("PYTHONHASHSEED", "0"),
        ("OMP_NUM_THREADS", "1"),
        ("OPENBLAS_NUM_THREADS", "1"),
        ("MKL_NUM_THREADS", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn read_frames(output: impl Read, sender: &SyncSender<std::io::Result<Frame>>) {
    let mut output = BufReader::new(output);
    loop {
        let frame = match read_frame(&mut output) {
            Ok(Some(frame)) => Ok(frame),
            Ok(None) => return,
            Err(error) => Err(error),
        };
        let last = frame.is_err();
        if sender.send(frame).is_err() || last {
            return;
        }
    }
}

fn read_frame(output: &mut impl BufRead) -> std::io::Result<Option<Frame>> {
    let mut line = String::new();
    if output.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let report: Report = serde_json::from_str(&line).map_err(std::io::Error::other)?;
    let Report::File { path, bytes } = report else {
        return Ok(Some(Frame::Report(report)));
    };
    if bytes > FILE_LIMIT {
        return Err(std::io::Error::other("a twin's file is too large"));
    }
    let mut content = Vec::new();
    let read = output.take(bytes).read_to_end(&mut content)?;
    if read as u64 != bytes {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(Frame::File {
        path,
        bytes: content,
    }))
}

fn keep_tail(mut errors: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = errors.read(&mut buffer) {
        let Ok(mut log) = kept.lock() else { return };
        log.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let extra = log.len().saturating_sub(LOG_BYTES);
        log.drain(..extra);
    }
}
