//! Model ids and revisions.

use crate::refusal::{Reason, Refusal};
use crate::source::{FORMS, Source, address};
use crate::text::{is_hostile, shown};

/// Longest part of an id in characters (the Hub's own limit).
const MAX_PART: usize = 96;
/// Longest revision in bytes; git's own names are far shorter.
const MAX_REVISION: usize = 200;

/// `org/name`, `name`, or either with `@REV`.
pub(crate) fn with_revision(text: &str) -> Result<Source, Refusal> {
    if text.starts_with("datasets/") || text.starts_with("spaces/") {
        return Err(address::not_a_model(text));
    }
    let (id, revision) = match text.split_once('@') {
        Some((id, revision)) => (id, Some(address::decoded(revision))),
        None => (text, None),
    };
    checked(id, revision)
}

/// A Hub source from parts that nobody has checked yet.
pub(crate) fn checked(id: &str, revision: Option<String>) -> Result<Source, Refusal> {
    check_id(id)?;
    if let Some(revision) = &revision {
        check_revision(revision)?;
    }
    Ok(Source::Hub {
        id: id.to_owned(),
        revision,
    })
}

/// Whether this can be the id of a model: one or two parts of letters, digits, `.`, `_` and `-`,
/// without `--` or `..`, at most 96 characters each. That rule also makes an id a safe file name.
pub(crate) fn check_id(id: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = id.split('/').collect();
    if parts.len() > 2 {
        return Err(not_an_id(id, "an id has at most two parts"));
    }
    parts.into_iter().try_for_each(|part| match fault(part) {
        Some(why) => Err(not_an_id(id, why)),
        None => Ok(()),
    })
}

/// What is wrong with one part of an id.
fn fault(part: &str) -> Option<&'static str> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    if part.is_empty() {
        return Some("a part of it is empty");
    }
    if !part.chars().all(legal) {
        return Some("only letters, digits, `.`, `_` and `-` can stand in an id");
    }
    if part.len() > MAX_PART {
        return Some("a part of it has more than 96 characters");
    }
    if part.contains("--") || part.contains("..") {
        return Some("`--` and `..` cannot stand in an id");
    }
    let edge = |c: Option<char>| matches!(c, Some('.' | '-'));
    if edge(part.chars().next()) || edge(part.chars().next_back()) {
        return Some("no part of an id begins or ends with `.` or `-`");
    }
    None
}

/// The refusal for text that cannot be an id.
pub(crate) fn not_an_id(text: &str, why: &str) -> Refusal {
    Refusal::new(
        Reason::UnsupportedSource,
        format!("`{}` cannot be a model id: {why}.", shown(text)),
    )
    .with_hint(FORMS)
}

/// Whether this can be a branch, tag or commit (git's rules, as far as they matter here).
pub(crate) fn check_revision(revision: &str) -> Result<(), Refusal> {
    let illegal = |c: char| is_hostile(c) || c.is_whitespace() || "~^:?*[\\\"'<>{}|`".contains(c);
    let good = !revision.is_empty()
        && revision.len() <= MAX_REVISION
        && !revision.chars().any(illegal)
        && !revision.contains("..")
        && !revision.contains("//")
        && !revision.starts_with(['/', '-', '.'])
        && !revision.ends_with(['/', '.']);
    if good {
        return Ok(());
    }
    let message = format!("`{}` cannot be a revision.", shown(revision));
    Err(Refusal::new(Reason::UnsupportedSource, message)
        .with_hint("Give a branch, a tag or a commit of the model's repository, or leave it out."))
}
