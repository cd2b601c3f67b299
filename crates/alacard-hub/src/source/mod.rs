//! What the user points at.

mod address;
mod id;

use std::path::PathBuf;

use crate::options::DEFAULT_ENDPOINT;
use crate::refusal::{Reason, Refusal};
use crate::text::{is_hostile, shown};

#[cfg(feature = "serve")]
pub(crate) use address::decoded;
pub(crate) use id::{check_id, check_revision};

/// Longest text that is taken for a source, in bytes: more than any path or address needs.
const MAX_BYTES: usize = 4096;

/// What the user points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A model on the Hub.
    Hub {
        /// `org/name`, or the bare name of an old model (`gpt2`).
        id: String,
        /// Branch, tag or commit, where the address names one.
        revision: Option<String>,
    },
    /// A folder with a card or a configuration.
    Folder(PathBuf),
    /// A Markdown file.
    File(PathBuf),
    /// Text that is at hand.
    Text(String),
    /// Text on standard input.
    Stdin,
}

impl Source {
    /// Reads what a user wrote. The rule, in order:
    ///
    /// 1. `-` is standard input.
    /// 2. Anything with `://`, and anything that begins with the name of a known site, is an
    ///    address: `https://huggingface.co/org/name`, also with `/tree/REV`, `/blob/REV/FILE`,
    ///    `/resolve/REV/FILE`, `/commit/SHA`, a query or a fragment; `hf.co/org/name`;
    ///    `hf://org/name@REV`.
    /// 3. Anything that begins with `/`, `./`, `../` or `~`, or is `.` or `..`, or holds a
    ///    backslash, or ends in `.md`, `.markdown` or `.txt`, is a path.
    /// 4. `org/name` and `name` are ids, also with `@REV`. **A folder of the same name does not
    ///    change that**: what a command means must not depend on where it is run. Such a folder
    ///    is written `./name`.
    /// 5. More than two parts (`a/b/c`) is a path where one is there.
    ///
    /// # Errors
    /// A refusal with a hint: a dataset or space (`not-a-model`), another site
    /// (`unsupported-source`), a path at which nothing is (`not-found`), an id that cannot be one
    /// (`unsupported-source`).
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::parse_at(text, DEFAULT_ENDPOINT)
    }

    /// Like [`Source::parse`]; addresses at `endpoint` (`HF_ENDPOINT`) count as the Hub's too.
    ///
    /// # Errors
    /// As [`Source::parse`].
    pub fn parse_at(text: &str, endpoint: &str) -> Result<Self, Refusal> {
        let text = text.trim();
        check_text(text)?;
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(address) = address::recognise(text, endpoint) {
            return address::parse(&address, endpoint);
        }
        if is_path(text) {
            return at_path(text);
        }
        let place = text.split('@').next().unwrap_or_default();
        if place.split('/').count() > 2 {
            return long_form(text);
        }
        id::with_revision(text)
    }
}

/// Refuses what no source can be: nothing, too much, or characters that nobody types.
fn check_text(text: &str) -> Result<(), Refusal> {
    if text.is_empty() {
        return Err(
            Refusal::new(Reason::UnsupportedSource, "The source is empty.").with_hint(FORMS),
        );
    }
    if text.len() > MAX_BYTES {
        let message = format!(
            "The source has {} bytes; it cannot be an id, an address or a path.",
            text.len()
        );
        return Err(Refusal::new(Reason::UnsupportedSource, message).with_hint(FORMS));
    }
    if text.chars().any(is_hostile) {
        let message = format!("The source `{}` holds control characters.", shown(text));
        return Err(Refusal::new(Reason::UnsupportedSource, message).with_hint(FORMS));
    }
    Ok(())
}

/// What a source looks like, for hints.
const FORMS: &str = "Give a model id such as `org/name`, its address on the Hub, a folder, a Markdown file, or `-` for text on standard input.";

