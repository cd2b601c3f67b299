//! Lines for the shell and for the package installer.

use std::sync::LazyLock;

use alacard_notebook::Cell;
use alacard_python::ascii_regex;
use regex::Regex;
use ruff_python_ast::IpyEscapeKind;

use super::facts::{Call, Facts};
use super::program::Code;
use super::words::{Word, commands};
use crate::context::distribution;
use crate::rule::Place;

/// How a command reaches the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Prefix {
    /// `!command`
    Bang,
    /// `%pip` or `%conda`
    Magic,
    /// A line of a `%%bash` cell.
    Bash,
    /// `subprocess.run([...])`, `get_ipython().system(...)`
    Python,
}

/// A command for the shell or the installer.
#[derive(Debug, Clone)]
pub(crate) struct ShellLine {
    pub(crate) place: Place,
    pub(crate) prefix: Prefix,
    /// The command without the prefix; of a magic with its name (`pip install …`).
    pub(crate) command: String,
    /// Whether it stands in a function, a branch or a `try`.
    pub(crate) guarded: bool,
}

/// All commands of a notebook, in order.
pub(crate) fn shell_lines(cells: &[Cell], code: &[Option<Code>], facts: &Facts) -> Vec<ShellLine> {
    let mut lines: Vec<ShellLine> = facts
        .escapes
        .iter()
        .filter_map(|escape| {
            let prefix = match escape.kind {
                IpyEscapeKind::Shell | IpyEscapeKind::ShCap => Prefix::Bang,
                IpyEscapeKind::Magic if is_installer(&escape.text) => Prefix::Magic,
                _ => return None,
            };
            let command = escape.text.trim().to_owned();
            Some(ShellLine {
                place: escape.place,
                prefix,
                command,
                guarded: escape.guarded,
            })
        })
        .collect();
    for (index, (cell, code)) in cells.iter().zip(code).enumerate() {
        if let Some(Code::Magic(magic)) = code
            && matches!(
                magic.name.as_str(),
                "bash" | "sh" | "script" | "system" | "sx" | "!"
            )
        {
            lines.extend(script(index, &cell.source, magic.line));
        }
    }
    lines.extend(facts.calls.iter().filter_map(from_call));
    lines.sort_by_key(|line| line.place);
    lines
}

fn is_installer(magic: &str) -> bool {
    let name = magic.split_whitespace().next().unwrap_or_default();
    matches!(name, "pip" | "conda" | "mamba" | "uv" | "sx" | "system")
}

/// The lines of a `%%bash` cell, continued lines joined.
fn script(cell: usize, source: &str, magic_line: usize) -> Vec<ShellLine> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (number, text) in source.lines().enumerate().skip(magic_line) {
        let (line, mut command) = open.take().unwrap_or((number + 1, String::new()));
        let (text, goes_on) = text.strip_suffix('\\').map_or((text, false), |t| (t, true));
        command.push_str(text);
        if goes_on {
            open = Some((line, command));
        } else {
            lines.push((line, command));
        }
    }
    lines.extend(open);
    let commands = lines
        .into_iter()
        .filter(|(_, c)| !c.trim().is_empty() && !c.trim().starts_with('#'));
    commands
        .map(|(line, command)| ShellLine {
            place: Place::line(cell, line),
            prefix: Prefix::Bash,
            command: command.trim().to_owned(),
            guarded: false,
        })
        .collect()
}

/// A command in a call: a list of words, or text for IPython's or the system's shell.
fn from_call(call: &Call) -> Option<ShellLine> {
    let text = |index: usize| call.args.get(index).and_then(|a| a.str());
    let command = match call.name.as_str() {
        "?.run_line_magic" => format!("{} {}", text(0)?, text(1)?),
        "?.system" | "?.getoutput" | "os.system" => text(0)?.to_owned(),
        name if name.starts_with("subprocess.") && call.words.is_empty() => text(0)?.to_owned(),
        name if name.starts_with("subprocess.") => {
            // Words of a list never meet a shell: quoting keeps them whole below.
            call.words
                .iter()
                .map(|w| format!("'{w}'"))
                .collect::<Vec<_>>()
                .join(" ")
        }
        _ => return None,
    };
    Some(ShellLine {
        place: call.place,
        prefix: Prefix::Python,
        command,
        guarded: call.guarded,
    })
}

/// A `pip install`.
#[derive(Debug, Clone)]
pub(crate) struct PipLine {
    pub(crate) place: Place,
    pub(crate) prefix: Prefix,
    pub(crate) guarded: bool,
    pub(crate) upgrade: bool,
    /// Whether the installer says nothing even when it fails: its output goes nowhere.
    pub(crate) silenced: bool,
    pub(crate) requirements: Vec<Requirement>,
}

