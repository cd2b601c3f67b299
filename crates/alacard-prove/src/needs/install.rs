//! What install commands ask for.

use alacard_python::{calls, parse_module, shell_lines, strings};

use super::words::commands;
use super::{Read, ShellNeed, line_of, shortened};
use crate::environment::{Requirement, normalised};

/// Everything that commands of a notebook ask for.
#[derive(Default)]
pub(crate) struct Installs {
    /// Requirement, cell, line.
    pub(crate) requirements: Vec<(String, usize, usize)>,
    /// File with requirements, cell, line.
    pub(crate) files: Vec<(String, usize, usize)>,
    pub(crate) apt: Vec<String>,
    pub(crate) others: Vec<ShellNeed>,
    pub(crate) notes: Vec<String>,
}

/// Options of pip and uv that take a value.
const WITH_VALUE: &[&str] = &[
    "-c",
    "--constraint",
    "-i",
    "--index-url",
    "--extra-index-url",
    "--index",
    "--default-index",
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
    "--torch-backend",
    "--channel",
    "-n",
    "--name",
];

/// Options that name another index; CPU builds and the usual index take their place.
const INDEX: &[&str] = &[
    "-i",
    "--index-url",
    "--extra-index-url",
    "--index",
    "--default-index",
    "-f",
    "--find-links",
];

/// Installers that are part of every environment, and packages that only their place has.
const NOT_NEEDED: &[&str] = &[
    "pip",
    "uv",
    "google-colab",
    "jupyter",
    "notebook",
    "jupyterlab",
];

impl Installs {
    /// Reads all commands of all cells.
    pub(crate) fn read(cells: &[Read<'_>]) -> Self {
        let mut found = Self::default();
        for read in cells {
            for (line, text) in command_lines(read) {
                for words in commands(&text) {
                    found.command(&words, read.index, line);
                }
            }
        }
        found
    }

    fn command(&mut self, words: &[String], cell: usize, line: usize) {
        match installer(words) {
            Some((Tool::Pip, rest)) => self.pip(rest, cell, line),
            Some((Tool::Conda, rest)) => self.conda(rest, cell, line),
            Some((Tool::Apt, rest)) => {
                self.apt.extend(
                    rest.iter()
                        .filter(|word| !word.starts_with('-') && !word.contains('>'))
                        .cloned(),
                );
            }
            None => self.others.push(ShellNeed {
                cell,
                line,
                text: words.join(" "),
            }),
        }
    }

    fn pip(&mut self, words: &[String], cell: usize, line: usize) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let (option, inline) = match word.split_once('=') {
                Some((option, value)) if word.starts_with("--") => (option, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            let mut value = || {
                inline
                    .clone()
                    .or_else(|| words.next().cloned())
                    .unwrap_or_default()
            };
            match option {
                "-r" | "--requirement" => {
                    self.files
                        .push((value().trim_start_matches("./").to_owned(), cell, line));
                }
                "-e" | "--editable" => {
                    let place = value();
                    self.requirement(place.as_str(), cell, line);
                }
                option if INDEX.contains(&option) => {
                    value();
                    self.notes.push(format!(
                        "cell {cell} names a package index of its own, which was not used"
                    ));
                }
                option if WITH_VALUE.contains(&option) => drop(value()),
                option if option.starts_with('-') => {}
                redirect if is_redirect(redirect) => {
                    if redirect.ends_with('>') {
                        words.next();
                    }
                }
                _ => self.requirement(word, cell, line),
            }
        }
    }

    fn conda(&mut self, words: &[String], cell: usize, line: usize) {
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-c" | "--channel" | "-n" | "--name" | "-p" | "--prefix" => drop(words.next()),
                "--file" => {
                    self.files
                        .extend(words.next().map(|file| (file.clone(), cell, line)));
                }
                option if option.starts_with('-') => {}
                package => {
                    let package = package.rsplit("::").next().unwrap_or(package);
                    self.requirement(&from_conda(package), cell, line);
                    self.notes.push(format!("cell {cell} installs `{}` with conda; the package of that name on the Python index was taken", shortened(package)));
                }
            }
        }
    }

    fn requirement(&mut self, word: &str, cell: usize, line: usize) {
        match requirement(word) {
            Ok(text) if text.is_empty() => {}
            Ok(text) => self.requirements.push((text, cell, line)),
            Err(note) => self.notes.push(format!("cell {cell}: {note}")),
        }
    }
}

