//! Notebooks that are executed: what a proof says, and what it does not let happen.
//!
//! These tests need uv, a Python and bubblewrap. The gate sets them up and runs them; without
//! them they are ignored, and counted as such.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod bench;
mod ends;
mod environments;
mod escape;
mod odd;
mod real;
mod repairs;
mod twins;
mod verdicts;
