//! Folders, files and text of the user's own.
//!
//! Nothing here tells a repository id: a front matter or a configuration may name any model, and
//! often names the one it was copied from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::dossier::{FileEntry, Notice, Origin};
use crate::material::Material;
use crate::refusal::{Reason, Refusal};
use crate::small_files::{CARD_LIMIT, CARD_NAMES, CONFIG_LIMIT, CONFIGS};
use crate::text::shown;

/// Most files of a folder that are listed.
const MAX_FILES: usize = 4096;

/// What a bounded reading gave.
pub(crate) enum Bounded {
    /// All of it.
    Whole(Vec<u8>),
    /// There is more than the limit.
    TooLarge,
}

/// Reads at most `limit` bytes; a stream that never ends is no danger.
pub(crate) fn read_bounded(from: impl Read, limit: usize) -> io::Result<Bounded> {
    let mut bytes = Vec::new();
    let ceiling = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    from.take(ceiling).read_to_end(&mut bytes)?;
    Ok(if bytes.len() > limit {
        Bounded::TooLarge
    } else {
        Bounded::Whole(bytes)
    })
}

/// A file of at most `limit` bytes. A size known beforehand is believed only when it is too large.
pub(crate) fn read_file(path: &Path, limit: usize) -> io::Result<Bounded> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if meta.is_file() && usize::try_from(meta.len()).unwrap_or(usize::MAX) > limit {
        return Ok(Bounded::TooLarge);
    }
    read_bounded(file, limit)
}

/// A Markdown file.
pub(crate) fn file(path: &Path) -> Result<Material, Refusal> {
    let name = path.display().to_string();
    let bytes = match read_file(path, CARD_LIMIT) {
        Ok(Bounded::Whole(bytes)) => bytes,
        Ok(Bounded::TooLarge) => return Err(too_large(&format!("`{}`", shown(&name)))),
        Err(error) => return Err(unreadable(&name, &error)),
    };
    let stem = path.file_stem().map_or_else(
        || "text".to_owned(),
        |stem| stem.to_string_lossy().into_owned(),
    );
    text(bytes, Origin::File, &stem, &format!("`{}`", shown(&name)))
}

/// Text that is at hand.
pub(crate) fn raw(content: &str) -> Result<Material, Refusal> {
    if content.len() > CARD_LIMIT {
        return Err(too_large("The text"));
    }
    text(
        content.as_bytes().to_vec(),
        Origin::Text,
        "text",
        "The text",
    )
}

/// Text from a stream, usually standard input.
pub(crate) fn stream(from: impl Read) -> Result<Material, Refusal> {
    match read_bounded(from, CARD_LIMIT) {
        Ok(Bounded::Whole(bytes)) => text(bytes, Origin::Text, "text", "The text"),
        Ok(Bounded::TooLarge) => Err(too_large("The text")),
        Err(error) => Err(unreadable("standard input", &error)),
    }
}

/// Material from a card's bytes, when they are text.
fn text(bytes: Vec<u8>, origin: Origin, name: &str, subject: &str) -> Result<Material, Refusal> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(
            Refusal::new(Reason::NothingKnown, format!("{subject} is empty.")).with_hint(
                "Give a model card: Markdown that says what the model is and how it is used.",
            ),
        );
    }
    if let Some(hint) = binary(&bytes) {
        return Err(Refusal::new(
            Reason::Unreadable,
            format!("{subject} is not Markdown but binary data."),
        )
        .with_hint(hint));
    }
    let mut material = Material::empty(origin, name);
    material.card = Some(bytes);
    Ok(material)
}

/// What to do about bytes that are no text; `None` for text. Text in an old 8-bit encoding has a
/// few bytes that are not UTF-8; more than one in ten is something else.
fn binary(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(&[0xFF, 0xFE]) || bytes.starts_with(&[0xFE, 0xFF]) {
        return Some("It looks like UTF-16; save it as UTF-8.");
    }
    let strange: usize = bytes.utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    let binary = bytes.contains(&0) || strange > bytes.len() / 10;
    binary.then_some("Give a Markdown file in UTF-8.")
}

