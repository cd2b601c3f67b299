//! What Alacard can teach: tasks, libraries, topics, prompt packs, UI components and recipes.
//!
//! The data is the folder `catalog/` of the repository, embedded in the binary; a folder of the
//! user's own can be laid over it.
//!
//! ```
//! let catalog = alacard_catalog::Catalog::builtin();
//! let topic = catalog.topic("sourdough").unwrap();
//! assert_eq!(topic.sentences.len(), 10);
//! let own = catalog.topic("beekeeping").unwrap();
//! assert!(own.title.contains("eekeeping"));
//! ```

mod cards;
mod catalog;
mod error;
mod files;
mod library;
mod pack;
pub mod recipe;
pub mod route;
pub mod shuffle;
mod task;
mod topic;
mod versions;

pub use cards::{Card, CardKind};
pub use catalog::Catalog;
pub use error::{CatalogError, UnknownCard};
pub use files::FINGERPRINT;
pub use library::Library;
pub use pack::{Pack, capitalised};
pub use task::{QuizQuestion, Task};
pub use topic::*;
pub use versions::{PythonRange, Versions};
