"""Stand-in tokenizers and processors: what a notebook does with the real ones works with these."""

from __future__ import annotations

import hashlib
import json
import random
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("transformers")

from alacard_twin.spec import TwinSpec
from alacard_twin.standins import complete, fill, settings
from alacard_twin.standins.layout import Layout
from alacard_twin.standins.special_cases import whisper_tokens

TEXT = (
    'Hello, how are you today? The capital of France is Paris (1999): 50% of "tests" pass; it\'s $3 & more!'
)

CASES: list[tuple[str, dict[str, Any], str]] = [
    ("qwen3", {"vocab_size": 151936, "bos_token_id": 151643, "eos_token_id": 151645}, "Qwen2Tokenizer"),
    ("llama", {"vocab_size": 128256, "bos_token_id": 128000, "eos_token_id": 128009}, "TokenizersBackend"),
    ("llama", {"vocab_size": 32000, "bos_token_id": 1, "eos_token_id": 2}, "TokenizersBackend"),
    ("mistral", {}, "TokenizersBackend"),
    ("phi3", {"bos_token_id": 1, "eos_token_id": 32000, "pad_token_id": 32000}, "TokenizersBackend"),
    ("gemma2", {"vocab_size": 40000}, "GemmaTokenizer"),
    ("gpt2", {}, "GPT2Tokenizer"),
    ("gpt_neox", {}, "GPTNeoXTokenizer"),
    ("bert", {}, "BertTokenizer"),
    (
        "roberta",
        {"vocab_size": 50265, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2},
        "RobertaTokenizer",
    ),
    (
        "xlm-roberta",
        {"vocab_size": 9000, "bos_token_id": 0, "pad_token_id": 1, "eos_token_id": 2},
        "XLMRobertaTokenizer",
    ),
    ("albert", {}, "AlbertTokenizer"),
    ("deberta", {}, "DebertaTokenizer"),
    ("deberta-v2", {"vocab_size": 9000}, "DebertaV2Tokenizer"),
    ("modernbert", {}, "TokenizersBackend"),
    ("mpnet", {}, "MPNetTokenizer"),
    ("t5", {}, "T5Tokenizer"),
    ("bart", {}, "RobertaTokenizer"),
    ("mbart", {"vocab_size": 9000}, "MBartTokenizer"),
    ("pegasus", {}, "PegasusTokenizer"),
    ("m2m_100", {"vocab_size": 9000}, "M2M100Tokenizer"),
    ("marian", {"vocab_size": 9000, "pad_token_id": 8999}, "MarianTokenizer"),
    ("whisper", {"vocab_size": 51865}, "WhisperTokenizer"),
    ("clip", {}, "CLIPTokenizer"),
    ("xlnet", {}, "XLNetTokenizer"),
    ("speech_to_text", {}, "Speech2TextTokenizer"),
    ("prophetnet", {}, "ProphetNetTokenizer"),
]

ROLES = {
    "qwen3": {"eos": 151645, "pad": 151643},
    "roberta": {"cls": 0, "pad": 1, "sep": 2},
    "t5": {"pad": 0, "eos": 1, "unk": 2},
    "bert": {"pad": 0, "cls": 101, "sep": 102, "mask": 103},
    "phi3": {"bos": 1, "eos": 32000},
    "xlm-roberta": {"cls": 0, "pad": 1, "sep": 2},
    "marian": {"pad": 8999, "eos": 0},
    "mpnet": {"cls": 0, "pad": 1},
    "clip": {"bos": 49406, "eos": 49407},
}


def folder_of(model_type: str, values: dict[str, Any], place: Path, **options: Any) -> tuple[Any, list[str]]:
    from transformers import AutoConfig

    place.mkdir(parents=True, exist_ok=True)
    config = AutoConfig.for_model(model_type, **values)
    config.save_pretrained(place)
    return config, fill(None, place, **options)


@pytest.mark.parametrize(
    ("model_type", "values", "cls"), CASES, ids=[f"{case[0]}-{n}" for n, case in enumerate(CASES)]
)
def test_a_tokenizer_has_its_class_reads_all_ascii_and_round_trips(
    model_type: str, values: dict[str, Any], cls: str, tmp_path: Path
) -> None:
    from transformers import AutoTokenizer

    config, said = folder_of(model_type, values, tmp_path, needs=("tokenizer",))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    size = settings.vocabulary_size(config)
    ids = tokenizer(TEXT)["input_ids"]
    back = tokenizer.decode(ids, skip_special_tokens=True)
    assert type(tokenizer).__name__ == cls
    assert said and "made from a small text" in said[0]
    assert back.lower().replace(" ", "") == TEXT.lower().replace(" ", "")
    assert max(ids) < size and len(tokenizer) <= size
    if tokenizer.unk_token_id != tokenizer.eos_token_id:
        assert tokenizer.unk_token_id not in ids
    for role, number in ROLES.get(model_type, {}).items():
        assert getattr(tokenizer, f"{role}_token_id") == number


