//! Running all rules over a notebook.

use alacard_notebook::{Notebook, ReadError};
use serde_json::Value;

use crate::context::Context;
use crate::finding::Finding;
use crate::lesson::Lesson;
use crate::rule::{Sink, rules};

/// Checks a notebook. The findings are sorted by cell and line; the same notebook and context
/// give the same findings.
///
/// A notebook that was read has been repaired on the way: [`check_file`] also sees what was wrong
/// with the file.
pub fn check(notebook: &Notebook, context: &Context) -> Vec<Finding> {
    check_with(notebook, context, None)
}

/// Checks the bytes of a notebook file.
///
/// # Errors
///
/// [`ReadError`] says why the bytes are not a notebook.
///
/// ```
/// use alacard_check::{Context, check_file};
///
/// let bytes = br#"{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5, "more": 1}"#;
/// let (notebook, findings) = check_file(bytes, &Context::default())?;
/// assert!(notebook.cells.is_empty());
/// assert!(findings.iter().any(|f| f.rule == "schema"));
/// # Ok::<(), alacard_notebook::ReadError>(())
/// ```
pub fn check_file(bytes: &[u8], context: &Context) -> Result<(Notebook, Vec<Finding>), ReadError> {
    let notebook = Notebook::read(bytes)?;
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let raw: Value = serde_json::from_slice(bytes)?;
    let findings = check_with(&notebook, context, Some(&raw));
    Ok((notebook, findings))
}

fn check_with(notebook: &Notebook, context: &Context, raw: Option<&Value>) -> Vec<Finding> {
    let lesson = Lesson::new(notebook, context, raw);
    let mut findings = Vec::new();
    for rule in rules() {
        if rule.strict == crate::rule::Strict::Only && !lesson.strict {
            continue;
        }
        let mut sink = Sink::new(rule, &lesson, &mut findings);
        (rule.run)(&lesson, &mut sink);
        sink.finish();
    }
    findings.sort();
    findings.dedup();
    findings
}