/// A folder with a card or a configuration.
pub(crate) fn folder(path: &Path) -> Result<Material, Refusal> {
    let files = list(path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
    let mut material = Material::empty(Origin::Folder, folder_name(path));
    if let Some(name) = card_name(&files) {
        read_card(path, name, &mut material)?;
    }
    read_configs(path, &mut material);
    if files.is_empty() {
        let message = format!(
            "There is nothing in the folder `{}`.",
            shown(&path.display().to_string())
        );
        return Err(Refusal::new(Reason::NothingKnown, message)
            .with_hint("A model's folder holds README.md or config.json; give that folder."));
    }
    material.tree = Some(files);
    Ok(material)
}

/// The folder's own name, also for `.`.
fn folder_name(path: &Path) -> String {
    let whole = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    whole.file_name().map_or_else(
        || "folder".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

/// The card among the files: README in any case, else the only Markdown file at the top.
fn card_name(files: &[FileEntry]) -> Option<&str> {
    let top = || {
        files
            .iter()
            .map(|file| file.path.as_str())
            .filter(|path| !path.contains('/'))
    };
    let readme = CARD_NAMES
        .iter()
        .find_map(|name| top().find(|path| path == name));
    let any_case = || top().find(|path| path.eq_ignore_ascii_case("readme.md"));
    let only = || {
        let mut pages = top().filter(|path| path.to_ascii_lowercase().ends_with(".md"));
        pages.next().filter(|_| pages.next().is_none())
    };
    readme.or_else(any_case).or_else(only)
}

/// The card of a folder. A binary or huge one refuses the folder: it is what the user points at.
fn read_card(folder: &Path, name: &str, material: &mut Material) -> Result<(), Refusal> {
    let path = folder.join(name);
    let shown_path = path.display().to_string();
    let bytes = match read_file(&path, CARD_LIMIT) {
        Ok(Bounded::Whole(bytes)) => bytes,
        Ok(Bounded::TooLarge) => return Err(too_large(&format!("`{}`", shown(&shown_path)))),
        Err(error) => return Err(unreadable(&shown_path, &error)),
    };
    if let Some(hint) = binary(&bytes) {
        let message = format!("`{}` is not Markdown but binary data.", shown(&shown_path));
        return Err(Refusal::new(Reason::Unreadable, message).with_hint(hint));
    }
    material.card = Some(bytes);
    Ok(())
}

/// The small configuration files that are there. One that is too large is named and left out.
pub(crate) fn read_configs(folder: &Path, material: &mut Material) {
    for name in CONFIGS {
        match read_file(&folder.join(name), CONFIG_LIMIT) {
            Ok(Bounded::Whole(bytes)) => {
                material.configs.insert(name.to_owned(), bytes);
            }
            Ok(Bounded::TooLarge) => material.notices.push(left_out(name, CONFIG_LIMIT)),
            Err(_) => {}
        }
    }
}

/// The files of a folder and of the folders in it, sorted; hidden ones and links to folders are
/// left out.
fn list(path: &Path) -> io::Result<Vec<FileEntry>> {
    let mut files = Vec::new();
    let mut folders = Vec::new();
    list_one(path, "", &mut files, &mut folders)?;
    folders.sort();
    for name in folders {
        // A folder inside that cannot be read is as good as none.
        let _ = list_one(
            &path.join(&name),
            &format!("{name}/"),
            &mut files,
            &mut Vec::new(),
        );
    }
    files.sort_by(|a: &FileEntry, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The files and folders of one folder.
fn list_one(
    path: &Path,
    prefix: &str,
    files: &mut Vec<FileEntry>,
    folders: &mut Vec<String>,
) -> io::Result<()> {
    for entry in std::fs::read_dir(path)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') || files.len() >= MAX_FILES {
            continue;
        }
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            folders.push(name);
        } else if let Ok(meta) = std::fs::metadata(entry.path())
            && meta.is_file()
        {
            files.push(FileEntry {
                path: format!("{prefix}{name}"),
                size: Some(meta.len()),
            });
        }
    }
    Ok(())
}

/// The notice for a file that is too large to be read.
pub(crate) fn left_out(name: &str, limit: usize) -> Notice {
    Notice {
        id: "too-large".to_owned(),
        message: format!("{name} has more than {} MB and was not read.", limit >> 20),
        hint: None,
    }
}

/// The refusal for text over the limit.
fn too_large(subject: &str) -> Refusal {
    Refusal::new(
        Reason::TooLarge,
        format!("{subject} has more than {} MB.", CARD_LIMIT >> 20),
    )
    .with_hint("Give the model card alone; the largest seen on the Hub has less than one.")
}

/// The refusal for what the operating system would not read.
fn unreadable(name: &str, error: &io::Error) -> Refusal {
    Refusal::new(
        Reason::Unreadable,
        format!("`{}` cannot be read: {error}.", shown(name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_never_ends_is_refused_by_size() {
        assert_eq!(
            stream(io::repeat(b'x')).unwrap_err().reason,
            Reason::TooLarge
        );
    }

    #[test]
    fn size_is_refused_before_reading() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("big.md");
        File::create(&path).unwrap().set_len(100 << 20).unwrap();
        assert_eq!(file(&path).unwrap_err().reason, Reason::TooLarge);
    }

    #[test]
    fn binary_and_empty_text_are_told_apart() {
        let reason = |bytes: &[u8]| stream(bytes).unwrap_err().reason;
        assert_eq!(reason(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"), Reason::Unreadable);
        assert_eq!(reason(&[0xC3; 50]), Reason::Unreadable);
        assert_eq!(reason(b"\xFF\xFE#\0"), Reason::Unreadable);
        assert_eq!(reason(b" \n"), Reason::NothingKnown);
        assert!(stream(&b"# Mod\xE8le en latin-1, une phrase assez longue"[..]).is_ok());
    }

    #[test]
    fn a_folder_tells_its_card_files_and_configuration() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(folder(dir.path()).unwrap_err().reason, Reason::NothingKnown);
        std::fs::create_dir_all(dir.path().join("unet")).unwrap();
        std::fs::create_dir_all(dir.path().join(".git")).unwrap();
        std::fs::write(dir.path().join(".git/config"), "x").unwrap();
        std::fs::write(dir.path().join("unet/config.json"), "{}").unwrap();
        std::fs::write(dir.path().join("ReadMe.md"), "# x").unwrap();
        std::fs::write(
            dir.path().join("config.json"),
            r#"{"_name_or_path": "other/model"}"#,
        )
        .unwrap();
        let material = folder(dir.path()).unwrap();
        assert_eq!(material.id, None);
        assert_eq!(material.card.as_deref(), Some(&b"# x"[..]));
        assert_eq!(material.configs.keys().collect::<Vec<_>>(), ["config.json"]);
        let paths: Vec<String> = material
            .tree
            .unwrap()
            .into_iter()
            .map(|file| file.path)
            .collect();
        assert_eq!(paths, ["ReadMe.md", "config.json", "unet/config.json"]);
    }
}
