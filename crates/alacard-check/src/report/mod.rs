//! Findings and rules for people and for machines.

pub(crate) mod docs;
pub(crate) mod sarif;
pub(crate) mod text;
