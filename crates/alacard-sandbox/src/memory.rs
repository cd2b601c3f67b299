//! How much memory processes hold, pages that they share counted once.
//!
//! The exact figure (`smaps_rollup`) walks every page and is dear; the size of the resident sets
//! is cheap, but counts shared pages once a process. So the cheap figure is taken always,
//! corrected by what it counted too much when the exact one was taken last.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::statvfs::statvfs;
use nix::unistd::{SysconfVar, sysconf};

use crate::spec::WORK;

/// Exact figures may take this share of the time.
const SHARE: u32 = 20;

/// What the kernel needs for a file in memory, beside its bytes.
const FILE: u64 = 1024;

/// And are not older than this.
const AGE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Meter {
    too_much: u64,
    next: Instant,
}

/// What one process holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Held {
    all: u64,
    shared_memory: u64,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self {
            too_much: 0,
            next: Instant::now() + AGE,
        }
    }

    /// Bytes that these processes hold; exact when it would be over the limit.
    pub(crate) fn measure(&mut self, pids: &[u32], limit: u64) -> u64 {
        let shared = shared_memory();
        let cheap = pids.iter().map(|pid| resident(*pid)).sum::<u64>() + shared;
        let guess = cheap.saturating_sub(self.too_much);
        if guess <= limit && Instant::now() < self.next {
            return guess;
        }
        let start = Instant::now();
        let exact = exact(pids, shared);
        self.too_much = cheap.saturating_sub(exact);
        self.next = Instant::now() + AGE.max(start.elapsed() * SHARE);
        exact
    }
}

fn exact(pids: &[u32], shared: u64) -> u64 {
    let held: Vec<Held> = pids.iter().map(|pid| held(*pid)).collect();
    let all: u64 = held.iter().map(|held| held.all).sum();
    let mapped: u64 = held.iter().map(|held| held.shared_memory).sum();
    all + shared.saturating_sub(mapped)
}

/// A process that hides its pages is counted with all of them.
fn held(pid: u32) -> Held {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    rollup(&text).unwrap_or_else(|| Held {
        all: resident(pid),
        shared_memory: 0,
    })
}

fn rollup(text: &str) -> Option<Held> {
    let field = |name: &str| {
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_ascii_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
            .map(|kb| kb * 1024)
    };
    let swapped = field("SwapPss:").unwrap_or(0);
    Some(Held {
        all: field("Pss:")? + swapped,
        shared_memory: field("Pss_Shmem:").unwrap_or(0),
    })
}

fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap_or_default();
    let pages = text
        .split_ascii_whitespace()
        .nth(1)
        .and_then(|word| word.parse::<u64>().ok());
    pages.unwrap_or(0) * page()
}

fn page() -> u64 {
    let size = sysconf(SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .unwrap_or(4096);
    u64::try_from(size).unwrap_or(4096)
}

/// What lies in `/dev/shm`, which is memory although no process may have it mapped, and what the
/// kernel needs for each file in memory, be it empty. On the host's own it would be others' as
/// well, so it counts in a sandbox's own only.
fn shared_memory() -> u64 {
    if std::env::var_os("ALACARD_SANDBOX").is_none_or(|kind| kind != "bubblewrap") {
        return 0;
    }
    let Ok(shared) = statvfs(Path::new("/dev/shm")) else {
        return 0;
    };
    let used = (shared.blocks() - shared.blocks_free()) * shared.fragment_size();
    let work = statvfs(Path::new(WORK)).map_or(0, |work| work.files() - work.files_free());
    used + (shared.files() - shared.files_free() + work) * FILE
}

/// What the machine could still give, in bytes.
pub(crate) fn free() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_ascii_whitespace()
        .next()?
        .parse::<u64>()
        .ok()
        .map(|kb| kb * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_is_read() {
        let text = "00400000-7fff ---p 0 00:00 0 [rollup]\nRss: 900 kB\nPss: 100 kB\nPss_Shmem: 7 kB\nSwapPss: 2 kB\n";
        assert_eq!(
            rollup(text),
            Some(Held {
                all: 102 * 1024,
                shared_memory: 7 * 1024
            })
        );
        assert_eq!(rollup(""), None);
    }

    #[test]
    fn a_process_is_not_counted_twice_for_what_it_shares() {
        let me = std::process::id();
        let mut meter = Meter::new();
        let exact = meter.measure(&[me], 0);
        assert!(exact > 0 && exact <= resident(me) + 4 * 1024 * 1024);
        assert!(free().unwrap() > 0);
    }
}
