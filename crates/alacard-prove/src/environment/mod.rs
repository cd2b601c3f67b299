//! Environments by lock hash: resolved by uv, made once, shared by every notebook that fits.
//!
//! [`Environments::lock`] turns requirements into a [`Lock`] (exact versions of everything),
//! [`Environments::ensure`] makes the environment of a lock or finds it, and
//! [`Environments::prepare`] does both for what a notebook needs, with an environment that is
//! there already where one fits. Faults are an [`EnvError`] with a kind of a closed list.

mod bytecode;
mod child;
mod collect;
mod error;
mod explain;
mod interpreter;
mod lock;
mod make;
mod prepare;
mod record;
mod requirement;
mod resolve;
mod sets;
mod settings;
mod specifier;
mod store;
mod uv;

pub(crate) use collect::remove_folder;
pub use collect::{Collected, Keep, Removed};
pub use error::{EnvError, EnvErrorKind};
pub use interpreter::Interpreter;
pub use lock::Lock;
pub use prepare::{Prepared, Wish};
pub use record::{Bytecode, EnvRecord};
pub use requirement::{Requirement, normalised};
pub use sets::{SETS, warm_requirements};
pub use settings::{Backend, Limits, Settings};
pub(crate) use store::open_held;
pub use store::{Environment, Environments, Listed};
pub use uv::Uv;

/// Called with one sentence when something that takes time begins.
pub type Progress<'a> = &'a dyn Fn(&str);
