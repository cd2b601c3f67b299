//! Limits that keep hostile source from exhausting the stack or the memory.
//!
//! The parser grows its own stack, but whoever walks or drops the tree afterwards recurses once a
//! level. So the depth is bounded by looking at the tokens, before a tree exists.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Longest source in bytes. A hundred times the longest cell that people write.
pub(crate) const MAX_BYTES: usize = 2 * 1024 * 1024;

/// Deepest expression. CPython itself stops at 200 nested brackets; chains of operators count here
/// too, and generated code has them longer.
const MAX_DEPTH: usize = 500;

/// Deepest block; CPython's own limit is 100 levels of indentation.
const MAX_INDENT: usize = 100;

/// Refuses source that is too long or nests too deep, and says which.
pub(crate) fn check(source: &str) -> Result<(), &'static str> {
    if source.len() > MAX_BYTES {
        return Err("the source is too long to be parsed");
    }
    let mut lexer = lexer::lex(source, Mode::Module);
    let mut depth = Depth::default();
    loop {
        let kind = lexer.next_token();
        if kind == TokenKind::EndOfFile {
            return Ok(());
        }
        if let Some(message) = depth.step(kind) {
            return Err(message);
        }
    }
}

/// An upper bound of the depth of the expression at hand: how many operators, attributes, calls and
/// brackets stand before it that are not closed off by a comma or a closing bracket.
#[derive(Default)]
struct Depth {
    /// Counts of the brackets that are open; `here` belongs to the innermost one.
    outer: Vec<usize>,
    here: usize,
    total: usize,
    indent: usize,
}

impl Depth {
    fn step(&mut self, kind: TokenKind) -> Option<&'static str> {
        match kind {
            TokenKind::Indent => self.indent += 1,
            TokenKind::Dedent => self.indent = self.indent.saturating_sub(1),
            TokenKind::Newline | TokenKind::Semi if self.outer.is_empty() => self.reset(),
            TokenKind::Comma => self.reset(),
            _ if opens(kind) => self.open(),
            _ if closes(kind) => self.close(),
            _ if deepens(kind) => {
                self.here += 1;
                self.total += 1;
            }
            _ => {}
        }
        if self.indent > MAX_INDENT {
            return Some("too many levels of indentation");
        }
        (self.total > MAX_DEPTH).then_some("too deeply nested")
    }

    fn reset(&mut self) {
        self.total -= self.here;
        self.here = 0;
    }

    fn open(&mut self) {
        // The bracket itself may continue a chain (`f()()`), so it counts outside.
        self.outer.push(self.here + 1);
        self.here = 0;
        self.total += 1;
    }

    fn close(&mut self) {
        if let Some(outer) = self.outer.pop() {
            self.total -= self.here;
            self.here = outer;
        }
    }
}

fn opens(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart
    )
}

fn closes(kind: TokenKind) -> bool {
    matches!(
        kind,
        TokenKind::Rpar
            | TokenKind::Rsqb
            | TokenKind::Rbrace
            | TokenKind::FStringEnd
            | TokenKind::TStringEnd
    )
}

/// Every token that can add a level to an expression. Names, literals and plain punctuation cannot.
fn deepens(kind: TokenKind) -> bool {
    !matches!(
        kind,
        TokenKind::Name
            | TokenKind::Int
            | TokenKind::Float
            | TokenKind::Complex
            | TokenKind::String
            | TokenKind::FStringMiddle
            | TokenKind::TStringMiddle
            | TokenKind::IpyEscapeCommand
            | TokenKind::Comment
            | TokenKind::Newline
            | TokenKind::NonLogicalNewline
            | TokenKind::Equal
            | TokenKind::True
            | TokenKind::False
            | TokenKind::None
            | TokenKind::Ellipsis
    )
}
