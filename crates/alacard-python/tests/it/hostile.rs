//! Nothing may panic, overflow the stack or take long, whatever the text.

use alacard_python::{
    import_lines, is_identifier, literal, parse_cell, parse_module, shell_lines, statements,
    strip_prompts,
};
use proptest::prelude::*;

#[test]
fn deep_and_long_sources_are_refused_or_parsed() {
    let deep = [
        "(".repeat(10_000),
        format!("x = {}{}", "[".repeat(10_000), "]".repeat(10_000)),
        format!("x = {}", "-".repeat(100_000)),
        format!("x = 1{}", " + 1".repeat(100_000)),
        format!("x{}", ".a()".repeat(100_000)),
        format!("x = {}1", "lambda: ".repeat(100_000)),
        format!("x = {}1", "not ".repeat(100_000)),
        format!("x = {}1", "1 if 1 else ".repeat(100_000)),
        format!("x = {}1", "await ".repeat(100_000)),
        "f'{".repeat(10_000),
        (0..300)
            .map(|i| format!("{}if x:\n", " ".repeat(i)))
            .collect::<String>()
            + &" ".repeat(300)
            + "y",
        "x".repeat(3_000_000),
    ];
    for source in deep {
        let start = source.chars().take(20).collect::<String>();
        assert!(parse_cell(&source).is_err(), "{start}");
        assert!(parse_module(&source).is_err(), "{start}");
    }
}

#[test]
fn large_tables_are_not_deep() {
    let source = format!("x = [{}]", "-1.5, {'a': (1 + 2)}, ".repeat(20_000));
    assert!(parse_cell(&source).is_ok());
    let source = format!("x = (\n{})", "    'text'\n".repeat(20_000));
    assert!(parse_cell(&source).is_ok());
}

fn everything(text: &str) {
    let _ = parse_module(text);
    if let Ok(cell) = parse_cell(text) {
        let _ = shell_lines(&cell);
        if let Some(module) = cell.module() {
            let _ = import_lines(module);
        }
    }
    let _ = strip_prompts(text);
    let _ = statements(text);
    let _ = is_identifier(text);
}

proptest! {
    #[test]
    fn any_text_is_survived(text in ".{0,200}") {
        everything(&text);
    }

    #[test]
    fn python_like_text_is_survived(
        parts in prop::collection::vec(prop::sample::select(vec![
            "x", "1", "=", "(", ")", "[", "]", "{", "}", ":", "\n", "    ", "f'", "'", "\"\"\"", "if ",
            "for ", " in ", "lambda ", "%", "!", "?", "%%", ">>> ", "... ", "\\", ";", ",", "import ",
            "from ", ".", "\r", "\t", "#", "é", "\u{2028}", "match ", "case ", "def ", "class ", "async ",
            "@", "*", "else", "In [1]: ", "\0", "t'", "rb'", "!r",
        ]), 0..60)
    ) {
        everything(&parts.concat());
    }

    #[test]
    fn literals_parse_on_one_line(text in any::<String>()) {
        let source = literal(&text);
        prop_assert_eq!(source.lines().count(), 1);
        let assignment = format!("x = {source}\n");
        prop_assert!(parse_module(&assignment).is_ok());
    }
}
