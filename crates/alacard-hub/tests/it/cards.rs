//! Cards as people write them, and as nobody should.

use std::time::{Duration, Instant};

use alacard_hub::card::{CardReading, read};
use alacard_hub::dossier::{CodeExample, ExampleLanguage};
use proptest::prelude::*;
use serde_json::json;

fn card(text: &str) -> CardReading {
    read(text.as_bytes())
}

fn examples(text: &str) -> Vec<CodeExample> {
    card(text).card.examples
}

fn python(text: &str) -> Vec<String> {
    let is_python = |e: &CodeExample| e.language == ExampleLanguage::Python && e.parses;
    examples(text)
        .into_iter()
        .filter(is_python)
        .map(|e| e.code)
        .collect()
}

#[test]
fn front_matter_follows_yaml_1_2() {
    let text = "---\nlanguage: no\ninference: false\nid2label:\n  0: on\n  1: 0755\nrevision: 1_000\nx: .nan\n---\n";
    let value = serde_json::Value::Object(card(text).front_matter);
    let expected = json!({
        "language": "no", "inference": false, "id2label": {"0": "on", "1": "0755"},
        "revision": "1_000", "x": ".nan",
    });
    assert_eq!(value, expected);
}

#[test]
fn front_matter_is_found_where_it_stands() {
    for (text, oddity) in [
        ("\u{feff}---\nlicense: mit\n---\n# T\n", "byte order mark"),
        ("\r\n---\r\nlicense: mit\r\n---\r\n# T\r\n", "blank lines"),
        (
            "#@title\n---\nlicense: mit\n---\n# T\n",
            "text comes before",
        ),
        (
            "<!-- x -->\n\n---\nlicense: mit\n---\n# T\n",
            "text comes before",
        ),
        (
            "---\nlicense: mit\n\ntags:\n- a\n\n# T\ntext\n",
            "not closed",
        ),
        ("---\nlicense: gpl\nlicense: mit\n---\n# T\n", "repeats"),
        ("---\nlicense: mit\nx:\n\t- a\n---\n# T\n", "tabs"),
        (
            "---\nlicense: mit\nx: [a\n  b: {\n---\n# T\n",
            "not valid YAML",
        ),
    ] {
        let reading = card(text);
        assert_eq!(
            reading.front_matter.get("license"),
            Some(&json!("mit")),
            "{text:?}"
        );
        let found = reading.card.oddities.join(" ");
        assert!(found.contains(oddity), "{text:?}: {found}");
        if oddity != "not closed" {
            assert_eq!(reading.card.title.as_deref(), Some("T"), "{text:?}");
        }
    }
}

#[test]
fn rules_between_prose_are_no_front_matter() {
    let reading = card("---\nJust some prose.\n\n---\n\nMore of it: here.\n\n---\n");
    assert!(reading.front_matter.is_empty());
    assert!(
        reading
            .card
            .summary
            .is_none_or(|s| s.contains("prose") || s.contains("More"))
    );
}

#[test]
fn broken_front_matter_keeps_its_plain_values() {
    let text = "---\ntags:\n- a\n- \"b: c\"\nlicense: 'mit' # so\nlanguage: [en, no]\nbad: \"x\nok: true\n---\n";
    let found = card(text).front_matter;
    assert_eq!(found["tags"], json!(["a", "b: c"]));
    assert_eq!(found["license"], json!("mit"));
    assert_eq!(found["language"], json!(["en", "no"]));
    assert_eq!(found["ok"], json!(true));
}

