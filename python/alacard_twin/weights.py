"""Builds a model from a configuration with fixed random weights, quickly and always with the same result."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alacard_twin.spec import TwinError

SURELY_SMALL = 60_000_000
"""Estimated parameters below which the exact count on the meta device is not worth its time."""

LARGE = 1 << 20
"""Tensors with more numbers than this are filled from one random block, because drawing them all is slow."""

BLOCK = (1 << 18) + 3
"""Length of that block: no width divides it, so that no two rows are equal."""

QUERIES = 1.0
"""Standard deviation of learned queries."""


class TooLarge(TwinError):  # noqa: N818
    """The twin would have more parameters than the cap allows."""


def build(cls: type[Any], config: Any, seed: int, cap: int) -> Any:
    """A model of this class in evaluation mode, with the type of number its configuration names."""
    import torch

    if _estimate(config) > SURELY_SMALL:
        _check_size(cls, config, cap)
    torch.manual_seed(seed)
    with _quick_fill():
        model = cls(config)
    _check_count(count_parameters(model), cap)
    dtype = getattr(config, "dtype", None)
    if isinstance(dtype, torch.dtype) and dtype.is_floating_point and dtype.itemsize > 1:
        model = model.to(dtype)
    model.eval()
    _mend_numbers(model)
    return model


def count_parameters(model: Any) -> int:
    """The number of parameters; shared ones count once."""
    return sum(parameter.numel() for parameter in model.parameters())


def meta_count(cls: type[Any], config: Any) -> int:
    """The number of parameters of a model that is never given memory."""
    import torch

    with torch.device("meta"):
        return count_parameters(cls(copy.deepcopy(config)))


def _check_size(cls: type[Any], config: Any, cap: int) -> None:
    try:
        count = meta_count(cls, config)
    except (NotImplementedError, RuntimeError):
        return  # some constructors read numbers, which tensors without memory do not have
    _check_count(count, cap)


def _check_count(count: int, cap: int) -> None:
    if count > cap:
        error = f"{count / 1e6:.0f} million parameters are more than the cap of {cap / 1e6:.0f} million"
        raise TooLarge("size", error, "Raise the parameter cap if the machine has the memory.")


def _estimate(config: Any) -> int:
    """A generous guess of the size from the largest vocabulary and the widths: cheap, and only ever too
    high.
    """
    return _estimate_dict(config.to_dict())


def _estimate_dict(value: dict[str, Any]) -> int:
    vocabulary = max((v for k, v in value.items() if type(v) is int and "vocab" in str(k)), default=0)
    widths = [
        item
        for name, item in value.items()
        if type(item) is int and 0 < item < 100_000 and any(word in str(name) for word in _WIDTH_WORDS)
    ]
    width = max(widths, default=64)
    layers = max(
        (v for k, v in value.items() if type(v) is int and "layer" in str(k) and v < 1000), default=4
    )
    own = 2 * vocabulary * min(width, 1024) + 16 * layers * width * width
    return own + sum(_estimate_dict(item) for item in value.values() if isinstance(item, dict))


_WIDTH_WORDS = ("hidden", "dim", "width", "d_model", "embd", "channels", "inter", "ffn", "size_factor")


@contextmanager
def _quick_fill() -> Iterator[None]:
    """Makes random initialisation of large tensors fast.

    PyTorch draws every number of an embedding twice (in the layer's constructor and again in the library's
    own initialisation); for a vocabulary of 150,000 that is most of the time a twin takes. Inside this block
    a large tensor is filled by repeating one random block of an odd length.
    """
    import torch

    normal, uniform = torch.Tensor.normal_, torch.Tensor.uniform_

    def quick_normal(self: Any, mean: float = 0.0, std: float = 1.0, *, generator: Any = None) -> Any:
        if self.numel() < LARGE or self.is_meta or not self.is_contiguous():
            return normal(self, mean, std, generator=generator)
        return _repeat(self, normal(torch.empty(BLOCK), mean, std, generator=generator))

    def quick_uniform(self: Any, low: float = 0.0, high: float = 1.0, *, generator: Any = None) -> Any:
        if self.numel() < LARGE or self.is_meta or not self.is_contiguous():
            return uniform(self, low, high, generator=generator)
        return _repeat(self, uniform(torch.empty(BLOCK), low, high, generator=generator))

    torch.Tensor.normal_, torch.Tensor.uniform_ = quick_normal, quick_uniform
    try:
        yield
    finally:
        torch.Tensor.normal_, torch.Tensor.uniform_ = normal, uniform


def _repeat(tensor: Any, block: Any) -> Any:
    import torch

    with torch.no_grad():
        flat, block = tensor.view(-1), block.to(tensor.device, tensor.dtype)
        whole = flat.numel() // block.numel() * block.numel()
        flat[:whole].view(-1, block.numel()).copy_(block)
        flat[whole:].copy_(block[: flat.numel() - whole])
    return tensor


def _mend_numbers(model: Any) -> None:
    """Parameters that the library leaves without a usable value (it expects a checkpoint) get small ones.

    All zeros count too: learned queries and positions (three dimensions) would make all boxes the same.
    """
    import torch

    with torch.no_grad():
        for tensor in _tensors(model):
            if not tensor.is_floating_point() or tensor.is_meta:
                continue
            extreme = _extreme(tensor)
            if tensor.requires_grad and tensor.dim() > 1 and tensor.numel() < LARGE and float(extreme) == 0.0:
                tensor.normal_(0.0, QUERIES if tensor.dim() == 3 else 0.02)
            if not bool(torch.isfinite(extreme)) or (tensor.requires_grad and float(extreme) > 1e4):
                tensor.normal_(0.0, 0.02)


def halve(model: Any) -> Any:
    """The same model with numbers of 16 bits, and a configuration that says so."""
    import torch

    model = model.to(torch.bfloat16)
    model.config.dtype = torch.bfloat16
    return model


def _extreme(tensor: Any) -> Any:
    """The largest absolute value, in one pass and without a copy; zero for nothing, NaN for any NaN."""
    import torch

    if not tensor.numel():
        return torch.zeros(())
    low, high = torch.aminmax(tensor)
    return torch.maximum(-low, high)


def _tensors(model: Any) -> Iterator[Any]:
    yield from model.parameters()
    for name, buffer in model.named_buffers():
        if not any(word in name for word in ("mask", "bias", "inf")):
            yield buffer
