//! The language of a block, decided by what stands in it; its label is only a hint.

use std::sync::LazyLock;

use alacard_python::ascii_regex;
use alacard_python::{Module, imports, parse_cell, strip_prompts, substance};
use regex::Regex;

use crate::dossier::ExampleLanguage;

#[expect(
    clippy::unwrap_used,
    reason = "constant patterns, compiled in the tests"
)]
mod patterns {
    use super::{LazyLock, Regex, ascii_regex};

    /// A line that can only be for a shell.
    pub(super) static COMMAND: LazyLock<Regex> = LazyLock::new(|| {
        ascii_regex(concat!(
            r"^\s*(?:[$%] +)?(?:sudo +)?(?:(?:[A-Z_]+=\S+ +)*)",
            r"(?:pip3?|python3?(?:\.\d+)?|conda|mamba|uv|uvx|npm|npx|yarn|pnpm|apt|apt-get|brew|git|cd|wget|curl|mkdir|cp|mv|rm|ls|cat|echo|",
            r"export|source|docker|bash|sh|make|cmake|chmod|unzip|tar|accelerate|torchrun|deepspeed|huggingface-cli|",
            r"hf|ollama|vllm|llama-cli|llama-server|swift|tune|poetry|pipx|node|spacy|nvidia-smi|\./\S+)",
            r"(?: +[\w./~@$*'\x22{<\[-][^=]*(?:=.*)?)?\s*\\?$"
        ))
        .unwrap()
    });
    pub(super) static PROMPT: LazyLock<Regex> =
        LazyLock::new(|| ascii_regex(r"^\s*\$ +\S").unwrap());
    /// A line that looks like Python even where the block does not parse.
    pub(super) static PYTHON: LazyLock<Regex> = LazyLock::new(|| {
        ascii_regex(r"(?m)^\s*(?:>>> |import \w+(?:\.\w+)*(?: as \w+)?\s*$|from [\w.]+ import |def \w+\(|class \w+[(:]|print\(|\w+ = \w[\w.]*\(|with .+:\s*$|for \w+ in .+:\s*$)")
            .unwrap()
    });
    pub(super) static OTHER: LazyLock<Regex> = LazyLock::new(|| {
        ascii_regex(concat!(
            r"(?m)^\s*(?:const |let |var |using |#include|func |fn |public |private |package |SELECT |",
            r"import .+ from ['\x22]|import \{|await import|<\?|<[a-z]+[ >]|library\(|[\x22']?[\w-]+[\x22']?: |@\w+\{|\{$|\[$|\{ ?\x22)"
        ))
        .unwrap()
    });
}

/// Part of a block in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) language: ExampleLanguage,
    pub(super) code: String,
    pub(super) parses: bool,
    pub(super) imports: Vec<String>,
    /// Lines of the block before it.
    pub(super) offset: usize,
}

impl Piece {
    fn new(language: ExampleLanguage, code: String, offset: usize) -> Self {
        Self {
            language,
            code,
            parses: false,
            imports: Vec::new(),
            offset,
        }
    }
}

/// The parts of a block: usually one, two when shell commands stand above or between Python.
pub(super) fn pieces(text: &str, label: Option<&str>) -> Vec<Piece> {
    let leading = text
        .lines()
        .take_while(|line| line.trim().is_empty())
        .count();
    let code = dedented(text);
    if code.trim().is_empty() {
        return Vec::new();
    }
    let hint = Hint::of(label);
    if let Some(piece) = python(&code, hint, leading) {
        return vec![piece];
    }
    if let Some(pieces) = mixed(&code, hint, leading) {
        return pieces;
    }
    vec![foreign(code, hint, leading)]
}

/// What a label says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hint {
    Nothing,
    Python,
    Shell,
    Text,
    Other,
}

impl Hint {
    fn of(label: Option<&str>) -> Self {
        match label.unwrap_or_default().to_ascii_lowercase().as_str() {
            "" => Self::Nothing,
            l if l.starts_with("py") || l.starts_with("ipy") || l == "jupyter" => Self::Python,
            "bash" | "sh" | "shell" | "zsh" | "console" | "terminal" | "cmd" | "powershell"
            | "shell-session" => Self::Shell,
            "text" | "txt" | "plaintext" | "plain" | "output" | "log" | "markdown" | "md" => {
                Self::Text
            }
            "json" | "jsonc" | "jsonl" | "yaml" | "yml" | "toml" | "ini" | "js" | "javascript"
            | "jsx" | "ts" | "typescript" | "tsx" | "html" | "xml" | "css" | "java" | "kotlin"
            | "swift" | "c" | "cpp" | "c++" | "cs" | "csharp" | "go" | "rust" | "r" | "julia"
            | "scala" | "ruby" | "php" | "sql" | "bibtex" | "bib" | "latex" | "tex" | "diff"
            | "dockerfile" | "makefile" | "jinja" | "graphql" | "lua" | "vb" => Self::Other,
            _ => Self::Nothing,
        }
    }
}

/// The block as Python, if it parses and does something.
fn python(code: &str, hint: Hint, offset: usize) -> Option<Piece> {
    for candidate in candidates(code) {
        let Ok(cell) = parse_cell(&candidate) else {
            continue;
        };
        let Some(module) = cell.module() else {
            continue;
        };
        let imports: Vec<String> = imports(module).into_iter().collect();
        if !does_something(module, hint, !imports.is_empty()) {
            continue;
        }
        return Some(Piece {
            language: ExampleLanguage::Python,
            code: candidate,
            parses: true,
            imports,
            offset,
        });
    }
    None
}

