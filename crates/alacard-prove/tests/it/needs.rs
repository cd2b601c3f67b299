//! What a notebook needs is read from its text.

use std::collections::BTreeSet;

use alacard_catalog::Catalog;
use alacard_notebook::{Cell, Notebook};
use alacard_prove::needs::{Needs, Origin, RefKind};

fn notebook(cells: &[&str]) -> Notebook {
    let mut notebook = Notebook::new();
    notebook.push(Cell::markdown("# A notebook of somebody"));
    for source in cells {
        notebook.push(Cell::code(*source));
    }
    notebook
}

fn needs(cells: &[&str]) -> Needs {
    Needs::of(&notebook(cells), &Catalog::builtin())
}

fn texts(needs: &Needs) -> Vec<&str> {
    needs
        .requirements
        .iter()
        .map(|needed| needed.text.as_str())
        .collect()
}

fn ids(needs: &Needs) -> Vec<&str> {
    needs.models.iter().map(|model| model.id.as_str()).collect()
}

#[test]
fn install_commands_of_every_kind_are_read() {
    let needs = needs(&[
        "!pip install -q -U \"transformers>=4.40,<6\" datasets --quiet 2>&1 | tail -1",
        "%pip install sentencepiece==0.2.3  # for the tokenizer\n!uv pip install 'accelerate'",
        "import sys\n!{sys.executable} -m pip install --index-url https://example.org/whl torch==2.1.0+cu118",
        "%%bash\npip3 install \\\n  peft \\\n  trl\napt-get install -y ffmpeg",
        "!conda install -y -c conda-forge scipy=1.11",
        "import subprocess\nsubprocess.check_call([sys.executable, \"-m\", \"pip\", \"install\", \"tqdm\"])",
        "IN_COLAB = False\nif IN_COLAB:\n    %pip install evaluate",
    ]);
    assert_eq!(
        texts(&needs),
        [
            "transformers>=4.40,<6",
            "datasets",
            "sentencepiece==0.2.3",
            "accelerate",
            "torch==2.1.0",
            "peft",
            "trl",
            "scipy==1.11.*",
            "tqdm",
            "evaluate",
        ]
    );
    assert_eq!(needs.apt, ["ffmpeg"]);
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("package index of its own")),
        "{:?}",
        needs.notes
    );
    assert_eq!(
        needs.requirements[0].origin,
        Origin::Install { cell: 1, line: 1 }
    );
    assert_eq!(
        needs
            .shell
            .iter()
            .map(|s| s.text.as_str())
            .collect::<Vec<_>>(),
        ["tail -1"]
    );
}

#[test]
fn files_variables_and_folders_are_told_apart() {
    let needs = needs(&[
        "%%writefile requirements.txt\n# ours\nnumpy==2.4.6\n-e .\npandas",
        "!pip install -r requirements.txt -r more.txt . ./dist/x.whl {package}",
        "!pip install git+https://github.com/huggingface/transformers.git@main",
    ]);
    assert_eq!(
        texts(&needs),
        [
            "transformers @ git+https://github.com/huggingface/transformers.git@main",
            "numpy==2.4.6",
            "pandas"
        ]
    );
    assert_eq!(needs.requirement_files, ["more.txt"]);
    assert!(needs.notes.iter().any(|note| note.contains("{package}")));
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("file or folder"))
    );
}

#[test]
fn imports_name_packages_that_nothing_installs() {
    let needs = needs(&[
        "!pip install opencv-python transformers",
        "%%writefile helper.py\nx = 1",
        "import os, json, cv2, torch\nfrom PIL import Image\nimport helper\nfrom google.colab import drive\nfrom sklearn import svm",
        "try:\n    import nobody_knows_this\nexcept ImportError:\n    pass",
    ]);
    assert_eq!(
        texts(&needs),
        [
            "opencv-python",
            "transformers",
            "torch",
            "pillow",
            "scikit-learn"
        ]
    );
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("nobody_knows_this"))
    );
    assert!(
        !needs
            .notes
            .iter()
            .any(|note| note.contains("helper") || note.contains("colab"))
    );
    assert!(needs.imports.contains("cv2"));
}

#[test]
fn models_are_found_directly_and_through_constants() {
    let needs = needs(&[
        "import os\nMODEL_ID = \"org/chat-1\"\nREVISION = 'abc'\nOTHER = os.environ.get('M', 'org/from-env')",
        "from transformers import AutoModel, pipeline\nmodel = AutoModel.from_pretrained(MODEL_ID, revision=REVISION, trust_remote_code=True)\ntok = AutoTokenizer.from_pretrained(MODEL_ID, revision=REVISION)",
        "pipe = pipeline('summarization', OTHER)\ndefault = pipeline('sentiment-analysis')\nold = pipeline(model='gpt2')",
        "m = SentenceTransformer('all-MiniLM-L6-v2')\nn = timm.create_model('hf-hub:timm/resnet10t.c3_in1k', pretrained=True)\nk = timm.create_model('resnet50', pretrained=True)",
        "base = PeftModel.from_pretrained(model, 'org/adapter')\npipe.load_lora_weights('org/lora', weight_name='w.safetensors')",
        "llm = Llama.from_pretrained(repo_id='org/x-GGUF', filename='*Q4_0.gguf')\np = hf_hub_download('org/data', 'a.csv', repo_type='dataset')",
        "ds = load_dataset('org/texts', split='train')\ncsv = load_dataset('csv', data_files='x.csv')\nmetric = evaluate.load('accuracy')",
        "model.save_pretrained('my-model')\nagain = AutoModel.from_pretrained('my-model')\nlocal = AutoModel.from_pretrained('./out')\nMODEL_ID = 'org/later'\nz = Thing(model_id=MODEL_ID)",
    ]);
    assert_eq!(
        ids(&needs),
        [
            "org/chat-1",
            "org/from-env",
            "gpt2",
            "all-MiniLM-L6-v2",
            "timm/resnet10t.c3_in1k",
            "org/adapter",
            "org/lora",
            "org/x-GGUF",
            "org/data",
            "org/texts",
            "evaluate-metric/accuracy",
            "org/later",
        ]
    );
    let first = &needs.models[0];
    assert_eq!(
        (
            first.revision.as_deref(),
            first.remote_code,
            first.cell,
            first.line
        ),
        (Some("abc"), true, 2, 2)
    );
    assert_eq!(first.how, "AutoModel.from_pretrained");
    assert_eq!(needs.models[7].file.as_deref(), Some("*Q4_0.gguf"));
    let kinds: BTreeSet<RefKind> = needs.models.iter().map(|model| model.kind).collect();
    assert_eq!(kinds.len(), 3);
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("sentiment-analysis"))
    );
    assert!(needs.notes.iter().any(|note| note.contains("resnet50")));
}

