//! The user's access token.

use std::fmt;

/// Longest token that is taken seriously; the Hub's have about 40 characters.
const MAX_CHARS: usize = 4096;

/// An access token of the Hub. It never shows in debug output, errors or logs, and the client
/// sends it to the Hub's own host only.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A token from text such as an environment variable or a file. Blank space around it is
    /// dropped; `None` when nothing is left or when it cannot stand in an HTTP header.
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        let fits = !text.is_empty()
            && text.len() <= MAX_CHARS
            && text.bytes().all(|b| b.is_ascii_graphic());
        fits.then(|| Self(text.to_owned()))
    }

    /// The value of the `Authorization` header.
    pub(crate) fn bearer(&self) -> String {
        format!("Bearer {}", self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_hidden_and_fits_a_header() {
        let token = Token::new(" secret-value\n").unwrap();
        assert_eq!(format!("{token:?}"), "Token(hidden)");
        assert_eq!(token.bearer(), "Bearer secret-value");
        assert_eq!(Token::new("  "), None);
        assert_eq!(Token::new("two\r\nlines"), None);
    }
}
