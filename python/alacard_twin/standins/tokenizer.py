"""Stand-in tokenizers of the class that the library has for a model type."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alacard_twin.standins import chat, legacy, pieces, settings, special_cases, version4
from alacard_twin.standins.layout import Layout
from alacard_twin.standins.specials import GENERIC, Defaults, Specials, plan, size_with_media

ROLE_KEYS = ("bos_token", "eos_token", "unk_token", "pad_token", "cls_token", "sep_token", "mask_token")
GENERIC_CLASSES = (
    "TokenizersBackend",
    "PreTrainedTokenizerFast",
    "MistralCommonBackend",
    "ParakeetTokenizer",
)
"""Classes that bring no pieces of their own: a backend is built for them here."""


@dataclass(frozen=True)
class Request:
    """What a tokenizer is made for."""

    config: Any
    out: Path
    repo: str = ""
    task: str | None = None

    @property
    def model_type(self) -> str:
        """The model type of the whole configuration."""
        return str(getattr(self.config, "model_type", ""))


@dataclass(frozen=True)
class Made:
    """A tokenizer that was written."""

    name: str
    """Its class."""
    tokenizer: Any = None
    """The object, without the made-up words that fill its files; None for classes that read plain files."""
    template: str | None = None
    """Its chat template."""


def make(request: Request) -> Made | None:
    """Writes the tokenizer's files; None if the model type has no tokenizer."""
    name = class_name(request.config)
    if name is None:
        return None
    from transformers.models.auto.tokenization_auto import tokenizer_class_from_name

    found = tokenizer_class_from_name("TokenizersBackend" if name in GENERIC_CLASSES[:3] else name)
    if found is None:
        return None
    if version4.is_old():
        old = version4.make(found, request.config, request.out)
        return Made(found.__name__, old) if old is not None else None
    if legacy.serves(found):
        written = legacy.make(found, request.config, request.out)
        return Made(written) if written else None
    return _make_fast(found, request)


def class_name(config: Any) -> str | None:
    """The tokenizer class of a configuration: by the library's table, else by its own word."""
    from transformers.models.auto.tokenization_auto import TOKENIZER_MAPPING_NAMES

    own = getattr(config, "tokenizer_class", None)
    if str(getattr(config, "model_type", "")) in _HEARING:
        return "Wav2Vec2CTCTokenizer"
    for part in (config, settings.text_part(config)):
        model_type = str(getattr(part, "model_type", ""))
        if model_type in _PIECES:
            return _PIECES[model_type]
        named = TOKENIZER_MAPPING_NAMES.get(model_type) or _parent(model_type, TOKENIZER_MAPPING_NAMES)
        if named:
            return _one(named)
    if isinstance(own, str) and own:
        return own.removesuffix("Fast")
    return "TokenizersBackend" if hasattr(settings.text_part(config), "vocab_size") else None


_PIECES = {
    "umt5": "T5Tokenizer",
    "pix2struct": "T5Tokenizer",
    "xlm-roberta-xl": "XLMRobertaTokenizer",
    "kosmos-2": "XLMRobertaTokenizer",
    "bigbird_pegasus": "PegasusTokenizer",
    "pegasus_x": "PegasusTokenizer",
    "donut": "XLMRobertaTokenizer",
    "roformer": "BertTokenizer",
}
"""Model types that the library reads with its general class, and whose vocabulary is of this class's kind;
and RoFormer, whose own class cuts Chinese words with a package of its own and cannot be written to a file.
"""

_HEARING = ("wavlm", "unispeech", "unispeech-sat", "sew", "sew-d", "data2vec-audio", "wav2vec2-conformer")
"""Model types that are read out by letters and that the library's table does not name."""


def _one(named: Any) -> str:
    """The class where the table has a pair, as up to version 4: the fast one if there is one."""
    if isinstance(named, str):
        return named
    return next(str(name) for name in reversed(named) if name)


def _parent(model_type: str, names: Any) -> Any:
    base = model_type.removesuffix("_text").removesuffix("_text_model").removesuffix("_thinker")
    return names.get(base) if base != model_type else None


def _make_fast(cls: Any, request: Request) -> Made:
    blank = None if cls.__name__ in GENERIC_CLASSES else special_cases.blank(cls)
    defaults = defaults_of(blank) if blank is not None else Defaults()
    kind = pieces.kind_of(json.loads(blank.backend_tokenizer.to_str())) if blank is not None else None
    layout = Layout(_size(request, kind))
    special_cases.before(cls.__name__, request.config, layout)
    specials = plan(request.config, cls.__name__, defaults, layout)
    specials.extra += special_cases.extra(cls.__name__, layout)
    _mask(request, specials, layout)
    if kind is None:
        kind = pieces.Kind(
            "BPE",
            byte_level=not specials.family.metaspace,
            byte_fallback=specials.family.metaspace,
            metaspace=specials.family.metaspace,
        )
    options = _options(cls, request, specials)
    tokenizer = _build(cls, kind, layout, specials, options)
    tokenizer.save_pretrained(request.out)
    _finish(request.out, kind, layout)
    return Made(type(tokenizer).__name__, tokenizer, options.get("chat_template"))


def _mask(request: Request, specials: Specials, layout: Layout) -> None:
    """A model that fills a gap has a word for the gap, whatever its class brings."""
    named = " ".join(getattr(request.config, "architectures", None) or ())
    if request.task == "fill-mask" or "ForMaskedLM" in named:
        layout.add(specials.roles.setdefault("mask_token", GENERIC["mask"]))


_READING = (
    "text-classification",
    "token-classification",
    "feature-extraction",
    "sentence-similarity",
    "zero-shot-classification",
    "question-answering",
    "text-ranking",
)
"""Tasks that never turn an id back into text: a small vocabulary serves them as well and loads at once."""


