//! One walk over the syntax tree that gathers the facts.

use std::collections::BTreeMap;

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, Expr, IpyEscapeKind, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::facts::{Arg, Call, Escape, Facts, Import, Swallow, Use};
use super::program::{Map, Program};
use crate::rule::Place;

/// Walks the program once.
pub(crate) fn read(program: &Program) -> Facts {
    let mut walk = Walk {
        map: &program.map,
        facts: Facts::default(),
        guards: 0,
        classes: 0,
        bound: BTreeMap::new(),
        next: BTreeMap::new(),
        statements: Vec::new(),
    };
    walk.visit_body(&program.parsed.syntax().body);
    walk.facts
}

type Key = (u32, u32);

fn key(range: TextRange) -> Key {
    (range.start().to_u32(), range.end().to_u32())
}

struct Walk<'m> {
    map: &'m Map,
    facts: Facts,
    /// Depth of functions, branches and handlers around.
    guards: usize,
    classes: usize,
    /// Calls whose result is bound, with the names.
    bound: BTreeMap<Key, Vec<String>>,
    /// Calls on whose result something is called at once.
    next: BTreeMap<Key, String>,
    /// Ranges of calls that are whole statements.
    statements: Vec<Key>,
}

impl Walk<'_> {
    fn place(&self, node: impl Ranged) -> Place {
        self.map.place(node.start())
    }

    fn guarded(&mut self, inner: impl FnOnce(&mut Self)) {
        self.guards += 1;
        inner(self);
        self.guards -= 1;
    }

    /// Binds the names of an assignment to every call in the chain on its right side.
    fn bind(&mut self, targets: &[String], value: &Expr) {
        let mut value = value;
        loop {
            match value {
                Expr::Call(call) => {
                    self.bound.insert(key(call.range()), targets.to_vec());
                    value = &call.func;
                }
                Expr::Attribute(attribute) => value = &attribute.value,
                Expr::Await(inner) => value = &inner.value,
                _ => return,
            }
        }
    }

    fn assign(&mut self, targets: &[Expr], value: &Expr) {
        let seen = arg(value);
        let names: Vec<String> = targets.iter().filter_map(target_name).collect();
        let registers = |t: &&Expr| {
            t.as_subscript_expr()
                .is_some_and(|s| dotted(&s.value) == "sys.modules")
        };
        let modules = targets.iter().filter(registers).filter_map(target_name);
        self.facts.modules.extend(modules);
        for name in &names {
            self.facts
                .pairs
                .push((self.place(value), name.clone(), seen.clone()));
        }
        self.bind(&names, value);
    }

    fn call(&mut self, call: &ast::ExprCall) {
        let name = dotted(&call.func);
        let range = call.range();
        let keywords: Vec<(String, Arg)> = call
            .arguments
            .keywords
            .iter()
            .filter_map(|k| Some((k.arg.as_ref()?.to_string(), arg(&k.value))))
            .collect();
        for (keyword, value) in keywords.iter().filter(|(_, v)| matches!(v, Arg::Str(_))) {
            self.facts
                .pairs
                .push((self.place(call), keyword.clone(), value.clone()));
        }
        let starred = call.arguments.args.iter().any(Expr::is_starred_expr)
            || call.arguments.keywords.iter().any(|k| k.arg.is_none());
        self.facts.calls.push(Call {
            place: self.place(call),
            range,
            args: call.arguments.args.iter().map(arg).collect(),
            words: call.arguments.args.first().map(words).unwrap_or_default(),
            keywords,
            starred,
            guarded: self.guards > 0,
            targets: self.bound.get(&key(range)).cloned().unwrap_or_default(),
            next: self.next.get(&key(range)).cloned(),
            statement: self.statements.contains(&key(range)),
            name: name.clone(),
        });
        self.callee(&call.func);
        let values = call
            .arguments
            .args
            .iter()
            .chain(call.arguments.keywords.iter().map(|k| &k.value));
        for value in values {
            match value {
                Expr::Name(used) => self.used(used.id.as_str(), Use::Argument(name.clone())),
                other => self.visit_expr(other),
            }
        }
    }

    /// Visits the function of a call, noting what is called at once on another call's result.
    fn callee(&mut self, function: &Expr) {
        match function {
            Expr::Name(name) => self.used(name.id.as_str(), Use::Called),
            Expr::Call(inner) => {
                self.next.insert(key(inner.range()), "()".to_owned());
                self.visit_expr(function);
            }
            Expr::Attribute(attribute) => {
                match &*attribute.value {
                    Expr::Name(name) => {
                        let method = Use::Method(attribute.attr.to_string());
                        self.used(name.id.as_str(), method);
                        return;
                    }
                    Expr::Call(inner) => {
                        self.next
                            .insert(key(inner.range()), attribute.attr.to_string());
                    }
                    _ => {}
                }
                self.visit_expr(&attribute.value);
            }
            other => self.visit_expr(other),
        }
    }

    fn used(&mut self, name: &str, how: Use) {
        self.facts
            .uses
            .entry(name.to_owned())
            .or_default()
            .push(how);
    }

    fn import(&mut self, place: Place, module: &str) {
        let guarded = self.guards > 0;
        self.facts.imports.push(Import {
            place,
            module: module.to_owned(),
            guarded,
        });
    }

    fn escape(&mut self, place: Place, kind: IpyEscapeKind, text: &str) {
        let guarded = self.guards > 0;
        self.facts.escapes.push(Escape {
            place,
            kind,
            text: text.to_owned(),
            guarded,
        });
    }

    fn try_statement(&mut self, statement: &ast::StmtTry) {
        if let (Some(first), Some(last)) = (statement.body.first(), statement.body.last()) {
            let body = TextRange::new(first.start(), last.end());
            for handler in &statement.handlers {
                let ast::ExceptHandler::ExceptHandler(handler) = handler;
                if catches_all(handler.type_.as_deref()) && does_nothing(&handler.body) {
                    self.facts.swallows.push(Swallow {
                        place: self.place(handler),
                        body,
                    });
                }
            }
        }
    }

    /// A statement that is only an expression.
    fn expression(&mut self, value: &Expr) {
        match value {
            Expr::EllipsisLiteral(_) if self.classes == 0 => {
                self.facts.ellipses.push(self.place(value));
            }
            Expr::Name(name) => {
                self.facts
                    .shown
                    .push((self.place(value), name.id.to_string()));
                self.used(name.id.as_str(), Use::Shown);
                return;
            }
            Expr::Call(call) => self.statements.push(key(call.range())),
            _ => {}
        }
        self.visit_expr(value);
        self.statements.clear();
    }
}

