//! What the two sides of the sandbox's wall say to each other: one JSON object a line over the
//! inner process's standard input and output. A line that announces bytes is followed by them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use alacard_hub::serve::Kind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Begins the line of standard error in which a sandbox that ends itself says why.
pub(crate) const LAST_WORD: &str = "the sandbox ended itself: ";

/// What the outside asks for, one thing at a time.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "order", rename_all = "kebab-case")]
pub(crate) enum Order {
    /// Import these modules in the host, once.
    Warm {
        /// Module names.
        modules: Vec<String>,
    },
    /// Serve these repositories and no others.
    Serve {
        /// The repositories.
        repos: Vec<Served>,
    },
    /// Make a twin and send its files.
    Twin(TwinOrder),
    /// Execute a notebook.
    Run(RunOrder),
    /// End.
    Quit,
}

/// A repository of the twin hub.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Served {
    /// Repository id.
    pub(crate) id: String,
    /// Other ids under which it is asked for.
    pub(crate) aliases: Vec<String>,
    /// Commit, 40 hexadecimal digits.
    pub(crate) sha: String,
    /// Model, dataset or space.
    pub(crate) kind: Kind,
    /// The files, as the sandbox sees them.
    pub(crate) dir: PathBuf,
    /// Further fields of the record.
    pub(crate) record: Map<String, Value>,
}

/// A twin to be made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TwinOrder {
    /// The specification, as `python/alacard_twin/spec.py` reads it.
    pub(crate) spec: Map<String, Value>,
    /// Limits.
    pub(crate) limits: Limits,
}

/// A notebook to be executed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RunOrder {
    /// The code cells, in order.
    pub(crate) cells: Vec<CellOrder>,
    /// Variables of the kernel beside those that every run gets.
    pub(crate) env: BTreeMap<String, String>,
    /// Limits.
    pub(crate) limits: Limits,
    /// Models to be served in the OpenAI wire format, if any.
    pub(crate) endpoint: Option<Value>,
    /// Whether outputs travel back.
    pub(crate) outputs: bool,
    /// Repositories whose files lie in the kernel's cache of the Hub already, as links.
    #[serde(default)]
    pub(crate) cached: Vec<Served>,
}

/// One code cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CellOrder {
    /// Its position among all cells of the notebook.
    pub(crate) index: usize,
    /// Its source.
    pub(crate) code: String,
}

/// What a run may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Limits {
    /// Seconds for one cell.
    pub cell_seconds: u64,
    /// Seconds for the whole notebook.
    pub seconds: u64,
    /// Memory of all processes of the run together, in MB (2^20 bytes).
    pub memory_mb: u64,
    /// Processes and threads' processes of the run.
    pub processes: u64,
    /// Largest file that may be written, in MB.
    pub file_mb: u64,
    /// Space for everything that is written, in MB.
    pub disk_mb: u64,
    /// Bytes of output that are kept of one cell.
    pub output_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            cell_seconds: 120,
            seconds: 600,
            memory_mb: 4096,
            processes: 256,
            file_mb: 1024,
            disk_mb: 2048,
            output_bytes: 1 << 20,
        }
    }
}

/// What the inside tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "kebab-case")]
pub(crate) enum Report {
    /// The inside is up.
    Ready {
        /// Address of the twin hub.
        hub: String,
    },
    /// An order was carried out that has no report of its own.
    Done,
    /// Modules were imported.
    Warm {
        /// Versions by distribution.
        versions: BTreeMap<String, String>,
        /// Errors by module.
        failed: BTreeMap<String, String>,
    },
    /// A file of a twin; its bytes follow the line.
    File {
        /// Path below the twin's folder.
        path: String,
        /// How many bytes follow.
        bytes: u64,
    },
    /// The twin is complete, or could not be made.
    Twin {
        /// `twin.json`, or `error.json`.
        about: Value,
        /// Whether it was made.
        made: bool,
    },
    /// A cell begins.
    Begun {
        /// Position among all cells.
        index: usize,
    },
    /// A cell ended.
    Cell(Box<CellReport>),
    /// The run ended.
    Ran(Box<RanReport>),
    /// The order could not be carried out.
    Trouble {
        /// What happened.
        message: String,
    },
}