#[test]
fn fences_of_every_kind() {
    let code = "import timm\ntimm.list_models()\n";
    let indented = code.replace('\n', "\n      ");
    for text in [
        format!("```python\n{code}```\n"),
        format!("``````\n{code}``````\n"),
        format!("~~~py\n{code}~~~\n"),
        format!("``` {{.python}}\n{code}```\n"),
        format!("```bash\n{code}```\n"),
        format!("> ```python\n> {}```\n\nText\n", code.replace('\n', "\n> ")),
        format!(
            "- ```python\n  {}\n  ```\n",
            code.trim().replace('\n', "\n  ")
        ),
        format!("1. Step\n\n      ```python\n      {}```\n", indented),
        format!("<details>\n<summary>x</summary>\n```python\n{code}```\n</details>\n"),
        format!("<div>\n\n```python\n{code}```\n</div>\n"),
        format!("```python\n{code}"),
        format!("```python\n{code}\n\n## Next\n\nThe model is good at things.\n"),
        format!("```python\n{}```\n", code.replace('\n', "\r\n")),
        format!("```python\n{}```\nText\n", code.trim_end()),
        format!("```{code}```\n"),
        format!(
            "Text\n\n    {}\n\nText\n",
            code.trim().replace('\n', "\n    ")
        ),
        format!("<pre><code class=\"language-python\">{code}</code></pre>\n"),
        format!(
            "```python\n>>> {}\n['a', 'b']\n```\n",
            code.trim().replace('\n', "\n>>> ")
        ),
        format!(
            "```\nIn [1]: {}\nOut[2]: ['a']\n```\n",
            code.trim().replace('\n', "\n\nIn [2]: ")
        ),
        format!("```python\n{}```\n", code.replace("()", "\u{a0}()")),
    ] {
        let found = python(&text);
        let tight: Vec<String> = found
            .iter()
            .map(|c| c.replace("\n\n", "\n").replace(" (", "("))
            .collect();
        assert_eq!(tight, [code], "{text:?}: {:?}", examples(&text));
    }
}

#[test]
fn entities_in_html_are_decoded() {
    let text = "<pre>import a\nif 1 &lt; 2 &amp;&#38; 3:\n    print(&quot;x&quot;)</pre>";
    assert_eq!(
        examples(text)[0].code,
        "import a\nif 1 < 2 && 3:\n    print(\"x\")\n"
    );
}

#[test]
fn a_forgotten_fence_does_not_turn_prose_into_code() {
    let text = "```python\nimport a\n\n## Usage\n\nSome words about it.\n\n```python\nimport b\n```\n\nEnd, at last.\n";
    assert_eq!(python(text), ["import a\n", "import b\n"]);
    let text = "```python\nimport a\na.f(\n    1)\n\n## Usage\n\nSome words about it.\n\n```\nimport b\n```\n\n## More\n\n```\nimport c\n```\n";
    let found = card(text).card;
    let codes: Vec<_> = found
        .examples
        .iter()
        .map(|e| (e.code.as_str(), e.line))
        .collect();
    assert_eq!(
        codes,
        [
            ("import a\na.f(\n    1)\n", 2),
            ("import b\n", 11),
            ("import c\n", 17)
        ]
    );
    assert_eq!(found.examples[2].headings, ["More"]);
    assert!(
        found.oddities.iter().any(|o| o.contains("line 1")),
        "{:?}",
        found.oddities
    );
}

#[test]
fn a_fence_inside_a_string_stays_text() {
    let code = "import a\nprompt = \"\"\"\n```json\n{}\n    ```\n\"\"\"\na.ask(prompt)\n";
    assert_eq!(python(&format!("````python\n{code}````\n")), [code]);
}

#[test]
fn language_is_decided_by_content() {
    use ExampleLanguage::{Other, Python, Shell, Text};
    for (label, code, language) in [
        ("", "transformers", Text),
        ("", "org/model-name", Text),
        ("python", "{'a': 1}", Text),
        ("", "{\"a\": 1}", Other),
        ("", "license: mit\ntags:\n- a", Other),
        ("", "pip install -U transformers", Shell),
        ("python", "pip install 'a>=1'", Shell),
        ("", "$ ls\nfile\n$ cd x", Shell),
        ("bash", "A=b", Shell),
        ("bash", "import a\na.b()", Python),
        ("bibtex", "import a\na.b()", Python),
        ("", "from a import b", Python),
        ("", "x = f(1)", Python),
        ("js", "import a from 'b';\nf();", Other),
        ("java", "import java.util.List;", Other),
        ("json", "f()", Other),
        ("", "from a import b\nb(<your value>)", Python),
        ("", "├── a\n└── b", Text),
        ("", "This is the output of it all.", Text),
    ] {
        let found = examples(&format!("```{label}\n{code}\n```\n"));
        assert_eq!(found.len(), 1, "{code:?}: {found:?}");
        assert_eq!(found[0].language, language, "{code:?}");
    }
}

