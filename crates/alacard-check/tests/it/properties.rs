//! Whatever stands in a cell, checking and fixing end, and fixing is safe.

use alacard_check::{Context, Severity, check, check_file, fix};
use alacard_notebook::{Cell, Notebook};
use proptest::prelude::*;

/// Text near what cells hold: pieces that the rules look for, mixed with anything.
fn source() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "!pip install ",
        "%pip install ",
        "x>=1",
        "a[b]<2 ",
        "%%time\n",
        "%%bash\n",
        "\n",
        "    ",
        "\"",
        "'",
        "'''",
        "(",
        ")",
        "[",
        "](",
        "{",
        "}",
        "`",
        "```\n",
        "# ",
        "<script",
        "![",
        "import a\n",
        "from b import *\n",
        "x = 1\n",
        "print(x)\n",
        "f'{",
        "...\n",
        "try:\n",
        "except: pass\n",
        "\\",
        "\r\n",
        "\u{202e}",
        "é",
        "AKIA",
        ".to('cuda')",
        "model = X.from_pretrained('a/b')\n",
        ">>> ",
        "?",
        ";",
        "&&",
        ">",
        "%%capture out\n",
        "lambda: ",
        "@",
    ]);
    let any = prop_oneof![4 => pieces.prop_map(str::to_owned), 1 => any::<String>()];
    prop::collection::vec(any, 0..24).prop_map(|parts| parts.concat())
}

fn notebook() -> impl Strategy<Value = Notebook> {
    let cell = (0..3, source()).prop_map(|(kind, source)| match kind {
        0 => Cell::markdown(source),
        1 => Cell::code(source),
        _ => Cell::raw(source),
    });
    prop::collection::vec(cell, 0..5).prop_map(|cells| {
        let mut notebook = Notebook::new();
        cells.into_iter().for_each(|c| notebook.push(c));
        notebook
    })
}

fn errors(notebook: &Notebook, context: &Context) -> usize {
    check(notebook, context)
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn fixing_ends_is_idempotent_and_makes_no_errors(mut notebook in notebook(), strict: bool) {
        let context = Context { strict, ..Context::default() };
        let before = errors(&notebook, &context);
        fix(&mut notebook, &context);
        let once = notebook.clone();
        prop_assert!(errors(&notebook, &context) <= before);
        prop_assert!(fix(&mut notebook, &context).is_empty());
        prop_assert_eq!(notebook, once);
    }

    #[test]
    fn places_are_real(notebook in notebook()) {
        for finding in check(&notebook, &Context::strict()) {
            if let Some(cell) = finding.cell {
                let lines = notebook.cells[cell].source.split(['\n', '\r']).count();
                prop_assert!(finding.line.unwrap_or(1) <= lines + 1, "{:?}", finding);
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = check_file(&bytes, &Context::default());
    }
}

#[test]
fn hostile_nesting_ends() {
    let deep = [
        "(".repeat(20_000),
        format!("x = {}1", "-".repeat(20_000)),
        format!("x = {}1", "1+".repeat(20_000)),
        format!("x = a{}", ".b".repeat(20_000)),
        format!("x = {}1{}", "[".repeat(400), "]".repeat(400)),
        format!("x = {}1", "1+".repeat(240)),
        format!("x = {}1", "1+".repeat(490)),
        format!("x = {}1", "not ".repeat(490)),
        format!("x = {}1{}", "f(".repeat(190), ")".repeat(190)),
        format!("x = a{}", ".b()".repeat(120)),
        format!("{}\n", "[a](".repeat(20_000)),
        "<a ".repeat(20_000),
        "`".repeat(50_000),
    ];
    for text in deep {
        let mut notebook = Notebook::new();
        notebook.push(Cell::code(text.clone()));
        notebook.push(Cell::markdown(text));
        check(&notebook, &Context::strict());
    }
}
