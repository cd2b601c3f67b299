//! Embeds the catalogue: writes a table of every file under `catalog/` with its text.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

fn main() {
    let root = PathBuf::from(std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default())
        .join("../../catalog");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &root, &mut files);
    files.sort();
    let mut table = String::from("pub(crate) static EMBEDDED: &[(&str, &str)] = &[\n");
    for (name, path) in &files {
        let _ = writeln!(table, "    ({name:?}, include_str!({path:?})),");
    }
    table.push_str("];\n");
    let _ = writeln!(
        table,
        "/// Changes with every change of the embedded catalogue."
    );
    let _ = writeln!(
        table,
        "pub const FINGERPRINT: &str = \"{:016x}\";",
        fingerprint(&files)
    );
    let out = PathBuf::from(std::env::var("OUT_DIR").unwrap_or_default()).join("embedded.rs");
    if let Err(error) = std::fs::write(&out, table) {
        panic!("cannot write {}: {error}", out.display());
    }
}

/// Every regular file below `folder`, as (name relative to the root with `/`, absolute path).
fn collect(root: &Path, folder: &Path, files: &mut Vec<(String, String)>) {
    println!("cargo:rerun-if-changed={}", folder.display());
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if let (Ok(name), Ok(full)) = (path.strip_prefix(root), path.canonicalize()) {
            files.push((
                name.display().to_string().replace('\\', "/"),
                full.display().to_string(),
            ));
        }
    }
}

/// FNV-1a over names and contents: enough to tell two catalogues apart.
fn fingerprint(files: &[(String, String)]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for (name, path) in files {
        let text = std::fs::read(path).unwrap_or_default();
        for byte in name.bytes().chain(text) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}