enum Tool {
    Pip,
    Conda,
    Apt,
}

/// The installer of a command and what comes after its `install`.
fn installer(words: &[String]) -> Option<(Tool, &[String])> {
    let before = |word: &str| {
        matches!(
            word,
            "sudo"
                | "-m"
                | "uv"
                | "time"
                | "yes"
                | "-qq"
                | "{sys.executable}"
                | "$sys.executable"
                | "py"
        ) || word.starts_with("python")
            || word.contains("/python")
            || word
                .split_once('=')
                .is_some_and(|(name, _)| name.chars().all(|c| c.is_ascii_uppercase() || c == '_'))
    };
    let at = words.iter().position(|word| !before(word))?;
    let tool = words.get(at)?;
    let uv_alone = tool == "add" && at > 0 && words.get(at - 1).is_some_and(|w| w == "uv");
    if uv_alone {
        return Some((Tool::Pip, words.get(at + 1..)?));
    }
    let name = tool.rsplit('/').next().unwrap_or(tool);
    let kind = match name {
        name if name == "pip" || name.strip_prefix("pip").is_some_and(|v| v.starts_with('3')) => {
            Tool::Pip
        }
        "conda" | "mamba" | "micromamba" => Tool::Conda,
        "apt" | "apt-get" | "aptitude" => Tool::Apt,
        _ => return None,
    };
    let rest = words.get(at + 1..)?;
    let install = rest.iter().position(|word| word == "install")?;
    Some((kind, rest.get(install + 1..)?))
}

/// The commands of a cell with their lines; of a cell that does not parse, the lines that begin
/// with a mark.
fn command_lines(read: &Read<'_>) -> Vec<(usize, String)> {
    let Some(cell) = &read.cell else {
        let marked = read.source.lines().enumerate().filter_map(|(index, line)| {
            let text = line.trim_start().strip_prefix(['!', '%'])?;
            Some((index + 1, text.to_owned()))
        });
        return marked.collect();
    };
    let mut found: Vec<(usize, String)> = shell_lines(cell)
        .into_iter()
        .map(|line| (line.line, line.text))
        .collect();
    if let Some(module) = cell.module() {
        for call in calls(module) {
            let Some(argument) = call.arguments.first() else {
                continue;
            };
            let text = match call.function.as_str() {
                "os.system" | "subprocess.getoutput" => argument.text.clone(),
                name if name.starts_with("subprocess.") => {
                    argument.text.clone().or_else(|| listed(&argument.source))
                }
                name if name.ends_with(".system") && name.contains("get_ipython") => {
                    argument.text.clone()
                }
                _ => None,
            };
            found.extend(text.map(|text| (line_of(module.source(), call.callee.start), text)));
        }
    }
    found
}

/// A list of words as a command line. Names stand for the interpreter, as they nearly always do.
fn listed(source: &str) -> Option<String> {
    let module = parse_module(source).ok()?;
    let quoted: Vec<String> = strings(&module)
        .iter()
        .map(|word| format!("'{}'", word.value.replace('\'', "")))
        .collect();
    (source.trim_start().starts_with('[') && !quoted.is_empty()).then(|| quoted.join(" "))
}

fn is_redirect(word: &str) -> bool {
    let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '&');
    rest.starts_with(['>', '<']) && !rest.starts_with(">=") && !rest.starts_with("<=")
}

/// `name=1.2` of conda is `name==1.2.*` on the Python index.
fn from_conda(package: &str) -> String {
    match package.split_once('=') {
        Some((name, version))
            if !version.starts_with('=') && !name.ends_with(['<', '>', '!', '~']) =>
        {
            let version = version.split('=').next().unwrap_or(version);
            format!("{name}=={}.*", version.trim_end_matches(".*"))
        }
        _ => package.to_owned(),
    }
}

