//! Small, listed changes that make a page's example run on the reader's machine.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use alacard_hub::dossier::Dossier;
use alacard_python::{Argument, CallSite, Module};

/// An example after its changes.
#[derive(Debug, Clone)]
pub(crate) struct Adapted {
    pub(crate) code: String,
    pub(crate) imports: BTreeSet<String>,
    /// What was changed, one sentence each.
    pub(crate) changes: Vec<String>,
    pub(crate) needs: Needs,
}

/// What an example needs that the notebook has to bring.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Needs {
    pub(crate) image: bool,
    pub(crate) audio: bool,
    pub(crate) device: bool,
    pub(crate) trust: bool,
}

impl Needs {
    pub(crate) fn join(&mut self, other: &Self) {
        self.image |= other.image;
        self.audio |= other.audio;
        self.device |= other.device;
        self.trust |= other.trust;
    }
}

/// Packages whose loading calls take `revision` (checked against their signatures).
const PINNABLE: [&str; 7] = [
    "transformers",
    "diffusers",
    "peft",
    "sentence_transformers",
    "huggingface_hub",
    "setfit",
    "gliner",
];
/// Loading calls of those packages, by the last part of their name.
const LOADERS: [&str; 7] = [
    "from_pretrained",
    "pipeline",
    "hf_hub_download",
    "snapshot_download",
    "SentenceTransformer",
    "CrossEncoder",
    "load_lora_weights",
];
const IMAGES: [&str; 5] = [".jpg", ".jpeg", ".png", ".webp", ".bmp"];
const SOUNDS: [&str; 5] = [".wav", ".mp3", ".flac", ".ogg", ".m4a"];

struct Edits {
    /// Names that were bound to the model's id.
    bound: BTreeSet<String>,
    list: Vec<(Range<usize>, String)>,
    changes: BTreeSet<&'static str>,
    needs: Needs,
}

impl Edits {
    fn put(&mut self, range: Range<usize>, text: &str, change: &'static str) {
        if !self
            .list
            .iter()
            .any(|(other, _)| other.start < range.end && range.start < other.end)
        {
            self.list.push((range, text.to_owned()));
            self.changes.insert(change);
        }
    }
}

/// The example with its changes; `None` when it cannot be used at all.
pub(crate) fn adapt(code: &str, dossier: &Dossier) -> Option<Adapted> {
    let (code, dropped) = without_installs(code)?;
    let module = alacard_python::parse_module(&code).ok()?;
    let bound = bound_to_model(&module, dossier);
    let mut edits = Edits {
        bound,
        list: Vec::new(),
        changes: BTreeSet::new(),
        needs: Needs::default(),
    };
    if dropped {
        edits.changes.insert("install lines moved to the setup");
    }
    let roots = roots(&module);
    for call in alacard_python::calls(&module) {
        on_call(&call, &roots, dossier, &mut edits);
    }
    for text in alacard_python::strings(&module) {
        on_string(&text.value, text.range, dossier, &mut edits);
    }
    let imports = alacard_python::imports(&module);
    let changes = edits
        .changes
        .iter()
        .map(|change| (*change).to_owned())
        .collect();
    let needs = edits.needs;
    Some(Adapted {
        code: apply(&code, edits.list),
        imports,
        changes,
        needs,
    })
}

/// The code without pip lines; `None` when it has other shell lines or magics.
fn without_installs(code: &str) -> Option<(String, bool)> {
    let mut kept = String::new();
    let mut dropped = false;
    for line in code.lines() {
        let start = line.trim_start();
        if start.starts_with(['!', '%']) {
            if !start.contains("pip") {
                return None;
            }
            dropped = true;
            continue;
        }
        kept.push_str(line.trim_end());
        kept.push('\n');
    }
    Some((kept.trim_matches('\n').to_owned(), dropped))
}

/// Names that are assigned the model's id as a plain string.
fn bound_to_model(module: &Module, dossier: &Dossier) -> BTreeSet<String> {
    let is_id = |value: &String| {
        let text = value.trim_matches(['"', '\'']);
        text.len() + 2 == value.len() && is_model(text, dossier)
    };
    alacard_python::top_level(module)
        .into_iter()
        .filter(|statement| statement.value.as_ref().is_some_and(is_id))
        .flat_map(|statement| statement.targets)
        .collect()
}

/// The package behind each imported name.
fn roots(module: &Module) -> BTreeMap<String, String> {
    alacard_python::bindings(module).into_iter().collect()
}