impl<'a> Visitor<'a> for Walk<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.import(self.place(import), alias.name.as_str());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                if let Some(module) = &import.module {
                    self.import(self.place(import), module.as_str());
                    let root = module.split('.').next().unwrap_or_default();
                    for alias in &import.names {
                        let bound = alias.asname.as_ref().unwrap_or(&alias.name).to_string();
                        self.facts.bound.insert(bound, root.to_owned());
                    }
                }
            }
            Stmt::Assert(assert) => {
                self.facts.asserts.push(self.place(assert));
                visitor::walk_stmt(self, stmt);
            }
            Stmt::Assign(assign) => {
                self.assign(&assign.targets, &assign.value);
                visitor::walk_stmt(self, stmt);
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assign(std::slice::from_ref(&assign.target), value);
                }
                visitor::walk_stmt(self, stmt);
            }
            Stmt::IpyEscapeCommand(line) => self.escape(self.place(line), line.kind, &line.value),
            Stmt::Expr(expression) => self.expression(&expression.value),
            Stmt::ClassDef(_) => {
                self.classes += 1;
                self.guarded(|walk| visitor::walk_stmt(walk, stmt));
                self.classes -= 1;
            }
            Stmt::Try(statement) => {
                self.try_statement(statement);
                self.guarded(|walk| visitor::walk_stmt(walk, stmt));
            }
            Stmt::FunctionDef(_) | Stmt::If(_) | Stmt::While(_) | Stmt::Match(_) => {
                self.guarded(|walk| visitor::walk_stmt(walk, stmt));
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Name(name) if name.ctx.is_load() => self.used(name.id.as_str(), Use::Other),
            Expr::Attribute(attribute) if attribute.value.is_name_expr() => {
                let attr = Use::Attribute(attribute.attr.to_string());
                if let Some(name) = attribute.value.as_name_expr() {
                    self.used(name.id.as_str(), attr);
                }
            }
            Expr::StringLiteral(text) => {
                self.facts
                    .strings
                    .push((self.place(text), text.value.to_str().to_owned()));
            }
            Expr::IpyEscapeCommand(line) => self.escape(self.place(line), line.kind, &line.value),
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let (Some(Arg::Str(name)), value @ Arg::Str(_)) =
                        (item.key.as_ref().map(arg), arg(&item.value))
                    {
                        self.facts
                            .pairs
                            .push((self.place(&item.value), name, value));
                    }
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Named(named) => {
                self.assign(std::slice::from_ref(&named.target), &named.value);
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

/// The name that an assignment binds: a variable, an attribute, or the key of a subscript
/// (`os.environ["NAME"] = …`).
fn target_name(target: &Expr) -> Option<String> {
    match target {
        Expr::Name(_) | Expr::Attribute(_) => Some(dotted(target)),
        Expr::Subscript(subscript) => subscript
            .slice
            .as_string_literal_expr()
            .map(|s| s.value.to_str().to_owned()),
        _ => None,
    }
}

/// The dotted name of an expression; parts that are not names are `?`.
fn dotted(expr: &Expr) -> String {
    let mut parts = Vec::new();
    let mut expr = expr;
    loop {
        match expr {
            Expr::Attribute(attribute) => {
                parts.push(attribute.attr.as_str());
                expr = &attribute.value;
            }
            Expr::Name(name) => {
                parts.push(name.id.as_str());
                break;
            }
            _ => {
                parts.push("?");
                break;
            }
        }
    }
    parts.reverse();
    parts.join(".")
}

fn arg(expr: &Expr) -> Arg {
    match expr {
        Expr::StringLiteral(text) => Arg::Str(text.value.to_str().to_owned()),
        Expr::BooleanLiteral(value) => Arg::Bool(value.value),
        Expr::NoneLiteral(_) => Arg::None,
        Expr::Name(_) | Expr::Attribute(_) => Arg::Name(dotted(expr)),
        Expr::FString(_) | Expr::BinOp(_) => Arg::Built,
        Expr::Call(call) => match dotted(&call.func) {
            name if name.ends_with("?.format") || name.ends_with("?.join") => Arg::Built,
            name => Arg::Call(name),
        },
        _ => Arg::Other,
    }
}

fn words(expr: &Expr) -> Vec<String> {
    let elements = expr
        .as_list_expr()
        .map(|l| l.elts.as_slice())
        .unwrap_or_default();
    elements
        .iter()
        .filter_map(|e| arg(e).str().map(str::to_owned))
        .collect()
}

fn catches_all(kind: Option<&Expr>) -> bool {
    match kind {
        None => true,
        Some(Expr::Name(name)) => matches!(name.id.as_str(), "Exception" | "BaseException"),
        Some(_) => false,
    }
}

/// Whether a handler only passes, goes on, or prints.
fn does_nothing(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Pass(_) | Stmt::Continue(_) => true,
        Stmt::Expr(e) => match &*e.value {
            Expr::EllipsisLiteral(_) => true,
            Expr::Call(call) => matches!(dotted(&call.func).as_str(), "print" | "display"),
            _ => false,
        },
        _ => false,
    })
}