@pytest.mark.parametrize("model_type", ["gpt2", "bert", "t5", "marian"])
def test_every_id_decodes_to_text_because_random_weights_emit_any(model_type: str, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    config, _ = folder_of(model_type, {}, tmp_path, needs=("tokenizer",))
    tokenizer, rng = AutoTokenizer.from_pretrained(tmp_path), random.Random(3)
    picked = [rng.randrange(300, settings.vocabulary_size(config) - 200) for _ in range(100)]
    assert sum(bool(tokenizer.decode([number]).strip()) for number in picked) >= 98


@pytest.mark.parametrize("model_type", ["gpt2", "bert", "albert", "speech_to_text"])
def test_the_same_request_gives_the_same_bytes(model_type: str, tmp_path: Path) -> None:
    sums = []
    for name in ("one", "two"):
        folder_of(model_type, {}, tmp_path / name)
        files = sorted(path for path in (tmp_path / name).iterdir() if path.is_file())
        sums.append([(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files])
    assert sums[0] == sums[1]


def test_files_that_are_there_are_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_text("mine\n")
    (tmp_path / "preprocessor_config.json").write_text("{}")
    _, said = folder_of("bert", {}, tmp_path)
    assert said == [] and (tmp_path / "vocab.txt").read_text() == "mine\n"


def test_a_chat_model_gets_a_template_with_its_own_turns(tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    folder_of("qwen3", {"vocab_size": 151936}, tmp_path, task="text-generation", repo="org/Thing-Instruct")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path)
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert text.endswith("<|im_start|>assistant\n") and "<|im_start|>user\nHello<|im_end|>" in text
    assert tokenizer.convert_tokens_to_ids("<|im_start|>") == 151644


def test_whisper_knows_languages_tasks_and_times(tmp_path: Path) -> None:
    from transformers import AutoProcessor

    folder_of("whisper", {"vocab_size": 51866, "num_mel_bins": 128}, tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    prompt = processor.get_decoder_prompt_ids(language="en", task="transcribe")
    generation = json.loads((tmp_path / "generation_config.json").read_text())
    assert dict(prompt)[1] == generation["lang_to_id"]["<|en|>"]
    assert processor.feature_extractor.feature_size == 128
    assert whisper_tokens(51865)["<|0.00|>"] == 50364 and whisper_tokens(51866)["<|30.00|>"] == 51865


def test_a_recognizer_by_letters_spells_words(tmp_path: Path) -> None:
    from transformers import AutoProcessor

    folder_of("wav2vec2", {}, tmp_path)
    tokenizer = AutoProcessor.from_pretrained(tmp_path).tokenizer
    assert tokenizer.decode(tokenizer("HELLO WORLD")["input_ids"], group_tokens=False) == "HELLO WORLD"
    assert tokenizer.pad_token_id == 0


@pytest.mark.parametrize("model_type", ["qwen2_vl", "llava", "llava_next", "internvl", "idefics2"])
def test_an_image_takes_places_in_the_text(model_type: str, tmp_path: Path) -> None:
    from PIL import Image
    from transformers import AutoProcessor

    config, said = folder_of(model_type, {}, tmp_path, task="image-text-to-text")
    assert not [sentence for sentence in said if "none," in sentence]
    processor = AutoProcessor.from_pretrained(tmp_path)
    turn = [
        {"type": "image", "image": Image.new("RGB", (96, 64), "red")},
        {"type": "text", "text": "What is it?"},
    ]
    chat = [{"role": "user", "content": turn}]
    made = processor.apply_chat_template(
        chat, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt"
    )
    token = getattr(config, "image_token_id", None) or getattr(config, "image_token_index", None)
    assert int((made["input_ids"] == token).sum()) > 0
    assert "pixel_values" in made


@pytest.mark.parametrize(
    ("model_type", "cls"),
    [
        ("vit", "ViTImageProcessor"),
        ("detr", "DetrImageProcessor"),
        ("clip", "CLIPImageProcessor"),
        ("segformer", "SegformerImageProcessor"),
        ("sam", "SamImageProcessor"),
    ],
)
def test_image_processors_take_the_configuration_sizes(model_type: str, cls: str, tmp_path: Path) -> None:
    from transformers import AutoImageProcessor

    folder_of(model_type, {"image_size": 96} if model_type == "vit" else {}, tmp_path)
    processor = AutoImageProcessor.from_pretrained(tmp_path)
    assert type(processor).__name__ == cls
    if model_type == "vit":
        assert (processor.size["height"], processor.size["width"]) == (96, 96)


@pytest.mark.parametrize(
    "model_type", ["audio-spectrogram-transformer", "clap", "wav2vec2", "hubert", "speecht5"]
)
def test_feature_extractors_load(model_type: str, tmp_path: Path) -> None:
    from transformers import AutoFeatureExtractor

    folder_of(model_type, {}, tmp_path)
    assert AutoFeatureExtractor.from_pretrained(tmp_path).sampling_rate in (16000, 48000)


def test_complete_serves_the_twin_maker(tmp_path: Path) -> None:
    from transformers import AutoConfig

    said = complete(TwinSpec(repo="org/name", task="fill-mask"), tmp_path, AutoConfig.for_model("bert"))
    assert said == ["tokenizer: BertTokenizer, made from a small text"]


def test_a_layout_gives_each_token_one_id_below_its_size() -> None:
    layout = Layout(5)
    assert layout.place("end", 3) and not layout.place("other", 3) and not layout.place("far", 5)
    layout.extend(["a", "b", "a", "c", "d", "e"])
    assert layout.ids() == {"a": 0, "b": 1, "c": 2, "end": 3, "d": 4}
    assert Layout(3).filled(lambda words: map(str.upper, words)) == ["BABA", "BABE", "BABI"]
