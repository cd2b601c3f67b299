//! From what was executed to what is proven. Nothing here believes the notebook: inference is
//! what the host saw, files are what the twin hub served.

use std::collections::BTreeSet;

use alacard_notebook::{CellKind, Notebook};
use alacard_python::{Module, Statement, asserts, parse_cell, top_level, tries};

use crate::proof::{Blame, Cause, CellState, ProvenCell, Seen};

/// Functions that give a model.
const LOADERS: [&str; 14] = [
    "from_pretrained",
    "pipeline",
    "SentenceTransformer",
    "CrossEncoder",
    "SparseEncoder",
    "create_model",
    "Llama",
    "InferenceClient",
    "OpenAI",
    "from_single_file",
    "AsyncInferenceClient",
    "AsyncOpenAI",
    "from_config",
    "merge_and_unload",
];

/// Tags that allow a cell to fail.
const EXCUSES: [&str; 2] = ["raises-exception", "skip-execution"];

/// Libraries whose modules count as a model of the Hub.
const LIBRARIES: [&str; 8] = [
    "transformers",
    "transformers_modules",
    "diffusers",
    "sentence_transformers",
    "timm",
    "peft",
    "llama_cpp",
    "diffusers_modules",
];

/// Whether the cell did inference, by what was seen of it.
pub(crate) fn inference(seen: &Seen, endpoint_served: bool) -> bool {
    let of_a_library = |name: &String| {
        let root = name.split('.').next().unwrap_or_default();
        LIBRARIES.contains(&root)
    };
    seen.forwards.keys().any(of_a_library)
        || seen.calls.keys().any(|name| name.starts_with("llama_cpp"))
        || (endpoint_served
            && seen
                .calls
                .keys()
                .any(|name| name.starts_with("openai") || name.starts_with("huggingface_hub")))
}

/// A code cell, parsed.
struct Parsed {
    module: Module,
    statements: Vec<Statement>,
}

fn parse(source: &str) -> Option<Parsed> {
    let cell = parse_cell(source).ok()?;
    let module = cell.module()?.clone();
    let statements = top_level(&module);
    Some(Parsed { module, statements })
}

/// Looks at every executed cell for what does not count as run, and notes assertions.
pub(crate) fn judge(
    notebook: &Notebook,
    cells: &mut [ProvenCell],
    endpoint_served: bool,
) -> (Vec<Cause>, Vec<String>) {
    let mut causes = Vec::new();
    let mut not_exercised = Vec::new();
    let mut models: BTreeSet<String> = BTreeSet::new();
    for proven in cells {
        let Some(cell) = notebook.cells.get(proven.index) else {
            continue;
        };
        if cell.kind == CellKind::Code && cell.tags().any(|tag| EXCUSES.contains(&tag)) {
            causes.push(excused(proven.index));
        }
        let Some(seen) = proven.seen.clone() else {
            continue;
        };
        proven.inference = inference(&seen, endpoint_served);
        causes.extend(caught(proven, &seen));
        let Some(parsed) = parse(&cell.source) else {
            continue;
        };
        remember(&parsed, &mut models);
        let executed: Option<BTreeSet<u64>> = seen
            .lines
            .as_ref()
            .map(|lines| lines.iter().copied().collect());
        proven.asserted = proven.state == CellState::Ok && asserted(&parsed, executed.as_ref());
        let Some(executed) = executed else {
            continue;
        };
        if proven.state == CellState::Ok {
            causes.extend(handled(&parsed, &executed, &models, proven.index));
            skipped(
                &parsed,
                &executed,
                &models,
                proven,
                &mut causes,
                &mut not_exercised,
            );
        }
    }
    (causes, not_exercised)
}

fn excused(index: usize) -> Cause {
    Cause {
        reason: "excused-cell".to_owned(),
        blame: Blame::Notebook,
        cell: Some(index),
        message: format!(
            "Cell {} carries a tag that allows it to fail or to be skipped.",
            index + 1
        ),
        hint: Some("Remove the tag; a cell that may fail proves nothing.".to_owned()),
    }
}

