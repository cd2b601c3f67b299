//! What programs that embed the pipeline rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bed;
mod hostile;
mod lessons;
mod runs;
