//! Hostile commands in real sandboxes. What is asserted is that nothing gets out, nothing stays
//! and nothing hangs.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod ends;
mod files;
mod kernel;
mod limits;
mod network;
mod python;
mod support;
mod works;
