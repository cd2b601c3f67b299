"""What a processor asks of its tokenizer, read from the library's own code.

A composite processor names the tokens it works with when it is made: as attributes of its tokenizer
(`tokenizer.image_token`), as words of its own (`self.image_token = "<|patch|>"`), or as words to look up
(`convert_tokens_to_ids("<im_col>")`). A stand-in tokenizer needs all of them.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import re
import sys
import textwrap
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

ROLES = ("bos", "eos", "pad", "unk", "cls", "sep", "mask")
"""Tokens that every tokenizer has or lacks by itself."""


@dataclass
class Asked:
    """The tokens of one processor class."""

    attributes: dict[str, str | None] = field(default_factory=dict)
    """Attributes of the tokenizer (`image_token`), to the word that is taken where there is none."""
    words: dict[str, str] = field(default_factory=dict)
    """The processor's own attributes that are words, to these words."""
    aliases: dict[str, str] = field(default_factory=dict)
    """The processor's own attributes that are attributes of the tokenizer under another name."""
    extra: list[str] = field(default_factory=list)
    """Words that are looked up in the vocabulary."""
    objects: set[str] = field(default_factory=set)
    """Attributes that are read as token objects: with plain words on the tokenizer the code would not run."""


def asked(config: Any) -> Asked:
    """What the processor of a configuration's model type asks for; nothing where the type has none."""
    cls = processor_class(config)
    return of_class(cls) if cls is not None else Asked()


_BORROWED = {"fast_vlm": "LlavaProcessor", "glm_ocr": "Glm46VProcessor", "glmga": "Glm46VProcessor"}
"""Model types without a processor of their own: published repos name another type's."""


def processor_class(config: Any) -> Any:
    """The composite processor of a model type: by the library's table, else the one beside its code."""
    from transformers.models.auto import processing_auto as auto

    model_type = str(getattr(config, "model_type", ""))
    name = _BORROWED.get(model_type) or auto.PROCESSOR_MAPPING_NAMES.get(model_type)
    return auto.processor_class_from_name(name) if name else _beside(type(config))


def _beside(config_class: type[Any]) -> Any:
    """The processor that lives in the same package as the configuration (Kosmos is not in the table)."""
    module = config_class.__module__
    name = module.replace(".configuration_", ".processing_")
    if name == module or importlib.util.find_spec(name) is None:
        return None
    found = importlib.import_module(name)
    names = [name for name in getattr(found, "__all__", ()) if name.endswith("Processor")]
    return getattr(found, names[0]) if names else None


@lru_cache(maxsize=64)
def of_class(cls: type[Any]) -> Asked:
    """What a processor class asks for when it is made."""
    found = Asked()
    for name, argument in inspect.signature(cls.__init__).parameters.items():
        if name.endswith("_token") and isinstance(argument.default, str):
            found.words[name] = argument.default
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(cls.__init__)))
    except (OSError, TypeError, SyntaxError):
        return found
    for node in ast.walk(_Spelled(cls).visit(tree)):
        _read(node, found)
    for name in _objects(cls):
        found.attributes.pop(name, None)
        found.objects.add(name)
    for name in found.attributes:
        found.attributes[name] = found.attributes[name] or found.words.get(name)
    return found


def _objects(cls: type[Any]) -> list[str]:
    """Tokens whose `content` the class reads (`self.image_token.content`)."""
    return re.findall(r"self\.(\w+_token)\.content\b", inspect.getsource(cls))


class _Spelled(ast.NodeTransformer):
    """Puts the word itself where the code names a constant of its module or class."""

    def __init__(self, cls: type[Any]) -> None:
        self._module = vars(sys.modules[cls.__module__])
        self._class = cls

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return self._word(self._module.get(node.id), node)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.ctx, ast.Load) and node.attr.isupper():
            return self._word(getattr(self._class, node.attr, None), node)
        return self.generic_visit(node)

    @staticmethod
    def _word(value: Any, node: ast.AST) -> ast.AST:
        return ast.Constant(value) if isinstance(value, str) else node


def _read(node: ast.AST, found: Asked) -> None:
    if isinstance(node, ast.Assign):
        _read_assignment(node, found)
    elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load) and _is_tokenizer(node.value):
        _add_attribute(node.attr, found)
    elif isinstance(node, ast.Call):
        _read_call(node, found)
    elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and "vocab" in node.value.id:
        found.extra += _words(node.slice)


def _is_tokenizer(node: ast.AST) -> bool:
    named = isinstance(node, ast.Name) and node.id == "tokenizer"
    return named or (isinstance(node, ast.Attribute) and node.attr == "tokenizer")


def _add_attribute(name: str, found: Asked, default: str | None = None) -> None:
    stem = name.removesuffix("_id").removesuffix("_token")
    if name.removesuffix("_id").endswith("_token") and stem not in ROLES:
        known = found.attributes.get(f"{stem}_token")
        found.attributes[f"{stem}_token"] = known or default


def _read_call(node: ast.Call, found: Asked) -> None:
    function = node.func
    if isinstance(function, ast.Attribute) and function.attr == "convert_tokens_to_ids":
        for argument in node.args:
            found.extra += _words(argument)
    named = isinstance(function, ast.Name) and function.id == "getattr"
    if named and len(node.args) >= 2 and _is_tokenizer(node.args[0]):
        default = _words(node.args[2]) if len(node.args) == 3 else []
        for name in _words(node.args[1]):
            _add_attribute(name, found, *default[:1])


def _read_assignment(node: ast.Assign, found: Asked) -> None:
    target = node.targets[0]
    if not isinstance(target, ast.Attribute) or not target.attr.endswith(("_token", "_tag")):
        return
    value = node.value
    if isinstance(value, ast.Attribute) and _is_tokenizer(value.value):
        found.aliases[target.attr] = value.attr
    choices = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
    for word in (word for choice in choices for word in _words(choice)):
        found.words.setdefault(target.attr, word)


def _words(node: ast.AST) -> list[str]:
    """A word, or the words of a list."""
    items = node.elts if isinstance(node, ast.List | ast.Tuple) else [node]
    return [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
