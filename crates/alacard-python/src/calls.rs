//! Where code calls what: enough of the syntax tree for small edits by position.

use std::collections::BTreeSet;
use std::ops::Range;

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{Expr, ExprCall, Stmt};
use ruff_text_size::{Ranged, TextRange};

use crate::Module;

/// A call in the source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// The called expression as it is written: `AutoModel.from_pretrained`.
    pub function: String,
    /// Bytes of the called expression.
    pub callee: Range<usize>,
    /// The arguments in order.
    pub arguments: Vec<Argument>,
    /// Offset of the closing bracket.
    pub close: usize,
    /// Whether the last argument is followed by a comma.
    pub trailing_comma: bool,
    /// Whether `*args` or `**kwargs` are passed.
    pub unpacks: bool,
    /// Names that stand as whole arguments.
    pub names: BTreeSet<String>,
}

impl CallSite {
    /// Offset at which the last part of the called expression begins.
    pub fn name_start(&self, last: &str) -> usize {
        self.callee.end.saturating_sub(last.len())
    }
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// Its name, for a keyword argument.
    pub name: Option<String>,
    /// Its value, when it is a plain string.
    pub text: Option<String>,
    /// The source of its value.
    pub source: String,
    /// Bytes of the value.
    pub value: Range<usize>,
    /// Bytes of the whole argument with its name.
    pub range: Range<usize>,
}

/// A plain string literal in an expression (no docstring, no f-string).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringSite {
    /// Its value.
    pub value: String,
    /// Its bytes, quotes included.
    pub range: Range<usize>,
}

/// A statement on the top level, or inside a block of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Names that it binds.
    pub targets: Vec<String>,
    /// Whether it is an assignment on the top level.
    pub assignment: bool,
    /// Source of the assigned value.
    pub value: Option<String>,
    /// The calls in it.
    pub calls: Vec<CallSite>,
}

/// All calls, in the order of the source.
pub fn calls(module: &Module) -> Vec<CallSite> {
    let mut found = Found::new(module);
    found.visit_body(module.body());
    found.calls.sort_by_key(|call| call.callee.start);
    found.calls
}

/// All plain strings that are not docstrings, in the order of the source.
pub fn strings(module: &Module) -> Vec<StringSite> {
    let mut found = Found::new(module);
    found.visit_body(module.body());
    found.strings.sort_by_key(|string| string.range.start);
    found.strings
}

/// Names bound by imports and the top-level package of each: `AutoModel` and `transformers`.
pub fn bindings(module: &Module) -> Vec<(String, String)> {
    let mut found = Found::new(module);
    found.visit_body(module.body());
    found.bindings
}

/// The statements of the top level; those inside `with`, `if`, `for` and `try` one by one.
pub fn top_level(module: &Module) -> Vec<Statement> {
    let mut out = Vec::new();
    for statement in module.body() {
        flatten(module, statement, true, &mut out);
    }
    out
}

fn flatten(module: &Module, statement: &Stmt, top: bool, out: &mut Vec<Statement>) {
    let bodies: Vec<&[Stmt]> = match statement {
        Stmt::With(with) => vec![&with.body],
        Stmt::If(branch) => std::iter::once(branch.body.as_slice())
            .chain(
                branch
                    .elif_else_clauses
                    .iter()
                    .map(|clause| clause.body.as_slice()),
            )
            .collect(),
        Stmt::For(each) => vec![&each.body],
        Stmt::Try(attempt) => vec![&attempt.body],
        Stmt::FunctionDef(_) | Stmt::ClassDef(_) => return,
        other => return out.push(summary(module, other, top)),
    };
    if let Stmt::For(each) = statement {
        let mut found = Found::new(module);
        found.visit_expr(&each.iter);
        let (targets, calls) = (names(&each.target), found.calls);
        out.push(Statement {
            targets,
            assignment: false,
            value: None,
            calls,
        });
    }
    for body in bodies {
        for inner in body {
            flatten(module, inner, false, out);
        }
    }
}

fn summary(module: &Module, statement: &Stmt, top: bool) -> Statement {
    let mut found = Found::new(module);
    found.visit_stmt(statement);
    let (targets, value) = match statement {
        Stmt::Assign(assign) => (
            assign.targets.iter().flat_map(names).collect(),
            Some(assign.value.range()),
        ),
        Stmt::AnnAssign(assign) => (
            names(&assign.target),
            assign.value.as_ref().map(|value| value.range()),
        ),
        _ => (Vec::new(), None),
    };
    Statement {
        assignment: top && value.is_some(),
        value: value.map(|range| module.text(range).to_owned()),
        targets,
        calls: found.calls,
    }
}

