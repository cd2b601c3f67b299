//! Every rule has an example that fails and one that passes, and they do.

use std::collections::BTreeSet;

use alacard_check::{
    Context, Finding, Strict, check, check_file, example, fix, rules, rules_markdown,
};

fn findings(text: &str, strict: bool) -> Vec<Finding> {
    let context = Context {
        strict,
        ..Context::default()
    };
    if text.trim_start().starts_with('{') {
        return check_file(text.as_bytes(), &context).unwrap().1;
    }
    check(&example(text).unwrap(), &context)
}

#[test]
fn failing_examples_fail_and_passing_ones_pass() {
    let mut wrong = Vec::new();
    for rule in rules() {
        let strict = rule.strict == Strict::Only;
        if !findings(rule.failing, strict)
            .iter()
            .any(|f| f.rule == rule.id)
        {
            wrong.push(format!("{}: the failing example is accepted", rule.id));
        }
        for finding in findings(rule.passing, strict)
            .iter()
            .filter(|f| f.rule == rule.id)
        {
            wrong.push(format!(
                "{}: the passing example is refused: {}",
                rule.id, finding.message
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn rules_have_distinct_ids_a_sentence_and_examples() {
    let ids: BTreeSet<_> = rules().iter().map(|r| r.id).collect();
    assert_eq!(ids.len(), rules().len());
    assert!(ids.len() >= 30);
    for rule in rules() {
        assert!(
            rule.id.chars().all(|c| c.is_ascii_lowercase() || c == '-'),
            "{}",
            rule.id
        );
        assert!(
            rule.sentence.ends_with('.') && !rule.failing.is_empty() && !rule.passing.is_empty(),
            "{}",
            rule.id
        );
        assert!(!rule.hint.ends_with('.'), "{}", rule.id);
    }
}

#[test]
fn a_failing_example_breaks_no_other_rule_with_an_error() {
    // An example should show one fault; those that need another on the way are named here.
    let allowed = ["schema", "undefined-name"];
    for rule in rules().iter().filter(|r| !r.failing.contains("alacard")) {
        for finding in findings(rule.failing, false) {
            let own = finding.rule == rule.id || allowed.contains(&finding.rule.as_str());
            let error = finding.severity == alacard_check::Severity::Error;
            assert!(
                own || !error,
                "{} also breaks {}: {}",
                rule.id,
                finding.rule,
                finding.message
            );
        }
    }
}

#[test]
fn fixable_rules_are_mended() {
    for rule in rules().iter().filter(|r| r.fixable) {
        let mut notebook = example(rule.failing).unwrap();
        fix(&mut notebook, &Context::default());
        let bytes = notebook.to_json();
        let (_, left) = check_file(bytes.as_bytes(), &Context::default()).unwrap();
        assert!(
            !left.iter().any(|f| f.rule == rule.id),
            "{} is still there",
            rule.id
        );
    }
}

#[test]
fn the_page_of_rules_holds_every_rule() {
    let page = rules_markdown();
    for rule in rules() {
        assert!(page.contains(&format!("\n## {}\n", rule.id)));
    }
    assert!(!page.contains('\u{202e}'), "the page itself must be clean");
}
