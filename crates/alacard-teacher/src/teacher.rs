//! The interface that every teacher has.

use crate::{Brief, Outline, Section, SectionPlan, TeachError};

/// What went wrong with a section, for a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Index of the cell inside the section.
    pub cell: usize,
    /// The finding's or the error's text.
    pub message: String,
}

/// Writes outlines and sections. The same brief gives the same answers for the offline teacher;
/// a language model may differ, which is why its answers are kept in the run folder.
pub trait Teacher: Send + Sync {
    /// Name in recipes, metadata and reports.
    fn name(&self) -> &str;

    /// Plans the lesson.
    ///
    /// # Errors
    ///
    /// [`TeachError`] when there is no lesson for the brief or it cannot be read.
    fn outline(&self, brief: &Brief<'_>) -> Result<Outline, TeachError>;

    /// Writes one section of an outline.
    ///
    /// # Errors
    ///
    /// [`TeachError`] when the section cannot be written.
    fn section(
        &self,
        brief: &Brief<'_>,
        outline: &Outline,
        plan: &SectionPlan,
    ) -> Result<Section, TeachError>;

    /// Writes a section again after evidence against it; `None` when there is nothing simpler.
    ///
    /// # Errors
    ///
    /// As [`Teacher::section`].
    fn repair(
        &self,
        brief: &Brief<'_>,
        outline: &Outline,
        section: &Section,
        evidence: &[Evidence],
    ) -> Result<Option<Section>, TeachError>;
}
