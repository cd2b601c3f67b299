//! Proof: a notebook is executed before anybody sees it, on a twin of its model.
//!
//! [`Prover::prove`] reads what a notebook needs, prepares a locked environment, makes small
//! models with random weights in the architecture of those that the notebook names (twins),
//! executes every cell in a sandbox without a network in which a server speaks the Hub's
//! protocol, and judges what was seen from outside of the notebook.

mod causes;
pub mod environment;
mod error;
mod errors;
mod families;
pub mod inside;
mod judge;
pub mod needs;
mod payload;
mod plan;
mod pool;
pub mod proof;
mod prover;
mod real;
mod shelf;
mod slot;
mod standins;
mod twins;
mod wire;

pub use causes::REASONS;
pub use error::ProveError;
pub use proof::Proof;
pub use prover::{Proven, Prover, Settings, Step};
pub use shelf::{Cleared, Shelf, Shelved, TWINS_GB};
