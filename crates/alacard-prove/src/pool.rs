//! Warm sandboxes, and who may use one when: as many proofs at once as memory and processors allow.

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::ProveError;
use crate::slot::{Place, Slot};

/// Memory that a proof is expected to need, host included, in MB. Measured: 0.5 to 1.2 GB.
pub(crate) const EXPECTED_MB: u64 = 1500;
/// Memory that is left to the rest of the machine, in MB.
const LEFT_MB: u64 = 1000;
/// Slots that are kept warm without being used.
const KEPT: usize = 4;
/// How often a wait looks whether it was interrupted.
const LOOK: Duration = Duration::from_millis(200);

/// The slots of a process.
#[derive(Default)]
pub(crate) struct Pool {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Default)]
struct State {
    /// Warm slots by what they were made for.
    free: BTreeMap<String, Vec<(Instant, Slot)>>,
    /// Slots in use.
    busy: usize,
}

/// The right to use one slot.
pub(crate) struct Permit<'a> {
    pool: &'a Pool,
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pool.lock().busy -= 1;
        self.pool.freed.notify_one();
    }
}

impl Pool {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room.
    pub(crate) fn admit(&self, cancelled: &dyn Fn() -> bool) -> Result<Permit<'_>, ProveError> {
        let mut state = self.lock();
        loop {
            if cancelled() {
                return Err(ProveError::Interrupted);
            }
            if state.busy < room(state.busy) {
                state.busy += 1;
                return Ok(Permit { pool: self });
            }
            let waited = self.freed.wait_timeout(state, LOOK);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A warm slot of this kind, or a new one. Warm slots of other kinds make room when memory
    /// is short.
    pub(crate) fn take(&self, key: &str, place: &Place) -> Result<Slot, ProveError> {
        let warm = self.lock().free.get_mut(key).and_then(Vec::pop);
        match warm {
            Some((_, slot)) => Ok(slot),
            None => {
                self.make_room();
                Slot::open(place)
            }
        }
    }

    /// Gives a slot back for the next one.
    pub(crate) fn give_back(&self, key: &str, slot: Slot) {
        let mut state = self.lock();
        state
            .free
            .entry(key.to_owned())
            .or_default()
            .push((Instant::now(), slot));
        while state.kept() > KEPT {
            state.drop_oldest();
        }
    }

    fn make_room(&self) {
        let mut state = self.lock();
        while state.kept() > 0 && available_mb() < EXPECTED_MB + LEFT_MB {
            state.drop_oldest();
        }
    }
}

impl State {
    fn kept(&self) -> usize {
        self.free.values().map(Vec::len).sum()
    }

    fn drop_oldest(&mut self) {
        let oldest = |slots: &Vec<(Instant, Slot)>| slots.first().map(|(since, _)| *since);
        let key = self
            .free
            .iter()
            .filter_map(|(key, slots)| Some((oldest(slots)?, key.clone())))
            .min();
        if let Some((_, key)) = key
            && let Some(slots) = self.free.get_mut(&key)
        {
            drop(slots.remove(0));
        }
    }
}

/// How many proofs may run at once: one a processor, and no more than memory allows, but always
/// one.
fn room(busy: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let more = available_mb().saturating_sub(LEFT_MB) / EXPECTED_MB;
    let by_memory = busy.saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
    processors.min(by_memory).max(1)
}

/// Memory that can be had without swapping, in MB; much when the system does not tell.
fn available_mb() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("MemAvailable:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
    number.map_or(u64::MAX, |kilobytes| kilobytes / 1024)
}