fn is_model(text: &str, dossier: &Dossier) -> bool {
    let Some(id) = &dossier.id else { return false };
    let short = id.rsplit('/').next().unwrap_or(id);
    text.eq_ignore_ascii_case(id)
        || (text.contains('/')
            && text
                .rsplit('/')
                .next()
                .is_some_and(|t| t.eq_ignore_ascii_case(short)))
        || text.eq_ignore_ascii_case(short)
}

fn on_call(
    call: &CallSite,
    roots: &BTreeMap<String, String>,
    dossier: &Dossier,
    edits: &mut Edits,
) {
    let last = call.function.rsplit('.').next().unwrap_or_default();
    let first = call.function.split('.').next().unwrap_or_default();
    let known = roots
        .get(first)
        .is_some_and(|root| PINNABLE.contains(&root.as_str()));
    let own = call
        .arguments
        .iter()
        .any(|argument| names_model(argument, edits, dossier));
    let has = |name: &str| {
        call.arguments
            .iter()
            .any(|a| a.name.as_deref() == Some(name))
    };
    if known
        && LOADERS.contains(&last)
        && !has("revision")
        && !call.unpacks
        && !call.arguments.is_empty()
    {
        let comma = if call.trailing_comma { " " } else { ", " };
        let (revision, change) = if own {
            ("REVISION", "the revision is pinned")
        } else {
            (
                "\"main\"",
                "other repositories are asked for their branch `main`",
            )
        };
        edits.put(
            call.close..call.close,
            &format!("{comma}revision={revision}"),
            change,
        );
    }
    if last == "cuda" && call.arguments.is_empty() {
        edits.put(
            call.name_start(last)..call.close + 1,
            "to(DEVICE)",
            "runs on the device that is there",
        );
        edits.needs.device = true;
    }
    for argument in &call.arguments {
        on_argument(argument, last, edits);
    }
}

/// Whether an argument is the model's id, or a name that was bound to it.
fn names_model(argument: &Argument, edits: &Edits, dossier: &Dossier) -> bool {
    let text = argument.text.as_deref();
    text.is_some_and(|text| is_model(text, dossier)) || edits.bound.contains(&argument.source)
}

fn on_argument(argument: &Argument, function: &str, edits: &mut Edits) {
    match (argument.name.as_deref(), argument.source.as_str()) {
        (Some("use_auth_token" | "token"), _) if function != "encode" => {
            edits.put(
                argument.range.clone(),
                "token=os.environ.get(\"HF_TOKEN\")",
                "the token comes from the environment",
            );
        }
        (Some("device"), number) if number.parse::<i32>().is_ok() => {
            edits.put(
                argument.value.clone(),
                "DEVICE",
                "runs on the device that is there",
            );
            edits.needs.device = true;
        }
        (Some("trust_remote_code"), "True") => {
            edits.put(
                argument.value.clone(),
                "TRUST",
                "the repository's own code needs your consent",
            );
            edits.needs.trust = true;
        }
        _ => {}
    }
}

fn on_string(text: &str, range: Range<usize>, dossier: &Dossier, edits: &mut Edits) {
    let lower = text.to_lowercase();
    let local = !lower.contains("://") && !lower.contains(char::is_whitespace) && lower.len() < 200;
    if is_model(text, dossier) {
        edits.put(range, "MODEL_ID", "the model's id is a variable");
    } else if text == "cuda" || text.starts_with("cuda:") {
        edits.put(range, "DEVICE", "runs on the device that is there");
        edits.needs.device = true;
    } else if local && IMAGES.iter().any(|ending| lower.ends_with(ending)) && lower.len() > 5 {
        edits.put(
            range,
            "SAMPLE_IMAGE",
            "a picture made in this notebook stands in for a file",
        );
        edits.needs.image = true;
    } else if local && SOUNDS.iter().any(|ending| lower.ends_with(ending)) && lower.len() > 5 {
        edits.put(
            range,
            "SAMPLE_AUDIO",
            "a sound made in this notebook stands in for a file",
        );
        edits.needs.audio = true;
    }
}

fn apply(code: &str, mut edits: Vec<(Range<usize>, String)>) -> String {
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = String::with_capacity(code.len() + 64);
    let mut at = 0;
    for (range, text) in edits {
        out.push_str(code.get(at..range.start).unwrap_or_default());
        out.push_str(&text);
        at = range.end;
    }
    out.push_str(code.get(at..).unwrap_or_default());
    out
}
