"""Twins of GGUF files, read by transformers, and by llama.cpp where it is installed."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("gguf")

from alacard_twin.lib_gguf import file_names
from alacard_twin.make import make
from alacard_twin.spec import TwinSpec

NAMES = ("x-Q4_K_M.gguf", "sub/x-Q8_0.gguf", "README.md")


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "phi3", "gemma2"])
def test_transformers_reads_the_file_and_it_says_something(architecture: str, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    spec = TwinSpec(repo="o/X-GGUF", library="gguf", config={"architecture": architecture}, siblings=NAMES)
    report = make(spec, tmp_path / "twin")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "twin", gguf_file=NAMES[0])
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "twin", gguf_file=NAMES[0])
    asked = tokenizer("Hello, the cat is 3 years old.", return_tensors="pt")
    said = model.generate(**asked, max_new_tokens=12, do_sample=False)[0][asked["input_ids"].shape[1] :]
    assert tokenizer.decode(said, skip_special_tokens=True).strip()
    assert len(said) < 12 and report.bytes < 10e6
    assert (tmp_path / "twin" / "sub" / "x-Q8_0.gguf").stat().st_size > 0


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3", "gemma", "gemma2", "gemma3", "phi3"])
def test_llama_cpp_completes_and_chats(architecture: str, tmp_path: Path) -> None:
    llama_cpp = pytest.importorskip("llama_cpp")
    make(TwinSpec(repo="o/X", library="gguf", config={"architecture": architecture}), tmp_path / "twin")
    model = llama_cpp.Llama(str(tmp_path / "twin" / "X-Q4_K_M.gguf"), n_ctx=256, verbose=False)
    answer = model.create_chat_completion([{"role": "user", "content": "Hello"}], max_tokens=12)
    assert answer["choices"][0]["message"]["content"].strip()


def test_every_name_that_the_repo_has_is_served() -> None:
    assert file_names(TwinSpec(repo="o/X-GGUF", siblings=NAMES)) == ["sub/x-Q8_0.gguf", "x-Q4_K_M.gguf"]
    assert file_names(TwinSpec(repo="o/X-1B-GGUF")) == ["X-1B-Q4_K_M.gguf"]
