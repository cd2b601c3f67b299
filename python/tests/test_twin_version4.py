"""Stand-in tokenizers in the classes of transformers 4; the classes themselves need that version."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from alacard_twin.standins import tokenizer, version4

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")


@pytest.mark.parametrize(
    ("name", "roles", "first", "last"),
    [
        ("BertTokenizerFast", {"unk_token": "[U]", "cls_token": "[C]", "sep_token": "[S]"}, "[C]", "[S]"),
        ("CLIPTokenizerFast", {"bos_token": "<a>", "eos_token": "<b>"}, "<a>", "<b>"),
        ("T5TokenizerFast", {"unk_token": "<unk>", "eos_token": "</s>"}, None, "</s>"),
        ("BloomTokenizerFast", {"bos_token": "<s>", "eos_token": "</s>"}, None, None),
    ],
)
def test_each_family_frames_a_text(
    name: str, roles: dict[str, str], first: str | None, last: str | None
) -> None:
    core = version4._core(name, list(roles.values()))
    version4._frame(core, name, roles)
    tokens = core.encode("the teacher opened the window").tokens
    assert (tokens[0] == first) if first else tokens[0] not in roles.values()
    assert (tokens[-1] == last) if last else tokens[-1] not in roles.values()
    assert len(tokens) < 16


def test_special_tokens_stand_where_the_configuration_says() -> None:
    config = SimpleNamespace(bos_token_id=0, pad_token_id=1, eos_token_id=2)
    roles = {"unk_token": "<unk>", "eos_token": "</s>", "bos_token": "<s>", "pad_token": "<pad>"}
    assert version4._in_order(roles, config) == ["<s>", "<pad>", "</s>", "<unk>"]


def test_of_a_pair_the_fast_class_is_taken() -> None:
    assert tokenizer._one(("CLIPTokenizer", "CLIPTokenizerFast")) == "CLIPTokenizerFast"
    assert tokenizer._one(("BertJapaneseTokenizer", None)) == "BertJapaneseTokenizer"
    assert tokenizer._one("LlamaTokenizer") == "LlamaTokenizer"
