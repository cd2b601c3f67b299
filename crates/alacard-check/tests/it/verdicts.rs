//! Cases on which Python's own tools agree: syntax, names, imports, schema.

use alacard_check::{Context, Packages, Severity, check, check_file, example, starts};

fn errors(text: &str) -> Vec<String> {
    let findings = check(&example(text).unwrap(), &Context::default());
    let errors = findings
        .into_iter()
        .filter(|f| f.severity == Severity::Error);
    errors
        .map(|f| format!("{}@{}", f.rule, f.cell.map_or(0, |c| c + 1)))
        .collect()
}

#[test]
fn notebook_python_is_understood() {
    for source in [
        "%matplotlib inline\nx = 1\nx?",
        "files = !ls\nprint(files)",
        "%%capture out\nprint(1)\n%% code\nout.show()",
        "%%bash --out text\necho hi\n%% code\nprint(text)",
        "%%writefile app.py\nthis is not (python\n%% code\nimport app\nprint(app)",
        "await thing()\n%% code\ndef thing(): pass"
            .split("\n%% code")
            .next()
            .unwrap_or_default(),
        "    x = 1\n    print(x)",
        ">>> x = 1\n>>> print(x)",
        "print(_, __, In, Out, _12, _i3)",
        "%%time\nx = 1\n%% code\nprint(x)",
        "def f():\n    return g()\n%% code\ndef g():\n    return 1\nf()",
        "class A:\n    y = [x for x in range(3)]\nprint(A.y)",
        "import sys\n!{sys.executable} -m pip list",
        "try:\n    import colorsys\nexcept ImportError:\n    colorsys = None\nprint(colorsys)",
        "print(f\"{'a'!r:>10} {'b'}\")",
        "match 1:\n    case int(n):\n        print(n)",
        "type Pair = tuple[int, int]\nprint(Pair)",
    ] {
        let found: Vec<_> = errors(&format!("%% code\n{source}"))
            .into_iter()
            .filter(|e| !e.starts_with("undefined-name") || !source.contains("thing"))
            .collect();
        assert!(found.is_empty(), "{source:?}: {found:?}");
    }
}

#[test]
fn faults_are_found_where_they_are() {
    assert_eq!(
        errors("%% code\nprint('a'\n%% code\nprint(b)"),
        ["syntax-error@1", "undefined-name@2"]
    );
    assert_eq!(errors("%% code\nreturn 1"), ["syntax-error@1"]);
    assert_eq!(
        errors("%% code\nprint(x)\n%% code\nx = 1"),
        ["undefined-name@1"]
    );
    assert_eq!(
        errors("%% code\nx = 1\ndel x\nprint(x)"),
        ["undefined-name@1"]
    );
    assert_eq!(
        errors("%% code\nfor i in range(3):\nprint(i)"),
        ["syntax-error@1"]
    );
    assert_eq!(
        errors("%% code\nx = 5\n%% code\nif x:\n\ty = 1\n        z = 2"),
        ["syntax-error@2"]
    );
}

#[test]
fn imports_are_resolved_against_the_lock() {
    let context = Context {
        packages: Packages::new([("PIL", "pillow==12.0.0")]),
        ..Context::default()
    };
    let notebook =
        example("%% code\nfrom PIL import Image\nimport nowhere\nprint(Image, nowhere)").unwrap();
    let findings = check(&notebook, &context);
    let found: Vec<_> = findings
        .iter()
        .filter(|f| f.rule == "unresolved-import")
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        (found[0].line, found[0].severity),
        (Some(2), Severity::Error)
    );
    assert!(!starts(&findings));
}

#[test]
fn the_schema_is_checked_on_the_file_itself() {
    let cell = |body: &str| {
        format!(r#"{{"cells": [{body}], "metadata": {{}}, "nbformat": 4, "nbformat_minor": 5}}"#)
    };
    let code = |rest: &str| {
        cell(&format!(
            r#"{{"cell_type": "code", "metadata": {{}}, "source": "", {rest}}}"#
        ))
    };
    let valid = |text: &str| {
        !check_file(text.as_bytes(), &Context::default())
            .unwrap()
            .1
            .iter()
            .any(|f| f.rule == "schema")
    };
    assert!(valid(&code(
        r#""id": "a", "outputs": [], "execution_count": null"#
    )));
    assert!(valid(&code(
        r#""id": "a", "execution_count": 1, "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": ["a"], "application/x+json": 3}}]"#
    )));
    for bad in [
        r#""id": "a", "outputs": []"#,
        r#""outputs": [], "execution_count": null"#,
        r#""id": "a b", "outputs": [], "execution_count": null"#,
        r#""id": "a", "outputs": [{}], "execution_count": null"#,
        r#""id": "a", "outputs": [], "execution_count": null, "more": 1"#,
        r#""id": "a", "outputs": [{"output_type": "stream", "text": "x"}], "execution_count": null"#,
        r#""id": "a", "outputs": [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": 1}}], "execution_count": null"#,
        r#""id": "a", "outputs": [], "execution_count": -1"#,
    ] {
        assert!(!valid(&code(bad)), "{bad}");
    }
}

#[test]
fn a_broken_cell_hides_nothing_and_unused_imports_are_notes() {
    let notebook =
        example("%% code\nimport os\nimport re\n!echo {os.getcwd()}\n%% code\nx = (").unwrap();
    let findings = check(&notebook, &Context::default());
    let unused: Vec<_> = findings
        .iter()
        .filter(|f| f.rule == "unused-import")
        .map(|f| f.line)
        .collect();
    assert_eq!(unused, [Some(2)]);
}

#[test]
fn modules_that_the_notebook_makes_resolve() {
    for source in [
        "%%writefile tools.py\nx = 1\n%% code\nimport tools\nprint(tools)",
        "import pathlib\npathlib.Path('tools.py').write_text('x = 1')\nimport tools\nprint(tools)",
        "import sys, types\nsys.modules['tools'] = types.ModuleType('tools')\nimport tools\nprint(tools)",
        "%pip install \"scikit-learn==1.8.0\" \"fastapi==0.120.0\"\n%% code\nimport sklearn, numpy, pydantic\nprint(sklearn, numpy, pydantic)",
    ] {
        let notebook = example(&format!("%% code\n{source}")).unwrap();
        let found = check(&notebook, &Context::default());
        assert!(
            !found.iter().any(|f| f.rule == "unresolved-import"),
            "{source:?}: {found:?}"
        );
    }
}

#[test]
fn an_own_lesson_in_order_has_no_findings() {
    let notebook = example(include_str!("lesson.txt")).unwrap();
    let packages = Packages::new([("transformers", "transformers==5.23.0")]);
    let context = Context {
        packages,
        ..Context::strict()
    };
    let findings = check(&notebook, &context);
    assert!(findings.is_empty(), "{findings:#?}");
}
