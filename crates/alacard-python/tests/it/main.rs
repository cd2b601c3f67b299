//! What users of the crate rely on.

mod cells;
mod hostile;
