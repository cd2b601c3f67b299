//! When to ask again, and after how long.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use crate::client::transport::{Answer, Trouble};

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Nothing else is at hand: five tries, and rate limits are waited for.
    Full,
    /// Something is at hand: one more try for an answer that went wrong, none for a host that
    /// cannot be reached.
    Short,
    /// One try: the host was out of reach a moment ago.
    Once,
}

impl Patience {
    /// Pauses between the tries: 1, 2, 4 and 8 seconds, each with up to as much jitter on top, so
    /// that many clients that failed together do not come back together.
    pub(crate) fn pauses(self, seed: u64) -> impl Iterator<Item = Duration> {
        let again = match self {
            Self::Full => 4,
            Self::Short => 1,
            Self::Once => 0,
        };
        ExponentialBuilder::default()
            .with_factor(2.0)
            .with_min_delay(Duration::from_secs(1))
            .with_max_delay(Duration::from_secs(8))
            .with_max_times(again)
            .with_jitter()
            .with_jitter_seed(seed)
            .build()
    }

    /// The longest wait in all.
    pub(crate) fn bound(self, max_wait: Duration) -> Duration {
        match self {
            Self::Full => max_wait,
            Self::Short | Self::Once => max_wait.min(Duration::from_secs(5)),
        }
    }

    /// Whether such a failure to answer is worth another try after so many. A machine without a
    /// network is the usual reason for no connection, and nobody should wait long to hear of it.
    pub(crate) fn retries(self, trouble: &Trouble, tries: usize) -> bool {
        match trouble {
            Trouble::NoConnection => self == Self::Full && tries < 3,
            Trouble::TooSlow | Trouble::CutOff => true,
            Trouble::TooLarge(_) | Trouble::Redirects | Trouble::Setup | Trouble::Cancelled => {
                false
            }
        }
    }
}

/// Statuses that pass.
pub(crate) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// How long a 429 asks to wait: the end of the window when nothing is left of it
/// (`RateLimit: "api";r=0;t=55`), else `Retry-After` in seconds.
pub(crate) fn asked_wait(answer: &Answer) -> Option<Duration> {
    let window = answer.header("ratelimit").and_then(window_end);
    let after = || answer.header("retry-after")?.trim().parse().ok();
    window.or_else(after).map(Duration::from_secs)
}

/// Seconds until the window ends, when none of its requests is left.
fn window_end(header: &str) -> Option<u64> {
    let mut left = None;
    let mut seconds = None;
    for part in header.split(';').map(str::trim) {
        if let Some(value) = part.strip_prefix("r=") {
            left = value.parse::<u64>().ok();
        } else if let Some(value) = part.strip_prefix("t=") {
            seconds = value.parse().ok();
        }
    }
    if left == Some(0) { seconds } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(headers: &[(&str, &str)]) -> Answer {
        let headers = headers
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        Answer {
            status: 429,
            headers,
            body: Vec::new(),
        }
    }

    #[test]
    fn waits_that_the_hub_asks_for() {
        let wait =
            |headers: &[(&str, &str)]| asked_wait(&answer(headers)).map(|time| time.as_secs());
        assert_eq!(
            wait(&[("ratelimit", "\"api\";r=0;t=55"), ("retry-after", "3")]),
            Some(55)
        );
        assert_eq!(
            wait(&[("ratelimit", "\"api\";r=7;t=55"), ("retry-after", "3")]),
            Some(3)
        );
        assert_eq!(
            wait(&[("retry-after", "Wed, 21 Oct 2026 07:28:00 GMT")]),
            None
        );
        assert_eq!(wait(&[("ratelimit", "nonsense;;r=;t=x")]), None);
    }

    #[test]
    fn pauses_grow_and_are_the_same_for_one_seed() {
        let pauses: Vec<Duration> = Patience::Full.pauses(7).collect();
        assert_eq!(pauses, Patience::Full.pauses(7).collect::<Vec<_>>());
        assert_ne!(pauses, Patience::Full.pauses(8).collect::<Vec<_>>());
        assert_eq!(pauses.len(), 4);
        for (pause, base) in pauses.iter().zip([1, 2, 4, 8]) {
            assert!(
                *pause >= Duration::from_secs(base) && *pause <= Duration::from_secs(2 * base),
                "{pause:?}"
            );
        }
        assert_eq!(Patience::Short.pauses(7).count(), 1);
        assert_eq!(Patience::Once.pauses(7).count(), 0);
    }
}
