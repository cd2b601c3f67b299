//! Regular expressions that are cheap to compile.

use regex::{Error, Regex};

/// [`Regex::new`] with `\w`, `\d`, `\s` and `\b` of ASCII only.
///
/// Python's keywords, Markdown's marks and the words of command lines are ASCII, and the tables
/// of Unicode make a pattern about thirty times slower to compile, which a short process pays
/// anew each time. Classes that are spelled out (`\p{L}`) and negated ones (`\W`) stay as they
/// are.
///
/// # Errors
///
/// As [`Regex::new`].
///
/// ```
/// let word = alacard_python::ascii_regex(r"\b[\w-]+\b")?;
/// assert_eq!(word.find("é-x").map(|found| found.as_str()), Some("x"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn ascii_regex(pattern: &str) -> Result<Regex, Error> {
    Regex::new(&translate(pattern))
}

fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() * 2);
    let mut characters = pattern.chars();
    let mut class = Class::Outside;
    while let Some(c) = characters.next() {
        match (c, class) {
            ('\\', _) => {
                let next = characters.next().unwrap_or('\\');
                escape(&mut out, next, class != Class::Outside);
                class = class.inner();
                continue;
            }
            ('[', Class::Outside) => class = Class::Begun,
            ('^', Class::Begun) => {}
            (']', Class::Inside) => class = Class::Outside,
            _ => class = class.inner(),
        }
        out.push(c);
    }
    out
}

/// Where in a character class a position is; a `]` right after its beginning is a member.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Outside,
    Begun,
    Inside,
}

impl Class {
    fn inner(self) -> Self {
        match self {
            Self::Outside => Self::Outside,
            Self::Begun | Self::Inside => Self::Inside,
        }
    }
}

fn escape(out: &mut String, letter: char, in_class: bool) {
    let members = match letter {
        'w' => "0-9A-Za-z_",
        'd' => "0-9",
        's' => r"\t\n\x0B\x0C\r ",
        'b' if !in_class => return out.push_str(r"(?-u:\b)"),
        _ => {
            out.push('\\');
            return out.push(letter);
        }
    };
    if in_class {
        out.push_str(members);
    } else {
        out.push('[');
        out.push_str(members);
        out.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_their_form() {
        assert_eq!(translate(r"[\w.-]+\d"), "[0-9A-Za-z_.-]+[0-9]");
        assert_eq!(translate(r"[^]\s]\]"), r"[^]\t\n\x0B\x0C\r ]\]");
        assert_eq!(translate(r"\bx\\b"), r"(?-u:\b)x\\b");
    }
}
