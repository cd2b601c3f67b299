//! Values as Python source.

use std::fmt::Write as _;

/// A Python string literal in double quotes that stands for exactly this text.
///
/// Quotes, backslashes, control characters, line separators and invisible or direction-changing
/// characters are escaped, so that the literal stays on one line and shows what it holds. Braces
/// are left alone: the literal is not meant for an f-string's inside.
pub fn literal(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        push(&mut out, c);
    }
    out.push('"');
    out
}

fn push(out: &mut String, c: char) {
    match c {
        '"' => out.push_str("\\\""),
        '\\' => out.push_str("\\\\"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        _ if !is_hidden(c) => out.push(c),
        _ => escape(out, c),
    }
}

fn escape(out: &mut String, c: char) {
    let code = u32::from(c);
    // Writing to a string cannot fail.
    let _ = match code {
        0..=0xff => write!(out, "\\x{code:02x}"),
        0x100..=0xffff => write!(out, "\\u{code:04x}"),
        _ => write!(out, "\\U{code:08x}"),
    };
}

/// Characters that do not show, end a line for some reader, or turn the text around.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
                | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::literal;

    #[test]
    fn hostile_text_stays_inside() {
        let text = "a\"\\\n\r\t\0'''\u{2028}\u{202e}\u{85}\u{e0041}é";
        let expected = r#""a\"\\\n\r\t\x00'''\u2028\u202e\x85\U000e0041é""#;
        assert_eq!(literal(text), expected);
    }
}
