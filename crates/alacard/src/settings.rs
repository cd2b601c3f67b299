//! The tables of `docs/configuration.md`: flags as clap knows them, keys as the configuration file
//! is read, and the variables that have no flag.

use clap::{Arg, Command, CommandFactory as _};

use crate::cli::Cli;
use crate::config::Config;

/// Groups of flags that a configuration file fills, by the names of their structs.
const CONFIGURED: [&str; 2] = ["RecipeArgs", "HubArgs"];

/// The one key outside of those groups: the folder for run folders, where it may be left out.
const OUT: &str = "out";

/// Variables without a flag.
const VARIABLES: &[Variable] = &[
    Variable {
        names: &["ALACARD_CACHE"],
        meaning: "folder of the Hub's answers, of twins and of fetched weights; of environments too, where it is set",
        default: "`alacard/hub` in the user's cache folder",
    },
    Variable {
        names: &["ALACARD_ENVS"],
        meaning: "folder of the environments in which notebooks are executed",
        default: "`envs` in `ALACARD_CACHE`, else `alacard/envs` in the user's cache folder",
    },
    Variable {
        names: &["ALACARD_UV"],
        meaning: "the uv that makes environments",
        default: "the first on the `PATH`, in `~/.local/bin`, `~/.cargo/bin`, `/usr/local/bin` or `/opt/homebrew/bin`",
    },
    Variable {
        names: &["ALACARD_PYTHON"],
        meaning: "the interpreter of environments",
        default: "an installed 3.12, else 3.13, 3.11 or 3.14, else one that uv fetches",
    },
    Variable {
        names: &["ALACARD_TORCH_BACKEND"],
        meaning: "which builds of torch are installed: `auto` (for the CPU, where their index answers), `plain` (what the package index has), or a value of uv's `--torch-backend`",
        default: "`auto`",
    },
    Variable {
        names: &["ALACARD_ENV_BUILD"],
        meaning: "`1`: packages without a wheel are built, outside of the sandbox",
        default: "off",
    },
    Variable {
        names: &["ALACARD_TWINS_GB"],
        meaning: "size that all twins may have together, in GB; those used longest ago go first",
        default: "20",
    },
    Variable {
        names: &["UV_OFFLINE"],
        meaning: "`1`: uv uses no network",
        default: "off",
    },
    Variable {
        names: &["HF_ENDPOINT"],
        meaning: "address of the Hub or a mirror",
        default: "`https://huggingface.co`",
    },
    Variable {
        names: &["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"],
        meaning: "your token; sent to the endpoint's own host only (the second name is the older one)",
        default: "what the token file holds",
    },
    Variable {
        names: &["HF_TOKEN_PATH"],
        meaning: "the token file",
        default: "`token` in `HF_HOME`",
    },
    Variable {
        names: &["HF_HUB_DISABLE_IMPLICIT_TOKEN"],
        meaning: "`1`: no token file is looked for",
        default: "off",
    },
    Variable {
        names: &["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"],
        meaning: "cache of huggingface_hub; `prove --real` uses complete snapshots in it (the second name is the older one)",
        default: "`hub` in `HF_HOME`",
    },
    Variable {
        names: &["HF_HOME"],
        meaning: "folder of huggingface_hub; its token file and its cache are read",
        default: "`huggingface` in the user's cache folder",
    },
    Variable {
        names: &["HF_HUB_OFFLINE"],
        meaning: "`1`, `on`, `yes` or `true`: no requests to the Hub",
        default: "off",
    },
    Variable {
        names: &["NO_COLOR"],
        meaning: "anything but nothing: no colours with `--color auto`",
        default: "not set",
    },
    Variable {
        names: &["XDG_CACHE_HOME"],
        meaning: "the user's cache folder, as an absolute path",
        default: "`~/.cache`",
    },
    Variable {
        names: &["XDG_CONFIG_HOME"],
        meaning: "the user's configuration folder, for `alacard/config.toml`",
        default: "`~/.config`",
    },
    Variable {
        names: &["PATH"],
        meaning: "where uv and bubblewrap are looked for",
        default: "that of the shell",
    },
    Variable {
        names: &["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY"],
        meaning: "proxy for requests to the Hub; never used for an endpoint on this machine itself",
        default: "none",
    },
    Variable {
        names: &["SSL_CERT_FILE", "SSL_CERT_DIR"],
        meaning: "root certificates for requests to the Hub (on Linux)",
        default: "those of the system",
    },
];

/// A variable without a flag, or several that belong together.
struct Variable {
    names: &'static [&'static str],
    meaning: &'static str,
    default: &'static str,
}

/// One flag, as all the commands in `commands` have it.
#[derive(Debug)]
struct Row {
    long: String,
    cells: [String; 5],
    commands: Vec<String>,
}

