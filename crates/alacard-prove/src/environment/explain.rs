//! What uv says when it fails, as one of our errors.

use super::error::{EnvError, EnvErrorKind};

/// The most characters of uv's own words in a message.
const MAX_WORDS: usize = 700;

/// Reads the standard error of a failed call.
pub(crate) fn explain(stderr: &str) -> EnvError {
    let flat = flattened(stderr);
    let has = |needles: &[&str]| needles.iter().any(|needle| flat.contains(needle));
    if has(&[
        "No space left on device",
        "os error 28",
        "Disk quota exceeded",
    ]) {
        return EnvError::disk_full();
    }
    if has(&["because the network was disabled"]) {
        return network("packages are not at hand, and the network must not be used")
            .with_hint("unset UV_OFFLINE, or make the environment once while there is a network");
    }
    if let Some(error) = absent(&flat).or_else(|| unbuilt(&flat)) {
        return error;
    }
    if has(&[
        "Failed to build",
        "build backend returned an error",
        "build backend",
    ]) {
        return build(&flat);
    }
    if has(&["No solution found"]) {
        return EnvError::new(
            EnvErrorKind::Conflict,
            format!("the requirements exclude each other: {}", reasons(&flat)),
        )
        .with_hint("loosen or remove one of the versions that are named");
    }
    if has(NETWORK) {
        return network("the package index cannot be reached")
            .with_hint("check the connection (and proxy), then run it again");
    }
    if has(&[
        "No interpreter found",
        "No Python",
        "Failed to inspect Python",
        "Querying Python",
    ]) {
        return EnvError::new(EnvErrorKind::PythonMissing, "uv finds no Python that runs")
            .with_hint("install Python 3.12, or name one with ALACARD_PYTHON");
    }
    EnvError::new(EnvErrorKind::Other, format!("uv failed: {}", words(&flat)))
}

const NETWORK: &[&str] = &[
    "Failed to fetch",
    "Failed to download",
    "error sending request",
    "dns error",
    "Could not resolve host",
    "Could not connect",
    "Connection refused",
    "Connection reset",
    "Git operation failed",
    "operation timed out",
    "Failed to extract archive",
];

fn network(message: &str) -> EnvError {
    EnvError::new(EnvErrorKind::NoNetwork, message)
}

/// A package or version that does not exist.
fn absent(flat: &str) -> Option<EnvError> {
    let not_found = |package: &str| {
        EnvError::new(
            EnvErrorKind::RequirementNotFound,
            format!("there is no package `{package}` on the package index"),
        )
        .with_hint("check the spelling; the name of a package may differ from what is imported")
        .about(package)
    };
    for phrase in [
        " was not found in the package registry",
        " was not found in the cache",
    ] {
        if let Some(package) = word_before(flat, phrase) {
            return Some(not_found(&package));
        }
    }
    for phrase in [
        "Because there is no version of ",
        "Because there are no versions of ",
    ] {
        let Some(package) = word_after(flat, phrase) else {
            continue;
        };
        if flat.contains(&format!("{package} and you require {package}")) {
            return Some(
                EnvError::new(
                    EnvErrorKind::RequirementNotFound,
                    format!("there is no `{package}` on the package index"),
                )
                .with_hint("ask for a version that exists, or for none in particular")
                .about(package),
            );
        }
    }
    None
}

/// A package without a ready build for this machine.
fn unbuilt(flat: &str) -> Option<EnvError> {
    let phrases = [
        " has no usable wheels",
        " have no usable wheels",
        " has no wheels with a matching",
        " has no compatible wheels",
    ];
    let refused = || word_after(flat, "is disabled, but attempted to build ");
    let package = phrases
        .iter()
        .find_map(|phrase| word_before(flat, phrase))
        .or_else(refused)?;
    Some(needs_compiler(&package))
}

fn needs_compiler(package: &str) -> EnvError {
    EnvError::new(
        EnvErrorKind::NeedsCompiler,
        format!("`{package}` has no ready build for this machine and would have to be compiled"),
    )
    .with_hint("ask for a version with ready builds; ALACARD_ENV_BUILD=1 allows building, which runs the package's own code outside of the sandbox")
    .about(package)
}

/// Words in the output of a build that had no compiler.
const TOOLS: &[&str] = &[
    "gcc",
    "g++",
    "clang",
    "cc1plus",
    "nvcc",
    "cmake",
    "CMAKE_C_COMPILER",
    "Microsoft Visual C++",
    "rustc",
    "cargo",
    "ninja",
];

fn build(flat: &str) -> EnvError {
    let package = flat
        .split("Failed to build `")
        .nth(1)
        .and_then(|rest| rest.split('`').next())
        .unwrap_or("a package")
        .to_owned();
    let lost = ["not found", "No such file", "failed", "is required"]
        .iter()
        .any(|w| flat.contains(w));
    if lost && TOOLS.iter().any(|tool| has_word(flat, tool)) {
        return EnvError::new(
            EnvErrorKind::NeedsCompiler,
            format!(
                "`{package}` has to be compiled, and this machine lacks the tools: {}",
                tail(flat)
            ),
        )
        .with_hint("install the compiler that is named, or ask for a version with ready builds")
        .about(package);
    }
    EnvError::new(
        EnvErrorKind::BuildFailed,
        format!("`{package}` cannot be built: {}", tail(flat)),
    )
    .with_hint("the fault is the package's own; another version of it may work")
    .about(package)
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| c.is_whitespace() || "`'\":;,/()".contains(c))
        .any(|part| part == word)
        || word.contains(' ') && text.contains(word)
}

