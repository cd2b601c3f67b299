"""Stand-in tokenizers for transformers up to version 4, which has a pair of classes for each tokenizer.

The vocabulary is trained on the small text; what the real one fills with rarer words stays empty, so ids are
fewer than the configuration says. The slow class's files are written where its format is plain (words, byte
pairs), because some pipelines of that time load the slow class.
"""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

from alacard_twin.standins import settings, words

ROLES = ("unk_token", "bos_token", "eos_token", "pad_token", "cls_token", "sep_token", "mask_token")
"""Special tokens that a class may name."""

_BYTES = (
    "GPT2", "Roberta", "Bart", "CLIP", "Bloom", "GPTNeo", "CodeGen", "Longformer", "Deberta", "LED",
    "Whisper", "Qwen2",
)  # fmt: skip
_PIECES = ("Electra", "MPNet", "Funnel", "LayoutLM", "Lxmert", "DPR", "Splinter")
_SENTENCES = ("T5", "Llama", "XLM", "Albert", "Camembert", "MBart", "Nllb", "Pegasus", "Gemma", "BigBird")


def is_old() -> bool:
    """Whether the installed library is of that time."""
    import transformers

    return int(transformers.__version__.split(".")[0]) < 5


def make(cls: Any, config: Any, out: Path) -> Any:
    """Writes the files of a fast class and gives the tokenizer; None for a class that is only slow."""
    if not cls.__name__.endswith("Fast"):
        return None
    roles = _roles(cls)
    core = _core(cls.__name__, _in_order(roles, config))
    _frame(core, cls.__name__, roles)
    tokenizer = cls(tokenizer_object=core, **roles, **_longest(config))
    tokenizer.save_pretrained(out, legacy_format=False)
    if not cls.__name__.startswith(_SENTENCES):
        core.model.save(str(out))
    return tokenizer


def _in_order(roles: dict[str, str], config: Any) -> list[str]:
    """The special tokens, those first whose small ids the configuration names."""
    part = settings.text_part(config)

    def place(role: str) -> int:
        number = getattr(part, f"{role}_id", None)
        return number if isinstance(number, int) and 0 <= number < len(ROLES) else len(ROLES)

    return list(dict.fromkeys(roles[role] for role in sorted(roles, key=place)))


def _roles(cls: Any) -> dict[str, str]:
    """The special tokens that the class itself names."""
    defaults = {
        name: parameter.default
        for kind in reversed(cls.__mro__)
        for name, parameter in inspect.signature(kind.__init__).parameters.items()
    }
    return {role: str(defaults[role]) for role in ROLES if isinstance(defaults.get(role), str)}


def _longest(config: Any) -> dict[str, int]:
    longest = getattr(settings.text_part(config), "max_position_embeddings", None)
    return {"model_max_length": longest} if isinstance(longest, int) and longest > 8 else {}


def _core(name: str, specials: list[str]) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

    trainer: Any
    unknown = next((token for token in specials if "unk" in token.lower()), specials[0] if specials else None)
    if name.startswith(_BYTES):
        core = Tokenizer(models.BPE(unk_token=None))
        core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        core.decoder = decoders.ByteLevel()
        letters = pre_tokenizers.ByteLevel.alphabet()
        trainer = trainers.BpeTrainer(vocab_size=3000, special_tokens=specials, initial_alphabet=letters)
        if name.startswith("CLIP"):
            _clip(core, trainer)
    elif name.startswith(_PIECES) or ("Bert" in name and not name.startswith(_SENTENCES)):
        core = Tokenizer(models.WordPiece(unk_token=unknown))
        core.normalizer = normalizers.BertNormalizer()
        core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        core.decoder = decoders.WordPiece()
        trainer = trainers.WordPieceTrainer(vocab_size=3000, special_tokens=specials)
    else:
        core = Tokenizer(models.Unigram())
        core.pre_tokenizer = pre_tokenizers.Metaspace()
        core.decoder = decoders.Metaspace()
        trainer = trainers.UnigramTrainer(vocab_size=1000, special_tokens=specials, unk_token=unknown)
    core.train_from_iterator([words.TEXT, " ".join(words.words())], trainer)
    return core


def _clip(core: Any, trainer: Any) -> None:
    """Byte pairs with a mark at the end of a word instead of one at its beginning."""
    from tokenizers import Regex, normalizers, pre_tokenizers

    core.model.end_of_word_suffix = trainer.end_of_word_suffix = "</w>"
    words_only = pre_tokenizers.Split(Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"), "removed", invert=True)
    as_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.pre_tokenizer = pre_tokenizers.Sequence([words_only, as_bytes])
    core.normalizer = normalizers.Lowercase()


def _frame(core: Any, name: str, roles: dict[str, str]) -> None:
    """What stands around a text: its class's first and last token."""
    from tokenizers import processors

    opens = name.startswith(("CLIP", "Llama", "Gemma"))
    closes = name.startswith(("CLIP", "T5", "Pegasus", "MBart"))
    first = roles.get("cls_token") or (roles.get("bos_token") if opens else None)
    last = roles.get("sep_token") or (roles.get("eos_token") if closes else None)
    ends = [token for token in (first, last) if token]
    if not ends:
        return
    single = " ".join(part for part in (first, "$A", last) if part)
    pair = f"{single} " + " ".join(part for part in ("$B:1", f"{last}:1" if last else "") if part)
    pairs = [(token, core.token_to_id(token)) for token in dict.fromkeys(ends)]
    core.post_processor = processors.TemplateProcessing(single=single, pair=pair, special_tokens=pairs)
