//! The table of package versions, and how packages become pinned requirements.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// Package versions that were resolved together, and those that stand apart.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Versions {
    /// Python versions.
    pub python: PythonRange,
    /// Version by package name: all of them fit together.
    pub packages: BTreeMap<String, String>,
    /// Packages that do not fit beside `packages`; each names what has to give way.
    #[serde(default)]
    apart: BTreeMap<String, Apart>,
    /// Newest versions of packages that were not resolved together with anything.
    #[serde(default)]
    alone: BTreeMap<String, String>,
}

/// A package that needs other versions than the table's around it.
#[derive(Debug, Clone, Default, Deserialize)]
struct Apart {
    version: String,
    /// Requirements (`name==version`) that replace the table's.
    #[serde(default)]
    with: Vec<String>,
}

/// The Python versions that notebooks are made for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct PythonRange {
    /// Oldest supported version.
    pub min: String,
    /// Newest supported version.
    pub max: String,
    /// The version used where there is a choice.
    pub target: String,
}

impl Versions {
    /// Whether a version is known.
    pub fn knows(&self, package: &str) -> bool {
        let name = base(package);
        self.packages.contains_key(name)
            || self.apart.contains_key(name)
            || self.alone.contains_key(name)
    }

    /// `name==version` for each package, sorted; a package that stands apart brings its own
    /// versions of the others. Packages without a known version stand by their name alone.
    pub fn requirements<'a>(&self, packages: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let wanted: BTreeSet<&str> = packages.into_iter().collect();
        let apart: Vec<&Apart> = wanted
            .iter()
            .filter_map(|p| self.apart.get(base(p)))
            .collect();
        let replaced: BTreeMap<&str, &str> = apart
            .iter()
            .flat_map(|a| &a.with)
            .filter_map(|with| with.split_once("=="))
            .collect();
        let mut pinned: BTreeMap<String, String> = BTreeMap::new();
        for package in &wanted {
            let version = replaced
                .get(base(package))
                .copied()
                .or_else(|| self.apart.get(base(package)).map(|a| a.version.as_str()))
                .or_else(|| self.packages.get(base(package)).map(String::as_str))
                .or_else(|| self.alone.get(base(package)).map(String::as_str));
            let requirement = version.map_or_else(
                || (*package).to_owned(),
                |version| format!("{package}=={version}"),
            );
            pinned.insert((*package).to_owned(), requirement);
        }
        for (name, version) in replaced {
            pinned
                .entry(name.to_owned())
                .or_insert_with(|| format!("{name}=={version}"));
        }
        pinned.into_values().collect()
    }
}

/// A package without its extras: `nemo_toolkit` of `nemo_toolkit[asr]`.
fn base(package: &str) -> &str {
    package.split('[').next().unwrap_or(package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_apart_brings_its_own_versions() {
        let text = "packages = { torch = \"2\", numpy = \"9\" }\n[python]\nmin = \"\"\nmax = \"\"\ntarget = \"\"\n[apart.odd]\nversion = \"1\"\nwith = [\"torch==1.9\"]\n";
        let versions: Versions = toml::from_str(text).unwrap();
        assert_eq!(
            versions.requirements(["torch", "numpy"]),
            ["numpy==9", "torch==2"]
        );
        assert_eq!(
            versions.requirements(["odd[x]", "numpy"]),
            ["numpy==9", "odd[x]==1", "torch==1.9"]
        );
        assert_eq!(versions.requirements(["unknown"]), ["unknown"]);
    }
}
