//! Whether code calls a model, and which statement does it.

use std::collections::BTreeSet;

use alacard_hub::dossier::Dossier;
use alacard_python::{Statement, calls, parse_module};

/// The statement that calls the model.
#[derive(Debug, Clone, Default)]
pub(crate) struct Call {
    /// Source of the expression that makes the result, when it stands in an assignment on the top
    /// level and can be run again.
    pub(crate) source: Option<String>,
    /// Name that the result is bound to.
    pub(crate) result: Option<String>,
}

/// Methods that prepare a model and are no use of it.
const PREPARING: [&str; 16] = [
    "to",
    "cuda",
    "cpu",
    "eval",
    "half",
    "float",
    "train",
    "load_state_dict",
    "parameters",
    "save_pretrained",
    "push_to_hub",
    "compile",
    "set_format",
    "requires_grad_",
    "bfloat16",
    "enable_model_cpu_offload",
];
/// Calls that load something a model is made of.
const LOADING: [&str; 22] = [
    "from_pretrained",
    "pipeline",
    "SentenceTransformer",
    "CrossEncoder",
    "load",
    "load_model",
    "create_model",
    "from_hparams",
    "from_hub",
    "load_from_hub",
    "create_model_and_transforms",
    "create_model_from_pretrained",
    "hf_hub_download",
    "load_learner",
    "from_pretrained_keras",
    "from_pretrained_fastai",
    "Llama",
    "YOLO",
    "snapshot_download",
    "load_from_checkpoint",
    "InferenceSession",
    "from_preset",
];

/// The call of a model in this code; `None` when it only loads, or does not load this model.
pub(crate) fn call_of(code: &str, dossier: &Dossier) -> Option<Call> {
    if dossier.id.is_some() && !code.contains("MODEL_ID") {
        return None;
    }
    let module = parse_module(code).ok()?;
    let mut models: BTreeSet<String> = BTreeSet::new();
    let mut found = None;
    for statement in alacard_python::top_level(&module) {
        if uses(&statement, &models) && found.is_none() {
            found = Some(call(&statement));
        }
        if loads(&statement) || derives(&statement, &models) {
            models.extend(statement.targets.iter().cloned());
        }
    }
    let whole = calls(&module)
        .iter()
        .any(|c| LOADING.contains(&last(&c.function)));
    found.filter(|_| whole || dossier.id.is_none())
}

fn last(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

fn first(function: &str) -> &str {
    function.split(['.', '(', '[']).next().unwrap_or(function)
}

/// Words in the class names of what stands around a model and is none.
const AROUND: [&str; 5] = ["Tokenizer", "Processor", "Extractor", "Config", "Scheduler"];

fn loads(statement: &Statement) -> bool {
    let model = |function: &str| !AROUND.iter().any(|word| first(function).contains(word));
    statement
        .calls
        .iter()
        .any(|call| LOADING.contains(&last(&call.function)) && model(&call.function))
}

/// `model = model.to(device)`: still the model.
fn derives(statement: &Statement, models: &BTreeSet<String>) -> bool {
    statement.calls.iter().any(|call| {
        models.contains(first(&call.function)) && PREPARING.contains(&last(&call.function))
    })
}

/// A call of a model, of one of its methods, or with it as an argument.
fn uses(statement: &Statement, models: &BTreeSet<String>) -> bool {
    statement.calls.iter().any(|call| {
        let on_model =
            models.contains(first(&call.function)) && !PREPARING.contains(&last(&call.function));
        let with_model = call.names.iter().any(|name| models.contains(name));
        on_model || (with_model && !LOADING.contains(&last(&call.function)))
    })
}

fn call(statement: &Statement) -> Call {
    let result = match statement.targets.as_slice() {
        [one] if statement.assignment => Some(one.clone()),
        _ => None,
    };
    Call {
        source: result.as_ref().and(statement.value.clone()),
        result,
    }
}
