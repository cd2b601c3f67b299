//! Dependencies: every one from the public registry, under a licence that we accept.

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::shell;

/// Licences that may stand alone. Weak copyleft is accepted where it covers files, not programs.
const ACCEPTED: [&str; 17] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "PSF-2.0",
    "Unicode-DFS-2016",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Checks all packages of the lock file.
pub(crate) fn check() -> Result<()> {
    let metadata = shell::output("cargo", &["metadata", "--format-version", "1", "--locked"])?;
    let metadata: Value = serde_json::from_str(&metadata).context("cargo metadata is not JSON")?;
    let packages = metadata["packages"]
        .as_array()
        .context("cargo metadata names no packages")?;
    let problems: Vec<String> = packages.iter().filter_map(problem).collect();
    for problem in &problems {
        println!("{problem}");
    }
    if !problems.is_empty() {
        bail!("{} dependencies cannot be accepted", problems.len());
    }
    println!("licences: {} packages, all accepted", packages.len());
    Ok(())
}

fn problem(package: &Value) -> Option<String> {
    let name = format!(
        "{} {}",
        package["name"].as_str()?,
        package["version"].as_str()?
    );
    let source = package["source"].as_str()?;
    if !source.starts_with("registry+") {
        return Some(format!(
            "{name}: comes from {source}, not from the registry"
        ));
    }
    let licence = package["license"].as_str().unwrap_or_default();
    (!accepted(licence)).then(|| format!("{name}: licence `{licence}`"))
}

/// Whether an SPDX expression can be met with accepted licences: one side of each OR, all of AND.
fn accepted(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    let all = |part: &str| {
        part.split(" AND ")
            .all(|licence| ACCEPTED.contains(&licence.trim()))
    };
    if expression.contains('(') && expression.contains(" AND ") {
        // `(A OR B) AND C`: every word that is no operator must be met by itself or an alternative.
        return flat.split(" AND ").all(|part| {
            part.split(" OR ")
                .any(|licence| ACCEPTED.contains(&licence.trim()))
        });
    }
    flat.split(" OR ").any(all)
}

#[cfg(test)]
mod tests {
    use super::accepted;

    #[test]
    fn expressions_are_met_or_not() {
        assert!(accepted("MIT OR Apache-2.0"));
        assert!(accepted("MIT/GPL-3.0"));
        assert!(accepted("(MIT OR Apache-2.0) AND Unicode-3.0"));
        assert!(!accepted("GPL-3.0"));
        assert!(!accepted("MIT AND GPL-3.0"));
        assert!(!accepted(""));
    }
}
