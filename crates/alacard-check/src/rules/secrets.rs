//! Secrets: in code, in text, in outputs, in metadata.

use serde_json::Value;

use super::{Pattern, matches, occurs, pattern, shortened};
use crate::finding::Severity;
use crate::lesson::{Arg, Lesson};
use crate::rule::{Place, Rule, Sink};

pub(crate) const RULES: &[Rule] = &[SECRET, OUTPUT_SECRET, LIKELY, PRINTED];

/// The shapes in which services hand out keys.
static SHAPES: Pattern = Pattern::new(|| {
    pattern(concat!(
        r"\bhf_[A-Za-z0-9]{30,}|\bapi_org_[A-Za-z0-9]{30,}",
        r"|\bsk-(?:[a-z]{2,6}[0-9]{0,2}-)*[A-Za-z0-9_-]{20,}",
        r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_[A-Za-z0-9_]{40,}",
        r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
        r"|\bxox[abeoprs]-[A-Za-z0-9-]{10,}",
        r"|\bAIza[0-9A-Za-z_-]{35}|\bglpat-[0-9A-Za-z_-]{20,}|\bnpm_[A-Za-z0-9]{36}|\bgsk_[A-Za-z0-9]{40,}|\br8_[A-Za-z0-9]{30,}",
        r"|-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
        r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}",
        r"|\bhttps?://[^\s/:@{}<>]+:[^\s/:@{}<>]{3,}@[a-z0-9]",
    ))
});

/// Secrets in a text: byte position and the first characters, never the whole.
pub(crate) fn secrets(text: &str) -> Vec<(usize, String)> {
    matches(&SHAPES, text)
        .filter(|found| !is_dummy(found.as_str()))
        .map(|found| {
            let head: String = found.as_str().chars().take(7).collect();
            (found.start(), format!("{head}…"))
        })
        .collect()
}

/// `hf_xxxxxxxx`, `sk-your-key-here`: shaped like a key and worth nothing.
fn is_dummy(text: &str) -> bool {
    let body: std::collections::BTreeSet<char> = text.chars().skip(4).collect();
    let lower = text.to_ascii_lowercase();
    let words = [
        "your",
        "xxxx",
        "token-here",
        "key-here",
        "placeholder",
        "user:password@",
        "username:password@",
    ];
    body.len() < 8 && !text.starts_with("-----") || words.iter().any(|w| lower.contains(w))
}

const SECRET: Rule = Rule {
    id: "secret",
    sentence: "No key, token or password stands in a cell.",
    severity: Severity::Error,
    hint: "revoke it now, and read it from the environment: os.environ[\"HF_TOKEN\"]",
    failing: "%% code\nkey = 'AKIAIOSFODNN7EXAMPLE'\nprint(len(key))",
    passing: "%% code\nimport os\nkey = os.environ.get('AWS_ACCESS_KEY_ID')",
    run: |lesson, sink| {
        for view in &lesson.cells {
            for (at, head) in secrets(view.source()) {
                let line = view
                    .source()
                    .get(..at)
                    .unwrap_or_default()
                    .matches('\n')
                    .count()
                    + 1;
                sink.add(
                    Place::line(view.index, line),
                    format!("`{head}` looks like a secret"),
                );
            }
        }
    },
    ..Rule::BASE
};

const OUTPUT_SECRET: Rule = Rule {
    id: "secret-in-output",
    sentence: "No key, token or password stands in an output, in metadata or in an attachment.",
    severity: Severity::Error,
    hint: "revoke it now; `--fix` removes the outputs that hold one",
    fixable: true,
    failing: "%% code\nimport os\nprint(os.getcwd())\n%% output {\"output_type\": \"stream\", \"name\": \"stdout\", \"text\": [\"AKIAIOSFODNN7EXAMPLE\\n\"]}",
    passing: "%% code\nimport os\nprint(os.getcwd())\n%% output {\"output_type\": \"stream\", \"name\": \"stdout\", \"text\": [\"work\\n\"]}",
    run: |lesson, sink| {
        let metadata = Value::Object(lesson.notebook.metadata.clone());
        report(sink, Place::NOTEBOOK, &metadata, "the notebook's metadata");
        for view in &lesson.cells {
            let place = Place::cell(view.index);
            for output in &view.cell.outputs {
                report(sink, place, output, "an output");
            }
            for value in view.cell.metadata.values().chain(&view.cell.attachments) {
                report(sink, place, value, "the cell's metadata");
            }
        }
    },
    ..Rule::BASE
};

fn report(sink: &mut Sink<'_>, place: Place, value: &Value, what: &str) {
    if let Some(head) = secret_in(value) {
        sink.add(
            place,
            format!("{what} holds `{head}`, which looks like a secret"),
        );
    }
}

