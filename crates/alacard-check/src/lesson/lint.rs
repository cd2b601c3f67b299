//! Names across cells, in order: ruff's linter over the joined program.

use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::LazyLock;

use alacard_python::ascii_regex;
use regex::Regex;
use ruff_linter::codes::Rule;
use ruff_linter::linter::{ParseSource, lint_only};
use ruff_linter::settings::{LinterSettings, flags};
use ruff_linter::source_kind::SourceKind;
use ruff_python_ast::PySourceType;

use super::install::ShellLine;
use super::program::{OLDEST, Program};
use crate::rule::Place;

/// What the linter found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LintKind {
    UndefinedName,
    UnusedImport,
    Redefined,
    EmptyFString,
    IsLiteral,
    UnusedVariable,
    /// Syntax of a newer Python than the oldest one that notebooks are to run on.
    NewSyntax,
    /// Code that parses and that the compiler refuses all the same: `return` outside a function.
    Syntax,
}

/// One finding of the linter.
#[derive(Debug, Clone)]
pub(crate) struct Lint {
    pub(crate) kind: LintKind,
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// Names that IPython puts into every notebook, beside those that ruff knows.
const IPYTHON: &[&str] = &[
    "In",
    "Out",
    "_",
    "__",
    "___",
    "_i",
    "_ii",
    "_iii",
    "_ih",
    "_oh",
    "_dh",
    "_exit_code",
    "exit",
    "quit",
    "get_ipython",
    "display",
];

static SETTINGS: LazyLock<LinterSettings> = LazyLock::new(|| LinterSettings {
    builtins: IPYTHON.iter().map(|name| (*name).to_owned()).collect(),
    unresolved_target_version: OLDEST.into(),
    ..LinterSettings::for_rules([
        Rule::UndefinedName,
        Rule::UndefinedLocal,
        Rule::UnusedImport,
        Rule::RedefinedWhileUnused,
        Rule::FStringMissingPlaceholders,
        Rule::IsLiteral,
        Rule::UnusedVariable,
        // Code that parses, and that the compiler refuses.
        Rule::BreakOutsideLoop,
        Rule::ContinueOutsideLoop,
        Rule::YieldOutsideFunction,
        Rule::ReturnOutsideFunction,
        Rule::DefaultExceptNotLast,
        Rule::MultipleStarredExpressions,
        Rule::LoadBeforeGlobalDeclaration,
        Rule::NonlocalWithoutBinding,
        Rule::AwaitOutsideAsync,
        Rule::FutureFeatureNotDefined,
        Rule::UndefinedLocalWithNestedImportStarUsage,
    ])
});

/// Lints the program. A fault inside the linter yields no findings rather than the end of the
/// process.
pub(crate) fn lint(program: Program, known: &BTreeSet<String>, shell: &[ShellLine]) -> Vec<Lint> {
    let Program { text, parsed, map } = program;
    let source = SourceKind::Python {
        code: text,
        is_stub: false,
    };
    let run = || {
        let parsed = ParseSource::Precomputed(parsed);
        let path = Path::new("notebook.ipynb");
        lint_only(
            path,
            None,
            &SETTINGS,
            flags::Noqa::Disabled,
            &source,
            PySourceType::Ipynb,
            parsed,
        )
    };
    let Ok(result) = catch_unwind(AssertUnwindSafe(run)) else {
        return Vec::new();
    };
    let in_shell = names_in_shell(shell);
    let mut lints = Vec::new();
    for diagnostic in &result.diagnostics {
        let Some(range) = diagnostic.range() else {
            continue;
        };
        let Some(kind) = kind(
            diagnostic.secondary_code().map(|c| c.as_str()),
            diagnostic.headline_message(),
        ) else {
            continue;
        };
        let at = source
            .source_code()
            .get(range.start().to_usize()..range.end().to_usize());
        let name = at.unwrap_or_default();
        let excused = match kind {
            LintKind::UndefinedName => known.contains(name) || is_history(name),
            LintKind::UnusedImport => in_shell.contains(bound_name(name)),
            _ => false,
        };
        if !excused {
            let message = sentence(diagnostic.headline_message());
            lints.push(Lint {
                kind,
                place: map.place(range.start()),
                message,
            });
        }
    }
    lints
}

fn kind(code: Option<&str>, message: &str) -> Option<LintKind> {
    Some(match code {
        Some("F821" | "F823") => LintKind::UndefinedName,
        Some("F401") => LintKind::UnusedImport,
        Some("F811") => LintKind::Redefined,
        Some("F541") => LintKind::EmptyFString,
        Some("F632") => LintKind::IsLiteral,
        Some("F841") => LintKind::UnusedVariable,
        None if message.contains("on Python 3.") => LintKind::NewSyntax,
        Some(
            "F406" | "F407" | "F622" | "F701" | "F702" | "F704" | "F706" | "F707" | "PLE0117"
            | "PLE0118" | "PLE1142",
        )
        | None => LintKind::Syntax,
        Some(_) => return None,
    })
}

/// The linter's message in this crate's style; a line of the joined program means nothing to
/// people, so it goes.
fn sentence(message: &str) -> String {
    let message = message.trim_end_matches('.');
    let message = message.split(" from line ").next().unwrap_or(message);
    let mut chars = message.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => String::new(),
    }
}

/// `_12`, `_i3`: earlier results and inputs.
fn is_history(name: &str) -> bool {
    let Some(rest) = name.strip_prefix('_') else {
        return false;
    };
    let digits = rest.strip_prefix('i').unwrap_or(rest);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

/// The name that an import binds: `numpy as np` binds `np`, `os.path` binds `os`.
fn bound_name(import: &str) -> &str {
    let name = import.rsplit(" as ").next().unwrap_or(import);
    name.split('.').next().unwrap_or(name).trim()
}

/// Names that shell lines use: `!cmd {expression} $name`.
fn names_in_shell(lines: &[ShellLine]) -> BTreeSet<String> {
    static NAMES: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r"\{[^{}]*\}|\$[A-Za-z_][A-Za-z0-9_]*").ok());
    static WORD: LazyLock<Option<Regex>> =
        LazyLock::new(|| ascii_regex(r"[A-Za-z_][A-Za-z0-9_]*").ok());
    let (Some(names), Some(word)) = (NAMES.as_ref(), WORD.as_ref()) else {
        return BTreeSet::new();
    };
    let parts = lines.iter().flat_map(|line| names.find_iter(&line.command));
    parts
        .flat_map(|part| word.find_iter(part.as_str()))
        .map(|m| m.as_str().to_owned())
        .collect()
}
