//! Notebooks and requirements that are not what they should be.

use crate::bench::Bench;

#[test]
#[ignore = "needs uv and Python"]
fn what_is_no_notebook_is_refused() {
    let bench = Bench::new();
    for (name, content) in [
        ("a.ipynb", "{}"),
        ("b.ipynb", "not JSON"),
        ("c.ipynb", "[]"),
    ] {
        let path = bench.path(name);
        std::fs::write(&path, content).unwrap();
        let said = bench.prove_file(&path, &[]);
        assert_eq!(said.code, Some(2), "{}", said.told());
        assert!(said.stderr.contains("hint"), "{}", said.told());
    }
}

#[test]
#[ignore = "needs uv and Python"]
fn another_kernel_is_said() {
    let bench = Bench::new();
    let path = bench.path("r.ipynb");
    std::fs::write(&path, r#"{"cells":[{"cell_type":"code","id":"a","metadata":{},"outputs":[],"execution_count":null,"source":"x <- 1"}],"metadata":{"kernelspec":{"name":"ir","display_name":"R","language":"R"}},"nbformat":4,"nbformat_minor":5}"#).unwrap();
    let said = bench.prove_file(&path, &[]);
    assert_eq!(
        (said.code, said.reason()),
        (Some(5), "other-kernel"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn no_cells_prove_nothing() {
    let said = Bench::new().prove(&[], &[]);
    assert_eq!(
        (said.code, said.reason()),
        (Some(5), "no-inference"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn ten_thousand_cells_run() {
    let cells = vec!["x = 1"; 10_000];
    Bench::new().prove(&cells, &[]).all_ran();
}

#[test]
#[ignore = "needs uv and Python"]
fn what_cannot_be_installed_is_named() {
    let cases = [
        (
            "%pip install this-distribution-does-not-exist-at-all",
            "requirement-not-found",
        ),
        (
            "%pip install fastapi==0.110.0 starlette==0.20.0",
            "conflict",
        ),
    ];
    for (cell, reason) in cases {
        let said = Bench::new().prove(&[cell, "x = 1"], &[]);
        assert_eq!(
            (said.code, said.reason()),
            (Some(5), reason),
            "{}",
            said.told()
        );
        assert!(
            said.proof["causes"][0]["hint"].is_string(),
            "{}",
            said.told()
        );
    }
}

#[test]
#[ignore = "needs uv and Python"]
fn without_uv_there_is_a_sentence() {
    let bench = Bench::new();
    let file = bench.notebook("notebook.ipynb", &["x = 1"]);
    let mut command = bench.alacard(&["prove", &file.display().to_string(), "--offline", "--json"]);
    let empty = bench.path("empty");
    let python = std::env::var_os("ALACARD_TEST_PYTHON").unwrap();
    command
        .env_remove("ALACARD_UV")
        .env("PATH", "/nowhere")
        .env("ALACARD_ENVS", empty)
        .env("ALACARD_PYTHON", python);
    let said = crate::bench::said(&command.output().unwrap());
    assert_eq!(
        (said.code, said.reason()),
        (Some(5), "uv-missing"),
        "{}",
        said.told()
    );
}
