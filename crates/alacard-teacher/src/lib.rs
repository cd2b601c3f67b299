//! Who writes the lesson: the [`Teacher`] interface and the offline teacher behind it.
//!
//! A teacher gets a [`Brief`] (the dossier, the recipe, the route) and makes two things: an
//! [`Outline`] and, for each of its plans, a [`Section`]. The pipeline assembles the sections
//! into a notebook. The offline teacher fills typed templates of the catalogue; it needs no key
//! and no network and is always there.

mod brief;
mod error;
pub mod offline;
mod outline;
mod section;
mod similarity;
mod takes;
mod teacher;

pub use brief::Brief;
pub use error::TeachError;
pub use offline::OfflineTeacher;
pub use outline::{Outline, SectionKind, SectionPlan};
pub use section::{Section, SectionCell};
pub use similarity::shared_statements;
pub use takes::{MadeUp, Takes};
pub use teacher::{Evidence, Lesson, Teacher};
