//! One view of a notebook that every rule reads: each cell parsed once, each fact found once.

mod facts;
mod install;
mod lint;
mod program;
mod prose;
mod walk;
mod words;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use alacard_notebook::{Cell, CellKind, Notebook};
use serde_json::Value;

pub(crate) use facts::{Arg, Call, Facts, Use};
pub(crate) use install::{PipLine, Prefix, Requirement, ShellLine};
pub(crate) use lint::{Lint, LintKind};
pub(crate) use program::Code;
pub(crate) use prose::{Heading, Prose};
pub(crate) use words::quoted_specifiers;

use crate::context::Context;

/// A cell and what is known about its text.
pub(crate) struct CellView<'a> {
    pub(crate) index: usize,
    pub(crate) cell: &'a Cell,
    /// What a code cell holds; `None` for the other kinds.
    pub(crate) code: Option<Code>,
}

impl<'a> CellView<'a> {
    pub(crate) fn source(&self) -> &'a str {
        &self.cell.source
    }

    /// Lines with their numbers from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &'a str)> {
        self.cell
            .source
            .lines()
            .enumerate()
            .map(|(i, line)| (i + 1, line))
    }

    pub(crate) fn is(&self, kind: CellKind) -> bool {
        self.cell.kind == kind
    }
}

/// The view.
pub(crate) struct Lesson<'a> {
    pub(crate) notebook: &'a Notebook,
    pub(crate) context: &'a Context,
    /// The file's own JSON, when there is one: reading repairs what the schema rule must see.
    pub(crate) raw: Option<&'a Value>,
    /// Whether the rules for Alacard's own lessons apply.
    pub(crate) strict: bool,
    pub(crate) cells: Vec<CellView<'a>>,
    pub(crate) facts: Facts,
    pub(crate) lints: Vec<Lint>,
    pub(crate) shell: Vec<ShellLine>,
    pub(crate) pip: Vec<PipLine>,
    pub(crate) prose: Prose,
    written_files: OnceLock<BTreeSet<String>>,
}

impl<'a> Lesson<'a> {
    pub(crate) fn new(
        notebook: &'a Notebook,
        context: &'a Context,
        raw: Option<&'a Value>,
    ) -> Self {
        let read = program::read(&notebook.cells);
        let shell = install::shell_lines(&notebook.cells, &read.code, &read.facts);
        let lints = lint::lint(read.program, &read.extra_names, &shell);
        let cells = notebook.cells.iter().zip(read.code).enumerate();
        Self {
            notebook,
            context,
            raw,
            strict: context.strict || notebook.metadata.contains_key("alacard"),
            cells: cells
                .map(|(index, (cell, code))| CellView { index, cell, code })
                .collect(),
            facts: read.facts,
            lints,
            pip: install::pip_lines(&shell),
            shell,
            prose: prose::read(&notebook.cells),
            written_files: OnceLock::new(),
        }
    }

    /// Code cells, in order.
    pub(crate) fn code(&self) -> impl Iterator<Item = &CellView<'a>> {
        self.cells.iter().filter(|c| c.is(CellKind::Code))
    }

    /// Markdown cells, in order.
    pub(crate) fn markdown(&self) -> impl Iterator<Item = &CellView<'a>> {
        self.cells.iter().filter(|c| c.is(CellKind::Markdown))
    }

    /// `metadata.alacard`, when it is an object.
    pub(crate) fn record(&self) -> Option<&serde_json::Map<String, Value>> {
        self.notebook
            .metadata
            .get("alacard")
            .and_then(Value::as_object)
    }

    /// `quickstart` or `manual`, when the notebook says so.
    pub(crate) fn format(&self) -> Option<&str> {
        self.record()?.get("recipe")?.get("format")?.as_str()
    }

    /// Whether the notebook itself makes a module of this name.
    pub(crate) fn writes_module(&self, root: &str) -> bool {
        let files = self.written_files();
        self.facts.modules.contains(root) || files.iter().any(|f| module_of(f) == Some(root))
    }

    /// Files that the notebook makes: `%%writefile`, and whatever a call that writes, saves or
    /// downloads names.
    pub(crate) fn written_files(&self) -> &BTreeSet<String> {
        self.written_files.get_or_init(|| {
            let magics = self
                .notebook
                .cells
                .iter()
                .filter_map(|c| written_file(&c.source));
            magics
                .map(str::to_owned)
                .chain(self.facts.written_files())
                .collect()
        })
    }
}

/// The file that a `%%writefile` (or `%%file`) cell makes.
fn written_file(source: &str) -> Option<&str> {
    let first = source.lines().find(|l| !l.trim().is_empty())?;
    let rest = first
        .strip_prefix("%%writefile")
        .or_else(|| first.strip_prefix("%%file"))?;
    rest.split_whitespace().find(|word| *word != "-a")
}

/// The import root of a file with Python in it: `app.py` brings `app`, `pkg/__init__.py` `pkg`.
fn module_of(path: &str) -> Option<&str> {
    let path = path.trim_start_matches("./").trim_matches(['"', '\'']);
    let (root, rest) = path.split_once('/').unwrap_or((path, ""));
    if rest.is_empty() {
        root.strip_suffix(".py")
    } else {
        rest.ends_with(".py").then_some(root)
    }
}
