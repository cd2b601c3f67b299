//! What executing notebooks needs, made on demand: uv, a sandbox, Python environments.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};

use crate::{oracle, shell};

/// Interpreters that will do, best first; the catalogue's environments are made for 3.12.
const PYTHONS: [&str; 4] = ["python3.12", "python3.13", "python3.11", "python3"];
/// Asks an interpreter for its own path; refuses below 3.11.
const ASK: &str = "import sys; assert sys.version_info >= (3, 11); print(sys.executable)";

/// Of the model types that build from their own defaults, so many in a hundred must run as twins.
const FLOOR: &str = "95";

/// What a first run of the gate leaves on the disk, roughly.
const ROOM_GB: f64 = 25.0;

/// The tools, by path.
pub(crate) struct Laboratory {
    /// The program that resolves and makes environments.
    pub(crate) uv: String,
    /// A plain interpreter.
    pub(crate) python: String,
    /// The interpreter with the libraries whose twins are tested; none in the light gate.
    pub(crate) heavy: Option<String>,
    /// Where proofs keep environments and twins.
    pub(crate) cache: String,
    /// Where uv keeps unpacked packages: one for everything, so that environments are hard links.
    packages: String,
}

impl Laboratory {
    /// Sets everything up; `light` leaves out what needs torch (about 6 GB).
    pub(crate) fn set_up(light: bool) -> Result<Self> {
        room()?;
        sandbox()?;
        let judge = PathBuf::from(oracle::python()?);
        let uv = shell::text(&judge.with_file_name("uv"));
        let python = interpreter().context("no Python from 3.11 on is on the PATH")?;
        let cache = shell::root().join("target/laboratory");
        std::fs::create_dir_all(&cache)?;
        let cache = shell::text(&cache.canonicalize()?);
        let packages = shell::output(&uv, &["cache", "dir"])?.trim().to_owned();
        let heavy = if light {
            None
        } else {
            Some(heavy(&uv, &python)?)
        };
        Ok(Self {
            uv,
            python,
            heavy,
            cache,
            packages,
        })
    }

    /// Environment variables of the tests.
    pub(crate) fn variables(&self) -> Vec<(&str, &str)> {
        vec![
            ("ALACARD_UV", &self.uv),
            ("ALACARD_PYTHON", &self.python),
            ("ALACARD_TEST_CACHE", &self.cache),
            ("UV_CACHE_DIR", &self.packages),
            ("HF_HUB_OFFLINE", "0"),
        ]
    }
}

/// Says how much room there is: a full disk shows itself in the oddest places.
fn room() -> Result<()> {
    let root = shell::text(&shell::root());
    let table = shell::output("df", &["-Pk", &root])?;
    let free = table
        .lines()
        .nth(1)
        .and_then(|row| row.split_whitespace().nth(3));
    let free = free
        .and_then(|kb| kb.parse::<f64>().ok())
        .unwrap_or_default()
        / 1e6;
    let first = !shell::root().join("target/heavy").is_dir();
    println!("{free:.0} GB free on the disk of {root}");
    if first && free < ROOM_GB {
        println!("WARNING: a first run writes about {ROOM_GB} GB (builds 10, Python packages 10)");
    }
    Ok(())
}

/// bubblewrap, from the system's packages when we may install them. Without it the tests use
/// Landlock where they can, and say what they left out.
fn sandbox() -> Result<()> {
    if shell::exists("bwrap") || !is_root() || !shell::exists("apt-get") {
        return Ok(());
    }
    shell::run("apt-get", &["update", "--quiet", "--quiet"])?;
    shell::run(
        "apt-get",
        &[
            "install",
            "--yes",
            "--quiet",
            "--quiet",
            "--no-install-recommends",
            "bubblewrap",
        ],
    )
}

fn is_root() -> bool {
    shell::output("id", &["-u"]).is_ok_and(|id| id.trim() == "0")
}

