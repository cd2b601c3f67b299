//! Pages whose every text tries to become code: to end a string, a comment, a fence, an f-string
//! or a Markdown cell, and to be read as HTML.

use std::process::Command;

use alacard_notebook::{CellKind, Notebook};
use serde_json::{Value, json};

use crate::bed::{Bed, json};

/// The name that must never be called.
const MARKER: &str = "broke_out_7f3a";

/// Ways out of whatever a text is put into; `@` stands for a call of the marker.
const WAYS_OUT: [&str; 22] = [
    "\"\"\"\n@\n\"\"\"",
    "'''\n@\n'''",
    "\"\n@\n\"",
    "'; @ #",
    "\"; @ #",
    "\\\"; @ #",
    "\\",
    "\\\n@",
    "\n@\n",
    "\r@",
    "\u{2028}@",
    "\u{85}@\u{c}@\u{b}@",
    "{@}",
    "{{ @ }}{% @ %}{# @ #}",
    "{!r}{0}%s%(x)s {",
    "```\n@\n```python\n@\n```",
    "~~~\n``````\n@",
    "</code></pre><script>@</script>",
    "--><img src=x onerror=@><!--",
    "[x](javascript:@)",
    "\n!@\n%@\n%%bash\n@",
    "# %% [code]\n@",
];

fn way(number: usize) -> String {
    let call = format!("{MARKER}()");
    WAYS_OUT[number % WAYS_OUT.len()].replace('@', &call)
}

/// A record, a configuration and a card in which each text is another way out.
fn hostile(bed: &Bed, name: &str, task: &str, shift: usize) {
    let mut number = shift;
    let mut next = || {
        number += 1;
        way(number)
    };
    let labels: serde_json::Map<String, Value> =
        (0..4).map(|n| (n.to_string(), json!(next()))).collect();
    let record = json!({
        "id": format!("acme/{name}"), "sha": next(), "pipeline_tag": task,
        "library_name": "transformers", "author": next(), "tags": [next(), "transformers", next()],
        "createdAt": next(), "lastModified": next(), "downloads": next(), "likes": -1,
        "mask_token": next(),
        "cardData": {
            "license": next(), "license_name": next(), "license_link": next(),
            "language": [next()], "datasets": [next()], "base_model": next(),
            "widget": [{"text": next(), "example_title": next(), "source_sentence": next()}],
            "model-index": [{"name": next(), "results": [{
                "task": {"type": next(), "name": next()}, "dataset": {"name": next(), "type": next()},
                "metrics": [{"type": next(), "name": next(), "value": next()}],
            }]}],
            "instance_prompt": next(),
        },
        "config": {
            "architectures": [next()], "model_type": next(),
            "tokenizer_config": {"mask_token": next(), "chat_template": next(), "eos_token": next()},
        },
        "siblings": [
            {"rfilename": next()}, {"rfilename": format!("{}.safetensors", next())},
            {"rfilename": format!("{}Q4_K_M.gguf", next())},
        ],
        "spaces": [next()],
    });
    let config = json!({"id2label": labels, "architectures": [next()], "model_type": next(),
        "torch_dtype": next(), "_name_or_path": next()});
    let tokenizer = json!({"mask_token": next(), "chat_template": next(), "eos_token": next()});
    let card = format!(
        "# {}\n\n{}\n\n## {}\n\n{}\n",
        next(),
        next(),
        next(),
        next()
    );
    let folder = format!("hub/acme/{name}");
    bed.put(&format!("{folder}/api.json"), record.to_string());
    bed.put(&format!("{folder}/config.json"), config.to_string());
    bed.put(
        &format!("{folder}/tokenizer_config.json"),
        tokenizer.to_string(),
    );
    bed.put(
        &format!("{folder}/generation_config.json"),
        json!({"x": next()}).to_string(),
    );
    bed.put(&format!("{folder}/README.md"), card);
}

