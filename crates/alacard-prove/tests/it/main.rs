//! What users of the crate rely on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod environment;
mod needs;
mod reasons;