/// How a cell ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CellState {
    /// Without an error.
    Ok,
    /// With an error of its own.
    Error,
    /// It was interrupted at the cell's limit.
    Timeout,
    /// The kernel ended or was ended while it ran.
    Dead,
    /// It was not reached.
    NotReached,
}

/// An error as the kernel reported it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct CellError {
    /// Class of the exception.
    pub name: String,
    /// Its message, bounded.
    pub message: String,
    /// The last lines of the traceback, without colours.
    pub traceback: Vec<String>,
}

/// One executed cell.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CellReport {
    /// Position among all cells.
    pub(crate) index: usize,
    /// How it ended.
    pub(crate) state: CellState,
    /// Seconds.
    pub(crate) seconds: f64,
    /// Prompt number.
    pub(crate) execution_count: Option<u64>,
    /// The error.
    pub(crate) error: Option<CellError>,
    /// Outputs as nbformat has them, bounded.
    pub(crate) outputs: Vec<Value>,
    /// What was printed, in bytes, before it was bounded.
    pub(crate) printed: u64,
    /// What was seen from outside the notebook.
    pub(crate) seen: Option<Seen>,
}

/// What was seen of a cell from outside of the notebook.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct Seen {
    /// Forward calls of the outermost module, by class.
    pub forwards: BTreeMap<String, u64>,
    /// Forward calls that raised.
    pub raised: u64,
    /// Calls of the libraries' own entry points.
    pub calls: BTreeMap<String, u64>,
    /// Lines of the cell that were executed; none where the interpreter does not tell.
    pub lines: Option<Vec<u64>>,
    /// Errors that came out of a forward call and not out of the cell.
    pub caught: Vec<String>,
}

/// Why a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum Ended {
    /// After the last cell.
    Finished,
    /// At the first cell with an error.
    Failed,
    /// A cell reached its limit.
    CellTimeout {
        /// The limit in seconds.
        limit: u64,
    },
    /// The notebook reached its limit.
    Timeout {
        /// The limit in seconds.
        limit: u64,
    },
    /// The kernel ended by itself.
    Died {
        /// Its exit status.
        status: Option<i32>,
        /// The signal that ended it.
        signal: Option<i32>,
    },
    /// Ended for want of memory.
    Memory {
        /// What it used, in MB.
        used: u64,
        /// What it may use, in MB.
        limit: u64,
    },
    /// Ended for too many processes.
    Processes {
        /// How many there were.
        used: u64,
        /// How many there may be.
        limit: u64,
    },
    /// Ended for too much space on disk.
    Disk {
        /// What it used, in MB.
        used: u64,
        /// What it may use, in MB.
        limit: u64,
    },
    /// Ended because the machine itself had hardly any memory left.
    Machine {
        /// What was left, in MB.
        left: u64,
    },
    /// The kernel did not start.
    NoKernel {
        /// What happened.
        message: String,
    },
    /// The sandbox itself ended.
    Lost {
        /// What happened.
        message: String,
    },
}

/// A run as a whole.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct RanReport {
    /// Why it ended.
    pub(crate) ended: Ended,
    /// Seconds from the fork of the kernel to its end.
    pub(crate) seconds: f64,
    /// Seconds until the kernel answered.
    pub(crate) ready: f64,
    /// Largest memory of all processes of the run together, in MB.
    pub(crate) peak_mb: u64,
    /// Requests that the twin hub answered with a file: repository and path.
    pub(crate) served: Vec<(String, String)>,
    /// Repositories that were asked for and are not there, with the kind before a colon.
    pub(crate) missing: Vec<String>,
    /// Requests that the endpoint answered.
    pub(crate) endpoint: Vec<Value>,
    /// Install commands that were satisfied without running, as they stood.
    pub(crate) installs: Vec<Value>,
    /// The last lines that the kernel's process wrote outside of any cell.
    pub(crate) log: String,
    /// Whether the sandbox must not be used again: something in it would not end.
    pub(crate) spent: bool,
}

impl RanReport {
    /// A run of which nothing is known but its end.
    pub(crate) fn of(ended: Ended) -> Self {
        Self {
            ended,
            seconds: 0.0,
            ready: 0.0,
            peak_mb: 0,
            served: Vec::new(),
            missing: Vec::new(),
            endpoint: Vec::new(),
            installs: Vec::new(),
            log: String::new(),
            spent: false,
        }
    }
}
