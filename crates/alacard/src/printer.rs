//! The only place that prints: data on stdout, words on stderr.

use std::io::{IsTerminal as _, Write as _};

use serde_json::json;

use crate::cli::{Cli, ColorChoice, LogFormat};

/// Decides every print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Printer {
    quiet: bool,
    json: bool,
    colour: bool,
    terminal: bool,
}

impl Printer {
    pub(crate) fn new(cli: &Cli) -> Self {
        let terminal = std::io::stderr().is_terminal();
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let colour = match cli.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && !no_colour,
        };
        let json = cli.log_format == LogFormat::Json;
        Self {
            quiet: cli.quiet,
            json,
            colour: colour && !json,
            terminal,
        }
    }

    /// Messages as JSON, for when the command line could not be read.
    pub(crate) fn for_machines() -> Self {
        Self {
            quiet: false,
            json: true,
            colour: false,
            terminal: false,
        }
    }

    /// Whether progress bars make sense.
    pub(crate) fn has_bars(&self) -> bool {
        self.terminal && !self.json && !self.quiet
    }

    /// Whether messages are JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Whether stdout may be coloured.
    pub(crate) fn colours_stdout(&self) -> bool {
        self.colour && std::io::stdout().is_terminal()
    }

    /// A line of data. A reader that has gone (`| head`) is no error.
    pub(crate) fn data(&self, line: &str) {
        let mut out = std::io::stdout().lock();
        let _ = writeln!(out, "{line}");
    }

    /// A JSON document on stdout.
    pub(crate) fn document(&self, value: &impl serde::Serialize) {
        self.data(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// A sentence for people.
    pub(crate) fn say(&self, message: &str) {
        if !self.quiet {
            self.line("info", message, None, None);
        }
    }

    /// A warning with what to do about it.
    pub(crate) fn warn(&self, message: &str, hint: Option<&str>) {
        if !self.quiet {
            self.line("warning", message, hint, None);
        }
    }

    /// An error with what to do about it.
    pub(crate) fn error(&self, message: &str, hint: Option<&str>, reason: Option<&str>) {
        self.line("error", message, hint, reason);
    }

    /// One JSON object on stderr, for `--log-format json`.
    pub(crate) fn record(&self, value: &serde_json::Value) {
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{value}");
    }

    fn line(&self, level: &str, message: &str, hint: Option<&str>, reason: Option<&str>) {
        if self.json {
            self.record(
                &json!({"level": level, "message": message, "hint": hint, "reason": reason}),
            );
            return;
        }
        let mut text = match level {
            "info" => plain(message),
            _ => format!("{}: {}", self.painted(level), plain(message)),
        };
        if let Some(reason) = reason {
            text.push_str(&format!(" [{reason}]"));
        }
        if let Some(hint) = hint {
            text.push_str(&format!("\n  {}: {}", self.painted("hint"), plain(hint)));
        }
        let mut err = std::io::stderr().lock();
        let _ = writeln!(err, "{text}");
    }

    fn painted(&self, word: &str) -> String {
        let code = match word {
            "error" => "1;31",
            "warning" => "1;33",
            _ => "1;36",
        };
        if self.colour {
            format!("\u{1b}[{code}m{word}\u{1b}[0m")
        } else {
            word.to_owned()
        }
    }
}

/// Text from pages may hold escape sequences; a terminal must not obey them.
pub(crate) fn plain(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c.is_control() && c != '\n' {
                '\u{fffd}'
            } else {
                c
            }
        })
        .collect()
}
