//! Parsed Python with the way back to its lines.

use ruff_python_ast::token::Tokens;
use ruff_python_ast::{ModModule, PythonVersion, Stmt};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse};
use ruff_source_file::LineIndex;
use ruff_text_size::{Ranged, TextRange, TextSize};

use crate::escapes::{Escape, Masked, mask};
use crate::guard;
use crate::problem::SyntaxProblem;

/// The Python that notebooks are written for.
const TARGET: PythonVersion = PythonVersion::PY312;

/// Python source that parses.
#[derive(Debug, Clone)]
pub struct Module {
    source: String,
    parsed: Parsed<ModModule>,
    lines: LineIndex,
    escapes: Vec<Escape>,
}

impl Module {
    /// The source as it was parsed; its lines are those of the text that was given.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// IPython's own lines, in order; none in plain Python. In the syntax tree, the number `0`
    /// stands where a whole statement or an assigned value is one.
    pub fn escapes(&self) -> &[Escape] {
        &self.escapes
    }

    /// The statements on the top level.
    pub fn body(&self) -> &[Stmt] {
        self.parsed.suite()
    }

    /// All tokens, comments too.
    pub fn tokens(&self) -> &Tokens {
        self.parsed.tokens()
    }

    /// The line of an offset, from 1.
    pub fn line(&self, offset: TextSize) -> usize {
        self.lines.line_index(offset).get()
    }

    /// The source of a range; empty when the range is not of this module.
    pub fn text(&self, range: TextRange) -> &str {
        self.source
            .get(range.start().to_usize()..range.end().to_usize())
            .unwrap_or_default()
    }
}

/// Parses plain Python: no magics, no shell lines.
///
/// # Errors
/// The first syntax problem; also source over 2 MiB, or nested deeper than any sane program (both
/// reported on line 1).
pub fn parse_module(source: &str) -> Result<Module, SyntaxProblem> {
    parse_masked(source.to_owned(), None)
}

/// Parses Python with IPython's own lines in it; the source has `\n` line ends only.
pub(crate) fn parse_ipython(source: String) -> Result<Module, SyntaxProblem> {
    let masked = mask(&source);
    parse_masked(source, Some(masked))
}

fn parse_masked(source: String, masked: Option<Masked>) -> Result<Module, SyntaxProblem> {
    let code = masked
        .as_ref()
        .map_or(source.as_str(), |masked| masked.code.as_str());
    let start = TextSize::new(0);
    guard::check(code).map_err(|message| problem(code, start, message.to_owned()))?;
    let options = ParseOptions::from(Mode::Module).with_target_version(TARGET);
    let parsed =
        parse(code, options).map_err(|e| problem(code, e.location.start(), e.error.to_string()))?;
    if let Some(e) = parsed.unsupported_syntax_errors().first() {
        return Err(problem(code, e.range().start(), e.to_string()));
    }
    let other = || problem(code, start, "this is not a module".to_owned());
    let parsed = parsed.try_into_module().ok_or_else(other)?;
    let lines = LineIndex::from_source_text(&source);
    let escapes = masked.map(|masked| masked.escapes).unwrap_or_default();
    Ok(Module {
        source,
        parsed,
        lines,
        escapes,
    })
}

fn problem(source: &str, at: TextSize, message: String) -> SyntaxProblem {
    let before = source.get(..at.to_usize()).unwrap_or(source);
    let normal = before.replace("\r\n", "\n").replace('\r', "\n");
    let line = normal.matches('\n').count() + 1;
    let column = normal
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    SyntaxProblem {
        message,
        line,
        column,
    }
}