/// One recipe for each task: all of them end in other lessons and levels.
const RECIPES: [(&str, &[&str]); 12] = [
    ("text-generation", &["--difficulty", "advanced"]),
    ("text-classification", &["--difficulty", "beginner"]),
    ("token-classification", &["--difficulty", "intermediate"]),
    ("fill-mask", &["--ui", "gradio"]),
    ("feature-extraction", &["--ui", "api"]),
    ("question-answering", &["--format", "quickstart"]),
    ("image-classification", &["--ui", "streamlit"]),
    ("automatic-speech-recognition", &["--runtime", "endpoint"]),
    ("zero-shot-classification", &["--ui", "batch"]),
    ("summarization", &["--prompts", "domain"]),
    ("translation", &["--prompts", "creative"]),
    ("depth-estimation", &[]),
];

/// Makes every notebook and returns their paths.
fn make_all(bed: &Bed) -> Vec<std::path::PathBuf> {
    let mut notebooks = Vec::new();
    for (number, (task, options)) in RECIPES.iter().enumerate() {
        let name = format!("evil-{task}");
        hostile(bed, &name, task, number * 5);
        let id = format!("acme/{name}");
        let topic = format!("--topic={}", way(number + 3));
        let wish = format!("--prompt={}", way(number + 9));
        let cards = ["--hub-dir", "hub", &topic, &wish];
        let ran = bed.run(&[&["generate", "--offline", &id], &cards[..], options].concat());
        // What the checks say is for the tests to judge.
        assert!(
            matches!(ran.code, Some(0 | 3 | 4)),
            "{task}: {:?} {}",
            ran.code,
            ran.stderr
        );
        if ran.code != Some(3) {
            notebooks.push(bed.path(ran.stdout.trim_end()));
        }
    }
    assert!(
        notebooks.len() >= RECIPES.len() - 2,
        "most of these tasks can be taught"
    );
    notebooks
}

#[test]
fn no_text_of_a_page_becomes_code_or_html() {
    let bed = Bed::new();
    let mut broken = Vec::new();
    for path in make_all(&bed) {
        let notebook = Notebook::read(&std::fs::read(&path).unwrap()).unwrap();
        // A call of the marker would be an undefined name, a way out of a string a syntax error.
        let findings = json(&path.with_file_name("findings.json"));
        let errors = findings
            .as_array()
            .unwrap()
            .iter()
            .filter(|f| f["severity"] == "error");
        broken.extend(errors.map(|finding| format!("{}: {finding}", path.display())));
        for cell in notebook
            .cells
            .iter()
            .filter(|cell| cell.kind == CellKind::Markdown)
        {
            broken.extend(markup(&cell.source).map(|line| format!("{}: {line}", path.display())));
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// A line of Markdown in which markup of the page stands outside code, or a fence it broke.
fn markup(markdown: &str) -> Option<String> {
    let mut inside = false;
    for line in markdown.lines() {
        let fence = line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        inside ^= fence;
        let outside: String = line.split('`').step_by(2).collect();
        let live = ["<script", "<img src=x", "</pre>"];
        let broken = if fence {
            line.contains(MARKER)
        } else {
            !inside && live.iter().any(|markup| outside.contains(markup))
        };
        if broken {
            return Some(line.to_owned());
        }
    }
    inside.then(|| format!("a fence is not closed: {markdown}"))
}

/// Prints the cells in which the marker is more than text: a name, an attribute, an import, a
/// shell command or a magic, also inside f-strings.
const FIND_CODE: &str = "
import ast, sys, nbformat
from IPython.core.inputtransformer2 import TransformerManager
marker = sys.argv[1]
for path in sys.argv[2:]:
    for number, cell in enumerate(nbformat.read(path, 4).cells, 1):
        if cell.cell_type != 'code':
            continue
        for node in ast.walk(ast.parse(TransformerManager().transform_cell(cell.source))):
            words = [v for k, v in ast.iter_fields(node) if isinstance(v, str) and not isinstance(node, ast.Constant)]
            if isinstance(node, ast.Call) and 'get_ipython' in ast.dump(node.func):
                words.append(ast.dump(node))
            if any(marker in word for word in words):
                print(f'{path}: cell {number}: {type(node).__name__}')
";

#[test]
#[ignore = "needs Python: cargo xtask test sets ALACARD_TEST_PYTHON"]
fn python_sees_the_texts_of_a_page_only_inside_strings() {
    let python = std::env::var("ALACARD_TEST_PYTHON").unwrap();
    let bed = Bed::new();
    let output = Command::new(python)
        .args(["-c", FIND_CODE, MARKER])
        .args(make_all(&bed))
        .output()
        .unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