fn caught(proven: &ProvenCell, seen: &Seen) -> Option<Cause> {
    let first = seen.caught.first().cloned();
    let error = first.or_else(|| (seen.raised > 0).then(|| "an error".to_owned()))?;
    (proven.state == CellState::Ok).then(|| Cause {
        reason: "caught-error".to_owned(),
        blame: Blame::Notebook,
        cell: Some(proven.index),
        message: format!(
            "Cell {} caught {error} of a model call and went on.",
            proven.index + 1
        ),
        hint: Some("Let the error of a model call end the cell.".to_owned()),
    })
}

/// Names that hold models, pipelines and clients.
fn remember(parsed: &Parsed, models: &mut BTreeSet<String>) {
    for statement in &parsed.statements {
        let loads = statement
            .calls
            .iter()
            .any(|call| LOADERS.contains(&last(&call.function)));
        if loads {
            models.extend(statement.targets.iter().cloned());
        }
    }
}

fn last(function: &str) -> &str {
    function.rsplit('.').next().unwrap_or(function)
}

fn root(function: &str) -> &str {
    function.split(['.', '(', '[']).next().unwrap_or(function)
}

/// Whether an assertion was executed; where the interpreter does not tell, one that is there
/// outside of any branch counts, because the cell went through to its end.
fn asserted(parsed: &Parsed, executed: Option<&BTreeSet<u64>>) -> bool {
    let held = |lines: &alacard_python::Lines| match executed {
        Some(executed) => lines.clone().any(|line| executed.contains(&(line as u64))),
        None => true,
    };
    asserts(&parsed.module).iter().any(held)
}

/// Lines of the calls of models and loaders outside of functions.
fn model_lines(parsed: &Parsed, models: &BTreeSet<String>) -> Vec<u64> {
    let calls = parsed
        .statements
        .iter()
        .flat_map(|statement| &statement.calls);
    calls
        .filter(|call| {
            models.contains(root(&call.function)) || LOADERS.contains(&last(&call.function))
        })
        .filter_map(|call| u32::try_from(call.callee.end).ok())
        .map(|offset| parsed.module.line(offset.into()) as u64)
        .collect()
}

/// A handler that was executed although what it guards is the model's own call.
fn handled(
    parsed: &Parsed,
    executed: &BTreeSet<u64>,
    models: &BTreeSet<String>,
    index: usize,
) -> Option<Cause> {
    let lines = model_lines(parsed, models);
    let ran =
        |range: &alacard_python::Lines| range.clone().any(|line| executed.contains(&(line as u64)));
    let hit = tries(&parsed.module).into_iter().any(|block| {
        lines
            .iter()
            .any(|line| block.body.contains(&(*line as usize)))
            && block.handlers.iter().any(ran)
    });
    hit.then(|| Cause {
        reason: "caught-error".to_owned(),
        blame: Blame::Notebook,
        cell: Some(index),
        message: format!(
            "Cell {} caught an error around a model call and went on.",
            index + 1
        ),
        hint: Some("Let the error of a model call end the cell.".to_owned()),
    })
}

/// Calls of models that were not reached: the cell's whole purpose (it does not count as run), or
/// a branch beside others (said in the proof).
fn skipped(
    parsed: &Parsed,
    executed: &BTreeSet<u64>,
    models: &BTreeSet<String>,
    proven: &ProvenCell,
    causes: &mut Vec<Cause>,
    not_exercised: &mut Vec<String>,
) {
    let lines = model_lines(parsed, models);
    let missed: Vec<u64> = lines
        .iter()
        .copied()
        .filter(|line| !executed.contains(line))
        .collect();
    let Some(first) = missed.first() else {
        return;
    };
    let cell = proven.index + 1;
    if missed.len() == lines.len() && !proven.inference {
        causes.push(Cause {
            reason: "skipped-branch".to_owned(),
            blame: Blame::Notebook,
            cell: Some(proven.index),
            message: format!("Cell {cell} skipped the branch that calls the model (line {first})."),
            hint: Some("Write the cell so that its main call is always reached.".to_owned()),
        });
    } else {
        not_exercised.push(format!(
            "A branch of cell {cell} that calls the model was not reached (line {first})."
        ));
    }
}
