//! How long the checks take on a notebook of 200 cells.

use alacard_check::{Context, check, check_file};
use alacard_notebook::{Cell, Notebook};

fn main() {
    divan::main();
}

/// Two hundred cells, half of them Markdown, with about the code that lessons have.
fn notebook() -> Notebook {
    let mut notebook = Notebook::new();
    notebook.push(Cell::code("%pip install -q \"transformers==5.23.0\"\nimport json\nimport math\nfrom transformers import AutoTokenizer"));
    for n in 0..100 {
        notebook.push(Cell::markdown(format!(
            "## Step {n}: Look at it\n\nSome text with a [link](https://example.org/{n}), `code` and **words**.\n\n- one thing\n- another thing\n\n> **Note** This matters because the next cell uses it.\n"
        )));
        notebook.push(Cell::code(format!(
            "values_{n} = [math.sqrt(i) for i in range({n} + 3)]\ntable_{n} = {{\"name\": \"row {n}\", \"values\": values_{n}}}\n\n\ndef show_{n}(table, width=40):\n    \"\"\"Print a table line by line.\"\"\"\n    for name, value in table.items():\n        print(f\"{{name:>{{width}}}}: {{value}}\")\n    return len(table)\n\n\ncount_{n} = show_{n}(table_{n})\nassert count_{n} == 2, \"two rows were expected\"\nprint(json.dumps(table_{n}))\n"
        )));
    }
    notebook
}

#[divan::bench]
fn check_200_cells(bencher: divan::Bencher) {
    let notebook = notebook();
    let context = Context::default();
    bencher.bench(|| check(divan::black_box(&notebook), &context));
}

#[divan::bench]
fn check_200_cells_from_bytes(bencher: divan::Bencher) {
    let bytes = notebook().to_json();
    let context = Context::default();
    bencher.bench(|| check_file(divan::black_box(bytes.as_bytes()), &context));
}
