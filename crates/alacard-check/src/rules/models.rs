//! Models: where they come from.

use crate::finding::Severity;
use crate::lesson::{Arg, Call, Lesson};
use crate::rule::{Rule, Sink, Strict};

pub(crate) const RULES: &[Rule] = &[UNPINNED_LOAD, UNPINNED_REVISION, VANISHED, OLD_TOKEN];

/// Functions and classes that fetch from the Hub by an id, and take a `revision`.
const LOADERS: &[&str] = &[
    "pipeline",
    "hf_hub_download",
    "snapshot_download",
    "SentenceTransformer",
    "CrossEncoder",
    "SparseEncoder",
    "load_dataset",
    "from_pretrained",
    "from_single_file",
    "load_lora_weights",
    "load_textual_inversion",
];

/// Whether a call fetches a repository of the Hub that it names.
fn is_load(call: &Call) -> bool {
    LOADERS.contains(&call.method()) && repository(call).is_some() && !from_folder(call)
}

/// What a loader is told to load.
pub(super) fn repository(call: &Call) -> Option<&Arg> {
    let keys = [
        "model",
        "repo_id",
        "pretrained_model_name_or_path",
        "model_name_or_path",
        "path",
        "model_id",
    ];
    let named = keys.iter().find_map(|k| call.keyword(k));
    let position = usize::from(call.method() == "pipeline");
    let positional = || {
        call.args
            .get(position)
            .or_else(|| call.args.first().filter(|_| position == 0))
    };
    named
        .or_else(positional)
        .filter(|a| matches!(a, Arg::Str(_) | Arg::Name(_) | Arg::Built))
}

/// A path on this machine has no revision.
pub(super) fn from_folder(call: &Call) -> bool {
    let local = |text: &str| {
        text.starts_with(['.', '/', '~']) || text.ends_with(".gguf") || text.contains('\\')
    };
    let named_folder = |name: &str| {
        let name = name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase();
        [
            "dir",
            "folder",
            "path",
            "file",
            "checkpoint",
            "model",
            "base",
        ]
        .iter()
        .any(|w| name == *w || name.ends_with(&format!("_{w}")))
            && !name.contains("name")
    };
    match repository(call) {
        Some(Arg::Str(text)) => {
            local(text)
                || call
                    .keyword("local_files_only")
                    .is_some_and(|a| *a == Arg::Bool(true))
        }
        Some(Arg::Name(name)) => {
            named_folder(name) || call.method() == "pipeline" && call.keyword("tokenizer").is_some()
        }
        _ => false,
    }
}

const UNPINNED_LOAD: Rule = Rule {
    id: "load-without-revision",
    sentence: "Whatever is loaded from the Hub is loaded at a revision, so that it is tomorrow what it is today.",
    strict: Strict::Raise(Severity::Error),
    hint: "pass revision=\"…\" with the commit's hash",
    failing: "%% code\nfrom transformers import pipeline\ngenerate = pipeline('text-generation', model='Qwen/Qwen3-0.6B')\nprint(generate('Hello'))",
    passing: "%% code\nfrom transformers import pipeline\ngenerate = pipeline('text-generation', model='Qwen/Qwen3-0.6B', revision='c1899de289a04d12100db370d81485cdf75e47ca')\nprint(generate('Hello'))",
    run: |lesson, sink| {
        for call in lesson.facts.calls.iter().filter(|c| is_load(c)) {
            // Some libraries take the revision as part of the id: `f"{MODEL_ID}@{REVISION}"`.
            let in_the_id = call.args.iter().any(|arg| matches!(arg, Arg::Built));
            if call.keyword("revision").is_none() && !call.starred && !in_the_id {
                // Not every library has a place for it: then it is said, but it is no mistake.
                let severity = if takes_revision(lesson, call) {
                    sink.severity
                } else {
                    Severity::Warning
                };
                sink.add_as(
                    severity,
                    call.place,
                    format!(
                        "`{}` loads without a revision",
                        super::shortened(&call.name)
                    ),
                );
            }
        }
    },
    ..Rule::BASE
};

/// Libraries whose loading calls take `revision`.
const WITH_REVISION: [&str; 9] = [
    "transformers",
    "diffusers",
    "peft",
    "sentence_transformers",
    "huggingface_hub",
    "datasets",
    "setfit",
    "gliner",
    "span_marker",
];

/// Whether the library that a call comes from is one of those; a name of unknown origin counts.
fn takes_revision(lesson: &Lesson<'_>, call: &Call) -> bool {
    let first = call.name.split('.').next().unwrap_or_default();
    lesson
        .facts
        .bound
        .get(first)
        .is_none_or(|root| WITH_REVISION.contains(&root.as_str()))
}

const UNPINNED_REVISION: Rule = Rule {
    id: "unpinned-revision",
    sentence: "A revision is a commit's hash, not a branch that moves.",
    hint: "replace it by the hash of the commit that was tried",
    failing: "%% code\nfrom transformers import AutoTokenizer\ntokenizer = AutoTokenizer.from_pretrained('gpt2', revision='main')\nprint(tokenizer('Hello'))",
    passing: "%% code\nfrom transformers import AutoTokenizer\ntokenizer = AutoTokenizer.from_pretrained('gpt2', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e')\nprint(tokenizer('Hello'))",
    run: unpinned_revision,
    ..Rule::BASE
};

