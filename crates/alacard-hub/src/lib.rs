//! The Hugging Face Hub, read for teaching: client and cache, model cards, dossiers.
//!
//! A source becomes [`Material`] (what was read), and [`build`] makes a [`dossier::Dossier`] of it
//! (what is known, and where each fact came from).
//!
//! [`Hub`] reads a source, in this order: the folder that stands in for the Hub, the cache on
//! disk, the Hub, the built-in shelf. Folders, files and text need none of them:
//!
//! ```
//! use alacard_hub::{Hub, Options, Source};
//!
//! let hub = Hub::new(Options { offline: true, ..Options::default() });
//! let material = hub.read(&Source::Text("# My model\n".to_owned()), None)?;
//! assert_eq!(material.card.as_deref(), Some(&b"# My model\n"[..]));
//! assert_eq!(material.id, None);
//! # Ok::<(), alacard_hub::Refusal>(())
//! ```
//!
//! Whatever cannot be used is a [`Refusal`] with a reason of a closed list, a sentence and, where
//! there is one, a hint.

mod build;
mod cache;
pub mod card;
mod client;
mod clock;
pub mod dossier;
mod download;
#[cfg(feature = "fake-hub")]
pub mod fake;
mod files;
mod hub;
mod hub_dir;
mod local;
mod material;
mod options;
#[cfg(any(feature = "fake-hub", feature = "serve"))]
mod protocol;
mod refusal;
mod repository_files;
mod repository_path;
pub mod search;
#[cfg(feature = "serve")]
pub mod serve;
pub mod shelf;
mod small_files;
mod source;
mod text;
mod token;

pub use build::{build, refusal};
pub use clock::{Clock, SystemClock};
pub use download::{Downloaded, Wanted};
pub use hub::Hub;
pub use material::Material;
pub use options::{DEFAULT_ENDPOINT, OnWait, Options, Timeouts, Wait, WaitReason};
pub use refusal::{Reason, Refusal};
pub use search::{ModelSummary, Query, Sort};
pub use source::Source;
pub use token::Token;
