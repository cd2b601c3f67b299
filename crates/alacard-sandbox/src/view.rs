//! Where things are seen: the places of a specification, and the real ones.

use std::path::{Path, PathBuf};

use crate::spec::{Kind, ReadOnly, WORK};

/// Turns a place of the specification into the one that the command must use.
///
/// With bubblewrap they are the same. Landlock cannot move anything, so there `/work` is a
/// temporary folder and what is shown is seen where the host has it.
#[derive(Debug, Clone)]
pub struct View {
    moved: Vec<ReadOnly>,
}

impl View {
    pub(crate) fn new(kind: Kind, shown: &[ReadOnly], work: &Path) -> Self {
        if kind == Kind::Bubblewrap {
            return Self { moved: Vec::new() };
        }
        let mut moved = shown.to_vec();
        moved.push(ReadOnly {
            host: work.to_path_buf(),
            inside: PathBuf::from(WORK),
        });
        // The longest first, so that a place within another is found before it.
        moved.sort_by_key(|shown| std::cmp::Reverse(shown.inside.components().count()));
        Self { moved }
    }

    /// The writable folder, as the command sees it.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.real(Path::new(WORK))
    }

    /// Where a place of the specification is for the command.
    #[must_use]
    pub fn real(&self, inside: &Path) -> PathBuf {
        let found = self.moved.iter().find_map(|shown| {
            let rest = inside.strip_prefix(&shown.inside).ok()?;
            Some(if rest.as_os_str().is_empty() {
                shown.host.clone()
            } else {
                shown.host.join(rest)
            })
        });
        found.unwrap_or_else(|| inside.to_path_buf())
    }

    /// The same for a value that is a path or a list of paths with colons.
    #[must_use]
    pub fn text(&self, value: &str) -> String {
        if self.moved.is_empty() || !value.contains('/') || value.contains("://") {
            return value.to_owned();
        }
        let parts = value.split(':').map(|part| match part.starts_with('/') {
            true => self.real(Path::new(part)).to_string_lossy().into_owned(),
            false => part.to_owned(),
        });
        parts.collect::<Vec<_>>().join(":")
    }
}