/// The code as it stands, and as it may have been meant.
fn candidates(code: &str) -> Vec<String> {
    let hidden = ['\u{a0}', '\u{200b}', '\u{feff}'];
    let spaced = code.contains(hidden).then(|| {
        code.replace('\u{a0}', " ")
            .replace(['\u{200b}', '\u{feff}'], "")
    });
    let base = spaced.as_deref().unwrap_or(code);
    if let Some(stripped) = strip_prompts(base) {
        return vec![stripped];
    }
    let mut found = vec![code.to_owned()];
    found.extend(spaced.clone());
    // A transcript may begin with lines that have no prompt, and outputs may have one.
    if let Some(at) = base.find("\n>>> ") {
        found.push(base.lines().map(bare).collect::<Vec<_>>().join("\n") + "\n");
        found.extend(base.get(at + 1..).and_then(strip_prompts));
    }
    found
}

/// The line without a doctest prompt.
fn bare(line: &str) -> &str {
    line.strip_prefix(">>> ")
        .or_else(|| line.strip_prefix("... "))
        .unwrap_or(line)
}

/// Whether the code does something: words, paths, JSON and settings parse as Python too.
fn does_something(module: &Module, hint: Hint, imports: bool) -> bool {
    let found = substance(module);
    match hint {
        Hint::Python | Hint::Nothing => found.any(),
        // `NAME=value` is a shell's line as well.
        Hint::Shell => found.structure || found.calls,
        Hint::Text => found.structure,
        // An import alone may be Java's or Kotlin's.
        Hint::Other => imports && found.calls,
    }
}

/// Python with bare shell commands above or between it.
fn mixed(code: &str, hint: Hint, offset: usize) -> Option<Vec<Piece>> {
    let is_command = |line: &str| !line.starts_with(' ') && patterns::COMMAND.is_match(line);
    let first = code.lines().position(is_command)?;
    let mut shell = Vec::new();
    let mut rest = Vec::new();
    let mut continued = false;
    for line in code.lines() {
        if continued || is_command(line) {
            continued = line.trim_end().ends_with('\\');
            shell.push(line);
            rest.push("");
        } else {
            rest.push(line);
        }
    }
    let lead = rest
        .iter()
        .take_while(|line| line.trim().is_empty())
        .count();
    let python_hint = if hint == Hint::Shell {
        Hint::Shell
    } else {
        Hint::Python
    };
    let python = python(&dedented(&rest.join("\n")), python_hint, offset + lead)?;
    let shell = Piece::new(
        ExampleLanguage::Shell,
        unprompted(&shell.join("\n")),
        offset + first,
    );
    let mut both = vec![shell, python];
    both.sort_by_key(|piece| piece.offset);
    Some(both)
}

/// A block that is no working Python.
fn foreign(code: String, hint: Hint, offset: usize) -> Piece {
    let language = match hint {
        Hint::Other => ExampleLanguage::Other,
        Hint::Shell => ExampleLanguage::Shell,
        _ if is_shell(&code) => ExampleLanguage::Shell,
        Hint::Text => ExampleLanguage::Text,
        _ if patterns::PYTHON.is_match(&code) => ExampleLanguage::Python,
        Hint::Python => ExampleLanguage::Text,
        Hint::Nothing if patterns::OTHER.is_match(&code) => ExampleLanguage::Other,
        Hint::Nothing => ExampleLanguage::Text,
    };
    let code = match language {
        ExampleLanguage::Shell => unprompted(&code),
        ExampleLanguage::Python => strip_prompts(&code)
            .filter(|code| !code.trim().is_empty())
            .unwrap_or(code),
        _ => code,
    };
    Piece::new(language, code, offset)
}

fn is_shell(code: &str) -> bool {
    let mut lines = code
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty() && !l.starts_with('#'));
    lines.next().is_some_and(|line| {
        patterns::PROMPT.is_match(line)
            || patterns::COMMAND.is_match(line)
            || line.starts_with(['!', '%']) && line.contains("pip ")
    })
}

/// The commands of a shell transcript without `$ `; other lines are outputs and go.
fn unprompted(code: &str) -> String {
    if !code.lines().any(|line| patterns::PROMPT.is_match(line)) {
        return code.to_owned();
    }
    let mut kept = Vec::new();
    let mut continued = false;
    for line in code.lines() {
        let command = patterns::PROMPT
            .is_match(line)
            .then(|| line.trim_start().trim_start_matches('$').trim_start());
        if let Some(text) =
            command.or_else(|| (continued || line.trim_start().starts_with('#')).then_some(line))
        {
            continued = text.trim_end().ends_with('\\');
            kept.push(text);
        }
    }
    kept.join("\n") + "\n"
}

/// Without blank lines around it and without the indentation that all lines share.
fn dedented(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let filled = || lines.iter().filter(|line| !line.trim().is_empty());
    let mut common = filled().next().map_or("", |line| indentation(line));
    for line in filled() {
        let shared = common
            .bytes()
            .zip(indentation(line).bytes())
            .take_while(|(a, b)| a == b)
            .count();
        common = common.get(..shared).unwrap_or_default();
    }
    let cut = lines.iter().map(|line| {
        line.strip_prefix(common)
            .unwrap_or(line.trim_start())
            .trim_end()
    });
    let joined = cut.collect::<Vec<_>>().join("\n");
    let text = joined.trim_matches('\n');
    // Often only the first line is indented, by a slip; no program begins so.
    let slip = indentation(text);
    let text = text
        .strip_prefix(slip)
        .unwrap_or(text)
        .replace(&format!("\n{slip}"), "\n");
    format!("{text}\n")
}

fn indentation(line: &str) -> &str {
    let width = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..width).unwrap_or_default()
}
