//! The command line, as clap reads it. Help texts here are what users see.

use std::ffi::OsStr;
use std::path::PathBuf;

use alacard_catalog::recipe::{Difficulty, Format, Prompts, Ui};
use clap::builder::{
    FalseyValueParser, PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser,
};
use clap::{Arg, Args, Parser, Subcommand, ValueEnum};

/// Turns any model into a Jupyter notebook that teaches it.
#[derive(Debug, Parser)]
#[command(
    name = "alacard",
    version,
    about,
    max_term_width = 100,
    disable_help_subcommand = true
)]
pub(crate) struct Cli {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,

    /// Format of messages on standard error: sentences, or one JSON object a line
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "text",
        env = "ALACARD_LOG_FORMAT"
    )]
    pub(crate) log_format: LogFormat,

    /// When messages are coloured; `auto`: on a terminal, unless `NO_COLOR` is set
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub(crate) color: ColorChoice,

    /// Say nothing but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,

    /// Folder of catalogue files that are laid over the built-in ones [default: none but those]
    #[arg(long, global = true, value_name = "DIR", env = "ALACARD_CATALOG")]
    pub(crate) catalog: Option<PathBuf>,
}

/// Format of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Sentences
    Text,
    /// One JSON object a line
    Json,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    /// On a terminal
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make one notebook
    Generate(GenerateArgs),
    /// Make a notebook for each source of a list
    Batch(BatchArgs),
    /// Check notebooks of anybody
    Check(CheckArgs),
    /// Execute a notebook of anybody on twins of its models, and say how far it is proven
    Prove(ProveArgs),
    /// Make the twin of a model: its architecture with random weights, in the Hub's cache layout
    Twin(TwinArgs),
    /// Show what is known about a model
    Model(ModelArgs),
    /// Find models
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Stand in for the Hub
    #[command(subcommand)]
    Hub(HubCommand),
    /// Environments in which notebooks are executed
    #[command(subcommand)]
    Env(EnvCommand),
    /// Show the cards of which a recipe is made
    Cards(CardsArgs),
    /// Deal a recipe whose cards go together
    Shuffle(ShuffleArgs),
    /// Print the JSON Schema of an artifact
    Schema(SchemaArgs),
    /// The step between this program and a sandbox
    #[command(name = "__confine", hide = true)]
    Confine,
    /// Print the tables of `docs/configuration.md`
    #[command(name = "__settings", hide = true)]
    Settings,
    /// The inner side of a sandbox
    #[command(name = "__inside", hide = true)]
    Inside(InsideArgs),
    /// Print the completion script of a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// Where facts come from.
#[derive(Debug, Clone, Args)]
pub(crate) struct HubArgs {
    /// Folder with model pages that is looked at before the Hub
    #[arg(long, value_name = "DIR", env = "ALACARD_HUB_DIR")]
    pub(crate) hub_dir: Option<PathBuf>,

    /// Ask neither the Hub nor a provider: cache, folder and built-in shelf only
    #[arg(long, env = "ALACARD_OFFLINE", value_parser = FalseyValueParser::new())]
    pub(crate) offline: bool,
}

