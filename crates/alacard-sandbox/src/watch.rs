//! A thread that looks how much a sandbox uses.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::memory::{self, Meter};
use crate::processes::{self, Scope};
use crate::{SandboxError, disk};

const MB: u64 = 1024 * 1024;

/// Walking a folder may take this share of the time.
const SHARE: u32 = 10;

/// What there was too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum What {
    /// Memory of the processes, in bytes.
    Memory,
    /// Processes.
    Processes,
    /// Files, in bytes.
    Disk,
    /// The machine itself has hardly any memory left; used is what was left, in bytes.
    Machine,
}

/// A limit that was passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Excess {
    /// Of what.
    pub what: What,
    /// How much there was.
    pub used: u64,
    /// How much there may be.
    pub limit: u64,
}

impl std::fmt::Display for Excess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (used, limit) = (self.used.div_ceil(MB), self.limit / MB);
        match self.what {
            What::Memory => write!(
                f,
                "it used {used} MB of memory, and {limit} MB is the limit"
            ),
            What::Disk => write!(f, "it wrote {used} MB, and {limit} MB is the limit"),
            What::Machine => write!(
                f,
                "the machine had {used} MB of memory left, and {limit} MB stay free"
            ),
            What::Processes => {
                write!(
                    f,
                    "it had {} processes, and {} is the limit",
                    self.used, self.limit
                )
            }
        }
    }
}

/// How much is allowed. What is `None` is not looked at.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    /// Bytes of memory, shared pages counted once.
    pub memory: Option<u64>,
    /// Number of processes.
    pub processes: Option<u64>,
    /// A folder and how many bytes may be in it; for Landlock, whose folder has no size.
    pub disk: Option<(PathBuf, u64)>,
    /// Bytes of memory that the whole machine keeps free.
    pub reserve: Option<u64>,
    /// Processes that do not count.
    pub except: Vec<u32>,
}

/// How much was used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Bytes of memory at the last look.
    pub memory: u64,
    /// The most since the start or the last [`Watch::reset`].
    pub peak_memory: u64,
    /// Processes at the last look.
    pub processes: u64,
    /// Bytes in the folder at the last look.
    pub disk: u64,
    /// How many looks there were.
    pub looks: u64,
}

#[derive(Debug, Default)]
struct Shared {
    usage: Mutex<Usage>,
    limits: Mutex<Limits>,
    stop: AtomicBool,
}

/// The thread; dropping this ends it.
#[derive(Debug)]
pub struct Watch {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks every so often, and tells when a limit is passed: once, until it is kept again. It
    /// tells in its own thread, where [`crate::kill_others`] is best called at once: a bomb of
    /// processes doubles in milliseconds.
    ///
    /// # Errors
    ///
    /// When no thread can be started.
    pub fn start(
        scope: Scope,
        limits: Limits,
        every: Duration,
        tell: impl FnMut(Excess) + Send + 'static,
    ) -> Result<Self, SandboxError> {
        let shared = Arc::new(Shared {
            limits: Mutex::new(limits),
            ..Shared::default()
        });
        let looker = Looker::new(scope, Arc::clone(&shared));
        let thread = std::thread::Builder::new()
            .name("sandbox-watch".to_owned())
            .spawn(move || looker.run(every, tell))
            .map_err(SandboxError::system("the watch could not be started"))?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// What was used at the last look.
    #[must_use]
    pub fn usage(&self) -> Usage {
        *lock(&self.shared.usage)
    }

    /// Begins the peak anew.
    pub fn reset(&self) {
        let mut usage = lock(&self.shared.usage);
        usage.peak_memory = 0;
        usage.memory = 0;
    }

    /// Other limits from now on.
    pub fn set_limits(&self, limits: Limits) {
        *lock(&self.shared.limits) = limits;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // Dropped by the one it tells: it cannot wait for itself.
            if thread.thread().id() != std::thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Looker {
    scope: Scope,
    shared: Arc<Shared>,
    meter: Meter,
    disk: u64,
    next_disk: Instant,
    passed: Vec<What>,
}

impl Looker {
    fn new(scope: Scope, shared: Arc<Shared>) -> Self {
        let (meter, next_disk) = (Meter::new(), Instant::now());
        Self {
            scope,
            shared,
            meter,
            disk: 0,
            next_disk,
            passed: Vec::new(),
        }
    }

    fn run(mut self, every: Duration, mut tell: impl FnMut(Excess)) {
        while !self.shared.stop.load(Ordering::SeqCst) {
            let limits = lock(&self.shared.limits).clone();
            for excess in self.look(&limits) {
                tell(excess);
            }
            std::thread::park_timeout(every);
        }
    }

    /// One look; gives the limits that were kept before and are passed now.
    fn look(&mut self, limits: &Limits) -> Vec<Excess> {
        let mut pids = self.scope.members();
        pids.retain(|pid| !limits.except.contains(pid));
        let processes = count(&pids, limits.processes);
        let crowd = over(What::Processes, processes, limits.processes);
        // Each look at a crowd takes long, and it grows meanwhile.
        if let Some(crowd) = crowd.filter(|_| !self.passed.contains(&What::Processes)) {
            self.passed.push(What::Processes);
            return vec![crowd];
        }
        // A watch over processes alone stays quick when there are many of them.
        let memory = match limits.memory {
            Some(limit) => self.meter.measure(&pids, limit),
            None => 0,
        };
        self.measure_disk(limits, &pids);
        self.note(memory, processes);
        let now = [
            crowd,
            over(What::Memory, memory, limits.memory),
            over(
                What::Disk,
                self.disk,
                limits.disk.as_ref().map(|(_, bytes)| *bytes),
            ),
            short(limits.reserve),
        ];
        let now: Vec<Excess> = now.into_iter().flatten().collect();
        let fresh = now
            .iter()
            .filter(|excess| !self.passed.contains(&excess.what))
            .copied()
            .collect();
        self.passed = now.iter().map(|excess| excess.what).collect();
        fresh
    }

    fn measure_disk(&mut self, limits: &Limits, pids: &[u32]) {
        let Some((folder, _)) = &limits.disk else {
            return;
        };
        let start = Instant::now();
        if start < self.next_disk {
            return;
        }
        self.disk = disk::folder(folder) + disk::deleted(folder, pids);
        self.next_disk = Instant::now() + start.elapsed() * SHARE;
    }

    fn note(&self, memory: u64, processes: u64) {
        let mut usage = lock(&self.shared.usage);
        usage.memory = memory;
        usage.peak_memory = usage.peak_memory.max(memory);
        usage.processes = processes;
        usage.disk = self.disk;
        usage.looks += 1;
    }
}

/// The dead that nobody has buried do not count. They are told apart only when it matters, and
/// not in a crowd: among thousands that want to compute, each look may take seconds.
fn count(pids: &[u32], limit: Option<u64>) -> u64 {
    let all = pids.len() as u64;
    if limit.is_none_or(|limit| all <= limit || all > limit + limit / 4 + 16) {
        return all;
    }
    let running = |pid: &&u32| processes::read(**pid).is_some_and(|process| process.is_running());
    pids.iter().filter(running).count() as u64
}

fn over(what: What, used: u64, limit: Option<u64>) -> Option<Excess> {
    let limit = limit.filter(|limit| used > *limit)?;
    Some(Excess { what, used, limit })
}

fn short(reserve: Option<u64>) -> Option<Excess> {
    let limit = reserve?;
    let used = memory::free().filter(|free| *free < limit)?;
    Some(Excess {
        what: What::Machine,
        used,
        limit,
    })
}
