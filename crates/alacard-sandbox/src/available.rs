//! What works on this machine: found by trying it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use crate::confine::landlock_abi;
use crate::{Kind, Launcher, SandboxError, Spec, Streams, sockets};

/// How long a trial may take.
const TRIAL: Duration = Duration::from_secs(10);

/// The oldest bubblewrap with bounded temporary file systems.
const OLDEST: Version = Version {
    major: 0,
    minor: 7,
    patch: 0,
};

/// The first bubblewrap that can forbid further user namespaces.
const FORBIDS: Version = Version {
    major: 0,
    minor: 8,
    patch: 0,
};

/// The first Landlock with rules on ports.
const PORTS: i32 = 4;

/// The first Landlock that keeps signals and abstract sockets in.
const SCOPES: i32 = 6;

/// A version of bubblewrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// First number.
    pub major: u32,
    /// Second number.
    pub minor: u32,
    /// Third number.
    pub patch: u32,
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What works, and why the rest does not.
#[derive(Debug, Clone)]
pub struct Availability {
    /// Its version, or why it does not work.
    pub bubblewrap: Result<Version, String>,
    /// The kernel's version of the interface, or why it does not work.
    pub landlock: Result<i32, String>,
    /// What Landlock would leave open on this machine, in sentences for people.
    pub gaps: Vec<String>,
}

impl Availability {
    /// The best kind that works.
    #[must_use]
    pub fn best(&self) -> Option<Kind> {
        match (&self.bubblewrap, &self.landlock) {
            (Ok(_), _) => Some(Kind::Bubblewrap),
            (Err(_), Ok(_)) => Some(Kind::Landlock),
            (Err(_), Err(_)) => None,
        }
    }

    /// The best kind, or the refusal that says why there is none.
    ///
    /// # Errors
    ///
    /// [`SandboxError::NoSandbox`] when neither works.
    pub fn require(&self) -> Result<Kind, SandboxError> {
        self.best().ok_or_else(|| SandboxError::NoSandbox {
            bubblewrap: self.bubblewrap.as_ref().err().cloned().unwrap_or_default(),
            landlock: self.landlock.as_ref().err().cloned().unwrap_or_default(),
        })
    }
}

/// A bubblewrap on this machine.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) path: PathBuf,
    version: Version,
}

impl Found {
    pub(crate) fn none() -> Self {
        Self {
            path: PathBuf::new(),
            version: Version {
                major: 0,
                minor: 0,
                patch: 0,
            },
        }
    }

    pub(crate) fn disable_userns(&self) -> bool {
        self.version >= FORBIDS
    }
}

static CACHE: Mutex<BTreeMap<Launcher, Availability>> = Mutex::new(BTreeMap::new());
static FOUND: Mutex<Option<Found>> = Mutex::new(None);

pub(crate) fn cached(launcher: &Launcher) -> Availability {
    let mut cache = CACHE
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    cache
        .entry(launcher.clone())
        .or_insert_with(|| find_out(launcher))
        .clone()
}

fn find_out(launcher: &Launcher) -> Availability {
    let bubblewrap = find()
        .map_err(|error| error.to_string())
        .and_then(|found| trial(launcher, Kind::Bubblewrap).map(|()| found.version));
    let landlock = landlock_abi()
        .and_then(new_enough)
        .and_then(|abi| trial(launcher, Kind::Landlock).map(|()| abi));
    let gaps = landlock
        .as_ref()
        .map_or_else(|_| Vec::new(), |abi| gaps(*abi));
    Availability {
        bubblewrap,
        landlock,
        gaps,
    }
}

fn new_enough(abi: i32) -> Result<i32, String> {
    if abi >= PORTS {
        return Ok(abi);
    }
    Err(format!(
        "this kernel has version {abi} of it, and {PORTS} (Linux 6.7) is needed"
    ))
}

fn gaps(abi: i32) -> Vec<String> {
    let mut gaps = Vec::new();
    if abi < SCOPES {
        gaps.push(format!(
            "signals to your other processes and abstract sockets (needs version {SCOPES} of \
             Landlock, this kernel has {abi})"
        ));
    }
    let reachable = sockets::reachable();
    if let Some(first) = reachable.first() {
        gaps.push(format!(
            "{} sockets of other programs, for example `{}`",
            reachable.len(),
            first.display()
        ));
    }
    gaps
}

/// Runs `true` the way everything will be run.
fn trial(launcher: &Launcher, kind: Kind) -> Result<(), String> {
    let mut child = launcher
        .spawn(&Spec::new("/usr/bin/true"), kind, Streams::no_input())
        .map_err(|error| error.to_string())?;
    let ended = child.wait(TRIAL).map_err(|error| error.to_string())?;
    let Some(ended) = ended else {
        return Err(format!("a trial did not end within {} s", TRIAL.as_secs()));
    };
    if ended.code == Some(0) {
        return Ok(());
    }
    let mut said = String::new();
    if let Some(stderr) = child.stderr.take() {
        // What cannot be read is not said; the status still is.
        let _ = stderr.take(4096).read_to_string(&mut said);
    }
    Err(reason(said.trim(), ended.code))
}

fn reason(said: &str, code: Option<i32>) -> String {
    let refused = [
        "namespace",
        "uid map",
        "Operation not permitted",
        "Permission denied",
    ];
    let last = said.lines().last().unwrap_or_default();
    if said.is_empty() {
        return format!("a trial ended with status {}", code.unwrap_or(-1));
    }
    if refused.iter().any(|word| said.contains(word)) {
        return format!("this system refuses unprivileged user namespaces ({last})");
    }
    last.to_owned()
}

/// The bubblewrap of this machine, if it is new enough.
pub(crate) fn find() -> Result<Found, SandboxError> {
    let mut found = FOUND
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(found) = &*found {
        return Ok(found.clone());
    }
    let fresh = look().map_err(|bubblewrap| SandboxError::NoSandbox {
        bubblewrap,
        landlock: "not tried".to_owned(),
    })?;
    *found = Some(fresh.clone());
    Ok(fresh)
}

fn look() -> Result<Found, String> {
    let path = on_path().ok_or("`bwrap` is not installed")?;
    let output = Command::new(&path).arg("--version").output();
    let output = output.map_err(|error| format!("`bwrap` does not start: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = parse(&text).ok_or("`bwrap` does not say its version")?;
    if version < OLDEST {
        return Err(format!("`bwrap` is {version}, and {OLDEST} is needed"));
    }
    Ok(Found { path, version })
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    std::env::split_paths(&path)
        .map(|folder| folder.join("bwrap"))
        .find(|file| file.is_file())
}

fn parse(text: &str) -> Option<Version> {
    let mut numbers = text
        .split_whitespace()
        .next_back()?
        .split('.')
        .map(|part| part.parse().ok());
    let mut next = || numbers.next().flatten();
    Some(Version {
        major: next()?,
        minor: next()?,
        patch: next().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let old = parse("bubblewrap 0.4.1\n").unwrap();
        let new = parse("bubblewrap 0.11.0\n").unwrap();
        assert!(old < OLDEST && FORBIDS < new);
        assert_eq!(parse("bubblewrap"), None);
    }

    #[test]
    fn refused_namespaces_are_named() {
        let said = "bwrap: setting up uid map: Permission denied";
        assert!(reason(said, Some(1)).starts_with("this system refuses"));
        assert_eq!(reason("", Some(3)), "a trial ended with status 3");
    }
}
