//! From a source to a published notebook: the stages, the run folder, resume and events.
//!
//! ```
#![doc = include_str!("../examples/embed.rs")]
//! ```

mod assemble;
mod batch;
mod decide;
mod event;
mod failure;
mod folder;
mod instructions;
mod make;
mod manifest;
mod metrics;
mod pipeline;
mod proven;
mod publish;
mod report;
mod request;
mod validation;

pub use batch::{Batch, Entry, read_list};
pub use decide::decide;
pub use event::{Event, Quiet, Sink, Stage};
pub use failure::Failure;
pub use make::{Made, Maker};
pub use manifest::{Artifact, Manifest};
pub use metrics::Metrics;
pub use pipeline::{Pipeline, Run};
pub use proven::{proof_report, record_proof};
pub use report::{Outcome, Rates, Report, Row, Totals};
pub use request::{Options, Request, RuntimeChoice};