/// What the build backend itself printed.
fn tail(flat: &str) -> String {
    let inner = flat.split("[stderr]").nth(1).unwrap_or(flat);
    words(inner.split(" hint: ").next().unwrap_or(inner))
}

/// The resolver's explanation without its frame.
fn reasons(flat: &str) -> String {
    let inner = flat.split_once("cause: ").map_or(flat, |(_, rest)| rest);
    let inner = inner.split(" hint: ").next().unwrap_or(inner);
    words(inner.trim_end_matches(", we can conclude that your requirements are unsatisfiable."))
}

/// One line, bounded, without addresses (they can hold keys).
fn words(text: &str) -> String {
    let hidden = text.split(' ').filter(|w| !w.is_empty()).map(|word| {
        if word.contains("://") {
            "(address)"
        } else {
            word
        }
    });
    let mut line = hidden.collect::<Vec<_>>().join(" ");
    if let Some((cut, _)) = line.char_indices().nth(MAX_WORDS) {
        line.truncate(cut);
        line.push('…');
    }
    line
}

fn flattened(stderr: &str) -> String {
    let lines = stderr
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("warning:"));
    lines
        .collect::<Vec<_>>()
        .join(" ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn word_before(text: &str, phrase: &str) -> Option<String> {
    let (before, _) = text.split_once(phrase)?;
    clean(before.rsplit(' ').next()?)
}

fn word_after(text: &str, phrase: &str) -> Option<String> {
    let (_, after) = text.split_once(phrase)?;
    clean(after.split(' ').next()?)
}

fn clean(word: &str) -> Option<String> {
    let word = word.trim_matches(|c: char| "`'\",.:".contains(c));
    (!word.is_empty()).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use EnvErrorKind as Kind;

    #[test]
    fn each_fault_is_told_apart() {
        for (stderr, kind, package) in [
            (
                "error: No solution found when resolving dependencies\n  cause: Because zzz-no was not found in the package registry and you require zzz-no, we can conclude that your requirements are unsatisfiable.",
                Kind::RequirementNotFound,
                Some("zzz-no"),
            ),
            (
                "error: No solution found\n  cause: Because there is no version of a==99 and you require a==99, we can conclude that your requirements are unsatisfiable.",
                Kind::RequirementNotFound,
                Some("a==99"),
            ),
            (
                "error: No solution found\n  cause: Because a>=5 depends on b>=2,<3 and you require a==5, we can conclude that you require b>=2,<3.\n         And because you require b==1, we can conclude that your requirements are unsatisfiable.",
                Kind::Conflict,
                None,
            ),
            (
                "error: No solution found\n  cause: Because c==1 has no usable\n   wheels and you require c==1, we can conclude that your requirements are unsatisfiable.\n\nhint: Wheels are required",
                Kind::NeedsCompiler,
                Some("c==1"),
            ),
            (
                "error: Building source distributions is disabled, but attempted to build `c2`",
                Kind::NeedsCompiler,
                Some("c2"),
            ),
            (
                "error: Failed to build `d==1.0`\n  cause: Call to `backend.build_wheel` failed (exit status: 1)\n\n [stderr]\n error: command gcc failed: No such file or directory\n\nhint: Build failures",
                Kind::NeedsCompiler,
                Some("d==1.0"),
            ),
            (
                "error: Failed to build `e==1.0`\n  cause: Call failed\n\n [stderr]\n KeyError: 'version'\n",
                Kind::BuildFailed,
                Some("e==1.0"),
            ),
            (
                "error: No solution found\n cause: Because f was not found in the cache and you require f\n\nhint: Packages were unavailable because the network was disabled.",
                Kind::NoNetwork,
                None,
            ),
            (
                "error: Failed to fetch: http://example.org/simple/a/\n  cause: dns error",
                Kind::NoNetwork,
                None,
            ),
            (
                "error: failed to write\n cause: No space left on device (os error 28)",
                Kind::DiskFull,
                None,
            ),
            (
                "error: No interpreter found for Python 3.12",
                Kind::PythonMissing,
                None,
            ),
            (
                "error: something else at https://user:key@example.org/x",
                Kind::Other,
                None,
            ),
        ] {
            let error = explain(stderr);
            assert_eq!(
                (error.kind, error.package.as_deref()),
                (kind, package),
                "{stderr}"
            );
            assert!(!error.message.contains("://"), "{}", error.message);
        }
    }

    #[test]
    fn a_conflict_says_which_requirements_clash() {
        let error = explain(
            "error: No solution found\n  cause: Because a>=5 depends on b>=2 and you require a==5, we can conclude that you require b>=2.\n And because you require b==1, we can conclude that your requirements are unsatisfiable.",
        );
        assert_eq!(
            error.to_string(),
            "the requirements exclude each other: Because a>=5 depends on b>=2 and you require a==5, we can conclude that you require b>=2. And because you require b==1"
        );
        assert!(error.hint().is_some());
    }
}
