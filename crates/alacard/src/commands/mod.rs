//! One file a verb.

mod batch;
mod cards;
mod check;
mod confine;
mod env;
mod generate;
mod hub;
mod model;
mod prove;
mod schema;
mod search;
mod shuffle;
mod twin;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alacard_catalog::Catalog;
use alacard_hub::{Hub, Options as HubOptions};
use alacard_pipeline::{Failure, Maker, Options, Pipeline, RuntimeChoice};
use clap::CommandFactory as _;

use crate::cli::{
    Cli, Command, ExecuteArgs, HubArgs, HubCommand, InsideArgs, ModelsCommand, RecipeArgs,
};
use crate::config::Config;
use crate::exit::Problem;
use crate::printer::Printer;
use crate::settings;

/// What every verb works with.
pub(crate) struct Shell {
    pub(crate) printer: Printer,
    pub(crate) config: Config,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) cancelled: Arc<AtomicBool>,
}

/// Runs a verb.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let printer = Printer::new(&cli);
    match &cli.command {
        Command::Inside(args) => return inside(args, &printer),
        Command::Confine => return confine::run(&printer),
        Command::Settings => {
            printer.data(settings::markdown().trim_end());
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let shell = match Shell::new(&cli, printer) {
        Ok(shell) => shell,
        Err(problem) => return problem.report(&printer),
    };
    match shell.verb(cli.command) {
        Ok(code) => code,
        // A question to the Hub that was given up is no fault of the Hub.
        Err(_) if shell.cancelled.load(Ordering::SeqCst) => {
            Problem::from(Failure::Interrupted).report(&printer)
        }
        Err(problem) => problem.report(&printer),
    }
}

/// The inner side of a sandbox: no configuration, no signals of its own.
fn inside(args: &InsideArgs, printer: &Printer) -> ExitCode {
    let args = alacard_prove::inside::InsideArgs {
        python: args.python.clone(),
        payload: args.payload.clone(),
        work: args.work.clone(),
    };
    match alacard_prove::inside::main(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => Problem::from(anyhow::Error::from(error)).report(printer),
    }
}

impl Shell {
    fn new(cli: &Cli, printer: Printer) -> Result<Self, Problem> {
        let catalog = match &cli.catalog {
            Some(folder) if !folder.is_dir() => {
                return Err(Problem::usage(format!(
                    "`{}` is not a folder",
                    folder.display()
                )));
            }
            Some(folder) => Catalog::with_folder(folder),
            None => Catalog::builtin(),
        };
        Ok(Self {
            printer,
            config: Config::load()?,
            catalog: Arc::new(catalog),
            cancelled: interrupts(printer),
        })
    }

    fn verb(&self, command: Command) -> Result<ExitCode, Problem> {
        match command {
            Command::Generate(args) => generate::run(self, args),
            Command::Batch(args) => batch::run(self, args),
            Command::Check(args) => check::run(self, &args),
            Command::Prove(args) => prove::run(self, args),
            Command::Twin(args) => twin::run(self, args),
            Command::Model(args) => model::run(self, args),
            Command::Models(ModelsCommand::Search(args)) => search::run(self, args),
            Command::Hub(HubCommand::Serve(args)) => hub::serve(self, &args),
            Command::Env(command) => env::run(self, command),
            Command::Cards(args) => cards::run(self, &args),
            Command::Shuffle(args) => shuffle::run(self, args),
            Command::Schema(args) => schema::run(self, &args),
            // Answered before there is a shell.
            Command::Inside(_) | Command::Confine | Command::Settings => Ok(ExitCode::FAILURE),
            Command::Completions { shell } => {
                // By way of memory: the generator itself cannot live with a reader that has gone.
                let mut script = Vec::new();
                clap_complete::generate(shell, &mut Cli::command(), "alacard", &mut script);
                self.printer
                    .data(String::from_utf8_lossy(&script).trim_end());
                Ok(ExitCode::SUCCESS)
            }
        }
    }

    /// The Hub as flags, environment and configuration describe it.
    pub(crate) fn hub(&self, mut args: HubArgs) -> Result<Hub, Problem> {
        self.config.under_hub(&mut args);
        if let Some(folder) = args.hub_dir.as_ref().filter(|folder| !folder.is_dir()) {
            return Err(
                Problem::usage(format!("`{}` is not a folder", folder.display()))
                    .with_hint("`--hub-dir` takes a folder with model pages"),
            );
        }
        let mut options = HubOptions::from_env(&|name| std::env::var(name).ok());
        options.offline |= args.offline;
        options.hub_dir = args.hub_dir;
        options.cancel = Arc::clone(&self.cancelled);
        let printer = self.printer;
        options.on_wait = Some(Arc::new(move |wait| printer.say(&wait.message)));
        Ok(Hub::new(options))
    }

    /// A pipeline with the offline teacher.
    pub(crate) fn pipeline(&self, hub: HubArgs) -> Result<Pipeline, Problem> {
        let maker = Maker::offline(Arc::clone(&self.catalog));
        Ok(Pipeline::new(self.hub(hub)?, maker).with_cancel(Arc::clone(&self.cancelled)))
    }

    /// A pipeline that executes what it makes, when that is wanted.
    pub(crate) fn proving(
        &self,
        wanted: bool,
        hub: HubArgs,
        execute: &ExecuteArgs,
        remote_code: bool,
    ) -> Result<Pipeline, Problem> {
        let pipeline = self.pipeline(hub.clone())?;
        if !wanted {
            return Ok(pipeline);
        }
        let prover = prove::prover(self, hub, execute, remote_code, false)?;
        Ok(pipeline.with_prover(Arc::new(prover)))
    }

    /// Recipe options from flags and configuration.
    pub(crate) fn options(&self, mut args: RecipeArgs) -> Result<Options, Problem> {
        self.config.under_recipe(&mut args);
        if let Some(topic) = &args.topic {
            self.did_you_mean(topic);
        }
        Ok(Options {
            difficulty: parsed(args.difficulty)?,
            prompts: parsed(args.prompts)?,
            ui: parsed(args.ui)?,
            format: parsed(args.format)?,
            runtime: parsed(args.runtime)?.unwrap_or(RuntimeChoice::Auto),
            topic: args.topic,
            language: args.language,
            prompt: args.prompt,
            max_sections: args.max_sections,
            seed: args.seed.unwrap_or(0),
            revision: args.revision,
            trust_remote_code: args.trust_remote_code,
        })
    }

    fn did_you_mean(&self, topic: &str) {
        let near = self.catalog.near_topics(topic);
        if !near.is_empty() {
            let names = near
                .iter()
                .map(|id| format!("`{id}`"))
                .collect::<Vec<_>>()
                .join(", ");
            self.printer.warn(
                &format!("`{topic}` is taken as a topic of your own"),
                Some(&format!("did you mean {names}?")),
            );
        }
    }
}

fn parsed<T>(text: Option<String>) -> Result<Option<T>, Problem>
where
    T: std::str::FromStr<Err = alacard_catalog::UnknownCard>,
{
    Ok(text.map(|text| text.parse()).transpose()?)
}

/// How long a run may take to end by itself after Ctrl-C. What it waits for then (standard input,
/// a name server) does not look at the flag; files are whole at every moment.
const GRACE: Duration = Duration::from_secs(2);

/// A flag that Ctrl-C sets. The second Ctrl-C ends the program at once.
fn interrupts(printer: Printer) -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&flag);
    // Without a handler Ctrl-C still ends the program; only the polite way out is lost.
    let _ = ctrlc::set_handler(move || {
        if seen.swap(true, Ordering::SeqCst) {
            std::process::exit(130);
        }
        std::thread::spawn(move || {
            std::thread::sleep(GRACE);
            printer.error("interrupted", None, None);
            std::process::exit(130);
        });
    });
    flag
}