#[test]
fn a_notebook_of_ours_needs_what_it_was_made_for() {
    let mut ours = notebook(&[
        "import os\n\nHOSTED = \"COLAB_RELEASE_TAG\" in os.environ\n\n%pip install -q \"accelerate==1.15.0\" \"transformers==5.23.0\"\nif not HOSTED:\n    %pip install -q \"torch==2.15.0\"",
    ]);
    ours.metadata.insert(
        "alacard".to_owned(),
        serde_json::json!({"requirements": ["accelerate==1.15.0", "torch==2.15.0", "transformers==5.23.0"]}),
    );
    let catalog = Catalog::builtin();
    let wish = Needs::of(&ours, &catalog).wish();
    assert_eq!(
        wish.own,
        [
            "accelerate==1.15.0",
            "torch==2.15.0",
            "transformers==5.23.0"
        ]
    );
    assert!(
        wish.added
            .iter()
            .all(|text| text.starts_with("ipykernel==")),
        "{:?}",
        wish.added
    );
}

#[test]
fn open_names_take_the_tested_versions() {
    let catalog = Catalog::builtin();
    let needs = needs(&[
        "!pip install Transformers[torch] some-unknown-thing flash-attn numpy==1.26.4\nimport torch",
    ]);
    let wish = needs.wish();
    assert_eq!(
        wish.own,
        ["some-unknown-thing", "flash-attn", "numpy==1.26.4"]
    );
    let version = &catalog.versions().unwrap().packages["transformers"];
    assert!(
        wish.added
            .contains(&format!("transformers[torch]=={version}")),
        "{:?}",
        wish.added
    );
    assert!(wish.added.iter().any(|text| text.starts_with("torch==")));
    assert!(wish.optional.contains("flash-attn") && wish.optional.contains("torch"));
}

#[test]
fn hostile_cells_cost_little_and_break_nothing() {
    let deep = format!("x = {}1{}", "(".repeat(5000), ")".repeat(5000));
    let many = "!pip install a\n".repeat(20_000);
    let needs = needs(&[
        &deep,
        &many,
        "!pip install --index-url",
        "%pip install 'unclosed",
        "x = '\u{202e}",
        "!pip install a; rm -rf /",
    ]);
    assert_eq!(texts(&needs)[0], "a");
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("does not parse") || note.contains("not Python"))
    );
}

#[test]
fn addresses_are_listed() {
    let needs = needs(&[
        "import requests\nr = requests.get(\"https://example.org/a.png\")\n!wget -q https://example.org/b.zip",
    ]);
    let urls: Vec<&str> = needs.urls.iter().map(|url| url.url.as_str()).collect();
    assert_eq!(
        urls,
        ["https://example.org/a.png", "https://example.org/b.zip"]
    );
}

#[test]
fn of_two_pins_the_last_one_counts() {
    let needs = needs(&[
        "!pip install diffusers==0.11.1",
        "!pip install -U diffusers==0.31.0 transformers",
        "!pip install diffusers",
    ]);
    assert_eq!(texts(&needs), ["diffusers==0.31.0", "transformers"]);
    assert!(
        needs
            .notes
            .iter()
            .any(|note| note.contains("the last one counts"))
    );
}

#[test]
fn datasets_are_asked_for_with_their_configurations() {
    let needs = needs(&[
        "from datasets import load_dataset\nraw = load_dataset('glue', 'mrpc')\nother = load_dataset('glue', name='sst2', split='train')",
        "rows = load_dataset('stanfordnlp/imdb')",
    ]);
    let named: Vec<_> = needs
        .models
        .iter()
        .map(|one| (one.id.as_str(), one.kind, one.config.as_deref()))
        .collect();
    assert_eq!(
        named,
        [
            ("glue", RefKind::Dataset, Some("mrpc")),
            ("glue", RefKind::Dataset, Some("sst2")),
            ("stanfordnlp/imdb", RefKind::Dataset, None),
        ]
    );
}

#[test]
fn a_login_to_the_hub_is_noticed() {
    let token = |cell: &str| needs(&[cell]).token;
    assert!(token(
        "from huggingface_hub import notebook_login\nnotebook_login()"
    ));
    assert!(token("import os\nkey = os.environ['HF_TOKEN']"));
    assert!(token("from huggingface_hub import login\nlogin(token=key)"));
    assert!(!token("import wandb\nwandb.login()"));
    assert!(!token("print('a word about HF_TOKEN')"));
}
