//! `fix` is safe, and doing it twice changes nothing more.

use alacard_check::{Context, check, example, fix};

fn fixed(source: &str) -> String {
    let mut notebook = example(&format!("%% code\n{source}")).unwrap();
    fix(&mut notebook, &Context::default());
    notebook
        .cells
        .first()
        .map(|c| c.source.clone())
        .unwrap_or_default()
}

#[test]
fn pip_lines_are_quoted_and_made_magics() {
    assert_eq!(
        fixed("!pip install -q torch>=2.0 'a<3' b==1"),
        "%pip install -q \"torch>=2.0\" 'a<3' b==1"
    );
    assert_eq!(
        fixed("%pip install x[y]>=1,<2 > /dev/null"),
        "%pip install \"x[y]>=1,<2\" > /dev/null"
    );
    assert_eq!(
        fixed("if True:\n    !pip install x"),
        "if True:\n    %pip install x"
    );
}

#[test]
fn lines_that_only_look_like_installs_are_left_alone() {
    for source in [
        "text = '''\n!pip install x>=1\n'''",
        "!pip install x && echo done",
        "!echo pip install \"x>=1\"",
    ] {
        assert_eq!(fixed(source), source);
    }
}

#[test]
fn outputs_with_secrets_go_and_sources_stay() {
    let key = ["hf", "_AbCdEfGhIjKlMnOpQrStUvWxYz012345"].concat();
    let mut notebook = example("%% code\nprint(1)").unwrap();
    notebook.cells[0]
        .outputs
        .push(serde_json::json!({"output_type": "stream", "name": "stdout", "text": [key]}));
    let done = fix(&mut notebook, &Context::default());
    assert_eq!(done[0].rule, "secret-in-output");
    assert!(notebook.cells[0].outputs.is_empty());
    assert_eq!(notebook.cells[0].source, "print(1)");
    assert!(fix(&mut notebook, &Context::default()).is_empty());
    assert!(
        !check(&notebook, &Context::default())
            .iter()
            .any(|f| f.rule == "secret-in-output")
    );
}
