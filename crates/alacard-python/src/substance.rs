//! Whether a module is a program. Words, paths, JSON and YAML parse as Python too.

use ruff_python_ast::{Expr, Stmt};

use crate::module::Module;

/// What the top-level statements of a module do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Substance {
    /// Imports, definitions, control flow: what only a program has.
    pub structure: bool,
    /// Calls that stand alone or are assigned.
    pub calls: bool,
    /// Values that are assigned.
    pub assignments: bool,
}

impl Substance {
    /// Whether anything happens at all.
    pub fn any(self) -> bool {
        self.structure || self.calls || self.assignments
    }
}

/// What the top-level statements do.
///
/// ```
/// let module = alacard_python::parse_module("license: mit\na / b\n{'x': 1}\n")?;
/// assert!(!alacard_python::substance(&module).any());
/// # Ok::<(), alacard_python::SyntaxProblem>(())
/// ```
pub fn substance(module: &Module) -> Substance {
    let mut found = Substance::default();
    for statement in module.body() {
        match statement {
            Stmt::Expr(expression) => found.calls |= is_call(&expression.value),
            Stmt::Assign(assign) => {
                found.assignments = true;
                found.calls |= is_call(&assign.value);
            }
            Stmt::AugAssign(_) => found.assignments = true,
            Stmt::AnnAssign(assign) => found.assignments |= assign.value.is_some(),
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) => {}
            _ => found.structure = true,
        }
    }
    found
}

fn is_call(value: &Expr) -> bool {
    matches!(value, Expr::Call(_) | Expr::Await(_))
}