/// Whether the text can only be meant as a path.
fn is_path(text: &str) -> bool {
    let starts = text.starts_with(['/', '~']) || text.starts_with("./") || text.starts_with("../");
    let lower = text.to_ascii_lowercase();
    let ends = [".md", ".markdown", ".txt"]
        .iter()
        .any(|ending| lower.ends_with(ending));
    starts || matches!(text, "." | "..") || text.contains('\\') || ends
}

/// A folder or a file at a path.
fn at_path(text: &str) -> Result<Source, Refusal> {
    let path = PathBuf::from(text);
    match std::fs::metadata(&path) {
        Ok(found) if found.is_dir() => Ok(Source::Folder(path)),
        Ok(_) => Ok(Source::File(path)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(nothing_there(text)),
        Err(error) => {
            let message = format!("`{}` cannot be read: {error}.", shown(text));
            Err(Refusal::new(Reason::Unreadable, message))
        }
    }
}

/// The refusal for a path at which nothing is.
fn nothing_there(text: &str) -> Refusal {
    let refusal = Refusal::new(
        Reason::NotFound,
        format!("There is no file or folder `{}`.", shown(text)),
    );
    if text.starts_with('~') {
        return refusal
            .with_hint("Write the whole path: only a shell replaces `~` by your home folder.");
    }
    refusal.with_hint(FORMS)
}

/// Three parts and more: `datasets/org/name`, `models/org/name`, or a path.
fn long_form(text: &str) -> Result<Source, Refusal> {
    let parts: Vec<&str> = text.split('/').collect();
    match parts.as_slice() {
        ["datasets" | "spaces", ..] => Err(address::not_a_model(text)),
        ["models", org, name] => id::with_revision(&format!("{org}/{name}")),
        _ if std::fs::metadata(text).is_ok() => at_path(text),
        _ => Err(id::not_an_id(
            text,
            "an id has at most two parts, and there is no such path",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hub(id: &str, revision: Option<&str>) -> Source {
        Source::Hub {
            id: id.to_owned(),
            revision: revision.map(str::to_owned),
        }
    }

    fn reason(text: &str) -> Reason {
        Source::parse(text).unwrap_err().reason
    }

    #[test]
    fn ids() {
        assert_eq!(
            Source::parse("Qwen/Qwen3-0.6B").unwrap(),
            hub("Qwen/Qwen3-0.6B", None)
        );
        assert_eq!(Source::parse(" gpt2\n").unwrap(), hub("gpt2", None));
        assert_eq!(
            Source::parse("gpt2@refs/pr/1"),
            Source::parse("gpt2@refs%2Fpr%2F1")
        );
        assert_eq!(Source::parse("a/b@v1.0").unwrap(), hub("a/b", Some("v1.0")));
        assert_eq!(Source::parse("models/a/b").unwrap(), hub("a/b", None));
    }

    #[test]
    fn addresses() {
        let main = Some("main");
        for (text, expected) in [
            ("https://huggingface.co/org/name", hub("org/name", None)),
            (
                "https://huggingface.co/org/name/?library=x#usage",
                hub("org/name", None),
            ),
            ("huggingface.co/gpt2", hub("gpt2", None)),
            ("http://hf.co/org/name/tree/main", hub("org/name", main)),
            (
                "https://huggingface.co/org/name/blob/main/a/README.md",
                hub("org/name", main),
            ),
            (
                "https://huggingface.co/org/name/resolve/main/x.bin?download=true",
                hub("org/name", main),
            ),
            (
                "https://huggingface.co/org/name/tree/refs%2Fpr%2F1",
                hub("org/name", Some("refs/pr/1")),
            ),
            (
                "https://huggingface.co/org/name/tree/refs/pr/1/sub",
                hub("org/name", Some("refs/pr/1")),
            ),
            (
                "https://huggingface.co/org/name/commit/0123abc",
                hub("org/name", Some("0123abc")),
            ),
            (
                "https://huggingface.co/api/models/org/name/revision/v2",
                hub("org/name", Some("v2")),
            ),
            (
                "https://huggingface.co/org/name/discussions/3",
                hub("org/name", None),
            ),
            (
                "https://huggingface.co/org/name.ipynb",
                hub("org/name", None),
            ),
            ("hf://org/name@v1/config.json", hub("org/name", Some("v1"))),
        ] {
            assert_eq!(Source::parse(text), Ok(expected), "{text}");
        }
        let own = Source::parse_at(
            "http://127.0.0.1:8080/a/b/tree/main",
            "http://127.0.0.1:8080",
        );
        assert_eq!(own, Ok(hub("a/b", main)));
    }

    #[test]
    fn other_things_are_told_apart() {
        assert_eq!(
            reason("https://huggingface.co/datasets/squad"),
            Reason::NotAModel
        );
        assert_eq!(reason("https://hf.co/spaces/a/b"), Reason::NotAModel);
        assert_eq!(reason("datasets/a/b"), Reason::NotAModel);
        assert_eq!(reason("datasets/squad"), Reason::NotAModel);
        assert_eq!(reason("https://a-b.hf.space/"), Reason::NotAModel);
        assert_eq!(
            reason("https://github.com/huggingface/transformers"),
            Reason::UnsupportedSource
        );
        assert_eq!(reason("git@github.com:a/b.git"), Reason::UnsupportedSource);
        assert_eq!(
            reason("https://huggingface.co/docs/transformers"),
            Reason::UnsupportedSource
        );
        assert_eq!(reason("https://huggingface.co/"), Reason::UnsupportedSource);
        assert_eq!(
            reason("https://huggingface.co.evil.example/a/b"),
            Reason::UnsupportedSource
        );
        assert_eq!(reason("ftp://x/y"), Reason::UnsupportedSource);
    }

    #[test]
    fn hostile_ids_are_refused() {
        let long = format!("a/{}", "x".repeat(97));
        for text in [
            "",
            "a//b",
            "a/..",
            "a/b--c",
            "a b",
            "a/\u{1b}[2J",
            "a/b;rm",
            "é/b",
            "-x/y",
            "a/.b",
            "a/b.",
            "a/b@",
            &long,
            "a/b@x y",
        ] {
            assert_eq!(reason(text), Reason::UnsupportedSource, "{text}");
        }
        assert_eq!(reason("../../etc/no-such-thing"), Reason::NotFound);
        assert_eq!(
            reason("https://huggingface.co/a/%2e%2e%2fb"),
            Reason::UnsupportedSource
        );
        assert!(
            !Source::parse("a/\u{1b}[2J")
                .unwrap_err()
                .message
                .contains('\u{1b}')
        );
    }

    #[test]
    fn paths() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("card.md");
        std::fs::write(&file, "# x").unwrap();
        assert_eq!(
            Source::parse(dir.path().to_str().unwrap()),
            Ok(Source::Folder(dir.path().to_owned()))
        );
        assert_eq!(
            Source::parse(file.to_str().unwrap()),
            Ok(Source::File(file))
        );
        assert_eq!(Source::parse("-"), Ok(Source::Stdin));
        assert_eq!(reason("no/such/path"), Reason::UnsupportedSource);
        assert_eq!(reason("missing.md"), Reason::NotFound);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_a_source_or_a_plain_refusal(text in "\\PC{0,60}|(https?://)?(huggingface\\.co|hf\\.co)/[a-z%@./?#-]{0,30}|hf://\\PC{0,30}") {
            match Source::parse(&text) {
                Ok(Source::Hub { id, revision }) => {
                    assert!(check_id(&id).is_ok());
                    assert!(revision.is_none_or(|revision| check_revision(&revision).is_ok()));
                }
                Ok(_) => {}
                Err(refusal) => assert!(!refusal.message.chars().any(is_hostile)),
            }
        }
    }
}
