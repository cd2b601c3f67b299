//! What users of the checks rely on.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod fixing;
mod output;
mod properties;
mod rule_examples;
mod verdicts;
