//! A lock: the exact versions of everything in an environment, and its hash.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::requirement::{Requirement, normalised};
use super::specifier::satisfies;

/// The exact versions of all packages of an environment, for one Python on one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Lock {
    /// Python version with its minor part: `3.12`.
    pub python: String,
    /// Operating system and processor: `linux-x86_64`.
    pub platform: String,
    /// `name==version`, one for each package, sorted. Addresses stand only where a requirement
    /// named one itself.
    pub packages: Vec<String>,
    /// SHA-256 of [`Lock::text`], in hex.
    pub hash: String,
}

impl Lock {
    /// A lock from what a resolver printed: comments, options and annotations go, the rest is
    /// sorted.
    pub fn new(python: &str, platform: &str, resolved: &str) -> Self {
        let mut packages: Vec<String> = resolved.lines().filter_map(package_line).collect();
        packages.sort();
        packages.dedup();
        let mut lock = Self {
            python: python.to_owned(),
            platform: platform.to_owned(),
            packages,
            hash: String::new(),
        };
        lock.hash = hex(&Sha256::digest(lock.text().as_bytes()));
        lock
    }

    /// The lock file, as `uv pip install -r` and `pip install -r` read it. Its bytes are what is
    /// hashed.
    pub fn text(&self) -> String {
        let mut text = format!("# python {} on {}\n", self.python, self.platform);
        for package in &self.packages {
            text.push_str(package);
            text.push('\n');
        }
        text
    }

    /// Reads a lock file back; `None` when the text is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let head = text.lines().next()?.strip_prefix("# python ")?;
        let (python, platform) = head.split_once(" on ")?;
        Some(Self::new(python, platform, text))
    }

    /// The version of a package, by its name in any spelling.
    pub fn version(&self, name: &str) -> Option<&str> {
        let name = normalised(name);
        self.packages.iter().find_map(|package| {
            let (key, version) = package.split_once("==")?;
            (normalised(key) == name).then_some(version)
        })
    }

    /// Version by normalised name; packages from an address have an empty one.
    pub fn versions(&self) -> BTreeMap<String, String> {
        let split = |package: &String| match package.split_once("==") {
            Some((name, version)) => (normalised(name), version.to_owned()),
            None => {
                let name = package.split([' ', '@']).next().unwrap_or_default();
                (normalised(name), String::new())
            }
        };
        self.packages.iter().map(split).collect()
    }

    /// Whether an environment of this lock, made for `own` requirements, also satisfies others.
    /// Extras, markers and addresses count only where `own` asks for the very same.
    pub fn satisfies(&self, own: &[String], requirements: &[String]) -> bool {
        let versions = self.versions();
        let own: Vec<Requirement> = own.iter().filter_map(|r| Requirement::parse(r)).collect();
        requirements.iter().all(|text| {
            let Some(wanted) = Requirement::parse(text) else {
                return false;
            };
            let same = |r: &&Requirement| r.key() == wanted.key();
            let particular = wanted.marker.is_some() || wanted.address.is_some();
            if particular {
                return own.iter().any(|r| r.text() == wanted.text());
            }
            let extras = |r: &Requirement| wanted.extras.iter().all(|e| r.extras.contains(e));
            if !wanted.extras.is_empty() && !own.iter().filter(same).any(extras) {
                return false;
            }
            versions
                .get(&wanted.key())
                .is_some_and(|version| satisfies(version, &wanted.specifiers) == Some(true))
        })
    }
}

fn package_line(line: &str) -> Option<String> {
    let line = line.split(" #").next().unwrap_or(line);
    let line = line.trim().trim_end_matches('\\').trim();
    (!line.is_empty() && !line.starts_with(['#', '-'])).then(|| line.to_owned())
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RESOLVED: &str = "# by a resolver\n--index-url https://example.org/simple\nnumpy==2.4.6\n    # via pandas\nhuggingface-hub==2.4.0  # via x\ntorch==2.15.0+cpu\n";

    #[test]
    fn order_and_remarks_do_not_change_the_hash() {
        let lock = Lock::new("3.12", "linux-x86_64", RESOLVED);
        assert_eq!(
            lock.packages,
            [
                "huggingface-hub==2.4.0",
                "numpy==2.4.6",
                "torch==2.15.0+cpu"
            ]
        );
        let other = Lock::new(
            "3.12",
            "linux-x86_64",
            "torch==2.15.0+cpu\nnumpy==2.4.6\nhuggingface-hub==2.4.0",
        );
        assert_eq!(lock.hash, other.hash);
        assert_ne!(lock.hash, Lock::new("3.13", "linux-x86_64", RESOLVED).hash);
        assert_eq!(Lock::parse(&lock.text()), Some(lock.clone()));
        assert!(!lock.text().contains("://"));
        assert_eq!(lock.version("huggingface_hub"), Some("2.4.0"));
    }

    #[test]
    fn a_lock_knows_whether_it_is_enough() {
        let lock = Lock::new("3.12", "linux-x86_64", RESOLVED);
        let own = [
            "torch==2.15.0".to_owned(),
            "huggingface_hub[cli]".to_owned(),
        ];
        let enough = |wanted: &[&str]| {
            let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_owned()).collect();
            lock.satisfies(&own, &wanted)
        };
        assert!(enough(&["numpy", "torch==2.15.0", "huggingface-hub>=2"]));
        assert!(enough(&["huggingface_hub[cli]"]));
        assert!(!enough(&["huggingface_hub[torch]"]));
        assert!(!enough(&["numpy==2.4.5"]));
        assert!(!enough(&["pandas"]));
        assert!(!enough(&["numpy ; python_version < '4'"]));
        assert!(!enough(&["not a requirement"]));
    }
}
