//! Findings as lines of text.

use std::fmt::Write;

use crate::finding::{Finding, Severity};

/// Whether the text goes to a terminal that shows colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Style {
    /// Text only.
    #[default]
    Plain,
    /// With ANSI colours.
    Coloured,
}

impl Style {
    fn paint(self, text: &str, code: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }

    fn severity(self, severity: Severity) -> String {
        let code = match severity {
            Severity::Error => "1;31",
            Severity::Warning => "1;33",
            Severity::Note => "1;36",
        };
        self.paint(severity.as_str(), code)
    }
}

/// The findings of one file, one a line, hints below:
///
/// ```text
/// lesson.ipynb:cell 3:line 2 error[undefined-name] undefined name `answer`
///   hint: define or import it in this cell or an earlier one
/// ```
///
/// Cells are counted from 1. A path or message with control characters is shown without them.
pub fn render(path: &str, findings: &[Finding], style: Style) -> String {
    let mut out = String::new();
    for finding in findings {
        let mut place = clean(path);
        if let Some(cell) = finding.cell {
            let _ = write!(place, ":cell {}", cell + 1);
        }
        if let Some(line) = finding.line {
            let _ = write!(place, ":line {line}");
        }
        let place = style.paint(&place, "1");
        let severity = style.severity(finding.severity);
        let _ = writeln!(
            out,
            "{place} {severity}[{}] {}",
            finding.rule,
            clean(&finding.message)
        );
        if let Some(hint) = &finding.hint {
            let fixable = if finding.fixable {
                " (`--fix` does it)"
            } else {
                ""
            };
            let hint = style.paint(&format!("hint: {}{fixable}", clean(hint)), "2");
            let _ = writeln!(out, "  {hint}");
        }
    }
    out
}

/// Text that cannot steer a terminal.
fn clean(text: &str) -> String {
    let hidden =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars()
        .map(|c| if hidden(c) { '\u{fffd}' } else { c })
        .collect()
}

/// How many findings of each severity there are: `2 errors, 1 warning, no notes`.
pub fn summary(findings: &[Finding]) -> String {
    let count = |severity: Severity| {
        let name = severity.as_str();
        match findings.iter().filter(|f| f.severity == severity).count() {
            0 => format!("no {name}s"),
            1 => format!("1 {name}"),
            n => format!("{n} {name}s"),
        }
    };
    [Severity::Error, Severity::Warning, Severity::Note]
        .map(count)
        .join(", ")
}
