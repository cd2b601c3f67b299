//! The interface that every teacher has.

use crate::{Brief, Outline, Section, SectionPlan, TeachError};

/// What went wrong with a section, for a repair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Index of the cell in the notebook.
    pub cell: usize,
    /// The finding's or the error's text.
    pub message: String,
    /// Position among the section's cells of the cell that failed when it was executed; none when
    /// nothing was executed.
    pub place: Option<usize>,
}

/// Somebody who can write lessons.
pub trait Teacher: Send + Sync {
    /// Name in recipes, metadata and reports.
    fn name(&self) -> &str;

    /// Begins a lesson: reads what it needs once.
    ///
    /// # Errors
    ///
    /// [`TeachError::Unsuitable`] when the route of the brief leads to no lesson (another route
    /// may), any other error when the teacher cannot work.
    fn begin<'a>(&'a self, brief: Brief<'a>) -> Result<Box<dyn Lesson + 'a>, TeachError>;
}

/// One lesson in the making. The same brief gives the same answers for the offline teacher; a
/// language model may differ, which is why its answers are kept in the run folder.
pub trait Lesson {
    /// Plans the lesson.
    ///
    /// # Errors
    ///
    /// [`TeachError`] when the plan cannot be made.
    fn outline(&self) -> Result<Outline, TeachError>;

    /// Writes one section of an outline.
    ///
    /// # Errors
    ///
    /// [`TeachError`] when the section cannot be written.
    fn section(&self, outline: &Outline, plan: &SectionPlan) -> Result<Section, TeachError>;

    /// Writes a section again after evidence against it; `None` when there is nothing simpler.
    ///
    /// # Errors
    ///
    /// As [`Lesson::section`].
    fn repair(
        &self,
        outline: &Outline,
        section: &Section,
        evidence: &[Evidence],
    ) -> Result<Option<Section>, TeachError>;
}