/// The cards and what else makes a recipe.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RecipeArgs {
    /// Topic of the examples: an id (see `alacard cards topic`) or your own words
    /// [default: data-analysis]
    #[arg(long)]
    pub(crate) topic: Option<String>,

    /// How deep the lesson goes [default: beginner]
    #[arg(long, value_parser = Names::of(Difficulty::ALL, Difficulty::as_str))]
    pub(crate) difficulty: Option<String>,

    /// Prompt pack of the examples [default: quick-start]
    #[arg(long, value_name = "PACK", value_parser = Names::of(Prompts::ALL, Prompts::as_str))]
    pub(crate) prompts: Option<String>,

    /// UI component that is built around the model [default: the first that fits the task]
    #[arg(long, value_name = "COMPONENT", value_parser = Names::of(Ui::ALL, Ui::as_str))]
    pub(crate) ui: Option<String>,

    /// Length of the notebook: seven cells, or the whole arc [default: manual]
    #[arg(long, value_parser = Names::of(Format::ALL, Format::as_str))]
    pub(crate) format: Option<String>,

    /// Where the model runs: on the reader's machine, at an endpoint, or where it fits
    /// [default: auto]
    #[arg(long, value_parser = Names(vec!["local", "endpoint", "auto"]))]
    pub(crate) runtime: Option<String>,

    /// Language of the lesson; `en` is the only one so far [default: en]
    #[arg(long)]
    pub(crate) language: Option<String>,

    /// What you want to do, in your own words; the first 2,000 characters count
    #[arg(long, value_name = "TEXT")]
    pub(crate) prompt: Option<String>,

    /// At most this many numbered steps [default: all of them]
    #[arg(long, value_name = "N")]
    pub(crate) max_sections: Option<u32>,

    /// Seed of everything random [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Commit, branch or tag of the model [default: the Hub's default branch]
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,

    /// Allow the notebook to run code that the model's repository brings
    #[arg(long)]
    pub(crate) trust_remote_code: bool,
}

/// How notebooks are executed.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ExecuteArgs {
    /// Seconds for the whole notebook [default: 600]
    #[arg(long, value_name = "S")]
    pub(crate) timeout: Option<u64>,

    /// Seconds for one cell [default: 120]
    #[arg(long, value_name = "S")]
    pub(crate) cell_timeout: Option<u64>,

    /// Memory for all processes of the run together, in MB [default: 4096]
    #[arg(long, value_name = "MB")]
    pub(crate) memory: Option<u64>,

    /// Execute without any wall between the notebook and this machine
    #[arg(long)]
    pub(crate) no_sandbox: bool,
}

/// `alacard prove`.
#[derive(Debug, Args)]
pub(crate) struct ProveArgs {
    /// The notebooks
    #[arg(value_name = "FILE.ipynb", required = true)]
    pub(crate) files: Vec<PathBuf>,

    /// How many notebooks are executed at once [default: as many as processors and memory allow]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Execute on the models' own weights, fetched outside of the sandbox, and keep the outputs
    #[arg(long)]
    pub(crate) real: bool,

    #[command(flatten)]
    pub(crate) execute: ExecuteArgs,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Allow code that a model's repository brings (in the sandbox)
    #[arg(long)]
    pub(crate) trust_remote_code: bool,

    /// Folder for proof.json, validation.md, the lock and the notebook with its proof
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,

    /// Print the proof as JSON; of several notebooks, a list of them
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard twin`.
#[derive(Debug, Args)]
pub(crate) struct TwinArgs {
    /// Hub id or address
    pub(crate) source: String,

    /// Folder for the twin, laid out as the Hub's cache
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Commit, branch or tag of the model [default: the Hub's default branch]
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,

    /// Allow code that a model's repository brings (in the sandbox)
    #[arg(long)]
    pub(crate) trust_remote_code: bool,

    /// Make the twin without any wall between the model's code and this machine
    #[arg(long)]
    pub(crate) no_sandbox: bool,

    /// Print what was made as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard __inside`.
#[derive(Debug, Args)]
pub(crate) struct InsideArgs {
    #[arg(long)]
    pub(crate) python: PathBuf,
    #[arg(long)]
    pub(crate) payload: PathBuf,
    #[arg(long)]
    pub(crate) work: PathBuf,
}

/// `alacard generate`.
#[derive(Debug, Args)]
pub(crate) struct GenerateArgs {
    /// Hub id or address, folder, Markdown file, or `-` for text on standard input
    pub(crate) source: String,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Execute the notebook on a twin of its model before it is published
    #[arg(long)]
    pub(crate) prove: bool,

    #[command(flatten)]
    pub(crate) execute: ExecuteArgs,

