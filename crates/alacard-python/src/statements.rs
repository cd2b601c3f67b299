//! Code without what does not run, for comparing lessons.

use ruff_python_ast::token::TokenKind;
use ruff_text_size::Ranged;

use crate::cell::{Cell, parse_cell};
use crate::module::Module;

/// The logical lines of a cell in a normal form: one space between tokens, without comments, blank
/// lines, indentation and strings that stand alone (docstrings). Source that does not parse yields
/// its lines, trimmed, without whole-line comments.
///
/// ```
/// let cell = "def f( x ):\n    '''Doc.'''\n    return x+1  # more\n";
/// assert_eq!(alacard_python::statements(cell), ["def f ( x ) :", "return x + 1"]);
/// ```
pub fn statements(source: &str) -> Vec<String> {
    match parse_cell(source) {
        Ok(Cell::Code(module)) => logical_lines(&module),
        Ok(Cell::Magic {
            name,
            args,
            body,
            module,
            ..
        }) => {
            let head = format!("%%{name} {args}").trim().to_owned();
            let below = module
                .as_ref()
                .map_or_else(|| plain_lines(&body), logical_lines);
            std::iter::once(head).chain(below).collect()
        }
        Err(_) => plain_lines(source),
    }
}

fn plain_lines(source: &str) -> Vec<String> {
    let lines = source.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}

fn logical_lines(module: &Module) -> Vec<String> {
    let mut found = Vec::new();
    let mut line = Line::default();
    let mut escapes = module.escapes().iter().peekable();
    for token in module.tokens() {
        match token.kind() {
            TokenKind::Newline | TokenKind::Semi => line.finish(&mut found),
            TokenKind::Comment
            | TokenKind::NonLogicalNewline
            | TokenKind::Indent
            | TokenKind::Dedent
            | TokenKind::EndOfFile => {}
            kind => {
                let at = token.start().to_usize();
                while escapes.next_if(|escape| escape.offset < at).is_some() {}
                // A line of IPython's own is a `0` in the tree.
                match escapes.next_if(|escape| escape.offset == at) {
                    Some(escape) => line.push(&format!("{:?} {}", escape.kind, escape.text), kind),
                    None => line.push(module.text(token.range()), kind),
                }
            }
        }
    }
    line.finish(&mut found);
    found
}

#[derive(Default)]
struct Line {
    text: String,
    /// Whether anything but plain strings stands on it.
    runs: bool,
}

impl Line {
    fn push(&mut self, text: &str, kind: TokenKind) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(text.trim());
        self.runs |= kind != TokenKind::String;
    }

    fn finish(&mut self, found: &mut Vec<String>) {
        let line = std::mem::take(self);
        if line.runs {
            found.push(line.text);
        }
    }
}
