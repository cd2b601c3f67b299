use alacard_python::{
    Cell, import_lines, imports, is_identifier, parse_cell, parse_module, shell_lines, statements,
};

fn ok(source: &str) -> Cell {
    parse_cell(source).unwrap_or_else(|e| panic!("{source:?}: {e}"))
}

#[test]
fn ipython_lines_are_understood() {
    for source in [
        "%matplotlib inline\nx = 1",
        "!pip install -q 'a>=1'\nimport a",
        "files = !ls -la",
        "len?",
        "?len\nx??",
        "if True:\n    !nvidia-smi\n",
        "    x = 1\n    y = 2\n",
        ">>> x = 1\n>>> if x:\n...     y = 2",
        "In [1]: x = 1",
        "await f()\nasync for x in y:\n    pass",
        "",
        "# only a comment",
        "x = 1\r\ny = 2\r\n",
        "%cd \"a b\"\n%env X=1",
    ] {
        ok(source);
    }
}

#[test]
fn plain_python_has_no_magics() {
    let problem = parse_module("x = 1\n  !ls\n").expect_err("shell line");
    assert_eq!(problem.line, 2);
    let problem = parse_module("print 'old'\n").expect_err("Python 2");
    assert_eq!((problem.line, problem.column), (1, 7));
}

#[test]
fn cell_magics_are_told_apart_first() {
    let Cell::Magic {
        name,
        args,
        body,
        line,
        module,
    } = ok("\n%%bash --out x\necho (hi\n")
    else {
        panic!("a magic");
    };
    assert_eq!(
        (name.as_str(), args.as_str(), body.as_str(), line),
        ("bash", "--out x", "echo (hi\n", 2)
    );
    assert!(module.is_none());
    let timed = ok("%%time\nimport a\n");
    let module = timed.module().expect("Python");
    assert_eq!(import_lines(module)[0].line, 2);
    assert!(parse_cell("%%time\nx = (\n").is_err());
}

#[test]
fn imports_are_absolute_and_found_anywhere() {
    let cell = ok(
        "import a.b as c, d\nfrom e.f import g\nfrom . import h\ntry:\n    import i\nexcept E:\n    pass\n",
    );
    let module = cell.module().expect("Python");
    assert_eq!(
        imports(module).into_iter().collect::<Vec<_>>(),
        ["a", "d", "e", "i"]
    );
    let last = import_lines(module).pop().expect("four");
    assert_eq!((last.module.as_str(), last.line), ("i", 5));
}

#[test]
fn shell_commands_with_their_lines() {
    let cell = ok("x = 1\n!pip install a \\\n    b\n%pip install c\nout = !ls\n%time f()\n");
    let found: Vec<_> = shell_lines(&cell)
        .into_iter()
        .map(|s| (s.line, s.text))
        .collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0].0, 2);
    assert!(found[0].1.starts_with("pip install a"));
    assert_eq!(found[1], (4, "pip install c".to_owned()));
    assert_eq!(found[2], (5, "ls".to_owned()));
    let bash = shell_lines(&ok("%%bash\n# c\npip install \\\n  a\nls\n"));
    let texts: Vec<_> = bash.iter().map(|s| (s.line, s.text.as_str())).collect();
    assert_eq!(texts, [(3, "pip install a"), (5, "ls")]);
}

#[test]
fn statements_ignore_what_does_not_run() {
    let a = statements("\"\"\"Doc.\"\"\"\nx=f( 1,2 ) # c\nif x : y = 2; z = 3\n");
    let b = statements("x = f(1,\n      2)\n\nif x: y=2;z=3");
    assert_eq!(a, b);
    assert_eq!(statements("x = (\n# c\n"), ["x = ("]);
}

#[test]
fn identifiers() {
    for name in ["x", "_x1", "match", "type", "日本"] {
        assert!(is_identifier(name), "{name}");
    }
    for text in [
        "", "1x", "for", "a.b", "a b", "a#", "a\n", " a", "\u{c}a", "a;", "None", "a\\",
    ] {
        assert!(!is_identifier(text), "{text:?}");
    }
}