def _size(request: Request, kind: pieces.Kind | None) -> int:
    size = size_with_media(request.config)
    small = kind is not None and kind.model == "Unigram" and request.task in _READING
    return min(size, 8192) if small else size


def defaults_of(blank: Any) -> Defaults:
    """The tokens that a class has before it has seen a vocabulary."""
    vocabulary = json.loads(blank.backend_tokenizer.to_str())["model"]["vocab"]
    names = (
        [item[0] for item in vocabulary]
        if isinstance(vocabulary, list)
        else sorted(vocabulary, key=vocabulary.get)
    )
    wanted = [name for name in dict.fromkeys(names) if name != pieces.SPACE and not name.isalnum()]
    own_ids = {name: names.index(name) for name in wanted}
    roles = {key: str(value) for key in ROLE_KEYS if (value := getattr(blank, key, None))}
    return Defaults({**own_ids, **_late(own_ids)}, roles)


def _late(ids: dict[str, int]) -> dict[str, int]:
    """Masks are last in a published vocabulary, never at the id that an empty class gives them."""
    return {token: 10**9 for token in ids if token == "<mask>"}


def _options(cls: Any, request: Request, specials: Specials) -> dict[str, Any]:
    options: dict[str, Any] = dict(specials.roles)
    listed = [token for token in specials.extra if token not in specials.roles.values()]
    if specials.media:
        options.update(specials.media)
    if listed:
        options["extra_special_tokens"] = listed
    longest = _longest(request.config)
    if longest:
        options["model_max_length"] = longest
    if chat.expects_chat(request.model_type, request.repo, request.task):
        options["chat_template"] = chat.template(specials)
    return options | special_cases.options(cls.__name__, request.config)


def _longest(config: Any) -> int | None:
    part = settings.text_part(config)
    for name in ("max_position_embeddings", "n_positions", "max_source_positions"):
        value = getattr(part, name, None)
        if isinstance(value, int) and value > 0:
            offset = 2 if getattr(part, "model_type", "") in _OFFSET_POSITIONS else 0
            return value - offset
    return None


_OFFSET_POSITIONS = (
    "roberta",
    "xlm-roberta",
    "camembert",
    "xlm-roberta-xl",
    "longformer",
    "mpnet",
    "data2vec-text",
    "ibert",
    "luke",
    "layoutlmv3",
    "lilt",
)
"""Model types whose positions start behind the padding id."""


def _build(cls: Any, kind: pieces.Kind, layout: Layout, specials: Specials, options: dict[str, Any]) -> Any:
    if kind.model == "Unigram":
        return _unigram(cls, kind, layout, specials, options)
    layout.extend(pieces.alphabet(kind))
    if kind.model == "WordPiece":
        layout.extend(pieces.word_pieces(kind))
        return cls(vocab=layout.ids(), **options)
    present = set(layout.ids())
    merges = pieces.merges(kind, present, min(4000, len(layout.free())))
    layout.extend("".join(pair) for pair in merges)
    if cls.__name__ in GENERIC_CLASSES:
        return cls(tokenizer_object=_backend(kind, layout, merges, specials), **options)
    return cls(vocab=layout.ids(), merges=merges, **options)


def _unigram(cls: Any, kind: pieces.Kind, layout: Layout, specials: Specials, options: dict[str, Any]) -> Any:
    scores = pieces.unigram_scores()
    named = set(layout.ids())
    layout.extend(sorted(scores, key=lambda piece: (len(piece) > 1, -scores[piece], piece)))
    listed = [
        (token, 0.0 if token in named else scores.get(token, -30.0)) for token in layout.filled(kind.written)
    ]
    return cls(vocab=listed, **options)


def _backend(kind: pieces.Kind, layout: Layout, merges: list[tuple[str, str]], specials: Specials) -> Any:
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    unknown = specials.roles.get("unk_token") if kind.metaspace else None
    model = models.BPE(
        vocab=layout.ids(),
        merges=merges,
        unk_token=unknown,
        fuse_unk=kind.metaspace,
        byte_fallback=kind.byte_fallback,
    )
    tokenizer = Tokenizer(model)
    if kind.metaspace:
        tokenizer.normalizer = normalizers.Sequence(
            [normalizers.Prepend(pieces.SPACE), normalizers.Replace(" ", pieces.SPACE)]
        )
        steps = [
            decoders.Replace(pieces.SPACE, " "),
            decoders.ByteFallback(),
            decoders.Fuse(),
            decoders.Strip(" ", 1, 0),
        ]
        tokenizer.decoder = decoders.Sequence(steps)
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
        tokenizer.decoder = decoders.ByteLevel()
    roles = specials.roles
    if "cls_token" in roles and "sep_token" in roles:
        tokenizer.post_processor = _frame(processors, layout, roles["cls_token"], roles["sep_token"])
    elif "bos_token" in roles and specials.family.ids:
        bos = roles["bos_token"]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, layout.at(bos))]
        )
    return tokenizer


def _frame(processors: Any, layout: Layout, first: str, last: str) -> Any:
    tokens = [(first, layout.at(first)), (last, layout.at(last))]
    return processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B:1 {last}:1",
        special_tokens=list(dict(tokens).items()),
    )


def _finish(out: Path, kind: pieces.Kind, layout: Layout) -> None:
    """Fills the free ids of tokenizer.json; done in the file, since building twice would cost more."""
    if kind.model == "Unigram":
        return
    path = out / "tokenizer.json"
    state = json.loads(path.read_text(encoding="utf-8"))
    state["model"]["vocab"].update(layout.filler(kind.written))
    path.write_text(json.dumps(state, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
