//! What a notebook of anybody needs to be executed: packages, models, data, commands.
//!
//! Everything is read from the notebook's text; nothing is run. What cannot be read (a model's
//! name that is computed, a requirement in a variable) is left out and, where it can be seen,
//! said in a note.

mod constants;
mod imports;
mod install;
mod models;
mod wish;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use alacard_catalog::{Catalog, Versions};
use alacard_notebook::{CellKind, Notebook};
use alacard_python::{Cell, Module};
use serde::{Deserialize, Serialize};

pub use models::{ModelRef, RefKind};

use constants::Constants;
use install::Installs;

use crate::environment::{Requirement, Wish};

/// What a notebook needs. Cells are counted from 0 over all cells of the notebook, lines from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Needs {
    /// Packages, each name once: what is installed comes before what is imported.
    pub requirements: Vec<Needed>,
    /// Repositories on the Hub that are named in calls, in the order of the notebook.
    pub models: Vec<ModelRef>,
    /// Commands for a shell that do not install packages.
    pub shell: Vec<ShellNeed>,
    /// Top-level names of all imported modules.
    pub imports: BTreeSet<String>,
    /// Addresses that stand in code or commands.
    pub urls: Vec<UrlNeed>,
    /// Packages of the operating system.
    pub apt: Vec<String>,
    /// Whether it logs in to the Hub, or reads the Hub's token.
    pub token: bool,
    /// Files with requirements that an install cell names and the notebook does not write.
    pub requirement_files: Vec<String>,
    /// What is remarkable about all this, in sentences.
    pub notes: Vec<String>,
    /// Made when the requirements are known.
    #[serde(skip)]
    wish: Wish,
}

/// A package that is needed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Needed {
    /// The requirement: `transformers>=4.40`.
    pub text: String,
    /// Where it stands.
    pub origin: Origin,
}

/// Where a requirement comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "from", rename_all = "kebab-case")]
pub enum Origin {
    /// `metadata.alacard.requirements`.
    Metadata,
    /// An install command.
    Install {
        /// The cell.
        cell: usize,
        /// The line in it.
        line: usize,
    },
    /// A file with requirements beside the notebook.
    File {
        /// Its name.
        name: String,
    },
    /// An import that no install command covers.
    Import {
        /// The first cell that imports it.
        cell: usize,
        /// What is imported.
        module: String,
    },
}

/// A command for a shell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShellNeed {
    /// The cell.
    pub cell: usize,
    /// The line in it.
    pub line: usize,
    /// The command.
    pub text: String,
}

/// An address that the notebook may ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UrlNeed {
    /// The cell.
    pub cell: usize,
    /// The line in it.
    pub line: usize,
    /// The address.
    pub url: String,
}

/// A code cell, read.
pub(crate) struct Read<'a> {
    /// Position among all cells.
    pub(crate) index: usize,
    pub(crate) source: &'a str,
    /// `None`: the cell does not parse.
    pub(crate) cell: Option<Cell>,
}

impl Read<'_> {
    pub(crate) fn module(&self) -> Option<&Module> {
        self.cell.as_ref().and_then(Cell::module)
    }
}

impl Needs {
    /// Reads a notebook. The catalogue knows which package an import comes from.
    ///
    /// ```
    /// use alacard_catalog::Catalog;
    /// use alacard_notebook::{Cell, Notebook};
    /// use alacard_prove::needs::Needs;
    ///
    /// let mut notebook = Notebook::new();
    /// notebook.push(Cell::code("%pip install -q transformers"));
    /// notebook.push(Cell::code("import torch\nfrom transformers import pipeline\npipe = pipeline('text-generation', model='org/tiny')"));
    /// let needs = Needs::of(&notebook, &Catalog::builtin());
    /// assert_eq!(needs.requirements[0].text, "transformers");
    /// assert_eq!(needs.requirements[1].text, "torch");
    /// assert_eq!(needs.models[0].id, "org/tiny");
    /// ```
    pub fn of(notebook: &Notebook, catalog: &Catalog) -> Self {
        let cells: Vec<Read<'_>> = notebook
            .cells
            .iter()
            .enumerate()
            .filter(|(_, cell)| cell.kind == CellKind::Code)
            .map(|(index, cell)| Read {
                index,
                source: &cell.source,
                cell: alacard_python::parse_cell(&cell.source).ok(),
            })
            .collect();
        let mut needs = Self::default();
        needs.add_unreadable(&cells);
        needs.add_metadata(notebook);
        let written = written_files(&cells);
        let installs = Installs::read(&cells);
        needs.add_installs(&installs, &written);
        imports::add(&mut needs, &cells, catalog, &written);
        needs.models = models::find(&cells, &Constants::read(&cells), &mut needs.notes);
        needs.token = cells.iter().filter_map(Read::module).any(logs_in);
        needs.add_urls(&cells);
        needs.make_wish(catalog);
        needs
    }

