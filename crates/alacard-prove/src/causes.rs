//! Why a notebook did not run, in words, with whose fault it is and what to do.
//!
//! The reasons are a closed list; `docs/proof.md` explains each.

use serde_json::Value;

use crate::environment::EnvError;
use crate::plan::Unknown;
use crate::proof::{Blame, Cause, CellError, CellState, Ended, ProvenCell};
use crate::wire::RanReport;

/// A way in which a cell's error is recognised.
struct Known {
    /// Class names of the error; empty: any.
    names: &'static [&'static str],
    /// Parts of its message or traceback; empty: any.
    parts: &'static [&'static str],
    reason: &'static str,
    blame: Blame,
    message: &'static str,
    hint: &'static str,
}

/// Errors that are not the code's own fault, or have a better hint than their message; the first
/// that fits is taken.
const KNOWN: [Known; 10] = [
    Known {
        names: &["StdinNotImplementedError"],
        parts: &[],
        reason: "asks-for-input",
        blame: Blame::Notebook,
        message: "waits for somebody to type",
        hint: "Take the value from a variable or an environment variable; nobody sits at a proof.",
    },
    Known {
        names: &["ModuleNotFoundError", "ImportError", "PackageNotFoundError"],
        parts: &[],
        reason: "package-missing",
        blame: Blame::Environment,
        message: "imports something that its environment does not have",
        hint: "Name the package in an install cell.",
    },
    Known {
        names: &[],
        parts: &["not in the locked environment"],
        reason: "package-missing",
        blame: Blame::Environment,
        message: "installs something that could not be resolved",
        hint: "See the notes of the environment in the proof.",
    },
    Known {
        names: &[],
        parts: &[
            "Torch not compiled with CUDA",
            "No CUDA GPUs",
            "Found no NVIDIA driver",
            "CUDA driver",
            "requires a GPU",
            "requires CUDA",
            "CUDA is not available",
            "is_cuda",
            "no CUDA-capable device",
        ],
        reason: "needs-gpu",
        blame: Blame::Environment,
        message: "needs a GPU",
        hint: "Use `--real` on a machine with one, or choose the device with torch.cuda.is_available().",
    },
    Known {
        names: &["RepositoryNotFoundError", "GatedRepoError"],
        parts: &["is not a valid model identifier", "Repository Not Found", "RepoNotFound"],
        reason: "no-twin",
        blame: Blame::Twin,
        message: "asks for a model that has no twin",
        hint: "Give its configuration with `--hub-dir`, or use `--real`.",
    },
    Known {
        names: &[
            "ConnectionError", "ConnectError", "gaierror", "URLError", "HTTPError", "NewConnectionError",
            "ConnectTimeout", "MaxRetryError", "ClientConnectorError", "APIConnectionError", "ProxyError",
        ],
        parts: &[
            "Temporary failure in name resolution",
            "Name or service not known",
            "Network is unreachable",
            "Max retries exceeded",
            "nodename nor servname",
            "Could not resolve host",
            "Failed to resolve",
        ],
        reason: "needs-network",
        blame: Blame::Environment,
        message: "reads from the network, which a proof does not have",
        hint: "Bring the file along, or make the sample in code.",
    },
    Known {
        names: &["MemoryError"],
        parts: &["can't allocate memory", "Cannot allocate memory", "not enough memory"],
        reason: "out-of-memory",
        blame: Blame::Environment,
        message: "needs more memory than the limit allows",
        hint: "Raise `--memory`.",
    },
    Known {
        names: &["SecretNotFoundError", "NotebookAccessError", "LocalTokenNotFoundError"],
        parts: &["api_key client option must be set", "HF_TOKEN", "OPENAI_API_KEY", "api_key", "API key"],
        reason: "needs-secret",
        blame: Blame::Environment,
        message: "needs a key or token, which a proof does not have",
        hint: "A notebook that calls a service can be proven as an endpoint lesson only.",
    },
    Known {
        names: &["FileNotFoundError"],
        parts: &[],
        reason: "missing-file",
        blame: Blame::Notebook,
        message: "opens a file that is not there",
        hint: "Make the file in an earlier cell.",
    },
    Known {
        names: &["OSError"],
        parts: &["No space left on device", "File too large"],
        reason: "disk-full",
        blame: Blame::Notebook,
        message: "writes more than the limit allows",
        hint: "Write less; a proof has a limited folder of its own.",
    },
];