/// The best interpreter that runs: the shims of version managers are on the PATH and may not, and
/// what they manage lies beside.
fn interpreter() -> Option<String> {
    let names = PYTHONS.iter().map(|name| PathBuf::from(*name));
    let best = names
        .clone()
        .take(1)
        .chain(managed("3.12"))
        .chain(names.skip(1));
    best.into_iter().find_map(|program| {
        let out = Command::new(program).args(["-c", ASK]).output().ok()?;
        let path = String::from_utf8(out.stdout).ok()?.trim().to_owned();
        (out.status.success() && !path.is_empty()).then_some(path)
    })
}

/// Interpreters of a version that pyenv has installed, sorted.
fn managed(version: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")));
    let entries = root.and_then(|root| std::fs::read_dir(root.join("versions")).ok());
    let folders = entries
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());
    let fits = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with(version))
    };
    let mut found: Vec<PathBuf> = folders
        .filter(fits)
        .map(|path| path.join("bin/python3"))
        .collect();
    found.sort();
    found
}

/// The environment with the libraries, made when it is not there or its requirements changed.
fn heavy(uv: &str, python: &str) -> Result<String> {
    let lock = shell::root().join("python/test-requirements.txt");
    let folder = shell::root().join("target/heavy");
    let wanted = std::fs::read_to_string(&lock).context("python/test-requirements.txt")?;
    let stamp = folder.join("requirements.txt");
    let made = folder.join("bin/python");
    if !std::fs::read_to_string(&stamp).is_ok_and(|made| made == wanted) {
        make(uv, python, &folder, &made, &lock)?;
        std::fs::write(stamp, wanted)?;
    }
    Ok(shell::text(&made))
}

fn make(uv: &str, python: &str, folder: &Path, made: &Path, lock: &Path) -> Result<()> {
    shell::run(
        uv,
        &[
            "venv",
            "--quiet",
            "--clear",
            "--python",
            python,
            &shell::text(folder),
        ],
    )?;
    let (made, lock) = (shell::text(made), shell::text(lock));
    shell::run(
        uv,
        &["pip", "install", "--quiet", "--python", &made, "-r", &lock],
    )
}

/// A twin of every model type of the installed transformers.
pub(crate) fn sweep(arguments: &[String]) -> Result<()> {
    let Some(python) = Laboratory::set_up(false)?.heavy else {
        bail!("the sweep needs torch");
    };
    let given: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let all = [&["-m", "alacard_twin.sweep", "--floor", FLOOR], &given[..]].concat();
    let library = shell::text(&shell::root().join("python"));
    shell::run_with(
        &python,
        &all,
        &[("PYTHONPATH", &library), ("HF_HUB_OFFLINE", "1")],
    )
}

/// Formatting, types and tests of the Python half.
pub(crate) fn python_half(laboratory: &Laboratory) -> Result<()> {
    let Some(python) = &laboratory.heavy else {
        println!("LEFT OUT (--light): the tests of python/ need torch");
        return Ok(());
    };
    let inside = |module: &str, arguments: &[&str]| {
        let script = format!("cd python && exec {python} -m {module} \"$@\"");
        let all = [&["-c", &script, "sh"], arguments].concat();
        let binary = shell::text(&shell::root().join("target/debug/alacard"));
        let mut variables = laboratory.variables();
        variables.retain(|(name, _)| *name != "HF_HUB_OFFLINE");
        variables.push(("ALACARD_BIN", &binary));
        shell::run_with("sh", &all, &variables)
    };
    inside("ruff", &["check", "--quiet", "."])?;
    inside(
        "ruff",
        &[
            "format",
            "--quiet",
            "--check",
            "alacard_host",
            "alacard_twin",
            "alacard_shims",
            "tests",
        ],
    )?;
    inside("mypy", &["--no-error-summary"])?;
    inside("pytest", &["-rs", "-p", "no:cacheprovider"])
}