/// The tables as Markdown.
pub(crate) fn markdown() -> String {
    let flags = rows(&Cli::command());
    let flags = flags.iter().map(Row::line).collect::<String>();
    let variables = VARIABLES.iter().map(Variable::line).collect::<String>();
    format!(
        "### Flags, with their variables and keys\n\n\
         | Flag | Variable | Key | Default | Meaning | Commands |\n\
         | --- | --- | --- | --- | --- | --- |\n\
         {flags}\n\
         ### Variables without a flag\n\n\
         | Variable | Default | Meaning |\n\
         | --- | --- | --- |\n\
         {variables}"
    )
}

/// A row for each flag, in the order of the command line's help; flags of one name together.
fn rows(root: &Command) -> Vec<Row> {
    let mut rows = Vec::new();
    collect(root, "", &Config::keys(), &mut rows);
    rows
}

fn collect(command: &Command, path: &str, keys: &[String], rows: &mut Vec<Row>) {
    for arg in command.get_arguments() {
        if let Some(row) = Row::of(command, arg, keys) {
            add(rows, row, path);
        }
    }
    for below in command
        .get_subcommands()
        .filter(|below| !below.is_hide_set())
    {
        let path = format!("{path} {}", below.get_name());
        collect(below, path.trim_start(), keys, rows);
    }
}

/// Adds a command to the row that says the same, or a new row after those of the same name.
fn add(rows: &mut Vec<Row>, mut row: Row, path: &str) {
    let command = match path {
        "" => "all".to_owned(),
        _ => code(path),
    };
    if let Some(same) = rows
        .iter_mut()
        .find(|one| one.long == row.long && one.cells == row.cells)
    {
        same.commands.push(command);
        return;
    }
    row.commands.push(command);
    let last = rows.iter().rposition(|one| one.long == row.long);
    rows.insert(last.map_or(rows.len(), |last| last + 1), row);
}

impl Row {
    /// `None` for what is no flag.
    fn of(command: &Command, arg: &Arg, keys: &[String]) -> Option<Self> {
        let long = arg.get_long()?;
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let (meaning, stated) = split(&help);
        let variable = arg.get_env().and_then(|name| name.to_str());
        let key = is_key(command, arg, long, keys).then(|| code(long));
        let cells = [
            flag(arg, long),
            variable.map(code).unwrap_or_default(),
            key.unwrap_or_default(),
            default(arg, stated),
            with_values(meaning, arg),
        ];
        Some(Self {
            long: long.to_owned(),
            cells,
            commands: Vec::new(),
        })
    }

    fn line(&self) -> String {
        let commands = self.commands.join(", ");
        let cells = self.cells.iter().chain([&commands]);
        line(cells.map(String::as_str))
    }
}

impl Variable {
    fn line(&self) -> String {
        let names = self.names.iter().map(|name| code(name));
        let names = names.collect::<Vec<_>>().join(", ");
        line([names.as_str(), self.default, self.meaning])
    }
}

/// The flag as it is typed.
fn flag(arg: &Arg, long: &str) -> String {
    let names = arg.get_value_names().unwrap_or_default();
    let name = names.first().filter(|_| arg.get_action().takes_values());
    let value = name.map(|name| format!(" {name}")).unwrap_or_default();
    let short = arg.get_short().map(|short| format!(", `-{short}`"));
    format!("`--{long}{value}`{}", short.unwrap_or_default())
}

/// Whether a configuration file may give the value.
fn is_key(command: &Command, arg: &Arg, long: &str, keys: &[String]) -> bool {
    let grouped = command
        .get_groups()
        .filter(|group| CONFIGURED.contains(&group.get_id().as_str()))
        .any(|group| group.get_args().any(|id| id == arg.get_id()));
    // A proof's `--out` has no variable and means another folder.
    let out = long == OUT && arg.get_env().is_some() && !arg.is_required_set();
    (grouped || out) && keys.iter().any(|key| key == long)
}

/// Meaning and default of a help text; defaults that clap does not apply itself stand at its end.
fn split(help: &str) -> (&str, Option<&str>) {
    let cut = help
        .strip_suffix(']')
        .and_then(|help| help.rsplit_once(" [default: "));
    match cut {
        Some((meaning, default)) => (meaning, Some(default)),
        None => (help, None),
    }
}

fn default(arg: &Arg, stated: Option<&str>) -> String {
    let own = arg
        .get_default_values()
        .first()
        .and_then(|own| own.to_str());
    match own.or(stated) {
        _ if !arg.get_action().takes_values() => "off".to_owned(),
        Some(text) if text.contains(' ') => text.to_owned(),
        Some(text) => code(text),
        None if arg.is_required_set() => "must be given".to_owned(),
        None => "none".to_owned(),
    }
}

