//! Installing packages.

use crate::context::distribution;
use crate::finding::Severity;
use crate::lesson::{Code, Lesson, PipLine, Prefix, Requirement};
use crate::rule::{Place, Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[
    REDIRECT,
    SHELL_PIP,
    UNPINNED,
    RUNTIME,
    MISMATCH,
    HIDDEN,
    LATE,
    REMOTE_SCRIPT,
];

fn requirements<'l>(
    lesson: &'l Lesson<'_>,
) -> impl Iterator<Item = (&'l PipLine, &'l Requirement)> {
    lesson
        .pip
        .iter()
        .flat_map(|line| line.requirements.iter().map(move |r| (line, r)))
}

const REDIRECT: Rule = Rule {
    id: "pip-redirect",
    sentence: "A version specifier with `<` or `>` stands in quotes, because the shell takes it for a redirect otherwise.",
    severity: Severity::Error,
    hint: "put the requirement in double quotes",
    fixable: true,
    failing: "%% code\n%pip install numpy>=2.0",
    passing: "%% code\n%pip install \"numpy>=2.0\" 2>&1",
    run: |lesson, sink| {
        for (line, requirement) in requirements(lesson).filter(|(_, r)| r.redirects) {
            sink.add(
                line.place,
                format!(
                    "the shell redirects at `{}`: the version is lost and a file is written",
                    super::shortened(&requirement.text)
                ),
            );
        }
    },
    ..Rule::BASE
};

const SHELL_PIP: Rule = Rule {
    id: "shell-pip",
    sentence: "Packages are installed with `%pip`, which serves the running kernel, not with `!pip`.",
    severity: Severity::Note,
    hint: "write `%pip install`",
    fixable: true,
    failing: "%% code\n!pip install \"numpy==2.0\"",
    passing: "%% code\n%pip install \"numpy==2.0\"",
    run: |lesson, sink| {
        for line in lesson.pip.iter().filter(|l| l.prefix == Prefix::Bang) {
            sink.add(
                line.place,
                "`!pip` may install into another Python than the notebook's",
            );
        }
    },
    ..Rule::BASE
};

