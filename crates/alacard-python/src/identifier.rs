//! Names that Python accepts for a variable.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, lexer};

/// Whether the text is a name that can be assigned to: an identifier and no keyword.
///
/// ```
/// assert!(alacard_python::is_identifier("größe_2"));
/// assert!(!alacard_python::is_identifier("class"));
/// assert!(!alacard_python::is_identifier("a b"));
/// ```
pub fn is_identifier(text: &str) -> bool {
    let foreign = |c: char| c.is_whitespace() || matches!(c, '#' | '\\' | ';' | '\u{feff}' | '\0');
    if text.is_empty() || text.len() > 1000 || text.contains(foreign) {
        return false;
    }
    let mut lexer = lexer::lex(text, Mode::Module);
    let kind = lexer.next_token();
    let named = kind == TokenKind::Name || kind.is_soft_keyword();
    // The lexer ends the line by itself, so nothing else can stand after the name.
    named && lexer.next_token() == TokenKind::Newline
}
