//! Imports: each must come from somewhere.

use std::collections::BTreeSet;

use ruff_python_stdlib::sys::is_known_standard_library;

use crate::context::{BRINGS, distribution, roots_of};
use crate::finding::Severity;
use crate::lesson::Lesson;
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[UNRESOLVED, PLATFORM_IMPORT];

const UNRESOLVED: Rule = Rule {
    id: "unresolved-import",
    sentence: "Every import comes from the standard library, from a package that the notebook installs or its lock holds, or from a file that it writes.",
    strict: Strict::Raise(Severity::Error),
    hint: "install the package in the set-up cell",
    failing: "%% code\nimport frobnicate\nfrobnicate.run()",
    passing: "%% code\n%pip install -q \"frobnicate==1.0\"\n%% code\nimport json\nimport frobnicate\nfrobnicate.run(json)",
    run: unresolved,
    ..Rule::BASE
};

fn unresolved(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let installed = installed_roots(lesson);
    let packages = &lesson.context.packages;
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for import in &lesson.facts.imports {
        let root = import.root();
        let known = is_known_standard_library(12, root)
            || matches!(
                root,
                "IPython" | "ipywidgets" | "ipykernel" | "__main__" | "pip" | "setuptools"
            )
            || packages.requirement(root).is_some()
            || installed.contains(root)
            || lesson.writes_module(root);
        if known || is_platform(&import.module) || !seen.insert(root) {
            continue;
        }
        let message = format!("nothing brings `{root}`: it is not installed here");
        // An import that is tried, or that waits in a function, is not sure to be reached.
        let severity = match (import.guarded, packages.is_empty()) {
            (true, _) => Severity::Warning,
            (false, false) => Severity::Error,
            (false, true) => {
                sink.add(import.place, message);
                continue;
            }
        };
        sink.add_as(severity, import.place, message);
    }
}

/// Modules that only a hosted notebook service has.
fn is_platform(module: &str) -> bool {
    module.starts_with("google.colab")
        || module == "kaggle_secrets"
        || module.starts_with("kaggle_secrets.")
}

/// Import roots that the notebook's own installs bring.
fn installed_roots(lesson: &Lesson<'_>) -> BTreeSet<String> {
    let mut roots = BTreeSet::new();
    let names = lesson
        .pip
        .iter()
        .flat_map(|line| &line.requirements)
        .map(|r| r.name.as_str());
    let conda = lesson
        .shell
        .iter()
        .filter_map(|line| line.command.split_once("conda install"))
        .flat_map(|(_, rest)| {
            rest.split_whitespace()
                .filter(|w| !w.starts_with('-'))
                .map(|w| w.split(['=', '<', '>']).next().unwrap_or(w))
        });
    for name in names.chain(conda) {
        roots.extend(roots_of(name));
        let name = distribution(name);
        let brought = BRINGS
            .iter()
            .find(|(d, _)| *d == name)
            .map(|(_, roots)| *roots);
        roots.extend(brought.unwrap_or_default().iter().map(|r| (*r).to_owned()));
    }
    roots
}

const PLATFORM_IMPORT: Rule = Rule {
    id: "platform-import",
    sentence: "Modules that exist on Colab or Kaggle only are imported where their absence is handled.",
    strict: Strict::Raise(Severity::Error),
    hint: "import it in a `try` with `except ImportError`, or in a branch for that service",
    failing: "%% code\nfrom google.colab import userdata\nprint(userdata)",
    passing: "%% code\ntry:\n    from google.colab import userdata\nexcept ImportError:\n    userdata = None\nprint(userdata)",
    run: |lesson, sink| {
        for import in &lesson.facts.imports {
            if is_platform(&import.module) && !import.guarded {
                let place: Place = import.place;
                sink.add(
                    place,
                    format!("`{}` exists on one hosted service only", import.module),
                );
            }
        }
    },
    ..Rule::BASE
};
