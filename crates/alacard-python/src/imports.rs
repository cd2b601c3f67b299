//! What a module imports.

use std::collections::BTreeSet;

use ruff_python_ast::statement_visitor::{StatementVisitor, walk_stmt};
use ruff_python_ast::{Stmt, StmtImport, StmtImportFrom};
use ruff_text_size::Ranged;

use crate::module::Module;

/// One imported module.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    /// The whole path: `a.b` of `import a.b` and of `from a.b import c`.
    pub module: String,
    /// Its first part: `a`.
    pub root: String,
    /// Line of the statement, from 1.
    pub line: usize,
}

/// The top-level names of everything that a module imports, wherever the import stands. Relative
/// imports are left out.
pub fn imports(module: &Module) -> BTreeSet<String> {
    import_lines(module)
        .into_iter()
        .map(|import| import.root)
        .collect()
}

/// The imports one by one, in the order of the source. Relative imports are left out.
pub fn import_lines(module: &Module) -> Vec<Import> {
    let mut finder = Finder {
        module,
        found: Vec::new(),
    };
    finder.visit_body(module.body());
    finder.found
}

struct Finder<'a> {
    module: &'a Module,
    found: Vec<Import>,
}

impl Finder<'_> {
    fn add(&mut self, path: &str, statement: &Stmt) {
        let root = path.split('.').next().unwrap_or_default();
        if root.is_empty() {
            return;
        }
        let line = self.module.line(statement.start());
        self.found.push(Import {
            module: path.to_owned(),
            root: root.to_owned(),
            line,
        });
    }
}

impl<'a> StatementVisitor<'a> for Finder<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(StmtImport { names, .. }) => {
                for name in names {
                    self.add(name.name.as_str(), statement);
                }
            }
            Stmt::ImportFrom(StmtImportFrom {
                module: Some(path),
                level: 0,
                ..
            }) => {
                self.add(path.as_str(), statement);
            }
            _ => walk_stmt(self, statement),
        }
    }
}