#[test]
fn shell_lines_are_split_from_python_and_kept_in_magics() {
    let found = examples("```python\npip install a \\\n  b\n\nimport a\na.f()\n```\n");
    let parts: Vec<_> = found
        .iter()
        .map(|e| (e.language, e.code.as_str(), e.line))
        .collect();
    assert_eq!(
        parts,
        [
            (ExampleLanguage::Shell, "pip install a \\\n  b", 2),
            (ExampleLanguage::Python, "import a\na.f()\n", 5)
        ]
    );
    let found = examples("```python\n!pip install a\nimport a\n```\n");
    assert_eq!((found.len(), found[0].parses), (1, true));
    let found = examples("```\n$ pip install a\nCollecting a\n```\n");
    assert_eq!(found[0].code, "pip install a\n");
}

#[test]
fn title_summary_sections_and_places() {
    let text = concat!(
        "---\nlicense: mit\n---\n\n[![badge](a.png)](b)\n\n<!-- generated -->\n# Tiny *model*\n\n",
        "[Paper](a) | [Code](b)\n\nMore information needed\n\n",
        "A **tiny** model for `tests` of [everything](x).\n\n## Use\n\n### Fast\n\n```\nimport a\n```\n\n",
        "<h2 align=\"center\">Limits</h2>\n\nNone known to us so far.\n"
    );
    let found = card(text).card;
    assert_eq!(found.title.as_deref(), Some("Tiny model"));
    assert_eq!(
        found.summary.as_deref(),
        Some("A tiny model for tests of everything.")
    );
    let titles: Vec<_> = found
        .sections
        .iter()
        .map(|s| (s.level, s.title.as_str()))
        .collect();
    assert_eq!(
        titles,
        [
            (0, ""),
            (1, "Tiny model"),
            (2, "Use"),
            (3, "Fast"),
            (2, "Limits")
        ]
    );
    assert_eq!(found.sections[3].text, "```\nimport a\n```");
    assert_eq!(found.sections[4].text, "None known to us so far.");
    assert_eq!(found.examples[0].headings, ["Tiny model", "Use", "Fast"]);
    assert_eq!(found.examples[0].line, 21);
    let long = format!("{} end", "words and ".repeat(100));
    let summary = card(&long).card.summary.expect("prose");
    assert!(
        summary.chars().count() <= 400 && summary.ends_with('…'),
        "{summary}"
    );
}

#[test]
fn bytes_of_any_kind() {
    let found = read(b"\xff\xfe\x00# T\xe9\n\nSome text that is long enough.\x00");
    assert!(found.card.oddities.iter().any(|o| o.contains("UTF-8")));
    assert_eq!(read(b"").card.bytes, 0);
}

/// Far above what any of these needs; quadratic work would take minutes.
fn in_time(name: &str, text: &str) -> CardReading {
    let start = Instant::now();
    let reading = card(text);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{name} took {took:?}");
    reading
}

#[test]
fn bombs_and_deep_nesting_are_refused() {
    let mut bomb = "---\nlicense: mit\na: &a [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for (name, before) in "bcdefghij".chars().zip("abcdefghi".chars()) {
        let refs = vec![format!("*{before}"); 9].join(",");
        bomb.push_str(&format!("{name}: &{name} [{refs}]\n"));
    }
    bomb.push_str("---\n# T\n");
    let deep = format!("---\nlicense: mit\nx: {}\n---\n", "[".repeat(10_000));
    let blocks: String = (0..2000)
        .map(|i| format!("{}a:\n", " ".repeat(i)))
        .collect();
    let deep_block = format!("---\nlicense: mit\n{blocks}---\n");
    let huge = format!(
        "---\nlicense: mit\n{}---\n",
        "x: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n".repeat(60_000)
    );
    for (name, text) in [
        ("bomb", bomb),
        ("deep", deep),
        ("block", deep_block),
        ("huge", huge),
    ] {
        let reading = in_time(name, &text);
        assert_eq!(
            reading.front_matter.get("license"),
            Some(&json!("mit")),
            "{name}"
        );
        assert!(!reading.card.oddities.is_empty(), "{name}");
    }
}

