//! The one door to time.

use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the client needs of time. Tests put their own clock here and never really wait.
pub trait Clock: Send + Sync + fmt::Debug {
    /// Time since 1970-01-01 00:00 UTC.
    fn now(&self) -> Duration;
    /// Waits this long.
    fn sleep(&self, time: Duration);
}

/// The computer's own clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Duration {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}
