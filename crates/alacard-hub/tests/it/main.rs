//! What users of the crate rely on.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod cards;
mod client;
mod client_cache;
mod client_search;
mod client_support;
mod dossier;
mod download;
mod repository_files;
mod serve;
mod serve_folders;
mod serve_hostile;
mod serve_support;