    /// Adds the requirements of a file that [`Needs::requirement_files`] names.
    pub fn add_file(&mut self, name: &str, text: &str, catalog: &Catalog) {
        self.requirement_files.retain(|file| file != name);
        for line in text.lines() {
            self.add_file_line(
                line,
                &Origin::File {
                    name: name.to_owned(),
                },
            );
        }
        self.make_wish(catalog);
    }

    /// What is wanted of an environment: the notebook's own versions, and for names that it left
    /// open those of the catalogue's table, which were tested together.
    pub fn wish(&self) -> Wish {
        self.wish.clone()
    }

    /// Without a version table every open name stays open.
    fn make_wish(&mut self, catalog: &Catalog) {
        match catalog.versions() {
            Ok(table) => self.wish = wish::of(&self.requirements, table),
            Err(error) => {
                self.notes.push(format!("no versions are known: {error}"));
                self.wish = wish::of(&self.requirements, &Versions::default());
            }
        }
    }

    fn add_unreadable(&mut self, cells: &[Read<'_>]) {
        for cell in cells.iter().filter(|cell| cell.cell.is_none()) {
            self.notes.push(format!(
                "cell {} is not Python that parses; only its install commands were read",
                cell.index
            ));
        }
    }

    fn add_metadata(&mut self, notebook: &Notebook) {
        let recorded = notebook
            .metadata
            .get("alacard")
            .and_then(|record| record.get("requirements"))
            .and_then(|list| list.as_array());
        for text in recorded
            .into_iter()
            .flatten()
            .filter_map(|text| text.as_str())
        {
            self.add_requirement(text, Origin::Metadata);
        }
    }

    fn add_installs(&mut self, installs: &Installs, written: &BTreeMap<String, String>) {
        for (text, cell, line) in &installs.requirements {
            self.add_requirement(
                text,
                Origin::Install {
                    cell: *cell,
                    line: *line,
                },
            );
        }
        for (file, cell, line) in &installs.files {
            match written.get(file) {
                Some(text) => {
                    for text in text.lines() {
                        self.add_file_line(
                            text,
                            &Origin::Install {
                                cell: *cell,
                                line: *line,
                            },
                        );
                    }
                }
                None => {
                    self.requirement_files.push(file.clone());
                    self.notes.push(format!(
                        "cell {cell} installs from `{file}`, a file beside the notebook"
                    ));
                }
            }
        }
        self.apt.extend(installs.apt.iter().cloned());
        self.shell.extend(installs.others.iter().cloned());
        self.notes.extend(installs.notes.iter().cloned());
    }

    fn add_file_line(&mut self, line: &str, origin: &Origin) {
        let line = line.split(" #").next().unwrap_or_default().trim();
        if !line.is_empty() && !line.starts_with(['#', '-']) {
            match install::requirement(line) {
                Ok(text) if text.is_empty() => {}
                Ok(text) => self.add_requirement(&text, origin.clone()),
                Err(note) => self.notes.push(note),
            }
        }
    }

    /// Adds a requirement, unless its package is there with a version already.
    fn add_requirement(&mut self, text: &str, origin: Origin) {
        let Some(new) = Requirement::parse(text) else {
            self.notes.push(format!(
                "`{}` is not a requirement and was left out",
                shortened(text)
            ));
            return;
        };
        let text = new.text();
        let same = self
            .requirements
            .iter_mut()
            .find(|needed| Requirement::parse(&needed.text).is_some_and(|r| r.key() == new.key()));
        match same {
            // Of two install commands the last one counts, as it does where they are executed; what
            // the notebook's metadata pins stays.
            Some(needed) => {
                let is_open = Requirement::parse(&needed.text).is_some_and(|r| r.is_open());
                let installed = |origin: &Origin| matches!(origin, Origin::Install { .. });
                let later = installed(&needed.origin) && installed(&origin) && !new.is_open();
                if later && needed.text != text && !is_open {
                    self.notes.push(format!(
                        "`{text}` is installed after `{}`, and the last one counts",
                        needed.text
                    ));
                }
                if later || is_open && (!new.is_open() || !new.extras.is_empty()) {
                    *needed = Needed { text, origin };
                } else if needed.text != text && !new.is_open() {
                    self.notes.push(format!(
                        "`{text}` is asked for beside `{}`, which stays",
                        needed.text
                    ));
                }
            }
            None => self.requirements.push(Needed { text, origin }),
        }
    }

    /// Names of all packages, normalised.
    pub(crate) fn packages(&self) -> BTreeSet<String> {
        let parsed = self
            .requirements
            .iter()
            .filter_map(|n| Requirement::parse(&n.text));
        parsed.map(|r| r.key()).collect()
    }

    fn add_urls(&mut self, cells: &[Read<'_>]) {
        for read in cells {
            let Some(module) = read.module() else {
                continue;
            };
            for site in alacard_python::strings(module) {
                let line = line_of(module.source(), site.range.start);
                self.add_url(&site.value, read.index, line);
            }
        }
        for command in self.shell.clone() {
            for word in command.text.split_whitespace() {
                self.add_url(word.trim_matches(['"', '\'']), command.cell, command.line);
            }
        }
    }

    fn add_url(&mut self, text: &str, cell: usize, line: usize) {
        let is_url = ["http://", "https://"]
            .iter()
            .any(|scheme| text.starts_with(scheme));
        if is_url && !text.contains(char::is_whitespace) && text.len() < 2000 {
            self.urls.push(UrlNeed {
                cell,
                line,
                url: text.to_owned(),
            });
        }
    }
}

/// Files that `%%writefile` cells write, by name.
fn written_files(cells: &[Read<'_>]) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for read in cells {
        if let Some(Cell::Magic {
            name, args, body, ..
        }) = &read.cell
            && matches!(name.as_str(), "writefile" | "file")
            && let Some(file) = args.split_whitespace().rfind(|word| !word.starts_with('-'))
        {
            files.insert(file.trim_start_matches("./").to_owned(), body.clone());
        }
    }
    files
}

/// Whether code logs in to the Hub, or names the variable with the Hub's token.
fn logs_in(module: &Module) -> bool {
    let login = |function: &str| {
        let last = function.rsplit('.').next().unwrap_or(function);
        matches!(last, "notebook_login" | "interpreter_login")
            || matches!(function, "login" | "huggingface_hub.login" | "hf_hub.login")
    };
    let token = |text: &str| {
        matches!(
            text,
            "HF_TOKEN" | "HUGGING_FACE_HUB_TOKEN" | "HUGGINGFACEHUB_API_TOKEN"
        )
    };
    alacard_python::calls(module)
        .iter()
        .any(|call| login(&call.function))
        || alacard_python::strings(module)
            .iter()
            .any(|site| token(&site.value))
}

/// The line of an offset, from 1.
pub(crate) fn line_of(source: &str, offset: usize) -> usize {
    source
        .bytes()
        .take(offset)
        .filter(|byte| *byte == b'\n')
        .count()
        + 1
}

pub(crate) fn shortened(text: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let short: String = text.chars().take(80).map(plain).collect();
    if text.chars().nth(80).is_some() {
        short + "…"
    } else {
        short
    }
}