    /// Begin anew, even when an earlier run left finished parts
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Folder for run folders [default: ./alacard-out]
    #[arg(long, value_name = "DIR", env = "ALACARD_OUT")]
    pub(crate) out: Option<PathBuf>,

    /// Print the manifest as JSON instead of the notebook's path
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard batch`.
#[derive(Debug, Args)]
pub(crate) struct BatchArgs {
    /// File with one source a line, an index of JSON lines, or `-`
    pub(crate) list: String,

    #[command(flatten)]
    pub(crate) recipe: RecipeArgs,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Execute the notebook on a twin of its model before it is published
    #[arg(long)]
    pub(crate) prove: bool,

    #[command(flatten)]
    pub(crate) execute: ExecuteArgs,

    /// Begin anew, even when an earlier run left finished parts
    #[arg(long)]
    pub(crate) fresh: bool,

    /// Folder for run folders
    #[arg(long, value_name = "DIR", env = "ALACARD_OUT")]
    pub(crate) out: PathBuf,

    /// How many sources are worked on at once [default: the number of processors]
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,

    /// Write a report as JSON: one row a source, and the totals
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Print the totals as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Notebooks
    #[arg(required = true, value_name = "FILE.ipynb")]
    pub(crate) files: Vec<PathBuf>,

    /// Format of the findings
    #[arg(long, value_enum, default_value = "text")]
    pub(crate) format: CheckFormat,

    /// Mend what can be mended safely, then check again
    #[arg(long)]
    pub(crate) fix: bool,
}

/// Formats of `check`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// Lines for people
    Text,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
}

/// `alacard model`.
#[derive(Debug, Args)]
pub(crate) struct ModelArgs {
    /// Hub id or address, folder, Markdown file, or `-`
    pub(crate) source: String,

    /// Commit, branch or tag of the model [default: the Hub's default branch]
    #[arg(long, value_name = "REV")]
    pub(crate) revision: Option<String>,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Print the whole dossier as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard models`.
#[derive(Debug, Subcommand)]
pub(crate) enum ModelsCommand {
    /// Search by words and properties
    Search(SearchArgs),
}

/// `alacard models search`.
#[derive(Debug, Args)]
pub(crate) struct SearchArgs {
    /// Words of the id
    pub(crate) words: Vec<String>,

    /// Only models of this task, named by the Hub's pipeline tag
    #[arg(long, value_name = "TAG")]
    pub(crate) task: Option<String>,

    /// Only models of this library, named by its id
    #[arg(long, value_name = "ID")]
    pub(crate) library: Option<String>,

    /// Only models under this licence, named by its id
    #[arg(long, value_name = "ID")]
    pub(crate) license: Option<String>,

    /// At least this many parameters (`500M`, `7B`)
    #[arg(long, value_name = "N")]
    pub(crate) min_params: Option<String>,

    /// At most this many parameters (`500M`, `7B`)
    #[arg(long, value_name = "N")]
    pub(crate) max_params: Option<String>,

    /// What the models are sorted by, the most or newest first
    #[arg(long, value_name = "ORDER", default_value = "downloads", value_parser = PossibleValuesParser::new(["downloads", "likes", "trending", "created", "modified", "parameters"]))]
    pub(crate) sort: String,