const UNPINNED: Rule = Rule {
    id: "unpinned-requirement",
    sentence: "Every package is installed at an exact version.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Error),
    hint: "pin it with `==`",
    failing: "%% code\n%pip install transformers",
    passing: "%% code\n%pip install \"transformers==5.23.0\"",
    run: |lesson, sink| {
        for (line, requirement) in requirements(lesson) {
            let interpolated = requirement.text.contains(['{', '$']) || requirement.name.is_empty();
            let local = requirement.text.starts_with('.') || requirement.name == "pip";
            if requirement.pin.is_none() && !interpolated && !local {
                sink.add(
                    line.place,
                    format!(
                        "`{}` has no exact version",
                        super::shortened(&requirement.text)
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};

/// What hosted notebook services bring compiled for their own machines.
const RUNTIME_PACKAGES: &[&str] = &[
    "torch",
    "torchvision",
    "torchaudio",
    "numpy",
    "tensorflow",
    "jax",
    "jaxlib",
];

const RUNTIME: Rule = Rule {
    id: "runtime-package",
    sentence: "torch, numpy and their like are not replaced under a hosted notebook that already runs with them.",
    strict: Strict::Raise(Severity::Error),
    hint: "install it only where it is missing, for example under `if not on_colab:`",
    failing: "%% code\n%pip install --upgrade torch numpy",
    passing: "%% code\nimport sys\nif 'google.colab' not in sys.modules:\n    %pip install \"torch==2.15.0\"",
    run: |lesson, sink| {
        for (line, requirement) in requirements(lesson) {
            let changes = line.upgrade
                || requirement.pin.is_some()
                || requirement.text.contains(['<', '>', '~']);
            if RUNTIME_PACKAGES.contains(&requirement.name.as_str()) && changes && !line.guarded {
                sink.add(
                    line.place,
                    format!(
                        "`{}` replaces what Colab and Kaggle run with",
                        requirement.name
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};

const MISMATCH: Rule = Rule {
    id: "version-mismatch",
    sentence: "The versions that the notebook installs are those that it was made and locked for.",
    strict: Strict::Raise(Severity::Error),
    hint: "install the locked version",
    failing: "%% metadata {\"alacard\": {\"requirements\": [\"transformers==5.23.0\"]}}\n%% code\n%pip install \"transformers==4.40.0\"",
    passing: "%% metadata {\"alacard\": {\"requirements\": [\"transformers==5.23.0\"]}}\n%% code\n%pip install \"transformers==5.23.0\"",
    run: mismatch,
    ..Rule::BASE
};

fn mismatch(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let recorded = lesson
        .record()
        .and_then(|r| r.get("requirements"))
        .and_then(|r| r.as_array());
    let recorded: Vec<(String, &str)> = recorded
        .into_iter()
        .flatten()
        .filter_map(|r| r.as_str()?.split_once("=="))
        .map(|(name, version)| {
            (
                distribution(name),
                version.split(';').next().unwrap_or(version).trim(),
            )
        })
        .collect();
    for (line, requirement) in requirements(lesson) {
        let Some(pin) = &requirement.pin else {
            continue;
        };
        let here = recorded
            .iter()
            .find(|(name, _)| *name == requirement.name)
            .map(|(_, v)| *v);
        let wanted = here.or_else(|| lesson.context.packages.pin(&requirement.name));
        if let Some(wanted) = wanted.filter(|w| w != pin) {
            sink.add(
                line.place,
                format!(
                    "`{}` is installed at {pin}, and locked at {wanted}",
                    requirement.name
                ),
            );
        }
    }
}

const HIDDEN: Rule = Rule {
    id: "hidden-install-errors",
    sentence: "An installation that fails is seen to fail.",
    hint: "use `-q`, which keeps errors, and drop `%%capture` and redirects to /dev/null",
    failing: "%% code\n%%capture\n%pip install \"numpy==2.0\"",
    passing: "%% code\n%pip install -q \"numpy==2.0\"",
    run: |lesson, sink| {
        for line in &lesson.pip {
            let view = line.place.cell.and_then(|i| lesson.cells.get(i));
            let captured = matches!(view.and_then(|v| v.code.as_ref()), Some(Code::Magic(m)) if m.name == "capture");
            if captured {
                sink.add(line.place, "`%%capture` swallows the installer's errors");
            } else if line.silenced {
                sink.add(
                    line.place,
                    "the installer's output goes to /dev/null, errors included",
                );
            }
        }
    },
    ..Rule::BASE
};

const LATE: Rule = Rule {
    id: "late-install",
    sentence: "All packages are installed in one cell, before anything is imported.",
    severity: Severity::Note,
    strict: Strict::Raise(Severity::Warning),
    hint: "move it to the set-up cell",
    failing: "%% code\nimport json\nprint(json)\n%% code\n%pip install \"numpy==2.0\"",
    passing: "%% code\n%pip install \"numpy==2.0\"\n%% code\nimport json\nprint(json)",
    run: |lesson, sink| {
        let first_import = lesson
            .facts
            .imports
            .iter()
            .filter(|i| i.module != "sys" && i.module != "os")
            .map(|i| i.place.cell)
            .min();
        let Some(first_import) = first_import else {
            return;
        };
        for line in lesson.pip.iter().filter(|l| l.place.cell > first_import) {
            sink.add(
                line.place,
                "packages are installed after the first imports: the kernel may keep the old ones",
            );
        }
    },
    ..Rule::BASE
};

const REMOTE_SCRIPT: Rule = Rule {
    id: "remote-script",
    sentence: "No script from the network is piped into a shell or an interpreter.",
    severity: Severity::Error,
    hint: "install a package with a version, or download the file, check its hash and then run it",
    failing: "%% code\n!curl -fsSL https://example.com/install.sh | sh",
    passing: "%% code\n!curl -fsSL https://example.com/data.csv -o data.csv",
    run: |lesson, sink| {
        for line in lesson.shell.iter().filter(|l| pipes_to_shell(&l.command)) {
            let place: Place = line.place;
            sink.add(place, "whatever the network answers is run at once");
        }
    },
    ..Rule::BASE
};

fn pipes_to_shell(command: &str) -> bool {
    let fetches = |part: &str| {
        part.split_whitespace()
            .any(|w| matches!(w, "curl" | "wget"))
    };
    let runs = |part: &str| {
        let mut words = part
            .split_whitespace()
            .filter(|w| *w != "sudo" && *w != "-E");
        matches!(
            words.next(),
            Some("sh" | "bash" | "zsh" | "python" | "python3" | "perl" | "ruby")
        )
    };
    let mut parts = command.split('|');
    let piped = parts.next().is_some_and(fetches) && parts.any(runs);
    let substituted =
        command.contains("$(curl") || command.contains("<(curl") || command.contains("$(wget");
    piped
        || substituted
            && command
                .split_whitespace()
                .any(|w| matches!(w, "sh" | "bash" | "eval"))
}
