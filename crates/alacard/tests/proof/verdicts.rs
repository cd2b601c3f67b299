//! What counts as run and as proven, and what only looks like it.

use crate::bench::{Bench, Said};

/// A tiny model made by the notebook itself: no file is needed, and a library's own class runs.
const MODEL: &str = "import torch\nfrom transformers import BertConfig, BertModel\nmodel = BertModel(BertConfig(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, vocab_size=50)).eval()\nids = torch.tensor([[1, 2, 3]])";

fn prove(cells: &[&str]) -> Said {
    Bench::new().prove(cells, &[])
}

#[test]
#[ignore = "needs uv and Python"]
fn inference_with_an_assertion_proves() {
    let said = prove(&[
        MODEL,
        "out = model(ids)\nassert out.last_hidden_state.shape == (1, 3, 16)",
    ]);
    assert_eq!(said.code, Some(0), "{}", said.told());
    assert_eq!(said.proof["proves"], true, "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn inference_without_an_assertion_runs_only() {
    let said = prove(&[MODEL, "out = model(ids)"]);
    assert_eq!(
        (said.proof["runs"].as_bool(), said.reason()),
        (Some(true), "no-assertion"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn a_notebooks_own_small_module_is_no_model() {
    let own = "import torch\nlayer = torch.nn.Linear(2, 2)\nout = layer(torch.ones(1, 2))\nassert out.shape == (1, 2)";
    let said = prove(&[own]);
    assert_eq!(said.reason(), "no-inference", "{}", said.told());
}

#[test]
#[ignore = "needs uv and Python"]
fn a_caught_error_of_the_model_is_not_a_run() {
    let said = prove(&[
        MODEL,
        "try:\n    model(torch.tensor([[1000]]))\nexcept Exception as error:\n    print(error)",
    ]);
    assert_eq!(
        (said.proof["runs"].as_bool(), said.reason()),
        (Some(false), "caught-error"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn a_skipped_main_branch_is_not_a_run() {
    let said = prove(&[
        "from transformers import pipeline, AutoModel",
        "ready = False\nif ready:\n    model = AutoModel.from_pretrained('a/b')\n    model()\nelse:\n    print('skipped')",
    ]);
    assert_eq!(
        (said.proof["runs"].as_bool(), said.reason()),
        (Some(false), "skipped-branch"),
        "{}",
        said.told()
    );
}

#[test]
#[ignore = "needs uv and Python"]
fn one_notebook_is_invisible_to_the_next() {
    let bench = Bench::new();
    let spoil = "import os, random, textwrap\ntextwrap.fill = None\nos.environ['SPOILT'] = '1'\nos.makedirs('/work/spoilt', exist_ok=True)\nopen('/tmp/spoilt', 'w').write('x')\nopen('/dev/shm/spoilt', 'w').write('x')\nrandom.seed(1)";
    let look = "import os, textwrap\nassert textwrap.fill('a') == 'a'\nassert 'SPOILT' not in os.environ\nassert not any(map(os.path.exists, ['/tmp/spoilt', '/work/spoilt', '/dev/shm/spoilt']))";
    let list = bench.path("list");
    std::fs::create_dir_all(&list).unwrap();
    let first = bench.notebook("first.ipynb", &[spoil]);
    let second = bench.notebook("second.ipynb", &[look]);
    // One process proves both, one after the other, in the same warm host.
    let (first, second) = (first.display().to_string(), second.display().to_string());
    let mut command = bench.alacard(&[
        "prove",
        &first,
        &second,
        "--offline",
        "--json",
        "--jobs",
        "1",
    ]);
    let output = command.output().unwrap();
    let proofs: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).unwrap();
    assert!(
        proofs.iter().all(|proof| proof["runs"] == true),
        "{proofs:#?}"
    );
}
