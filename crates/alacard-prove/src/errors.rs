//! Errors of cells that are not the code's own fault, or that need a better hint than their
//! message.

use crate::causes::{Ground, Lack, shorten};
use crate::needs::ShellNeed;
use crate::proof::{Blame, Cause, CellError, ProvenCell};

/// A way in which a cell's error is recognised: by its class or by a part of what it says.
struct Known {
    /// Class names of the error.
    names: &'static [&'static str],
    /// Parts of its message or of the end of its traceback.
    parts: &'static [&'static str],
    reason: &'static str,
    blame: Blame,
    message: &'static str,
    hint: &'static str,
}

/// The first that fits is taken.
const KNOWN: &[Known] = &[
    Known {
        names: &["StdinNotImplementedError"],
        parts: &[],
        reason: "asks-for-input",
        blame: Blame::Notebook,
        message: "waits for somebody to type",
        hint: "Take the value from a variable or an environment variable; nobody sits at a proof.",
    },
    Known {
        names: &[],
        parts: &[
            "No module named 'google.colab",
            "No module named 'kaggle_",
            "No module named 'dbutils",
        ],
        reason: "needs-platform",
        blame: Blame::Environment,
        message: "uses a module that only its platform has",
        hint: "Do it only there: `import sys`, then `if \"google.colab\" in sys.modules:`.",
    },
    Known {
        names: &[],
        parts: &["Repository id must be 'namespace/name'"],
        reason: "package-version",
        blame: Blame::Notebook,
        message: "asks for an id without an organisation, which this version of huggingface_hub does not take",
        hint: "Write the full id (`nyu-mll/glue` for `glue`), or pin the version that the notebook was written for.",
    },
    Known {
        names: &[],
        parts: &[
            "cannot import name",
            "please install a version",
            "is required for a normal functioning",
            "partially initialized module",
            ".__init__() got an unexpected keyword argument",
            "AttributeError: module '",
        ],
        reason: "package-version",
        blame: Blame::Environment,
        message: "asks a package for something that this version of it does not have",
        hint: "Pin the version that the notebook was written for in its install cell; requirements.lock of the proof says which one was used.",
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
            "Attempting to deserialize object on a CUDA device",
            "Cannot access accelerator device",
            "Invalid device string: 'cuda",
            "No GPU found",
            "fp16 mixed precision requires a GPU",
        ],
        reason: "needs-gpu",
        blame: Blame::Environment,
        message: "needs a GPU",
        hint: "Use `--real` on a machine with one, or choose the device with torch.cuda.is_available().",
    },
    Known {
        names: &[],
        parts: &["This server is read-only"],
        reason: "writes-to-hub",
        blame: Blame::Environment,
        message: "writes to the Hub, which a proof does not do",
        hint: "Make uploading a choice (`push_to_hub=False` unless a variable says otherwise); what comes before it can then be proven.",
    },
    Known {
        names: &[
            "SecretNotFoundError",
            "NotebookAccessError",
            "LocalTokenNotFoundError",
            "DeviceCodeError",
            "AuthenticationError",
        ],
        parts: &[
            "Invalid user token",
            "Invalid credentials in Authorization header",
            "api_key client option must be set",
            "HF_TOKEN",
            "OPENAI_API_KEY",
            "_API_KEY",
            "api_key",
            "API key",
        ],
        reason: "needs-secret",
        blame: Blame::Environment,
        message: "needs a key or token, which a proof does not have",
        hint: "Leave the service out where there is no key, or make it an endpoint lesson: those are proven against an endpoint of the sandbox.",
    },
    Known {
        names: &["RepositoryNotFoundError", "GatedRepoError"],
        parts: &[
            "is not a valid model identifier",
            "Repository Not Found",
            "RepoNotFound",
        ],
        reason: "no-twin",
        blame: Blame::Twin,
        message: "asks for a model that has no twin",
        hint: "Give its configuration with `--hub-dir`, or use `--real`.",
    },
    Known {
        names: &[],
        parts: &[
            "Can't load tokenizer for",
            "Can't load the model for",
            "Can't load image processor for",
            "Can't load feature extractor for",
            "Can't load processor for",
            "does not appear to have a file named",
        ],
        reason: "no-twin",
        blame: Blame::Twin,
        message: "loads something that the twin does not have",
        hint: "Give the model's real small files (tokenizer, processor) with `--hub-dir`, or use `--real`.",
    },
    Known {
        names: &[
            "ConnectionError",
            "ConnectError",
            "ConnectionRefusedError",
            "gaierror",
            "URLError",
            "HTTPError",
            "NewConnectionError",
            "ConnectTimeout",
            "MaxRetryError",
            "ClientConnectorError",
            "APIConnectionError",
            "ProxyError",
        ],
        parts: &[
            "Temporary failure in name resolution",
            "Name or service not known",
            "Network is unreachable",
            "Max retries exceeded",
            "nodename nor servname",
            "Could not resolve host",
            "Failed to resolve",
            "Connection refused",
        ],
        reason: "needs-network",
        blame: Blame::Environment,
        message: "reads from the network, which a proof does not have",
        hint: "Bring the file along, or make the sample in code.",
    },
    Known {
        names: &["MemoryError"],
        parts: &[
            "can't allocate memory",
            "Cannot allocate memory",
            "not enough memory",
        ],
        reason: "out-of-memory",
        blame: Blame::Environment,
        message: "needs more memory than the limit allows",
        hint: "Raise `--memory`.",
    },
    Known {
        names: &[],
        parts: &["No space left on device", "File too large"],
        reason: "disk-full",
        blame: Blame::Notebook,
        message: "writes more than the limit allows",
        hint: "Write less; a proof has a limited folder of its own.",
    },
];

