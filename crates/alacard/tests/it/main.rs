//! The real program, run as a user runs it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod batch;
mod bed;
mod cards;
mod check;
mod configuration;
mod generate;
mod hostile;
mod hub_serve;
mod messages;
mod network;
mod refusals;
mod trouble;