/// The plain names of an assignment target.
fn names(target: &Expr) -> Vec<String> {
    match target {
        Expr::Name(name) => vec![name.id.to_string()],
        Expr::Tuple(tuple) => tuple.elts.iter().flat_map(names).collect(),
        Expr::List(list) => list.elts.iter().flat_map(names).collect(),
        _ => Vec::new(),
    }
}

struct Found<'m> {
    module: &'m Module,
    calls: Vec<CallSite>,
    strings: Vec<StringSite>,
    bindings: Vec<(String, String)>,
}

impl<'m> Found<'m> {
    fn new(module: &'m Module) -> Self {
        Self {
            module,
            calls: Vec::new(),
            strings: Vec::new(),
            bindings: Vec::new(),
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let module = self.module;
        let mut arguments: Vec<Argument> = call
            .arguments
            .args
            .iter()
            .map(|value| argument(module, None, value, value.range()))
            .collect();
        for keyword in &call.arguments.keywords {
            let name = keyword.arg.as_ref().map(|name| name.to_string());
            arguments.push(argument(module, name, &keyword.value, keyword.range()));
        }
        arguments.sort_by_key(|argument| argument.range.start);
        let inside = module.text(call.arguments.range());
        let last = inside.strip_suffix(')').unwrap_or(inside).trim_end();
        self.calls.push(CallSite {
            function: module.text(call.func.range()).to_owned(),
            callee: bytes(call.func.range()),
            close: usize::from(call.arguments.range().end()).saturating_sub(1),
            trailing_comma: last.ends_with([',', '(']),
            unpacks: call.arguments.args.iter().any(Expr::is_starred_expr)
                || call
                    .arguments
                    .keywords
                    .iter()
                    .any(|keyword| keyword.arg.is_none()),
            names: arguments
                .iter()
                .map(|a| a.source.clone())
                .filter(|s| crate::is_identifier(s))
                .collect(),
            arguments,
        });
    }
}

fn argument(module: &Module, name: Option<String>, value: &Expr, range: TextRange) -> Argument {
    Argument {
        name,
        text: value
            .as_string_literal_expr()
            .map(|string| string.value.to_str().to_owned()),
        source: module.text(value.range()).to_owned(),
        value: bytes(value.range()),
        range: bytes(range),
    }
}

fn bytes(range: TextRange) -> Range<usize> {
    usize::from(range.start())..usize::from(range.end())
}

impl<'a> Visitor<'a> for Found<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            // A statement that is only a string is a docstring or a comment.
            Stmt::Expr(only) if only.value.is_string_literal_expr() => {}
            Stmt::Import(import) => {
                for alias in &import.names {
                    let root = alias.name.split('.').next().unwrap_or_default().to_owned();
                    let bound = alias
                        .asname
                        .as_ref()
                        .map_or_else(|| root.clone(), |name| name.to_string());
                    self.bindings.push((bound, root));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import
                    .module
                    .as_ref()
                    .map(|name| name.to_string())
                    .unwrap_or_default();
                let root = module.split('.').next().unwrap_or_default().to_owned();
                for alias in &import.names {
                    let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                    self.bindings.push((bound, root.clone()));
                }
            }
            other => walk_stmt(self, other),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::StringLiteral(string) => self.strings.push(StringSite {
                value: string.value.to_str().to_owned(),
                range: bytes(string.range()),
            }),
            // Edits inside an f-string could change its quotes.
            Expr::FString(_) => return,
            _ => {}
        }
        walk_expr(self, expr);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_know_their_arguments_and_their_end() {
        let code =
            "from transformers import AutoModel\nm = AutoModel.from_pretrained(\"a/b\", x=1,)\n";
        let module = crate::parse_module(code).unwrap();
        let call = calls(&module).remove(0);
        assert_eq!(call.function, "AutoModel.from_pretrained");
        assert_eq!(call.arguments[0].text.as_deref(), Some("a/b"));
        assert!(call.trailing_comma);
        assert_eq!(&code[call.close..=call.close], ")");
        assert_eq!(
            bindings(&module),
            [("AutoModel".to_owned(), "transformers".to_owned())]
        );
        assert_eq!(top_level(&module)[1].targets, ["m"]);
    }
}
