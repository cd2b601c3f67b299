//! A server of folders on the Hub's protocol: twin hubs, and mirrors for people without network.
//!
//! [`Repos`] says what there is: single repositories that were [inserted](Repos::insert), or
//! everything below a [folder](Repos::from_dir). [`Server`] answers for them over plain HTTP, so
//! that `HF_ENDPOINT=http://127.0.0.1:PORT` is all that a Python client needs.
//!
//! It only reads. What it cannot give is answered with the Hub's own errors and never with a
//! status of the server's own trouble, because clients ask again and wait when they see one.
//!
//! ```
//! use alacard_hub::serve::{Kind, Repo, Repos, Server};
//!
//! let dir = tempfile::tempdir()?;
//! std::fs::write(dir.path().join("config.json"), "{}")?;
//! let repos = Repos::new();
//! repos.insert(Repo::new(Kind::Model, "org/name", &"a".repeat(40), dir.path()));
//! let server = Server::start(([127, 0, 0, 1], 0).into(), repos)?;
//! assert!(server.url().starts_with("http://127.0.0.1:"));
//! assert!(server.missing_repos().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod api;
mod body;
mod digest;
mod files;
mod found;
mod log;
mod mirror;
mod place;
mod range;
mod reply;
mod repos;
mod route;
mod search;
mod server;

pub use log::Asked;
pub use repos::{Kind, Repo, Repos};
pub use server::{OnAsked, Server};