/// A word of an install command as a requirement: empty for what every environment has; the error
/// is a note.
pub(crate) fn requirement(word: &str) -> Result<String, String> {
    let word = word.trim().trim_end_matches(',');
    if word.is_empty()
        || word.starts_with(['{', '$'])
        || word.contains(['{', '}', '$', '*']) && !word.contains("==")
    {
        return Err(format!(
            "`{}` depends on a variable and was left out",
            shortened(word)
        ));
    }
    if word.contains("://") && !word.contains(" @ ") {
        return from_address(word);
    }
    if word.starts_with(['.', '/', '~']) || word.ends_with(".whl") || word.ends_with(".tar.gz") {
        return Err(format!(
            "`{}` is a file or folder beside the notebook and was left out",
            shortened(word)
        ));
    }
    let mut parsed = Requirement::parse(word).ok_or_else(|| {
        format!(
            "`{}` is not a requirement and was left out",
            shortened(word)
        )
    })?;
    if NOT_NEEDED.contains(&parsed.key().as_str()) {
        return Ok(String::new());
    }
    // A build for one accelerator is asked for; the same release for this machine is taken.
    if let Some((public, _)) = parsed.specifiers.split_once('+') {
        parsed.specifiers = public.to_owned();
    }
    if parsed.key() == "faiss-gpu" {
        parsed.name = "faiss-cpu".to_owned();
    }
    Ok(parsed.text())
}

/// A repository or an archive: `git+https://host/org/name.git@rev` is `name @ …`.
fn from_address(word: &str) -> Result<String, String> {
    let left_out = || {
        format!(
            "`{}` cannot be taken for a package and was left out",
            shortened(word)
        )
    };
    if word.starts_with("file:") {
        return Err(left_out());
    }
    let named = word
        .split("egg=")
        .nth(1)
        .map(|egg| egg.split('&').next().unwrap_or(egg));
    let path = word
        .split(['#', '?'])
        .next()
        .unwrap_or(word)
        .trim_end_matches('/');
    let last = path.rsplit('/').next().unwrap_or_default();
    let last = last
        .split('@')
        .next()
        .unwrap_or(last)
        .trim_end_matches(".git");
    let name = match last.strip_suffix(".whl") {
        Some(wheel) => wheel.split('-').next().unwrap_or(wheel),
        None => last.trim_end_matches(".tar.gz").trim_end_matches(".zip"),
    };
    let name = named.unwrap_or(name);
    let address = word.split("#egg=").next().unwrap_or(word);
    let address = match address
        .strip_prefix("https://")
        .filter(|_| path.ends_with(".git"))
    {
        Some(rest) => format!("git+https://{rest}"),
        None => address.to_owned(),
    };
    let text = format!("{} @ {address}", normalised(name));
    Requirement::parse(&text)
        .map(|r| r.text())
        .ok_or_else(left_out)
}

#[cfg(test)]
mod tests {
    use super::requirement;

    #[test]
    fn words_become_requirements() {
        for (word, wanted) in [
            ("transformers>=4.40", Ok("transformers>=4.40")),
            ("torch==2.1.0+cu118", Ok("torch==2.1.0")),
            ("faiss-gpu", Ok("faiss-cpu")),
            ("pip", Ok("")),
            (
                "git+https://example.org/org/some_thing.git@main",
                Ok("some-thing @ git+https://example.org/org/some_thing.git@main"),
            ),
            (
                "git+https://example.org/a/b#egg=c",
                Ok("c @ git+https://example.org/a/b"),
            ),
            (
                "https://example.org/x/pkg_name-1.0-py3-none-any.whl",
                Ok("pkg-name @ https://example.org/x/pkg_name-1.0-py3-none-any.whl"),
            ),
            ("{package}", Err(())),
            (".", Err(())),
            ("./dist/a.whl", Err(())),
            ("file:///etc/passwd", Err(())),
        ] {
            let got = requirement(word);
            assert_eq!(got.as_deref().map_err(|_| ()), wanted, "{word}");
        }
    }
}
