//! Every reason that a proof can give stands in `docs/proof.md`, and no other.

use std::collections::BTreeSet;

use alacard_prove::REASONS;
use alacard_prove::environment::EnvErrorKind;

const PAGE: &str = include_str!("../../../../docs/proof.md");
const SOURCES: [&str; 4] = [
    include_str!("../../src/causes.rs"),
    include_str!("../../src/errors.rs"),
    include_str!("../../src/judge.rs"),
    include_str!("../../src/real.rs"),
];

/// Reasons of an environment. The list is compared with the type's own names.
const OF_ENVIRONMENTS: [EnvErrorKind; 11] = [
    EnvErrorKind::UvMissing,
    EnvErrorKind::NoNetwork,
    EnvErrorKind::RequirementNotFound,
    EnvErrorKind::Conflict,
    EnvErrorKind::NeedsCompiler,
    EnvErrorKind::BuildFailed,
    EnvErrorKind::PythonMissing,
    EnvErrorKind::DiskFull,
    EnvErrorKind::Cancelled,
    EnvErrorKind::TimedOut,
    EnvErrorKind::Other,
];

/// Reasons that the sources write: a literal after `reason:`, or one that a blame follows.
fn written(source: &'static str) -> BTreeSet<&'static str> {
    let parts: Vec<&str> = source.split('"').collect();
    let mut found = BTreeSet::new();
    for window in parts.windows(3) {
        let [before, text, after] = window else {
            continue;
        };
        let plain = !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        let told = before.trim_end().ends_with("reason:")
            || before.trim_end().ends_with("whole(")
            || after
                .trim_start_matches([',', ' ', '\n'])
                .starts_with("Blame::");
        if plain && told {
            found.insert(*text);
        }
    }
    found
}

#[test]
fn the_list_is_closed() {
    let written: BTreeSet<&str> = SOURCES.iter().flat_map(|source| written(source)).collect();
    let listed: BTreeSet<&str> = REASONS.iter().copied().collect();
    assert_eq!(written, listed);
}

#[test]
fn every_reason_is_explained() {
    let environments = OF_ENVIRONMENTS.iter().map(|kind| kind.as_str());
    let all: BTreeSet<&str> = REASONS.iter().copied().chain(environments).collect();
    let table = PAGE
        .split("## Reasons")
        .nth(1)
        .unwrap()
        .split("\n## ")
        .next()
        .unwrap();
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let explained: BTreeSet<&str> = rows.collect();
    assert_eq!(explained, all);
}
