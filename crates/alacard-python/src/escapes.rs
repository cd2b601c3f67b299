//! IPython's own lines in a cell: `%magic`, `!command`, `name?`.
//!
//! They are found by a small scanner that knows strings, comments and brackets, and are blanked out
//! byte for byte before the cell is parsed as plain Python, so every offset stays true. (The
//! parser's own IPython mode panics on some broken cells, such as `{]` above a line with `/`.)

/// What an IPython line asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EscapeKind {
    /// `!command` or `!!command`.
    Shell,
    /// `%name arguments`.
    Magic,
    /// `name?`, `name??` or `?name`.
    Help,
}

/// One IPython line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escape {
    /// What it asks for.
    pub kind: EscapeKind,
    /// The text without the leading or trailing marks; continued lines are joined by a space.
    pub text: String,
    /// Line of the cell on which it stands, from 1.
    pub line: usize,
    /// Whether its result is assigned (`files = !ls`).
    pub assigned: bool,
    /// Offset in bytes at which it begins.
    pub offset: usize,
}

/// A cell whose IPython lines are blanked out, and those lines.
pub(crate) struct Masked {
    /// As long as the source, byte for byte.
    pub(crate) code: String,
    pub(crate) escapes: Vec<Escape>,
}

/// Blanks out the IPython lines. The source has `\n` line ends only.
pub(crate) fn mask(source: &str) -> Masked {
    let mut scan = Scan {
        source,
        bytes: source.as_bytes(),
        at: 0,
        line: 1,
        depth: 0,
        fresh: true,
        escapes: Vec::new(),
        blanks: Vec::new(),
    };
    while scan.at < scan.bytes.len() {
        scan.step();
    }
    Masked {
        code: blanked(source, &scan.blanks),
        escapes: scan.escapes,
    }
}

/// A range to blank out; `value` leaves a `0` where an expression has to stand.
struct Blank {
    start: usize,
    end: usize,
    value: bool,
}

fn blanked(source: &str, blanks: &[Blank]) -> String {
    let mut code = String::with_capacity(source.len());
    let mut done = 0;
    for blank in blanks {
        code.push_str(source.get(done..blank.start).unwrap_or_default());
        let text = source.get(blank.start..blank.end).unwrap_or_default();
        for (index, byte) in text.bytes().enumerate() {
            code.push(match byte {
                b'\n' => '\n',
                _ if index == 0 && blank.value => '0',
                _ => ' ',
            });
        }
        done = blank.end;
    }
    code.push_str(source.get(done..).unwrap_or_default());
    code
}

struct Scan<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    line: usize,
    depth: usize,
    /// Whether only blank space stands before `at` on this logical line.
    fresh: bool,
    escapes: Vec<Escape>,
    blanks: Vec<Blank>,
}

