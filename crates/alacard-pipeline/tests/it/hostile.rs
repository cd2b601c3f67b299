//! Dossiers with hostile text in every field.

use alacard_catalog::recipe::{Difficulty, Format, Prompts};
use alacard_hub::dossier::Dossier;
use alacard_notebook::{CellKind, Notebook};
use alacard_pipeline::{Failure, Made, Options, RuntimeChoice};
use proptest::prelude::*;
use serde_json::Value;

use crate::bed::{dossier, maker};

/// Fields whose text is one of a closed list, or decides which lesson there is; and code, whose
/// parsing the dossier itself vouches for.
const KEPT: [&str; 8] = [
    "origin",
    "from",
    "access",
    "gating",
    "relation",
    "language",
    "code",
    "schema_version",
];
/// Fields that lead to a lesson; half of the cases keep them.
const LEADING: [&str; 7] = [
    "task",
    "library",
    "architecture",
    "model_type",
    "auto_model",
    "processor",
    "chosen",
];

/// Texts that want to be more than text, and any text at all.
fn text() -> impl Strategy<Value = String> {
    let ways = prop::sample::select(vec![
        "\"\"\"\nx()\n\"\"\"",
        "'''",
        "\"",
        "\\",
        "\\\"",
        "\n!ls\n%pip x\n",
        "\r\n",
        "\u{2028}\u{85}\u{c}",
        "{x}",
        "{{ x }}{% raw %}{# #}",
        "```\n```python\nx(",
        "~~~",
        "</script><script>",
        "<!--",
        "-->",
        "[a](javascript:x)",
        "| a | b |",
        "$$x$$",
        "# %% code",
        "%%bash",
        "\u{0}",
        "\u{202e}\u{feff}",
        "",
        " ",
        "a/../../b",
        "-",
        "--",
        "é😀",
        "https://example.org/\n\"",
        "0",
        "null",
        "%s%(x)s{!r}",
    ]);
    prop_oneof![
        3 => ways.prop_map(str::to_owned),
        1 => any::<String>(),
        1 => "\\PC{0,300}",
        1 => prop::collection::vec(any::<char>(), 0..5).prop_map(|letters| letters.iter().collect()),
    ]
}

/// A dossier of the shelf in which texts were replaced.
fn hostile() -> impl Strategy<Value = Dossier> {
    let ids: Vec<&str> = alacard_hub::shelf::ids().collect();
    let texts = prop::collection::vec(text(), 12);
    let bits = any::<u64>();
    (
        prop::sample::select(ids),
        texts,
        bits,
        any::<bool>(),
        any::<bool>(),
    )
        .prop_filter_map("a dossier", |(id, texts, bits, lead, widen)| {
            let mut value = serde_json::to_value(dossier(id)).unwrap();
            if widen {
                add(&mut value, &texts);
            }
            let mut replace = Replace {
                texts,
                bits,
                lead,
                at: 0,
            };
            replace.walk("", &mut value);
            serde_json::from_value(value).ok()
        })
}

/// Facts that the shelf does not have: a card, widgets, results, labels.
fn add(value: &mut Value, texts: &[String]) {
    let t = |n: usize| texts[n % texts.len()].clone();
    value["card"] = serde_json::json!({
        "title": t(0), "summary": t(1), "bytes": 1, "oddities": [t(2)],
        "sections": [{"level": 2, "title": t(3), "text": t(4)}],
        "examples": [{
            "language": "python", "label": t(5), "code": "import os\nprint(os.name)\n",
            "parses": true, "imports": ["os"], "headings": [t(6)], "line": 1,
        }],
    });
    value["widget"] = serde_json::json!([{"title": t(7), "fields": {"text": t(8), "src": t(9)}}]);
    value["evaluations"] =
        serde_json::json!([{"task": t(0), "dataset": t(1), "metric": t(2), "value": t(3)}]);
    value["labels"] = serde_json::json!({"value": [t(4), t(5), t(6)], "from": "config"});
    value["spaces"] = serde_json::json!([t(7)]);
    value["notices"] = serde_json::json!([{"id": t(8), "message": t(9), "hint": t(10)}]);
    value["custom_code"] = serde_json::json!([t(11)]);
}

struct Replace {
    texts: Vec<String>,
    bits: u64,
    lead: bool,
    at: usize,
}

impl Replace {
    fn walk(&mut self, name: &str, value: &mut Value) {
        if KEPT.contains(&name) || (self.lead && LEADING.contains(&name)) {
            return;
        }
        match value {
            Value::String(text) => {
                if self.bits.rotate_left(self.at as u32 % 64) & 1 == 1 {
                    *text = self.texts[self.at % self.texts.len()].clone();
                }
                self.at += 1;
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.walk("", item)),
            Value::Object(map) => map.iter_mut().for_each(|(key, item)| self.walk(key, item)),
            _ => {}
        }
    }
}

fn options() -> impl Strategy<Value = Options> {
    let one = |n: usize| 0..n;
    (
        one(3),
        one(2),
        one(4),
        one(3),
        text(),
        text(),
        any::<bool>(),
    )
        .prop_map(
            |(difficulty, format, prompts, runtime, topic, prompt, trust)| Options {
                difficulty: Some(Difficulty::ALL[difficulty]),
                format: Some(Format::ALL[format]),
                prompts: Some(Prompts::ALL[prompts]),
                runtime: [
                    RuntimeChoice::Auto,
                    RuntimeChoice::Local,
                    RuntimeChoice::Endpoint,
                ][runtime],
                topic: Some(topic),
                prompt: Some(prompt),
                trust_remote_code: trust,
                ..Options::default()
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48, max_shrink_iters: 200, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn hostile_facts_make_a_sound_notebook_or_a_refusal(
        (dossier, options, source) in (hostile(), options(), text())
    ) {
        match maker().make(&dossier, &source, &options) {
            Ok(made) => sound(&made),
            Err(Failure::Refused(_) | Failure::Incompatible { .. }) => {}
            Err(other) => panic!("{other}"),
        }
    }
}

/// That every code cell parses, no name is undefined, and the file can be read.
fn sound(made: &Made) {
    for cell in made
        .notebook
        .cells
        .iter()
        .filter(|cell| cell.kind == CellKind::Code)
    {
        let parsed = alacard_python::parse_cell(&cell.source);
        assert!(parsed.is_ok(), "{parsed:?}\n{}", cell.source);
    }
    for finding in &made.findings {
        let broken = [
            "syntax-error",
            "undefined-name",
            "schema",
            "active-html",
            "dangerous-link",
        ];
        let cell = finding.cell.and_then(|cell| made.notebook.cells.get(cell));
        let source = cell.map(|cell| &cell.source);
        assert!(
            !broken.contains(&finding.rule.as_str()),
            "{finding:?}\n{source:?}"
        );
    }
    let bytes = made.notebook.to_json();
    assert_eq!(Notebook::read(bytes.as_bytes()).unwrap(), made.notebook);
}
