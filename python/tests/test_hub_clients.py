"""The clients of the Hub, as they are, against `alacard hub serve`.

`ALACARD_BIN` names the program. The environments of the clients are made by uv (`ALACARD_UV`, else the one on
the PATH) in a folder of the test run; without uv, or without a way to the packages, those tests are skipped.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

BIN = os.environ.get("ALACARD_BIN")
UV = os.environ.get("ALACARD_UV") or shutil.which("uv")
PINS = ("0.36.0", "1.0.1", "2.4.0")
LIMIT = 240
CARD = "---\npipeline_tag: {task}\nlibrary_name: transformers\n---\n"

pytestmark = pytest.mark.skipif(not BIN, reason="ALACARD_BIN does not name the program")


@dataclass
class Hub:
    """A running server, and what it said about requests."""

    url: str
    lines: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with small models and a dataset, in the layouts that are served."""
    root = tmp_path_factory.mktemp("hub")
    model = root / "org" / "plain"
    (model / "1_Pooling").mkdir(parents=True)
    (model / "config.json").write_text('{"model_type": "bert"}')
    (model / "README.md").write_text(CARD.format(task="fill-mask"))
    (model / "1_Pooling" / "config.json").write_text("{}")
    (model / "model.safetensors").write_bytes(bytes(range(256)) * 4096)
    bare = root / "_" / "old"
    bare.mkdir(parents=True)
    (bare / "config.json").write_text('{"model_type": "gpt2"}')
    data = root / "datasets" / "org" / "rows"
    data.mkdir(parents=True)
    rows = [{"text": f"row {number}", "label": number % 2} for number in range(20)]
    (data / "train.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return root


@pytest.fixture(scope="session")
def hub(folder: Path) -> Iterator[Hub]:
    """The server of that folder."""
    command = [BIN or "", "hub", "serve", str(folder), "--json", "--verbose"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        assert server.stdout and server.stderr
        running = Hub(json.loads(server.stdout.readline())["url"])
        stderr = server.stderr
        reader = threading.Thread(target=lambda: running.lines.extend(stderr), daemon=True)
        reader.start()
        try:
            yield running
        finally:
            server.terminate()
            assert server.wait(10) == 0


def run(python: str | Path, code: str, hub: Hub, home: Path, *arguments: str) -> str:
    """Runs a script in a fresh interpreter that knows no Hub but this one; what it printed."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": hub.url,
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DISABLE_SAFETENSORS_CONVERSION": "1",
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
    }
    done = subprocess.run(
        [str(python), "-c", textwrap.dedent(code), *arguments],
        env=environment,
        cwd=home,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return done.stdout


@pytest.fixture(scope="session", params=PINS)
def client(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with one version of the client."""
    if not UV:
        pytest.skip("uv is not there")
    place = tmp_path_factory.mktemp("client")
    python = place / "bin" / "python"
    wanted = f"huggingface_hub=={request.param}"
    for arguments in (
        ["venv", "--quiet", "--python", sys.executable, str(place)],
        ["pip", "install", "--quiet", "--python", str(python), wanted],
    ):
        made = subprocess.run([UV, *arguments], capture_output=True, text=True, timeout=LIMIT)
        if made.returncode != 0:
            pytest.skip(f"{wanted} cannot be installed: {made.stderr[-300:]}")
    return python


CLIENT = """
    import sys
    from pathlib import Path
    import huggingface_hub as h
    from huggingface_hub.utils import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    def refused(error, call, *arguments, **named):
        try:
            call(*arguments, **named)
        except error:
            return
        raise AssertionError(f"{error.__name__} was expected")

    folder = Path(sys.argv[1])
    weights = (folder / "org/plain/model.safetensors").read_bytes()
    info = h.model_info("org/plain")
    assert info.pipeline_tag == "fill-mask" and info.library_name == "transformers", info
    names = sorted(sibling.rfilename for sibling in info.siblings)
    assert names == ["1_Pooling/config.json", "README.md", "config.json", "model.safetensors"], names
    assert sorted(h.list_repo_files("org/plain")) == names
    blobs = h.model_info("org/plain", files_metadata=True, revision=info.sha)
    assert {b.rfilename: b.size for b in blobs.siblings}["model.safetensors"] == len(weights)

    path = h.hf_hub_download("org/plain", "model.safetensors")
    assert Path(path).read_bytes() == weights and info.sha in path
    assert Path(h.hf_hub_download("org/plain", "config.json", subfolder="1_Pooling")).read_text() == "{}"
    assert Path(h.hf_hub_download("old", "config.json")).exists()
    snapshot = Path(h.snapshot_download("org/plain"))
    assert sorted(str(p.relative_to(snapshot)) for p in snapshot.rglob("*") if p.is_file()) == names
    local = Path(h.snapshot_download("org/plain", local_dir="local", allow_patterns="*.json"))
    assert (local / "1_Pooling/config.json").exists() and not (local / "README.md").exists()
    assert h.file_exists("org/plain", "config.json") and not h.file_exists("org/plain", "x.json")
    assert h.repo_exists("org/plain") and not h.repo_exists("org/none")
    assert h.ModelCard.load("org/plain").data.pipeline_tag == "fill-mask"

    refused(EntryNotFoundError, h.hf_hub_download, "org/plain", "x.json")
    refused(RevisionNotFoundError, h.hf_hub_download, "org/plain", "config.json", revision="v9")
    refused(RepositoryNotFoundError, h.hf_hub_download, "org/none", "config.json")
    refused(RepositoryNotFoundError, h.model_info, "org/none")

    api = h.HfApi()
    tree = {e.path: e for e in api.list_repo_tree("org/plain", recursive=True)}
    assert set(tree) == {*names, "1_Pooling"} and tree["model.safetensors"].lfs is not None
    infos = api.get_paths_info("org/plain", ["config.json", "1_Pooling", "x"])
    assert sorted(i.path for i in infos) == ["1_Pooling", "config.json"]
    assert [b.name for b in api.list_repo_refs("org/plain").branches] == ["main"]
    assert [c.commit_id for c in api.list_repo_commits("org/plain")] == [info.sha]
    assert [m.id for m in api.list_models(search="plai")] == ["org/plain"]
    assert [m.id for m in api.list_models(author="org", filter="fill-mask", limit=5)] == ["org/plain"]
    assert h.dataset_info("org/rows").id == "org/rows"

    fs = h.HfFileSystem()
    with fs.open("org/plain/model.safetensors", "rb", block_size=1024) as file:
        file.seek(1000)
        assert file.read(100) == weights[1000:1100]
    assert fs.exists("org/plain/1_Pooling") and not fs.exists("org/plain/x")
    assert len(fs.glob("datasets/org/rows/*.jsonl")) == 1
    print(h.__version__)
"""


def test_client(client: Path, hub: Hub, folder: Path, tmp_path: Path) -> None:
    version = run(client, CLIENT, hub, tmp_path, str(folder)).strip()
    assert version in PINS


def test_server_never_has_trouble(hub: Hub) -> None:
    statuses = {line.split()[0] for line in hub.lines if "/resolve/" in line or "/api/" in line}
    assert not {status for status in statuses if status.startswith("5")}, statuses


MODEL = """
    import sys
    from pathlib import Path
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = {word: number for number, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "good", "bad"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    place = Path(sys.argv[1])
    sizes = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 8}
    BertForSequenceClassification(BertConfig(vocab_size=6, **sizes)).save_pretrained(place)
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token="[PAD]", unk_token="[UNK]")
    fast.save_pretrained(place)
"""

TRANSFORMERS = """
    from transformers import AutoConfig, AutoModelForSequenceClassification, AutoTokenizer, pipeline

    assert AutoConfig.from_pretrained("org/tiny").hidden_size == 8
    tokenizer = AutoTokenizer.from_pretrained("org/tiny")
    model = AutoModelForSequenceClassification.from_pretrained("org/tiny")
    assert model(**tokenizer("good bad", return_tensors="pt")).logits.shape == (1, 2)
    assert pipeline("text-classification", model="org/tiny")("good")[0]["label"].startswith("LABEL_")
    assert pipeline(model="org/tiny").task == "text-classification"
    try:
        AutoConfig.from_pretrained("org/none")
    except OSError as error:
        assert "not a valid model identifier" in str(error), error
    else:
        raise AssertionError("there is no such model")
"""


def test_transformers(hub: Hub, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("transformers")
    pytest.importorskip("torch")
    place = folder / "org" / "tiny"
    run(sys.executable, MODEL, hub, tmp_path, str(place))
    (place / "README.md").write_text(CARD.format(task="text-classification"))
    run(sys.executable, TRANSFORMERS, hub, tmp_path)


DATASETS = """
    from datasets import load_dataset

    rows = load_dataset("org/rows", split="train")
    assert rows.num_rows == 20 and rows[3] == {"text": "row 3", "label": 1}, rows
    first = next(iter(load_dataset("org/rows", split="train", streaming=True)))
    assert first["text"] == "row 0"
    table = load_dataset("org/table", split="train")
    assert table.column_names == ["number"] and sum(table["number"]) == 45
"""

TABLE = """
    import sys
    from datasets import Dataset

    Dataset.from_dict({"number": list(range(10))}).to_parquet(sys.argv[1])
"""


def test_datasets(hub: Hub, folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    table = folder / "datasets" / "org" / "table" / "data" / "train-00000-of-00001.parquet"
    table.parent.mkdir(parents=True)
    run(sys.executable, TABLE, hub, tmp_path, str(table))
    run(sys.executable, DATASETS, hub, tmp_path)
