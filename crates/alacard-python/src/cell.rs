//! One cell as IPython reads it.

use crate::module::{Module, parse_ipython};
use crate::problem::SyntaxProblem;
use crate::prompts;

/// Cell magics whose body is Python of the same kernel.
const PYTHON_MAGICS: [&str; 6] = ["time", "timeit", "capture", "prun", "memit", "mprun"];

/// A cell that IPython accepts.
#[derive(Debug, Clone)]
pub enum Cell {
    /// Python, perhaps with IPython's own lines in it.
    Code(Module),
    /// A cell that begins with `%%name`.
    Magic {
        /// The name without the percent signs.
        name: String,
        /// The rest of the first line, trimmed.
        args: String,
        /// The lines below it.
        body: String,
        /// The line on which the magic stands, from 1.
        line: usize,
        /// The body as Python, for magics that run it in the same kernel; lines as in the cell.
        module: Option<Module>,
    },
}

impl Cell {
    /// The Python of the cell, if it runs in the notebook's own kernel.
    pub fn module(&self) -> Option<&Module> {
        match self {
            Self::Code(module) => Some(module),
            Self::Magic { module, .. } => module.as_ref(),
        }
    }
}

/// Parses a cell: magics, `!commands`, `name?`, `files = !ls`, pasted prompts and a cell that is
/// indented as a whole are understood; a `%%magic` cell is told apart before anything is parsed.
///
/// # Errors
/// The first syntax problem, as [`crate::parse_module`] reports it. Foreign `%%magic` cells
/// (`%%bash`, `%%html`) never fail: their body is not Python.
pub fn parse_cell(source: &str) -> Result<Cell, SyntaxProblem> {
    let source = source.replace("\r\n", "\n").replace('\r', "\n");
    match split_magic(&source) {
        Some(head) => magic_cell(&source, head),
        None => Ok(Cell::Code(parse_ipython(prepared(&source))?)),
    }
}

struct Head<'a> {
    name: &'a str,
    args: &'a str,
    line: usize,
    body: &'a str,
}

/// The magic at the head of a cell; blank lines before it do not count, as in IPython.
fn split_magic(source: &str) -> Option<Head<'_>> {
    let mut rest = source;
    let mut line = 1;
    loop {
        let (first, tail) = rest.split_once('\n').unwrap_or((rest, ""));
        if first.trim().is_empty() && !tail.is_empty() {
            rest = tail;
            line += 1;
            continue;
        }
        let command = first.strip_prefix("%%")?;
        let (name, args) = command
            .split_once(char::is_whitespace)
            .unwrap_or((command, ""));
        let (name, args) = (name.trim(), args.trim());
        return (!name.is_empty()).then_some(Head {
            name,
            args,
            line,
            body: tail,
        });
    }
}

fn magic_cell(source: &str, head: Head<'_>) -> Result<Cell, SyntaxProblem> {
    let Head {
        name,
        args,
        line,
        body,
    } = head;
    let is_python = PYTHON_MAGICS.contains(&name) && source.len() <= crate::guard::MAX_BYTES;
    let module = if is_python {
        let aligned = format!("{}{body}", "\n".repeat(line));
        Some(parse_ipython(aligned)?)
    } else {
        None
    };
    Ok(Cell::Magic {
        name: name.into(),
        args: args.into(),
        body: body.into(),
        line,
        module,
    })
}

/// What IPython does to a cell before it looks at it: common indentation and prompts go.
fn prepared(source: &str) -> String {
    let source = prompts::unindented(source);
    prompts::without_prompts_in_place(&source).unwrap_or(source)
}
