//! From bytes to text with `\n` line ends.

/// Longest card that is read, in bytes; the longest one known has 0.7 MB.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Decodes UTF-8, replacing what is not; records what was odd.
pub(super) fn decode(bytes: &[u8], oddities: &mut Vec<String>) -> String {
    let bytes = match bytes.get(..MAX_BYTES) {
        Some(head) if bytes.len() > MAX_BYTES => {
            oddities.push(format!(
                "The card is longer than {MAX_BYTES} bytes; the rest was left out."
            ));
            head
        }
        _ => bytes,
    };
    let text = match bytes.strip_prefix(b"\xef\xbb\xbf") {
        Some(rest) => {
            oddities.push("The card begins with a byte order mark.".to_owned());
            String::from_utf8_lossy(rest)
        }
        None => String::from_utf8_lossy(bytes),
    };
    if text.contains('\u{fffd}') {
        oddities.push("The card is not valid UTF-8; broken characters were replaced.".to_owned());
    }
    if text.contains('\0') {
        oddities.push("The card holds NUL characters; they were left out.".to_owned());
    }
    line_ends(&text, oddities)
}

fn line_ends(text: &str, oddities: &mut Vec<String>) -> String {
    if text.contains('\r') {
        oddities.push("The card has Windows or old Mac line ends.".to_owned());
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\0' => {}
            _ => out.push(c),
        }
    }
    out
}
