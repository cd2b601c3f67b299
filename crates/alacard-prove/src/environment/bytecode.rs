//! Bytecode beforehand: an environment is read-only where it is used, so what is not compiled now
//! would be compiled at every start, and never kept.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::child::{Ended, run};
use super::error::EnvError;
use super::interpreter::Interpreter;
use super::record::Bytecode;
use super::settings::Settings;

/// How many other environments are looked at.
const MAX_DONORS: usize = 8;
/// How deep folders are followed.
const MAX_DEPTH: usize = 40;

/// Links the bytecode of sources that other environments share with this one (the same file by
/// hard link), and compiles the rest. Tests inside packages are left out.
///
/// The base interpreter compiles, without looking at the environment: no code of a package runs.
pub(crate) fn compile(
    site: &Path,
    donors: &[PathBuf],
    python: &Interpreter,
    settings: &Settings,
) -> Result<Bytecode, EnvError> {
    let mut shared = 0;
    share(
        site,
        &donors.iter().take(MAX_DONORS).cloned().collect::<Vec<_>>(),
        0,
        &mut shared,
    );
    let mut command = Command::new(&python.path);
    command
        .args([
            "-I",
            "-S",
            "-W",
            "ignore",
            "-m",
            "compileall",
            "-q",
            "-q",
            "-j",
            "0",
            "-x",
            r"[/\\]tests?[/\\]",
        ])
        .arg(site);
    let ended = run(command, settings.limits.compile, &settings.cancel)
        .map_err(|error| EnvError::io("cannot compile bytecode", &error))?;
    match ended {
        // Some packages carry templates that are not Python; compileall counts them as failures.
        Ended::Done { .. } => Ok(Bytecode {
            shared,
            complete: true,
        }),
        Ended::TimedOut => Ok(Bytecode {
            shared,
            complete: false,
        }),
        Ended::Cancelled => Err(EnvError::cancelled()),
    }
}

/// Links what the donors have for this folder and those below it. A link that fails only costs
/// time later.
fn share(folder: &Path, donors: &[PathBuf], depth: usize, shared: &mut u64) {
    if donors.is_empty() || depth > MAX_DEPTH {
        return;
    }
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    let caches: Vec<Vec<String>> = donors
        .iter()
        .map(|donor| names(&donor.join("__pycache__")))
        .collect();
    for entry in entries.flatten() {
        let (Ok(kind), Ok(name)) = (entry.file_type(), entry.file_name().into_string()) else {
            continue;
        };
        if kind.is_dir() && name != "__pycache__" {
            let below: Vec<PathBuf> = donors
                .iter()
                .map(|donor| donor.join(&name))
                .filter(|donor| donor.is_dir())
                .collect();
            share(&entry.path(), &below, depth + 1, shared);
        } else if kind.is_file() && name.ends_with(".py") {
            let linked = donors
                .iter()
                .zip(&caches)
                .any(|(donor, cache)| link(folder, &name, donor, cache));
            *shared += u64::from(linked);
        }
    }
}

/// Links the bytecode of one source, when the donor's source is the very same file.
fn link(folder: &Path, name: &str, donor: &Path, cache: &[String]) -> bool {
    let Some(stem) = name.strip_suffix("py") else {
        return false;
    };
    let compiled = |file: &&String| {
        file.strip_prefix(stem).is_some_and(|rest| {
            rest.starts_with("cpython-") && rest.ends_with(".pyc") && !rest.contains("opt-")
        })
    };
    let Some(file) = cache.iter().find(compiled) else {
        return false;
    };
    let (Ok(ours), Ok(theirs)) = (
        std::fs::metadata(folder.join(name)),
        std::fs::metadata(donor.join(name)),
    ) else {
        return false;
    };
    if (ours.dev(), ours.ino()) != (theirs.dev(), theirs.ino()) {
        return false;
    }
    let place = folder.join("__pycache__");
    // A folder that is there already is what is wanted.
    let _ = std::fs::create_dir(&place);
    std::fs::hard_link(donor.join("__pycache__").join(file), place.join(file)).is_ok()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}