#[test]
fn hostile_markdown_takes_no_time() {
    let n = 20_000;
    for (name, text) in [
        ("quotes", ">".repeat(n)),
        ("quote lines", "> > > > > > > > a\n".repeat(n)),
        (
            "deep quotes",
            format!("{}a\n", "> ".repeat(500)).repeat(200),
        ),
        (
            "lists",
            (0..1000)
                .map(|i| format!("{}- a\n", " ".repeat(2 * (i % 200))))
                .collect(),
        ),
        ("brackets", "[".repeat(n)),
        ("links", "[a](".repeat(n)),
        ("images", "![[]()".repeat(n)),
        ("stars", "*a **b ".repeat(n)),
        (
            "backticks",
            (1..400).map(|i| format!("a{}", "`".repeat(i))).collect(),
        ),
        ("html", "<a ".repeat(n)),
        ("pre", "<pre>\n".repeat(n)),
        ("code", "<code>\n".repeat(n)),
        ("comments", "<!-- ".repeat(n)),
        ("headings", "# a\n".repeat(n)),
        ("h1", "<h1>\n".repeat(n)),
        ("fences", "```python\nimport a\n".repeat(n)),
        ("tildes", "~~~\n".repeat(n)),
        (
            "one fence",
            format!("```python\n{}", "## A b c\n\nf(\n".repeat(n)),
        ),
        (
            "fence prose",
            format!(
                "```python\n{}```\n",
                "import a\n\n## Heading\n\nSome words here\n\n".repeat(n)
            ),
        ),
        ("nested code", format!("```\n{}\n```\n", "(".repeat(n))),
        ("rules", "---\n".repeat(n)),
        ("keys", format!("---\n{}", "a: b\n".repeat(n))),
        (
            "table",
            format!("|a|{}\n|-|{}\n", "b|".repeat(2000), "-|".repeat(2000)),
        ),
        ("entities", "&lt;".repeat(n)),
        ("references", "[a]: b\n".repeat(n)),
        ("footnotes", "[^a]".repeat(n)),
        ("prompts", format!("```\n{}```\n", ">>> f(\n".repeat(n))),
        ("pip", format!("```\n{}```\n", "pip install a\n".repeat(n))),
        ("word", "a".repeat(50 * n)),
        ("tabs", "\t".repeat(n)),
    ] {
        in_time(name, &text);
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let reading = read(&bytes);
        prop_assert_eq!(reading.card.bytes, bytes.len());
    }

    #[test]
    fn card_like_text(
        parts in prop::collection::vec(prop::sample::select(vec![
            "---\n", "license: mit\n", "- a\n", "x: [", "\"", "&a ", "*a ", "\n", "\n\n", "```", "```python\n",
            "~~~\n", "> ", "- ", "1. ", "    ", "\t", "# H\n", "## H\n", "import a\n", "a.f(\n", ")\n", "'''",
            ">>> ", "... ", "In [1]: ", "$ ls\n", "pip install a\n", "<pre>", "</pre>", "<details>\n", "<h2>",
            "</h2>", "<code>\n", "</code>", "&lt;", "words and more words.\n", "é", "\r\n", "\u{feff}", "|a|b|\n",
            "|-|-|\n", "\\\n", "!pip\n", "%%time\n", "Some Words Here follow\n", "```json\n", "{", "}",
        ]), 0..50)
    ) {
        let text = parts.concat();
        let reading = card(&text);
        let lines = text.split('\n').count() + text.matches('\r').count();
        for example in &reading.card.examples {
            prop_assert!(example.line >= 1 && example.line <= lines, "{:?} {:?}", example, text);
            prop_assert!(!example.parses || example.language == ExampleLanguage::Python);
            prop_assert!(!example.code.trim().is_empty());
        }
        prop_assert!(reading.card.summary.is_none_or(|s| s.chars().count() <= 400));
    }
}
