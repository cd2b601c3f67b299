//! A place of its own for each test: a working folder, a home and a cache that nobody else sees,
//! and no environment but what the test sets.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// Files that hold times, and may differ between two equal runs.
pub(crate) const TIMED: [&str; 2] = ["manifest.json", "metrics.json"];

/// The folder.
pub(crate) struct Bed {
    root: TempDir,
}

/// What a run of the program left.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Bed {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("work")).unwrap();
        Self { root }
    }

    /// The working folder.
    pub(crate) fn work(&self) -> PathBuf {
        self.root.path().join("work")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.work().join(name)
    }

    /// Writes a file of the working folder.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// Copies a folder of the fixtures into the working folder, under the same name.
    pub(crate) fn fixture(&self, name: &str) {
        copy(&fixtures().join(name), &self.path(name));
    }

    /// The program in this place.
    pub(crate) fn alacard(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(env!("CARGO_BIN_EXE_alacard"));
        command.args(arguments);
        command
    }

    /// Any program in this place; `sh` finds alacard as `$ALACARD`.
    pub(crate) fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.root.path().join("home"))
            .env("XDG_CONFIG_HOME", self.root.path().join("config"))
            .env("ALACARD_CACHE", self.root.path().join("cache"))
            .env("ALACARD", env!("CARGO_BIN_EXE_alacard"))
            // A test that forgets the fake Hub must not reach the real one.
            .env("HF_ENDPOINT", "http://127.0.0.1:9")
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.alacard(arguments).output().unwrap())
    }

    /// Runs the program without network and expects a notebook, whose run folder it returns.
    pub(crate) fn make(&self, arguments: &[&str]) -> PathBuf {
        let all = [&["generate", "--offline"], arguments].concat();
        let ran = self.run(&all);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
        let notebook = self.path(ran.stdout.lines().next_back().unwrap());
        notebook.parent().unwrap().to_path_buf()
    }

    /// Names of all files below a folder of this place, sorted.
    pub(crate) fn files(&self, below: &str) -> Vec<String> {
        files(&self.path(below))
    }

    /// Exit code, stdout, stderr and files as one text, with everything volatile masked.
    pub(crate) fn story(&self, ran: &Ran) -> String {
        let mut text = match ran.code {
            Some(code) => format!("exit code {code}\n"),
            None => "ended by a signal\n".to_owned(),
        };
        for (name, content) in [("stdout", &ran.stdout), ("stderr", &ran.stderr)] {
            if !content.is_empty() {
                writeln!(text, "--- {name}\n{}", content.trim_end()).unwrap();
            }
        }
        let made = self.files("alacard-out");
        if !made.is_empty() {
            writeln!(text, "--- files\n{}", made.join("\n")).unwrap();
        }
        text.replace(&self.root.path().display().to_string(), "[DIR]")
    }
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// stdout as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}", self.stdout))
    }
}

/// The folder of small pages made for these tests.
pub(crate) fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures")
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Names of all files below a folder, sorted; nothing when there is no folder.
pub(crate) fn files(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                open.push(path);
            } else {
                found.push(path.strip_prefix(root).unwrap().display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// A JSON file.
pub(crate) fn json(path: &Path) -> serde_json::Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// That a run folder holds nothing but whole artifacts, whatever happened to the run.
pub(crate) fn assert_whole(out: &Path) {
    for name in files(out) {
        let path = out.join(&name);
        assert!(!name.contains(".part"), "{name} was left behind");
        let text = std::fs::read_to_string(&path).unwrap();
        if name.ends_with(".json") || name.ends_with(".ipynb") {
            let parsed: Result<serde_json::Value, _> = serde_json::from_str(&text);
            assert!(parsed.is_ok(), "{name} is cut off");
        }
    }
}

/// What changes from run to run, or with the catalogue, in the stories below; by name.
const MASKS: [(&str, &str); 9] = [
    (r"http://127\.0\.0\.1:\d+", "[HUB]"),
    (r"/[0-9a-f]{12}\b", "/[RUN]"),
    (r"[0-9a-f]{64}", "[SHA256]"),
    (r"\d{4}-\d\d-\d\d(T[0-9:]+Z)?", "[DAY]"),
    (r"\d+ cells, \d+ minutes", "[N] cells, [N] minutes"),
    (r"\(0 errors, \d+ warnings\)", "(0 errors, [N] warnings)"),
    (
        r"(\S*sections/)\d\d-\S+\n(\S*sections/\S+\n)*",
        "$1[SECTIONS]\n",
    ),
    (r"in \d+\.\d s", "in [SECONDS]"),
    (r"Waiting \d+ s", "Waiting [N] s"),
];

/// Compares a story with the kept one.
macro_rules! assert_story {
    ($story:expr) => {
        insta::with_settings!({filters => $crate::bed::masks(), omit_expression => true}, {
            insta::assert_snapshot!($story);
        })
    };
    ($name:expr, $story:expr) => {
        insta::with_settings!({filters => $crate::bed::masks(), omit_expression => true}, {
            insta::assert_snapshot!($name, $story);
        })
    };
}
pub(crate) use assert_story;

pub(crate) fn masks() -> Vec<(&'static str, &'static str)> {
    MASKS.to_vec()
}