fn unpinned_revision(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let moves = |text: &str| matches!(text, "main" | "master" | "HEAD" | "dev" | "latest");
    for call in &lesson.facts.calls {
        for key in ["revision", "code_revision"] {
            if let Some(branch) = call.keyword(key).and_then(Arg::str).filter(|t| moves(t)) {
                sink.add(
                    call.place,
                    format!("`{branch}` is a branch: what it holds may change"),
                );
            }
        }
    }
    for (place, name, value) in &lesson.facts.pairs {
        let branch = value.str().filter(|t| moves(t));
        // A keyword of a call was seen above; what is left are variables.
        let keyword = matches!(name.as_str(), "revision" | "code_revision")
            && lesson
                .facts
                .calls
                .iter()
                .any(|c| c.place == *place && c.keyword(name).is_some());
        if let Some(branch) =
            branch.filter(|_| name.to_ascii_lowercase().ends_with("revision") && !keyword)
        {
            sink.add(
                *place,
                format!("`{branch}` is a branch: what it holds may change"),
            );
        }
    }
}

/// Pipelines that transformers 5 no longer has, and the class that serves instead.
const GONE: &[(&str, &str)] = &[
    (
        "conversational",
        "a text-generation pipeline with a list of messages",
    ),
    ("image-to-image", "AutoModelForImageToImage"),
    ("image-to-text", "an image-text-to-text pipeline"),
    ("question-answering", "AutoModelForQuestionAnswering"),
    ("summarization", "AutoModelForSeq2SeqLM"),
    ("text2text-generation", "AutoModelForSeq2SeqLM"),
    ("translation", "AutoModelForSeq2SeqLM"),
    (
        "visual-question-answering",
        "AutoModelForVisualQuestionAnswering",
    ),
];

const VANISHED: Rule = Rule {
    id: "vanished-pipeline",
    sentence: "The task of a `pipeline()` exists in the transformers that the notebook installs.",
    severity: Severity::Error,
    failing: "%% code\n%pip install \"transformers==5.23.0\"\n%% code\nfrom transformers import pipeline\nshorten = pipeline('summarization', model='t5-small', revision='df1b051c49625cf57a3d0d8d3863ed4d13564fe4')\nprint(shorten('…'))",
    passing: "%% code\n%pip install \"transformers==4.57.1\"\n%% code\nfrom transformers import pipeline\nshorten = pipeline('summarization', model='t5-small', revision='df1b051c49625cf57a3d0d8d3863ed4d13564fe4')\nprint(shorten('…'))",
    run: vanished,
    ..Rule::BASE
};

fn vanished(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let pinned = lesson
        .pip
        .iter()
        .flat_map(|l| &l.requirements)
        .find(|r| r.name == "transformers")
        .and_then(|r| r.pin.clone());
    let known = pinned.or_else(|| {
        lesson
            .context
            .packages
            .pin("transformers")
            .map(str::to_owned)
    });
    let severity = match known
        .as_deref()
        .and_then(|v| v.split('.').next()?.parse::<u32>().ok())
    {
        Some(major) if major < 5 => return,
        Some(_) => Severity::Error,
        None => Severity::Note,
    };
    for call in lesson
        .facts
        .calls
        .iter()
        .filter(|c| matches!(c.name.as_str(), "pipeline" | "transformers.pipeline"))
    {
        let task = call
            .keyword("task")
            .or_else(|| call.first())
            .and_then(Arg::str)
            .unwrap_or_default();
        // `translation_en_to_fr` and its like are the translation pipeline.
        let gone = GONE.iter().find(|(name, _)| {
            task == *name || *name == "translation" && task.starts_with("translation_")
        });
        if let Some((name, instead)) = gone {
            sink.add_as(
                severity,
                call.place,
                format!("transformers 5 has no `{name}` pipeline: use {instead}"),
            );
        }
    }
}

const OLD_TOKEN: Rule = Rule {
    id: "removed-argument",
    sentence: "Calls use the arguments that the current Hugging Face libraries take.",
    hint: "use `token=` for `use_auth_token=`, and drop `resume_download` and `force_filename`",
    failing: "%% code\nfrom transformers import AutoTokenizer\nt = AutoTokenizer.from_pretrained('gpt2', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e', use_auth_token=True)\nprint(t('Hello'))",
    passing: "%% code\nfrom transformers import AutoTokenizer\nt = AutoTokenizer.from_pretrained('gpt2', revision='607a30d783dfa663caf39e06633721c8d4cfcd7e', token=None)\nprint(t('Hello'))",
    run: |lesson, sink| {
        for call in lesson
            .facts
            .calls
            .iter()
            .filter(|c| LOADERS.contains(&c.method()))
        {
            for old in ["use_auth_token", "resume_download", "force_filename"] {
                if call.keyword(old).is_some() {
                    sink.add(call.place, format!("`{old}` was removed"));
                }
            }
        }
    },
    ..Rule::BASE
};