/// Errors that no twin and no stand-in brings about.
const OWN: [&str; 5] = [
    "NameError",
    "UnboundLocalError",
    "SyntaxError",
    "IndentationError",
    "AssertionError",
];
/// Errors that made-up rows hardly bring about.
const OF_CODE: [&str; 5] = [
    "TypeError",
    "AttributeError",
    "RuntimeError",
    "OSError",
    "NotImplementedError",
];

/// The cause of one cell's error.
pub(crate) fn of_cell(cell: &ProvenCell, ground: &Ground<'_>) -> Cause {
    let number = cell.index + 1;
    let at = |reason: &str, blame: Blame, message: String, hint: Option<String>| Cause {
        reason: reason.to_owned(),
        blame,
        cell: Some(cell.index),
        message,
        hint,
    };
    let Some(error) = &cell.error else {
        return at(
            "cell-error",
            Blame::Notebook,
            format!("Cell {number} failed."),
            None,
        );
    };
    let shown = shorten(&format!("{}: {}", error.name, error.message));
    if let Some(lack) = lacking(error, ground.lacking) {
        let message = format!(
            "Cell {number} cannot go on without a model. {}",
            lack.cause.message
        );
        return at(
            &lack.cause.reason,
            lack.cause.blame,
            message,
            lack.cause.hint.clone(),
        );
    }
    if let Some(known) = KNOWN.iter().find(|known| known.fits(error)) {
        let message = format!("Cell {number} {} ({shown}).", known.message);
        return at(
            known.reason,
            known.blame,
            message,
            Some(known.hint.to_owned()),
        );
    }
    if error.name == "FileNotFoundError" {
        return at_file(cell.index, error, &shown, ground.shell);
    }
    if OWN.contains(&error.name.as_str()) {
        return at(
            "cell-error",
            Blame::Notebook,
            format!("Cell {number} failed: {shown}."),
            Some("Define what it uses in an earlier cell that is always executed, and run the notebook from top to bottom yourself; the traceback is in proof.json.".to_owned()),
        );
    }
    if let Some(id) = ground
        .datasets
        .first()
        .filter(|_| !OF_CODE.contains(&error.name.as_str()))
    {
        let message = format!(
            "Cell {number} failed on made-up rows: the dataset `{id}` was a stand-in ({shown})."
        );
        let hint = format!("Put the real files into `DIR/datasets/{id}` and give `--hub-dir DIR`.");
        return at("standin-data", Blame::Twin, message, Some(hint));
    }
    if let Some(id) = ground.broken.first() {
        let message =
            format!("Cell {number} failed, and the twin of `{id}` is not whole ({shown}).");
        let hint =
            "Give the model's real small files with `--hub-dir`, or use `--real`.".to_owned();
        return at("no-twin", Blame::Twin, message, Some(hint));
    }
    // With a twin that is not there the notebook is not to blame.
    let blame = if ground.lacking.is_empty() {
        Blame::Notebook
    } else {
        Blame::Twin
    };
    at(
        "cell-error",
        blame,
        format!("Cell {number} failed: {shown}."),
        Some("The traceback is in proof.json.".to_owned()),
    )
}

/// What was lacking and is named in the error.
fn lacking<'a>(error: &CellError, lacking: &'a [Lack]) -> Option<&'a Lack> {
    lacking.iter().find(|lack| {
        let id = lack
            .address
            .trim_start_matches("datasets/")
            .trim_start_matches("spaces/");
        let name = id.rsplit('/').next().unwrap_or(id);
        error.message.contains(id)
            || id.contains('/') && error.message.contains(&format!("'{name}'"))
    })
}

/// A file that is not there: the notebook's own omission, or what a command should have fetched.
fn at_file(cell: usize, error: &CellError, shown: &str, shell: &[ShellNeed]) -> Cause {
    let number = cell + 1;
    let fetched = shell
        .iter()
        .find(|need| need.cell <= cell && fetches(need, &error.message));
    let (reason, blame, message, hint) = match fetched {
        Some(need) => (
            "needs-network",
            Blame::Environment,
            format!(
                "Cell {number} opens a file that cell {} fetches from the network, which a proof does not have ({shown}).",
                need.cell + 1
            ),
            "Bring the file along, or make the sample in code.",
        ),
        None => (
            "missing-file",
            Blame::Notebook,
            format!("Cell {number} opens a file that is not there ({shown})."),
            "Make the file in an earlier cell.",
        ),
    };
    Cause {
        reason: reason.to_owned(),
        blame,
        cell: Some(cell),
        message,
        hint: Some(hint.to_owned()),
    }
}

/// Whether a command gets what the message misses: a part of the missing path is named in it.
fn fetches(need: &ShellNeed, message: &str) -> bool {
    let tool = need.text.split_whitespace().next().unwrap_or_default();
    let gets = matches!(
        tool,
        "wget" | "curl" | "git" | "gdown" | "aria2c" | "kaggle" | "hf" | "huggingface-cli"
    );
    let path = message.split(['\'', '"']).nth(1).unwrap_or_default();
    let mut parts = path.split('/').filter(|part| part.len() > 3);
    gets && parts.any(|part| need.text.contains(part))
}

impl Known {
    fn fits(&self, error: &CellError) -> bool {
        let named = self.names.iter().any(|name| error.name == *name);
        let end = || error.traceback.iter().rev().take(3);
        let said =
            |part: &&str| error.message.contains(part) || end().any(|line| line.contains(part));
        named || self.parts.iter().any(said)
    }
}