/// One thing to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// As written, quotes removed.
    pub(crate) text: String,
    /// Normalised name of the distribution.
    pub(crate) name: String,
    /// The exact version, when there is one.
    pub(crate) pin: Option<String>,
    /// Whether the shell would take part of it for a redirect.
    pub(crate) redirects: bool,
}

/// The `pip install` commands among the lines.
pub(crate) fn pip_lines(lines: &[ShellLine]) -> Vec<PipLine> {
    lines
        .iter()
        .flat_map(|line| {
            commands(&line.command)
                .into_iter()
                .filter_map(|c| pip_line(line, &c))
        })
        .collect()
}

/// Options of pip that take a value.
const WITH_VALUE: &[&str] = &[
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--platform",
    "--python-version",
    "--timeout",
    "--retries",
    "--proxy",
    "--cert",
    "--log",
    "--progress-bar",
    "--python",
    "-p",
    "--trusted-host",
    "--only-binary",
    "--no-binary",
    "--abi",
    "--implementation",
    "--src",
    "--report",
    "--cache-dir",
    "--upgrade-strategy",
];

fn pip_line(line: &ShellLine, words: &[Word]) -> Option<PipLine> {
    let pip = words
        .iter()
        .position(|w| matches!(w.text.as_str(), "pip" | "pip3"))?;
    let before = words.get(..pip)?;
    let known = [
        "python",
        "python3",
        "-m",
        "uv",
        "sudo",
        "{sys.executable}",
        "py",
        "-q",
    ];
    if !before.iter().all(|w| known.contains(&w.text.as_str())) {
        return None;
    }
    let rest = words.get(pip + 1..)?;
    let install = rest.iter().position(|w| w.text == "install")?;
    let mut found = PipLine {
        place: line.place,
        prefix: line.prefix,
        guarded: line.guarded,
        upgrade: false,
        silenced: false,
        requirements: Vec::new(),
    };
    let mut rest = rest.get(install + 1..)?.iter();
    while let Some(word) = rest.next() {
        match word.text.as_str() {
            "-U" | "--upgrade" | "--force-reinstall" => found.upgrade = true,
            option if WITH_VALUE.contains(&option) => drop(rest.next()),
            option if option.starts_with('-') => {
                found.upgrade |= option.starts_with("-U") || option.starts_with("-qU");
            }
            redirect if !word.quoted && is_plain_redirect(redirect) => {
                found.silenced |= redirect.contains("/dev/null") || redirect.ends_with('>');
                if redirect.ends_with(['>', '<']) {
                    rest.next();
                }
            }
            _ => found.requirements.extend(requirement(word)),
        }
    }
    Some(found)
}

/// `> log`, `2>&1`, `&>/dev/null`: a redirect that somebody meant.
fn is_plain_redirect(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    rest.starts_with(['>', '<']) && !rest.starts_with(">=") && !rest.starts_with("<=")
}

static NAME: LazyLock<Option<Regex>> =
    LazyLock::new(|| ascii_regex(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(\[[^\]]*\])?\s*(.*)$").ok());

fn requirement(word: &Word) -> Option<Requirement> {
    let text = word.text.trim();
    if text.starts_with('>') || text.starts_with('<') {
        return Some(Requirement {
            text: text.to_owned(),
            name: String::new(),
            pin: None,
            redirects: word.redirect,
        });
    }
    if text.contains("://") && !text.contains(" @ ") {
        let name = text
            .split("egg=")
            .nth(1)
            .or_else(|| text.rsplit('/').next())
            .unwrap_or_default();
        let name = name
            .split(['@', '#', '&'])
            .next()
            .unwrap_or_default()
            .trim_end_matches(".git");
        let pin = text.rsplit_once('@').map(|(_, commit)| commit.to_owned());
        return Some(Requirement {
            text: text.to_owned(),
            name: distribution(name),
            pin,
            redirects: false,
        });
    }
    let found = NAME.as_ref()?.captures(text)?;
    let name = distribution(found.get(1)?.as_str());
    let rest = found.get(3).map(|m| m.as_str()).unwrap_or_default();
    let pin = rest.strip_prefix("==").map(|v| {
        v.split([',', ';', ' '])
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned()
    });
    Some(Requirement {
        text: text.to_owned(),
        name,
        pin,
        redirects: word.redirect,
    })
}
