//! What `cargo xtask ground` is asked for.

use std::path::PathBuf;

use anyhow::{Result, bail};

/// The options.
#[derive(Debug, Default)]
pub(crate) struct Options {
    /// Only models whose id has one of these (separated by commas) in it, or whose task is one.
    pub(crate) only: Option<String>,
    /// This many models, spread over the tasks.
    pub(crate) sample: Option<usize>,
    /// Notebooks at a time.
    pub(crate) jobs: usize,
    /// Every UI component of one model a task, instead of every model.
    pub(crate) every_ui: bool,
    /// Only this difficulty.
    pub(crate) difficulty: Option<String>,
    /// Only this format.
    pub(crate) format: Option<String>,
    /// Only this runtime.
    pub(crate) runtime: Option<String>,
    /// Catalogue files laid over the built-in ones.
    pub(crate) catalog: Option<String>,
    /// The rows as JSON, written after each run.
    pub(crate) report: Option<PathBuf>,
    /// Whether runs that the report has already, of the same program, are taken from it.
    pub(crate) resume: bool,
}

impl Options {
    /// Reads the command line.
    pub(crate) fn read(arguments: &[String]) -> Result<Self> {
        let mut options = Self {
            jobs: 1,
            ..Self::default()
        };
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            if name == "--resume" {
                options.resume = true;
                continue;
            }
            let Some(value) = rest.next().cloned() else {
                bail!("`{name}` needs a value");
            };
            match name.as_str() {
                "--only" => options.only = Some(value),
                "--sample" => options.sample = Some(value.parse()?),
                "--jobs" => options.jobs = value.parse()?,
                "--ui" if value == "all" => options.every_ui = true,
                "--difficulty" => options.difficulty = Some(value),
                "--format" => options.format = Some(value),
                "--runtime" => options.runtime = Some(value),
                "--catalog" => options.catalog = Some(value),
                "--report" => options.report = Some(value.into()),
                _ => bail!("unknown option `{name} {value}` of ground"),
            }
        }
        if options.resume && options.report.is_none() {
            bail!("`--resume` goes on with a report: name it with `--report FILE`");
        }
        Ok(options)
    }
}

/// Those of the list that are wanted.
pub(crate) fn wanted(list: &[&'static str], only: Option<&str>) -> Vec<&'static str> {
    list.iter()
        .copied()
        .filter(|name| only.is_none_or(|only| only == *name))
        .collect()
}