impl Scan<'_> {
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(b'\n')
    }

    fn step(&mut self) {
        let byte = self.byte(self.at);
        let top = self.depth == 0;
        match byte {
            b'\n' => self.newline(),
            b'!' | b'%' | b'?' if top && self.fresh => self.escape(false),
            b'?' if top => self.trailing_help(),
            b'=' if top => self.assignment(),
            b'\\' => self.backslash(),
            b'#' => self.at = self.line_end(self.at),
            b'\'' | b'"' => self.string(byte),
            _ => self.plain(byte),
        }
    }

    fn plain(&mut self, byte: u8) {
        match byte {
            b'(' | b'[' | b'{' => self.depth += 1,
            b')' | b']' | b'}' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
        self.fresh &= matches!(byte, b' ' | b'\t' | 0x0c);
        self.at += 1;
    }

    fn newline(&mut self) {
        self.at += 1;
        self.line += 1;
        self.fresh = self.depth == 0;
    }

    /// A backslash before a line end joins the lines.
    fn backslash(&mut self) {
        self.fresh = false;
        self.at += 1;
        if self.byte(self.at) == b'\n' && self.at < self.bytes.len() {
            self.at += 1;
            self.line += 1;
        }
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|b| *b == b'\n').unwrap_or(rest.len())
    }

    fn string(&mut self, quote: u8) {
        self.fresh = false;
        let triple = self.byte(self.at + 1) == quote && self.byte(self.at + 2) == quote;
        self.at += if triple { 3 } else { 1 };
        while self.at < self.bytes.len() {
            let byte = self.byte(self.at);
            let closes = byte == quote
                && (!triple
                    || (self.byte(self.at + 1) == quote && self.byte(self.at + 2) == quote));
            if closes {
                self.at += if triple { 3 } else { 1 };
                return;
            }
            if byte == b'\n' && !triple {
                return;
            }
            self.skip_in_string(byte);
        }
    }

    fn skip_in_string(&mut self, byte: u8) {
        let escaped = byte == b'\\' && self.at + 1 < self.bytes.len();
        if byte == b'\n' || (escaped && self.byte(self.at + 1) == b'\n') {
            self.line += 1;
        }
        self.at += if escaped { 2 } else { 1 };
    }

    /// `=` may be followed by a command: `files = !ls`.
    fn assignment(&mut self) {
        let before = self.at.checked_sub(1).map_or(b' ', |at| self.byte(at));
        self.fresh = false;
        self.at += 1;
        if b"=!<>:+-*/%&|^@".contains(&before) {
            return;
        }
        let mut next = self.at;
        while matches!(self.byte(next), b' ' | b'\t') {
            next += 1;
        }
        if matches!(self.byte(next), b'!' | b'%') && self.byte(next + 1) != b'=' {
            self.at = next;
            self.escape(true);
        }
    }

    /// From here to the end of the line, and on over lines that end with a backslash.
    fn escape(&mut self, assigned: bool) {
        let (start, line) = (self.at, self.line);
        let mut end = self.line_end(start);
        while end < self.bytes.len() && end > start && self.byte(end - 1) == b'\\' {
            end = self.line_end(end + 1);
            self.line += 1;
        }
        let kind = match self.byte(start) {
            b'!' => EscapeKind::Shell,
            b'?' => EscapeKind::Help,
            _ => EscapeKind::Magic,
        };
        let raw = self.source.get(start..end).unwrap_or_default();
        let text = joined(raw.trim_start_matches(['!', '%', '?']));
        let kind = if text.ends_with('?') && kind == EscapeKind::Magic {
            EscapeKind::Help
        } else {
            kind
        };
        let text = if kind == EscapeKind::Help {
            text.trim_end_matches('?').to_owned()
        } else {
            text
        };
        self.escapes.push(Escape {
            kind,
            text,
            line,
            assigned,
            offset: start,
        });
        self.blanks.push(Blank {
            start,
            end,
            value: true,
        });
        self.fresh = false;
        self.at = end;
    }

    /// `name?` at the end of a line; a pattern (`np.*load*?`) is no expression and goes as a whole.
    fn trailing_help(&mut self) {
        let (mark, end) = (self.at, self.line_end(self.at));
        let tail = self.source.get(mark..end).unwrap_or_default();
        self.fresh = false;
        self.at += 1;
        let marks = tail.trim_end();
        if !matches!(marks, "?" | "??") {
            return;
        }
        let head = self.source.get(..mark).unwrap_or_default();
        let begin = head.rfind('\n').map_or(0, |at| at + 1);
        let before = head.get(begin..).unwrap_or_default();
        let text = before.trim();
        let margin = before.len() - before.trim_start().len();
        let start = if text.contains('*') {
            begin + margin
        } else {
            mark
        };
        let free = self.blanks.last().is_none_or(|last| last.end <= start);
        if text.is_empty() || !free {
            return;
        }
        let (kind, line) = (EscapeKind::Help, self.line);
        self.escapes.push(Escape {
            kind,
            text: text.to_owned(),
            line,
            assigned: false,
            offset: start,
        });
        self.blanks.push(Blank {
            start,
            end,
            value: start != mark,
        });
        self.at = end;
    }
}

fn joined(raw: &str) -> String {
    let lines = raw
        .split('\n')
        .map(|line| line.trim_end_matches('\\').trim());
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::mask;

    #[test]
    fn masks_keep_every_offset() {
        for (source, code) in [
            ("!ls é\nx", "0     \nx"),
            ("  %time f()\n", "  0        \n"),
            ("files = !ls\n", "files = 0  \n"),
            ("é.*x* ?\n", "0       \n"),
            ("x??\n", "x  \n"),
            (
                "a = \"\"\"\n!b\n\"\"\"\n(\n%c\n)\n",
                "a = \"\"\"\n!b\n\"\"\"\n(\n%c\n)\n",
            ),
            ("!a \\\n  b\nc", "0   \n   \nc"),
            ("x != y # !z\nx %= 2\n", "x != y # !z\nx %= 2\n"),
        ] {
            let masked = mask(source);
            assert_eq!(masked.code, code, "{source:?}");
            assert_eq!(masked.code.len(), source.len(), "{source:?}");
        }
    }
}