/// The first secret in any text of a JSON value; pictures are not looked into.
pub(crate) fn secret_in(value: &Value) -> Option<String> {
    let mut todo = vec![value];
    while let Some(value) = todo.pop() {
        match value {
            Value::String(text) => {
                if let Some((_, head)) = secrets(text).into_iter().next() {
                    return Some(head);
                }
            }
            Value::Array(items) => todo.extend(items),
            Value::Object(map) => {
                let texts = map
                    .iter()
                    .filter(|(key, _)| !key.starts_with("image/") && !key.starts_with("audio/"));
                todo.extend(texts.map(|(_, value)| value));
            }
            _ => {}
        }
    }
    None
}

static CREDENTIAL: Pattern = Pattern::new(|| {
    pattern(
        r"(?i)(?:^|[_.-])(?:api[_-]?key|apikey|token|secret|passw(?:or)?d|passwd|pwd|credential|access[_-]?key|private[_-]?key|auth)s?$",
    )
});

const LIKELY: Rule = Rule {
    id: "likely-secret",
    sentence: "A variable named like a credential does not hold a random text.",
    hint: "read it from the environment, from Colab's secrets or with getpass",
    failing: "%% code\napi_key = 'q8Zr2LxVb71KpTt0WmYc'\nprint(len(api_key))",
    passing: "%% code\nimport os\napi_key = os.environ.get('API_KEY')\npad_token = '<pad>'",
    run: |lesson, sink| {
        for (place, name, value) in &lesson.facts.pairs {
            let Arg::Str(text) = value else { continue };
            if is_random(text) && is_credential(name) && secrets(text).is_empty() {
                sink.add(
                    *place,
                    format!("`{}` is given a text that looks random", shortened(name)),
                );
            }
        }
    },
    ..Rule::BASE
};

fn is_credential(name: &str) -> bool {
    let special = [
        "pad_token",
        "eos_token",
        "bos_token",
        "mask_token",
        "unk_token",
        "sep_token",
        "cls_token",
    ];
    occurs(&CREDENTIAL, name) && !special.iter().any(|s| name.ends_with(s))
}

/// Whether a text looks drawn at random: long, of one piece, of mixed characters, and with at
/// least 3.5 bits of Shannon entropy a character (English words stay below at such lengths, or
/// lack the digits).
fn is_random(text: &str) -> bool {
    let one_piece =
        text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['/', '<', '{', ' ']);
    let digits = text.bytes().any(|b| b.is_ascii_digit());
    let letters = text.bytes().any(|b| b.is_ascii_alphabetic());
    (16..=512).contains(&text.len())
        && one_piece
        && digits
        && letters
        && !is_dummy(text)
        && entropy(text) >= 3.5
}

/// Shannon entropy in bits a byte.
fn entropy(text: &str) -> f64 {
    let mut counts = [0u32; 256];
    for byte in text.bytes() {
        if let Some(count) = counts.get_mut(usize::from(byte)) {
            *count += 1;
        }
    }
    let total = text.len().max(1) as f64;
    let shares = counts
        .iter()
        .filter(|c| **c > 0)
        .map(|c| f64::from(*c) / total);
    -shares.map(|p| p * p.log2()).sum::<f64>()
}

const PRINTED: Rule = Rule {
    id: "printed-secret",
    sentence: "Credentials are never printed: outputs are saved with the notebook.",
    severity: Severity::Error,
    hint: "print whether it is set, not what it is",
    failing: "%% code\nimport os\nhf_token = os.environ.get('HF_TOKEN')\nprint(hf_token)",
    passing: "%% code\nimport os\nhf_token = os.environ.get('HF_TOKEN')\nprint('token is set:', hf_token is not None)\nnext_token = 'the'\nprint(next_token)",
    run: printed,
    ..Rule::BASE
};

fn printed(lesson: &Lesson<'_>, sink: &mut Sink<'_>) {
    let from_outside: std::collections::BTreeSet<&str> = lesson
        .facts
        .pairs
        .iter()
        .filter(|(_, name, value)| is_credential(name) && is_read(value))
        .map(|(_, name, _)| name.as_str())
        .collect();
    for call in lesson
        .facts
        .calls
        .iter()
        .filter(|c| matches!(c.name.as_str(), "print" | "display"))
    {
        for value in call.args.iter().filter_map(|a| {
            if let Arg::Name(n) = a {
                Some(n.as_str())
            } else {
                None
            }
        }) {
            if from_outside.contains(value) || value == "os.environ" {
                sink.add(call.place, format!("prints `{}`", shortened(value)));
            }
        }
    }
    for (place, name) in lesson
        .facts
        .shown
        .iter()
        .filter(|(_, n)| from_outside.contains(n.as_str()))
    {
        sink.add(*place, format!("shows `{}`", shortened(name)));
    }
}

/// Whether a value was read from the environment, a secret store or a prompt.
fn is_read(value: &Arg) -> bool {
    let Arg::Call(name) = value else { return false };
    let sources = [
        "os.environ.get",
        "os.getenv",
        "getenv",
        "getpass",
        "getpass.getpass",
        "userdata.get",
        "get_token",
    ];
    sources.contains(&name.as_str()) || name.ends_with("get_secret")
}
