//! All the Python of a notebook as one program, with the way back from offsets to cells.

use std::collections::{BTreeMap, BTreeSet};

use alacard_notebook::{Cell, CellKind};
use ruff_python_ast::{ModModule, PySourceType, PythonVersion};
use ruff_python_parser::{ParseOptions, Parsed, parse_cells_unchecked};
use ruff_text_size::{TextRange, TextSize};

use super::facts::Facts;
use super::walk;
use crate::rule::Place;

/// The oldest Python that notebooks are to run on. What only newer ones understand is reported
/// apart from what none understands.
pub(crate) const OLDEST: PythonVersion = PythonVersion::PY311;

/// What a code cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Code {
    /// Nothing but blank space.
    Blank,
    /// Python, perhaps with IPython's own lines.
    Python,
    /// A `%%magic` cell.
    Magic(CellMagic),
    /// It does not parse.
    Broken(Problem),
}

/// A cell that begins with `%%name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CellMagic {
    pub(crate) name: String,
    pub(crate) args: String,
    /// Line of the magic, from 1.
    pub(crate) line: usize,
}

impl CellMagic {
    /// Whether the rest of the cell is Python that runs in the notebook's own kernel.
    pub(crate) fn runs_python(&self) -> bool {
        matches!(
            self.name.as_str(),
            "time" | "timeit" | "capture" | "prun" | "memit" | "mprun"
        )
    }
}

/// Why a cell does not parse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) message: String,
    pub(crate) line: usize,
}

/// The concatenated code and its syntax tree.
pub(crate) struct Program {
    pub(crate) text: String,
    pub(crate) parsed: Parsed<ModModule>,
    pub(crate) map: Map,
}

/// The way back from an offset in the program to a cell and a line.
#[derive(Default)]
pub(crate) struct Map {
    /// Offset at which each line begins.
    starts: Vec<usize>,
    places: Vec<(usize, usize)>,
}

impl Map {
    pub(crate) fn place(&self, offset: TextSize) -> Place {
        let line = self
            .starts
            .partition_point(|start| *start <= offset.to_usize());
        match line.checked_sub(1).and_then(|i| self.places.get(i)) {
            Some((cell, line)) => Place::line(*cell, *line),
            None => Place::NOTEBOOK,
        }
    }
}

/// Everything that reading the code cells yields.
pub(crate) struct Read {
    /// One entry a cell; `None` for cells that are not code.
    pub(crate) code: Vec<Option<Code>>,
    pub(crate) program: Program,
    pub(crate) facts: Facts,
    /// Names that magics define.
    pub(crate) extra_names: BTreeSet<String>,
}

/// Reads all cells.
pub(crate) fn read(cells: &[Cell]) -> Read {
    let (mut code, mut python): (Vec<_>, Vec<_>) = cells
        .iter()
        .map(|cell| classify(cell).map_or((None, None), |(code, text)| (Some(code), text)))
        .unzip();
    let mut program = assemble(&python);
    // The verdict on a cell is given by the cell's own parse; where the program disagrees, the
    // cell is left out, so that it cannot hide what the other cells say.
    let problems = problems(&program);
    if !problems.is_empty() {
        for (cell, problem) in problems {
            if let (Some(code), Some(python)) = (code.get_mut(cell), python.get_mut(cell)) {
                *code = Some(Code::Broken(problem));
                *python = None;
            }
        }
        program = assemble(&python);
    }
    let extra_names = names_from_magics(&code);
    let facts = walk::read(&program);
    Read {
        code,
        program,
        facts,
        extra_names,
    }
}

fn classify(cell: &Cell) -> Option<(Code, Option<String>)> {
    if cell.kind != CellKind::Code {
        return None;
    }
    if cell.source.trim().is_empty() {
        return Some((Code::Blank, None));
    }
    Some(match alacard_python::parse_cell(&cell.source) {
        Err(problem) => {
            let problem = Problem {
                message: problem.message,
                line: problem.line,
            };
            (Code::Broken(problem), None)
        }
        Ok(parsed) => {
            let python = parsed.module().map(|m| m.source().to_owned());
            let code = match parsed {
                alacard_python::Cell::Code(_) => Code::Python,
                alacard_python::Cell::Magic {
                    name, args, line, ..
                } => Code::Magic(CellMagic { name, args, line }),
            };
            (code, python)
        }
    })
}

/// Joins the cells that parse, one newline between them.
fn assemble(python: &[Option<String>]) -> Program {
    let mut text = String::new();
    let mut map = Map::default();
    let mut ranges = Vec::new();
    for (index, body) in python.iter().enumerate() {
        let Some(body) = body else { continue };
        let start = text.len();
        for (number, line) in body.split('\n').enumerate() {
            map.starts.push(text.len());
            map.places.push((index, number + 1));
            text.push_str(line);
            text.push('\n');
        }
        let end = text.len() - 1;
        if let (Ok(start), Ok(end)) = (TextSize::try_from(start), TextSize::try_from(end)) {
            ranges.push(TextRange::new(start, end));
        }
    }
    let options = ParseOptions::from(PySourceType::Ipynb).with_target_version(OLDEST);
    let parsed = parse_cells_unchecked(&text, ranges, &options);
    Program { text, parsed, map }
}

/// The first problem of each cell that the joined program cannot parse.
fn problems(program: &Program) -> BTreeMap<usize, Problem> {
    let mut problems = BTreeMap::new();
    for error in program.parsed.errors() {
        let place = program.map.place(error.location.start());
        if let Some(cell) = place.cell {
            let problem = Problem {
                message: error.error.to_string(),
                line: place.line.unwrap_or(1),
            };
            problems.entry(cell).or_insert(problem);
        }
    }
    problems
}

/// Names that a magic defines: `%%capture out`, `%%bash --out out --err err`, `%%time` none.
fn names_from_magics(code: &[Option<Code>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for code in code {
        let Some(Code::Magic(magic)) = code else {
            continue;
        };
        let mut words = magic.args.split_whitespace();
        while let Some(word) = words.next() {
            let name = match word {
                "--out" | "--err" | "--proc" | "-o" => words.next(),
                _ if magic.name == "capture" => Some(word),
                _ => None,
            };
            names.extend(
                name.filter(|n| alacard_python::is_identifier(n))
                    .map(str::to_owned),
            );
        }
    }
    names
}