    /// At most this many models, from 1 to 1000
    #[arg(long, default_value_t = 20, value_name = "N")]
    pub(crate) limit: usize,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard hub`.
#[derive(Debug, Subcommand)]
pub(crate) enum HubCommand {
    /// Serve a folder on the Hub's protocol, for Python without network
    Serve(HubServeArgs),
}

/// `alacard hub serve`.
#[derive(Debug, Args)]
pub(crate) struct HubServeArgs {
    /// Folder with models, datasets and spaces: `org/name`, `datasets/org/name`, or a cache of
    /// the Hub
    pub(crate) dir: PathBuf,

    /// Address of this machine to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1")]
    pub(crate) host: String,

    /// Port to listen on; 0 is any free one
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) port: u16,

    /// Say every request on standard error
    #[arg(long, short)]
    pub(crate) verbose: bool,

    /// Print address and folder as one line of JSON instead of the address
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard env`.
#[derive(Debug, Subcommand)]
pub(crate) enum EnvCommand {
    /// Show the environments that are there
    List(EnvListArgs),
    /// Make the environment that the built-in lessons need
    Warm(EnvWarmArgs),
    /// Remove environments that are not used
    Gc(EnvGcArgs),
}

/// `alacard env list`.
#[derive(Debug, Args)]
pub(crate) struct EnvListArgs {
    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard env warm`.
#[derive(Debug, Args)]
pub(crate) struct EnvWarmArgs {
    /// The packages of all libraries, as without `--for`
    #[arg(long, conflicts_with = "sets")]
    pub(crate) all: bool,

    /// Only the packages of these: transformers, sentence-transformers, diffusers, timm, peft,
    /// endpoint, ui [default: all of them]
    #[arg(long = "for", value_name = "NAMES", value_delimiter = ',')]
    pub(crate) sets: Vec<String>,

    /// Ask the package index again instead of taking what was resolved before
    #[arg(long)]
    pub(crate) upgrade: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard env gc`.
#[derive(Debug, Args)]
pub(crate) struct EnvGcArgs {
    /// Remove those that were not used for this many days [default: 30, without another flag]
    #[arg(long, value_name = "N")]
    pub(crate) days: Option<u64>,

    /// Keep the last used environments, up to this size together
    #[arg(long, value_name = "GB")]
    pub(crate) max_size: Option<f64>,

    /// Keep the last used twins, up to this size together
    #[arg(long, value_name = "GB")]
    pub(crate) max_twins: Option<f64>,

    /// Remove all that are not in use, and what was resolved
    #[arg(long)]
    pub(crate) all: bool,

    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard cards`.
#[derive(Debug, Args)]
pub(crate) struct CardsArgs {
    /// Kind of card; all kinds when left out
    #[arg(value_parser = PossibleValuesParser::new(["model", "prompts", "topic", "difficulty", "ui"]))]
    pub(crate) kind: Option<String>,

    /// Only cards with these words [default: all cards]
    #[arg(long, value_name = "WORDS")]
    pub(crate) search: Option<String>,

    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard shuffle`.
#[derive(Debug, Args)]
pub(crate) struct ShuffleArgs {
    /// Keep a card: `topic=sourdough`, `model=org/name`, `difficulty=…`, `prompts=…`, `ui=…`
    #[arg(long, value_name = "CARD=VALUE")]
    pub(crate) lock: Vec<String>,

    /// Seed of the shuffle; the same seed deals the same hand [default: from the clock]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// Make the notebook of these cards at once
    #[arg(long)]
    pub(crate) generate: bool,

    #[command(flatten)]
    pub(crate) hub: HubArgs,

    /// Folder for run folders [default: ./alacard-out]
    #[arg(long, value_name = "DIR", env = "ALACARD_OUT")]
    pub(crate) out: Option<PathBuf>,

    /// Print the result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// `alacard schema`.
#[derive(Debug, Args)]
pub(crate) struct SchemaArgs {
    /// recipe, dossier, outline, section, findings, manifest, metrics, report or refusal
    pub(crate) name: String,
}

/// Text with a list of names that help, completions and `docs/configuration.md` show. It accepts
/// any text: names also come from the configuration file, and both are refused at the same later
/// place, with the nearest name.
#[derive(Debug, Clone)]
struct Names(Vec<&'static str>);

impl Names {
    fn of<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Self {
        Self(all.iter().copied().map(name).collect())
    }
}

impl TypedValueParser for Names {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, arg, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new(
            self.0.iter().map(|name| PossibleValue::new(*name)),
        ))
    }
}
