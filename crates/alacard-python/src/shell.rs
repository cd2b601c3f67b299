//! The shell commands of a cell.

use crate::cell::Cell;
use crate::escapes::EscapeKind;
use crate::module::Module;

/// Cell magics whose body is for a shell.
const SHELL_MAGICS: [&str; 5] = ["bash", "sh", "!", "sx", "system"];

/// Line magics that install packages with the words of their command-line tool.
const TOOL_MAGICS: [&str; 5] = ["pip", "conda", "mamba", "micromamba", "uv"];

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellLine {
    /// Line of the cell on which it begins, from 1.
    pub line: usize,
    /// The command without `!` or `%`; continued lines are joined.
    pub text: String,
}

/// The commands of a cell in order: `!cmd`, `out = !cmd`, `%pip …`, `%conda …`, `%%bash` bodies.
pub fn shell_lines(cell: &Cell) -> Vec<ShellLine> {
    match cell {
        Cell::Magic {
            name, body, line, ..
        } if SHELL_MAGICS.contains(&name.as_str()) => body_lines(body, *line),
        _ => cell.module().map(module_lines).unwrap_or_default(),
    }
}

fn body_lines(body: &str, magic_line: usize) -> Vec<ShellLine> {
    let mut found: Vec<ShellLine> = Vec::new();
    let mut continued = false;
    for (index, line) in body.lines().enumerate() {
        let (text, more) = match line.strip_suffix('\\') {
            Some(text) => (text.trim(), true),
            None => (line.trim(), false),
        };
        match found.last_mut() {
            Some(last) if continued => {
                last.text = format!("{} {text}", last.text).trim().to_owned()
            }
            _ if text.is_empty() || text.starts_with('#') => {}
            _ => found.push(ShellLine {
                line: magic_line + 1 + index,
                text: text.to_owned(),
            }),
        }
        continued = more;
    }
    found
}

fn module_lines(module: &Module) -> Vec<ShellLine> {
    let commands = module.escapes().iter().filter_map(|escape| {
        let text = match escape.kind {
            EscapeKind::Shell => escape.text.as_str(),
            EscapeKind::Magic => magic_command(&escape.text)?,
            EscapeKind::Help => return None,
        };
        Some(ShellLine {
            line: escape.line,
            text: text.to_owned(),
        })
    });
    commands
        .filter(|command| !command.text.is_empty())
        .collect()
}

fn magic_command(text: &str) -> Option<&str> {
    let (name, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if TOOL_MAGICS.contains(&name) {
        return Some(text);
    }
    matches!(name, "sx" | "system").then(|| rest.trim())
}
