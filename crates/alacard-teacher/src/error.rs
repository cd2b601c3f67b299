//! Why a teacher could not write.

/// A failure of a teacher.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TeachError {
    /// A lesson of the catalogue is missing.
    #[error("the catalogue has no lesson `{0}`")]
    NoLesson(String),
    /// The route leads to no lesson for this model; another one may.
    #[error("{0}")]
    Unsuitable(String),
    /// A lesson file cannot be read.
    #[error("lesson `{lesson}`, line {line}: {message}")]
    Lesson {
        /// Name of the lesson file.
        lesson: String,
        /// Line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A template of a lesson failed.
    #[error("template `{name}`: {message}")]
    Template {
        /// Name of the template: lesson, section and cell.
        name: String,
        /// What the template engine says.
        message: String,
    },
    /// A plan names a section that this teacher does not have.
    #[error("the outline names an unknown section `{0}`")]
    UnknownSection(String),
}
