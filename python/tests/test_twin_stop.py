"""Which words a generating twin says, and where they come from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alacard_twin import words


def bpe(folder: Path, count: int, raw: bool = False) -> None:
    letters = "abcdefghij"
    spelled = ["Ġ" + "".join(letters[int(digit)] for digit in f"{number:05d}") for number in range(count)]
    vocabulary = {"<s>": 0, "!": 1, **{word: number for number, word in enumerate(spelled, start=2)}}
    content = {"model": {"type": "BPE", "vocab": vocabulary, "merges": []}}
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=raw))


@pytest.mark.parametrize("raw", [True, False])
def test_words_come_from_the_tokenizer(tmp_path: Path, raw: bool) -> None:
    bpe(tmp_path, 1000, raw)
    found = words.ordinary(tmp_path, 5000, set(), 40)
    assert len(found) == len(set(found)) == 40
    assert min(found) > 400, "not the commonest words: they end prompts"
    assert max(found) < 1002


def test_pieces_of_a_unigram_model_are_numbered_by_their_place(tmp_path: Path) -> None:
    pieces = [["<unk>", 0.0], ["▁", -2.0], *([f"▁{'abcdefgh'[n % 8] * 5}", -3.5] for n in range(100))]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"model": {"type": "Unigram", "vocab": pieces}}))
    found = words.ordinary(tmp_path, 102, set(), 10)
    assert found and all(2 <= number < 102 for number in found)


def test_special_ids_are_never_said(tmp_path: Path) -> None:
    bpe(tmp_path, 100)
    banned = set(range(50, 102))
    assert not banned & set(words.ordinary(tmp_path, 102, banned, 10))


def test_without_a_tokenizer_ids_from_the_middle_are_taken(tmp_path: Path) -> None:
    found = words.ordinary(tmp_path, 32_000, {1, 2}, 40)
    assert len(found) == 40
    assert min(found) >= 300


def test_the_tokenizer_decides_which_end_comes_first(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    added = {"9": {"content": "<|im_end|>"}, "7": {"content": "<|end|>"}}
    settings = {"eos_token": "<|im_end|>", "added_tokens_decoder": added}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))

    class Model:
        config = transformers.LlamaConfig(eos_token_id=7)
        generation_config = transformers.GenerationConfig(eos_token_id=[7, 9])

    assert words.end_ids(Model(), tmp_path) == [9, 7]
    assert {7, 9} <= words.special_ids(Model.config, tmp_path)