/// The cause of a run's end, from what the cells and the run itself say.
pub(crate) fn of_run(cells: &[ProvenCell], ran: &RanReport, twins: &[Cause]) -> Vec<Cause> {
    let at = cells
        .iter()
        .find(|cell| !matches!(cell.state, CellState::Ok | CellState::NotReached));
    match (&ran.ended, at) {
        (Ended::Finished, _) => Vec::new(),
        (Ended::Failed, Some(cell)) => vec![of_cell(cell, twins)],
        (ended, at) => vec![of_end(ended, at.map(|cell| cell.index))],
    }
}

/// The cause of one cell's error.
fn of_cell(cell: &ProvenCell, twins: &[Cause]) -> Cause {
    let number = cell.index + 1;
    let Some(error) = &cell.error else {
        return cause("cell-error", Blame::Notebook, cell.index, format!("Cell {number} failed."), None);
    };
    let shown = shorten(&format!("{}: {}", error.name, error.message));
    match KNOWN.iter().find(|known| known.fits(error)) {
        Some(known) => {
            let message = format!("Cell {number} {} ({shown}).", known.message);
            cause(known.reason, known.blame, cell.index, message, Some(known.hint))
        }
        None => {
            // With a twin that is not there, or not whole, the notebook is not to blame.
            let blame = if twins.is_empty() { Blame::Notebook } else { Blame::Twin };
            cause("cell-error", blame, cell.index, format!("Cell {number} failed: {shown}."), None)
        }
    }
}

impl Known {
    fn fits(&self, error: &CellError) -> bool {
        let named = self.names.iter().any(|name| error.name == *name);
        let said = self.parts.iter().any(|part| {
            error.message.contains(part) || error.traceback.iter().rev().take(3).any(|line| line.contains(part))
        });
        named || said
    }
}

fn cause(reason: &str, blame: Blame, cell: usize, message: String, hint: Option<&str>) -> Cause {
    Cause {
        reason: reason.to_owned(),
        blame,
        cell: Some(cell),
        message,
        hint: hint.map(str::to_owned),
    }
}

fn shorten(text: &str) -> String {
    let one_line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if one_line.chars().count() <= 200 {
        return one_line.trim_end_matches('.').to_owned();
    }
    let cut: String = one_line.chars().take(200).collect();
    format!("{cut} …")
}

