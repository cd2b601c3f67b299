//! Where code asserts, and where it catches errors: what a proof asks of a cell that was executed.

use std::ops::RangeInclusive;

use ruff_python_ast::visitor::{Visitor, walk_stmt};
use ruff_python_ast::{ExceptHandler, Stmt, StmtTry};
use ruff_text_size::Ranged;

use crate::Module;

/// Lines of the source, from 1.
pub type Lines = RangeInclusive<usize>;

/// A `try` statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TryBlock {
    /// The lines that are tried.
    pub body: Lines,
    /// The lines of each handler's body.
    pub handlers: Vec<Lines>,
}

/// The lines of every `assert`, wherever it stands.
///
/// ```
/// let module = alacard_python::parse_module("x = 1\nif x:\n    assert x > 0, (\n        'no'\n    )\n")?;
/// assert_eq!(alacard_python::asserts(&module), [3..=5]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn asserts(module: &Module) -> Vec<Lines> {
    let mut found = Found::new(module);
    found.visit_body(module.body());
    found.asserts
}

/// Every `try` outside of functions and classes.
pub fn tries(module: &Module) -> Vec<TryBlock> {
    let mut found = Found::new(module);
    found.visit_body(module.body());
    found.tries
}

struct Found<'a> {
    module: &'a Module,
    asserts: Vec<Lines>,
    tries: Vec<TryBlock>,
    inside: usize,
}

impl<'a> Found<'a> {
    fn new(module: &'a Module) -> Self {
        Self {
            module,
            asserts: Vec::new(),
            tries: Vec::new(),
            inside: 0,
        }
    }

    fn lines(&self, first: &impl Ranged, last: &impl Ranged) -> Lines {
        self.module.line(first.start())..=self.module.line(last.end())
    }

    fn body(&self, body: &[Stmt]) -> Option<Lines> {
        Some(self.lines(body.first()?, body.last()?))
    }

    fn note(&mut self, attempt: &StmtTry) {
        let handlers = attempt.handlers.iter().filter_map(|handler| {
            let ExceptHandler::ExceptHandler(handler) = handler;
            self.body(&handler.body)
        });
        let handlers = handlers.collect();
        if let Some(body) = self.body(&attempt.body) {
            self.tries.push(TryBlock { body, handlers });
        }
    }
}

impl<'a> Visitor<'a> for Found<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Assert(assert) => {
                let lines = self.lines(assert, assert);
                self.asserts.push(lines);
            }
            Stmt::Try(attempt) if self.inside == 0 => self.note(attempt),
            _ => {}
        }
        let hides = matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_));
        self.inside += usize::from(hides);
        walk_stmt(self, statement);
        self.inside -= usize::from(hides);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse_module;

    #[test]
    fn handlers_have_their_own_lines() {
        let source = "try:\n    a()\n    b()\nexcept ValueError:\n    c()\nexcept OSError as e:\n    d(e)\ndef f():\n    try:\n        x()\n    except E:\n        pass\n";
        let module = parse_module(source).unwrap();
        assert_eq!(
            tries(&module),
            [TryBlock {
                body: 2..=3,
                handlers: vec![5..=5, 7..=7]
            }]
        );
    }
}
