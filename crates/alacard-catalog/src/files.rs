//! The catalogue's files: those in the binary, and those of a folder of the user's own over them.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Longest file that is read from a user's folder, in bytes.
const LIMIT: u64 = 4 * 1024 * 1024;

/// Files by their name relative to the catalogue (`topics/sourdough.toml`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Files {
    overlay: Option<PathBuf>,
}

impl Files {
    pub(crate) fn new(overlay: Option<PathBuf>) -> Self {
        Self { overlay }
    }

    /// The text of a file; the user's folder wins.
    pub(crate) fn text(&self, name: &str) -> Option<Cow<'static, str>> {
        if let Some(folder) = &self.overlay {
            let path = folder.join(name);
            let small = path
                .metadata()
                .is_ok_and(|m| m.is_file() && m.len() <= LIMIT);
            if let Some(text) = small.then(|| std::fs::read_to_string(&path).ok()).flatten() {
                return Some(Cow::Owned(text));
            }
        }
        let found = EMBEDDED
            .binary_search_by(|(known, _)| (*known).cmp(name))
            .ok()?;
        EMBEDDED.get(found).map(|(_, text)| Cow::Borrowed(*text))
    }

    /// Names of the files directly in `folder` that end in `ending`, sorted, without both.
    pub(crate) fn stems(&self, folder: &str, ending: &str) -> BTreeSet<String> {
        let mut stems: BTreeSet<String> = EMBEDDED
            .iter()
            .filter_map(|(name, _)| {
                name.strip_prefix(folder)?
                    .strip_prefix('/')?
                    .strip_suffix(ending)
            })
            .filter(|stem| !stem.contains('/'))
            .map(str::to_owned)
            .collect();
        let own = self
            .overlay
            .as_ref()
            .and_then(|root| std::fs::read_dir(root.join(folder)).ok());
        for entry in own.into_iter().flatten().flatten() {
            if let Some(stem) = entry
                .file_name()
                .to_str()
                .and_then(|n| n.strip_suffix(ending))
            {
                stems.insert(stem.to_owned());
            }
        }
        stems
    }
}