fn with_values(meaning: &str, arg: &Arg) -> String {
    // Switches have the values of a yes or no, which nobody types.
    if !arg.get_action().takes_values() {
        return meaning.to_owned();
    }
    let values = arg.get_possible_values();
    let names = values.iter().map(|value| code(value.get_name()));
    match names.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => meaning.to_owned(),
        names => format!("{meaning}; one of {names}"),
    }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}

/// A row of a Markdown table.
fn line<'a>(cells: impl IntoIterator<Item = &'a str>) -> String {
    let cells = cells.into_iter().map(|cell| match cell {
        "" => " ".to_owned(),
        _ => format!(" {} ", cell.replace('|', "\\|")),
    });
    format!("|{}|\n", cells.collect::<Vec<_>>().join("|"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::{Path, PathBuf};

    use super::*;

    const CRATES: [&str; 3] = ["alacard", "alacard-hub", "alacard-prove"];

    const PREFIXES: [&str; 5] = ["ALACARD_", "HF_", "HUGGING", "UV_", "XDG_"];

    /// Names in the sources that are no settings.
    const EXEMPT: [(&str, &str); 9] = [
        ("ALACARD_SANDBOX", "set for what runs in a sandbox"),
        ("ALACARD_INSTALLS", "set for the notebook that is executed"),
        ("ALACARD_INFERENCE_ROUTER", "set for the notebook"),
        ("HF_HUB_DISABLE_TELEMETRY", "set for the notebook"),
        ("HF_HUB_DISABLE_XET", "set for the notebook"),
        ("HUGGINGFACEHUB_API_TOKEN", "looked for in notebooks"),
        ("UV_NO_PROGRESS", "set for uv"),
        ("UV_HTTP_RETRIES", "set for uv"),
        ("UV_HTTP_TIMEOUT", "set for uv"),
    ];

    fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|end| end == "rs") {
                found.push(path);
            }
        }
    }

    /// String literals that are names of variables, outside of tests and of this module.
    fn variables() -> BTreeSet<String> {
        let own = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut files = Vec::new();
        for name in CRATES {
            sources(&own.with_file_name(name).join("src"), &mut files);
        }
        files.retain(|file| *file != own.join("src/settings.rs"));
        let texts = files
            .iter()
            .map(|file| std::fs::read_to_string(file).unwrap());
        texts
            .flat_map(|text| literals(text.split("#[cfg(test)]").next().unwrap_or_default()))
            .collect()
    }

    fn literals(text: &str) -> Vec<String> {
        let of_name = |c: char| c.is_ascii_uppercase() || c == '_';
        text.split('"')
            .filter(|piece| PREFIXES.iter().any(|prefix| piece.starts_with(prefix)))
            .filter(|piece| piece.chars().all(of_name))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_variable_of_the_sources_is_in_the_tables() {
        let (text, found) = (markdown(), variables());
        assert!(found.len() > 20, "{found:?}");
        let missing = found.iter().filter(|name| {
            let exempt = EXEMPT.iter().any(|(exempt, _)| exempt == name);
            !exempt && !text.contains(&code(name))
        });
        assert_eq!(missing.collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn no_variable_of_the_tables_has_left_the_sources() {
        let found = variables();
        let listed = VARIABLES.iter().flat_map(|variable| variable.names);
        let gone = listed
            .chain(EXEMPT.iter().map(|(name, _)| name))
            .filter(|name| PREFIXES.iter().any(|prefix| name.starts_with(prefix)))
            .filter(|name| !found.contains(**name));
        assert_eq!(gone.collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn every_key_has_a_flag() {
        let rows = rows(&Cli::command());
        for key in Config::keys() {
            assert!(rows.iter().any(|row| row.cells[2] == code(&key)), "{key}");
        }
    }

    #[test]
    fn every_flag_says_what_it_is_for() {
        for row in rows(&Cli::command()) {
            assert!(row.cells.iter().all(|cell| !cell.contains('\n')), "{row:?}");
            assert!(!row.cells[4].is_empty(), "{row:?}");
        }
    }

    #[test]
    fn the_same_flag_of_several_commands_is_one_row() {
        let text = markdown();
        let wanted = [
            "| `--hub-dir DIR` | `ALACARD_HUB_DIR` | `hub-dir` | none | ",
            "| `--out DIR` | `ALACARD_OUT` | `out` | `./alacard-out` | ",
            "| `--out DIR` | `ALACARD_OUT` | | must be given | ",
            "| `--seed N` | | `seed` | `0` | ",
            "| `--seed N` | | | from the clock | ",
        ];
        for row in wanted {
            assert_eq!(text.matches(row).count(), 1, "{row}\n{text}");
        }
    }
}
