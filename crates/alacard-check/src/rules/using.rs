//! Models: what is done with them after they are loaded.

use std::collections::BTreeMap;

use super::models::{from_folder, repository};
use crate::finding::Severity;
use crate::lesson::{Arg, Call, Use};
use crate::rule::{Rule, Strict};

pub(crate) const RULES: &[Rule] = &[LOAD_ONLY, LOADED_TWICE];

/// Classes whose `from_pretrained` yields something that helps a model, not a model.
const HELPERS: &[&str] = &[
    "Tokenizer",
    "Processor",
    "Config",
    "FeatureExtractor",
    "ImageProcessor",
    "Scheduler",
    "TokenizerFast",
    "Adapter",
];

/// Whether a call loads a model, rather than a tokenizer or a configuration.
fn loads_model(call: &Call) -> bool {
    let owner = call.name.rsplit('.').nth(1).unwrap_or_default();
    match call.method() {
        "from_pretrained" | "from_single_file" => {
            !HELPERS.iter().any(|h| owner.ends_with(h)) && owner != "?"
        }
        "pipeline" | "SentenceTransformer" | "CrossEncoder" | "SparseEncoder" | "Llama" => true,
        "create_model" => owner == "timm",
        _ => false,
    }
}

/// Methods and functions that look at a model, or move it, and do not run it.
const INERT: &[&str] = &[
    "to",
    "eval",
    "cuda",
    "cpu",
    "half",
    "float",
    "bfloat16",
    "train",
    "parameters",
    "named_parameters",
    "modules",
    "named_modules",
    "children",
    "state_dict",
    "num_parameters",
    "requires_grad_",
    "save_pretrained",
    "push_to_hub",
    "get_memory_footprint",
    "print",
    "display",
    "type",
    "len",
    "isinstance",
    "repr",
    "str",
    "id",
    "hasattr",
    "summary",
    "config",
    "dtype",
    "device",
    "name_or_path",
    "generation_config",
    "tie_weights",
    "compile",
    "enable_model_cpu_offload",
    "enable_attention_slicing",
    "get_input_embeddings",
    "max_seq_length",
    "model_card_data",
    "print_trainable_parameters",
];

fn runs(how: &Use) -> bool {
    match how {
        Use::Called | Use::Other => true,
        Use::Method(name) | Use::Attribute(name) => !INERT.contains(&name.as_str()),
        Use::Argument(name) => !INERT.contains(&name.rsplit('.').next().unwrap_or(name)),
        Use::Shown => false,
    }
}

const LOAD_ONLY: Rule = Rule {
    id: "load-only",
    sentence: "A model that is loaded is also called.",
    strict: Strict::Raise(Severity::Error),
    hint: "call it on an input and show what comes out",
    failing: "%% code\nfrom transformers import AutoModel\nmodel = AutoModel.from_pretrained('gpt2', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e')\nprint(model)",
    passing: "%% code\nfrom transformers import AutoModel\nmodel = AutoModel.from_pretrained('gpt2', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e')\nprint(model(**inputs).last_hidden_state.shape)",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| loads_model(c)) {
            let at_once = call.next.as_deref().is_some_and(|m| !INERT.contains(&m));
            let simple = call.targets.iter().all(|t| !t.contains('.'));
            let used = call
                .targets
                .iter()
                .any(|t| lesson.facts.uses.get(t).is_some_and(|u| u.iter().any(runs)));
            let kept_nowhere = call.targets.is_empty() && call.statement;
            let bound_and_idle = !call.targets.is_empty() && simple && !used;
            if !at_once && (kept_nowhere || bound_and_idle) {
                sink.add(
                    call.place,
                    format!(
                        "what `{}` loads is never called",
                        super::shortened(&call.name)
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};

const LOADED_TWICE: Rule = Rule {
    id: "loaded-twice",
    sentence: "A kernel loads a model once.",
    hint: "use the variable of the first load again",
    failing: "%% code\nfrom transformers import pipeline\na = pipeline('fill-mask', model='bert-base-uncased', revision='86b5e0934494bd15c9632b12f734a8a67f723594')\nb = pipeline('fill-mask', model='bert-base-uncased', revision='86b5e0934494bd15c9632b12f734a8a67f723594')\nprint(a('[MASK]'), b('[MASK]'))",
    passing: "%% code\nfrom transformers import pipeline\na = pipeline('fill-mask', model='bert-base-uncased', revision='86b5e0934494bd15c9632b12f734a8a67f723594')\nprint(a('[MASK]'), a('a [MASK]'))",
    run: |lesson, sink| {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        for call in lesson
            .facts
            .calls
            .iter()
            .filter(|c| loads_model(c) && !c.guarded)
        {
            let Some(Arg::Str(model) | Arg::Name(model)) = repository(call) else {
                continue;
            };
            if from_folder(call) {
                continue;
            }
            if let Some(first) = seen.get(model) {
                sink.add(
                    call.place,
                    format!(
                        "`{}` was already loaded in cell {}",
                        super::shortened(model),
                        first + 1
                    ),
                );
            }
            seen.entry(model.clone())
                .or_insert(call.place.cell.unwrap_or_default());
        }
    },
    ..Rule::BASE
};
