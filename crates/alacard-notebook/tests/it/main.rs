//! What users of the notebook document rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod oracle;
mod round_trip;
