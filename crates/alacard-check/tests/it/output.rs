//! Text, JSON and SARIF of one bad notebook.

use alacard_check::{Context, Finding, Style, check, example, render, sarif, summary};

const BAD: &str = "%% markdown\n# Cats\n\nSee [this](http://example.org).\n%% code\n!pip install numpy>=2.0\n%% code\nimport json\nprint(answer)\n%% code\nprint('unclosed";

fn findings() -> Vec<Finding> {
    check(&example(BAD).unwrap(), &Context::default())
}

#[test]
fn text() {
    let findings = findings();
    let text = render("cats.ipynb", &findings, Style::Plain);
    insta::assert_snapshot!(format!("{text}{}\n", summary(&findings)));
    assert!(render("cats.ipynb", &findings, Style::Coloured).contains("\u{1b}[1;31merror"));
    assert!(!render("a\u{1b}[2Jb", &findings, Style::Plain).contains('\u{1b}'));
}

#[test]
fn json() {
    insta::assert_json_snapshot!(findings());
    let text = serde_json::to_string(&findings()).unwrap();
    assert_eq!(
        serde_json::from_str::<Vec<Finding>>(&text).unwrap(),
        findings()
    );
}

#[test]
fn sarif_log() {
    let mut log = sarif(&[("lessons/my cats.ipynb".to_owned(), findings())]);
    let rules = log["runs"][0]["tool"]["driver"]["rules"].take();
    assert_eq!(
        rules.as_array().unwrap().len(),
        alacard_check::rules().len()
    );
    insta::assert_json_snapshot!(log);
}