/// The cause of an end that is not a cell's error.
fn of_end(ended: &Ended, cell: Option<usize>) -> Cause {
    let place = cell.map_or_else(|| "The notebook".to_owned(), |index| format!("Cell {}", index + 1));
    let (reason, blame, message, hint) = match ended {
        Ended::CellTimeout { limit } => (
            "cell-timeout",
            Blame::Notebook,
            format!("{place} took longer than {limit} s and was stopped."),
            Some("Let it do less, or raise `--cell-timeout`."),
        ),
        Ended::Timeout { limit } => (
            "timeout",
            Blame::Notebook,
            format!("{place} was stopped: the notebook took longer than {limit} s."),
            Some("Let it do less, or raise `--timeout`."),
        ),
        Ended::Memory { used, limit } => (
            "out-of-memory",
            Blame::Environment,
            format!("{place} was ended: it used {used} MB of memory, and the limit is {limit} MB."),
            Some("Let it use less, or raise `--memory`."),
        ),
        Ended::Machine { left } => (
            "machine-full",
            Blame::Environment,
            format!("{place} was ended: the machine itself had {left} MB of memory left."),
            Some("Try again when the machine does less."),
        ),
        Ended::Processes { used, limit } => (
            "too-many-processes",
            Blame::Notebook,
            format!("{place} was ended: it had {used} processes, and the limit is {limit}."),
            None,
        ),
        Ended::Disk { used, limit } => (
            "disk-full",
            Blame::Notebook,
            format!("{place} was ended: it wrote {used} MB, and the limit is {limit} MB."),
            None,
        ),
        Ended::Died { status, signal } => (
            "kernel-died",
            Blame::Notebook,
            format!("{place} ended its kernel ({}).", how_it_died(*status, *signal)),
            None,
        ),
        Ended::NoKernel { message } => (
            "no-kernel",
            Blame::Environment,
            format!("The kernel did not start: {}.", shorten(message)),
            Some("The environment needs ipykernel and has to fit this machine."),
        ),
        Ended::Lost { message } => (
            "sandbox-lost",
            Blame::Notebook,
            format!("{place} ended its sandbox: {}.", shorten(message)),
            None,
        ),
        Ended::Failed | Ended::Finished => (
            "cell-error",
            Blame::Notebook,
            format!("{place} failed."),
            None,
        ),
    };
    Cause {
        reason: reason.to_owned(),
        blame,
        cell,
        message,
        hint: hint.map(str::to_owned),
    }
}

fn how_it_died(status: Option<i32>, signal: Option<i32>) -> String {
    match (signal, status) {
        (Some(9), _) => "killed, signal 9".to_owned(),
        (Some(11), _) => "segmentation fault, signal 11".to_owned(),
        (Some(signal), _) => format!("signal {signal}"),
        (None, Some(status)) => format!("exit status {status}"),
        (None, None) => "no status".to_owned(),
    }
}

/// Why a notebook that ran proves nothing.
pub(crate) fn nothing_proven(cells: &[ProvenCell]) -> Option<Cause> {
    let whole = |reason: &str, message: &str, hint: &str| Cause {
        reason: reason.to_owned(),
        blame: Blame::Notebook,
        cell: None,
        message: message.to_owned(),
        hint: Some(hint.to_owned()),
    };
    let Some(first) = cells.iter().position(|cell| cell.inference) else {
        return Some(whole(
            "no-inference",
            "Every cell ran, but none of them used a model.",
            "A notebook about a model should call it.",
        ));
    };
    let asserted = cells.iter().skip(first).any(|cell| cell.asserted);
    (!asserted).then(|| {
        whole(
            "no-assertion",
            "Every cell ran and a model was used, but nothing about its answer was asserted.",
            "Assert type, shape and that the answer is not empty.",
        )
    })
}

/// A model of which nothing is known.
pub(crate) fn unknown_model(unknown: &Unknown) -> Cause {
    Cause {
        reason: "model-unknown".to_owned(),
        blame: Blame::Environment,
        cell: None,
        message: format!("Nothing is known about the model `{}`: {}", unknown.id, unknown.message),
        hint: Some("Give its configuration with `--hub-dir`, or prove with the Hub in reach.".to_owned()),
    }
}

/// A twin that could not be made.
pub(crate) fn no_twin(id: &str, about: &Value) -> Cause {
    let error = about["error"].as_str().unwrap_or("the maker failed");
    Cause {
        reason: "no-twin".to_owned(),
        blame: Blame::Twin,
        cell: None,
        message: format!("No twin of `{id}` could be made: {}.", shorten(error)),
        hint: about["hint"].as_str().map(str::to_owned),
    }
}

/// An environment that could not be made.
pub(crate) fn environment(error: &EnvError) -> Cause {
    Cause {
        reason: error.kind.as_str().to_owned(),
        blame: if error.kind.is_of_notebook() { Blame::Notebook } else { Blame::Environment },
        cell: None,
        message: error.to_string(),
        hint: error.hint().map(str::to_owned),
    }
}
