"""What the observer says is true, whatever a notebook does to look better than it is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from host_support import HostProcess, Kernel, make_encoder, make_language_model

pytest.importorskip("ipykernel")
pytest.importorskip("transformers")

LINES = sys.version_info >= (3, 12)
MODEL = "transformers.models.llama.modeling_llama.LlamaForCausalLM"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("m")
    make_language_model(folder / "llm")
    make_encoder(folder / "bert")
    return folder


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Iterator[Kernel]:
    host = HostProcess(tmp_path_factory.mktemp("h"), ["torch", "transformers"])
    running = Kernel(host)
    running.run(
        "import torch\nfrom transformers import AutoModelForCausalLM, AutoTokenizer, pipeline\n"
        f"tokenizer = AutoTokenizer.from_pretrained({str(models / 'llm')!r})\n"
        f"model = AutoModelForCausalLM.from_pretrained({str(models / 'llm')!r})\n"
        "batch = tokenizer('hello', return_tensors='pt')"
    )
    assert running.report()["forwards"] == {}, "loading is not inference"
    yield running
    running.close()
    host.close()


def test_generation_is_counted(kernel: Kernel) -> None:
    report = kernel.watched("_ = model.generate(**batch, max_new_tokens=4, min_new_tokens=4)")
    assert report["forwards"] == {MODEL: 4} and report["calls"] == {"generate": 1}
    report = kernel.watched(
        "out = pipeline('text-generation', model=model, tokenizer=tokenizer)('hi', max_new_tokens=2)"
    )
    assert report["calls"] == {"pipeline.__call__": 1, "generate": 1} and report["forwards"][MODEL] >= 1


def test_a_module_of_the_notebooks_own_is_not_inference(kernel: Kernel) -> None:
    own = (
        "class Own(torch.nn.Module):\n"
        "    def __init__(self, inner): super().__init__(); self.inner = inner\n"
        "    def forward(self, x): return self.inner(x)\n"
    )
    assert kernel.watched(own + "_ = Own(torch.nn.Linear(2, 2))(torch.ones(1, 2))")["forwards"] == {}
    assert kernel.watched(own + "_ = Own(model)(batch.input_ids)")["forwards"] == {MODEL: 1}


def test_a_swallowed_error_is_told(kernel: Kernel) -> None:
    code = "try:\n    model(torch.ones(1, 2))\nexcept Exception:\n    print('all is well')"
    report = kernel.watched(code)
    assert report["raised"] == 1 and report["forwards"] == {MODEL: 1}
    assert len(report["caught"]) == 1 and report["caught"][0].startswith("RuntimeError")


def test_an_error_that_ends_the_cell_is_not_called_swallowed(kernel: Kernel) -> None:
    report = kernel.watched(
        "try:\n    model(torch.ones(1, 2))\nexcept Exception as e:\n    raise ValueError('x') from e"
    )
    assert report["raised"] == 1 and report["caught"] == []


def test_counting_goes_on_after_errors(kernel: Kernel) -> None:
    kernel.watched("for _ in range(3):\n    try: model(torch.ones(1, 2))\n    except Exception: pass")
    assert kernel.watched("_ = model(batch.input_ids)")["forwards"] == {MODEL: 1}


def test_threads_count_for_the_running_cell(kernel: Kernel) -> None:
    code = (
        "from threading import Thread\nfrom transformers import TextIteratorStreamer\n"
        "streamer = TextIteratorStreamer(tokenizer)\n"
        "thread = Thread(target=model.generate, kwargs={**batch, 'max_new_tokens': 3, 'min_new_tokens': 3,"
        " 'streamer': streamer})\n"
        "thread.start()\ntext = ''.join(streamer)\nthread.join()"
    )
    assert kernel.watched(code)["forwards"] == {MODEL: 3}


@pytest.mark.skipif(not LINES, reason="lines are known from Python 3.12 on")
def test_executed_lines_show_a_branch_that_was_skipped(kernel: Kernel) -> None:
    report = kernel.watched(
        "\nready = False\nif ready:\n    model(batch.input_ids)\nelse:\n    print('later')"
    )
    assert report["lines"] == [2, 3, 6] and report["forwards"] == {}
    report = kernel.watched("def f(x):\n    if x:\n        return 1\n    return 2\n_ = f(1)")
    assert report["lines"] == [1, 2, 3, 5]
    later = kernel.watched("_ = f(0)")
    assert later["lines"] == [1] and later["earlier"] == {str(report["index"]): [4]}


@pytest.mark.skipif(not LINES, reason="lines are known from Python 3.12 on")
def test_magics_and_top_level_await(kernel: Kernel) -> None:
    assert kernel.watched("%%time\na = 1\nb = 2")["lines"] == [1, 2, 3]
    assert kernel.watched("%%bash\necho hi")["lines"] is None
    assert kernel.watched("import asyncio\nawait asyncio.sleep(0)\n%timeit -n1 -r1 1 + 1")["lines"] == [
        1,
        2,
        3,
    ]


@pytest.mark.skipif(not LINES, reason="3.11 has no way that leaves no trace")
def test_what_the_notebook_sees_is_unchanged(kernel: Kernel) -> None:
    failed = kernel.run("model(torch.ones(1, 2))")
    kernel.report()
    assert "alacard" not in failed and "RuntimeError" in failed
    code = (
        "import inspect; print(model.generate.__module__, *inspect.signature(type(model).forward).parameters)"
    )
    assert kernel.run(code).startswith("transformers.generation.utils self input_ids")
    kernel.report()


def test_a_library_imported_later_is_observed(kernel: Kernel, models: Path) -> None:
    pytest.importorskip("sentence_transformers")
    code = (
        "from sentence_transformers import SentenceTransformer\n"
        f"encoder = SentenceTransformer({str(models / 'bert')!r}, device='cpu')\n"
        "_ = encoder.encode(['one', 'two'])"
    )
    report = kernel.watched(code)
    assert report["calls"]["SentenceTransformer.encode"] == 1
    assert sum(count for name, count in report["forwards"].items() if "SentenceTransformer" in name) == 1
