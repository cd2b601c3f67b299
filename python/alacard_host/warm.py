"""Warm imports: what a notebook would import first is imported once, in the host.

A library's own name loads only part of it; the rest comes at the first ``from_pretrained`` or
``generate``. The tables below name those later parts, so that a forked kernel finds them loaded.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import pkgutil
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from alacard_host import fresh, hub_constants, process

KERNEL = (
    "ipykernel.kernelapp",
    "ipykernel.ipkernel",
    "ipykernel.zmqshell",
    "ipykernel.displayhook",
    "ipykernel.codeutil",
    "ipykernel.debugger",
    "ipykernel.jsonutil",
    "IPython.core.completer",
    "IPython.core.magics",
    "IPython.extensions.storemagic",
    "IPython.core.pylabtools",
    "IPython.display",
    "matplotlib_inline.backend_inline",
    "matplotlib_inline.config",
    "comm.base_comm",
    "jedi",
    "tornado.platform.asyncio",
    "zmq.asyncio",
    "stack_data",
    "IPython.core.ultratb",
    "sqlite3",
    "pexpect",
    "psutil",
    "multiprocessing.pool",
    "concurrent.futures.thread",
)
"""What every kernel needs, whatever its notebook imports."""

EXTRA: dict[str, tuple[str, ...]] = {
    "torch": ("torch.nn.functional", "torch.utils.data", "torch.fx", "torch._dynamo"),
    "transformers": (
        "transformers.models.auto.configuration_auto",
        "transformers.models.auto.tokenization_auto",
        "transformers.models.auto.modeling_auto",
        "transformers.models.auto.processing_auto",
        "transformers.models.auto.image_processing_auto",
        "transformers.models.auto.feature_extraction_auto",
        "transformers.models.auto.video_processing_auto",
        "transformers.generation.utils",
        "transformers.generation.candidate_generator",
        "transformers.generation.stopping_criteria",
        "transformers.generation.logits_process",
        "transformers.generation.streamers",
        "transformers.generation.configuration_utils",
        "transformers.masking_utils",
        "transformers.modeling_layers",
        "transformers.modeling_outputs",
        "transformers.modeling_rope_utils",
        "transformers.core_model_loading",
        "transformers.cache_utils",
        "transformers.tokenization_utils_tokenizers",
        "transformers.tokenization_python",
        "transformers.processing_utils",
        "transformers.image_processing_utils_fast",
        "transformers.integrations.sdpa_attention",
        "transformers.integrations.eager_paged",
        "transformers.utils.chat_template_utils",
        "transformers.dynamic_module_utils",
        "transformers.pipelines.*",
        "alacard_twin.make",
        "alacard_twin.lib_transformers",
        "alacard_twin.stop",
        "alacard_twin.heads",
        "alacard_twin.special_inputs",
        "alacard_twin.standins.*",
    ),
    "sentence_transformers": (
        "sentence_transformers.cross_encoder",
        "sentence_transformers.util",
        "sentence_transformers.models",
        "transformers.models.bert.modeling_bert",
    ),
    "diffusers": (
        "diffusers.pipelines.pipeline_utils",
        "diffusers.pipelines.auto_pipeline",
        "diffusers.models.modeling_utils",
        "diffusers.models.autoencoders.autoencoder_kl",
        "diffusers.models.unets.unet_2d_condition",
        "diffusers.schedulers",
        "diffusers.image_processor",
        "diffusers.loaders",
        "diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion",
        "diffusers.schedulers.scheduling_euler_discrete",
        "diffusers.schedulers.scheduling_pndm",
        "diffusers.schedulers.scheduling_ddim",
        "transformers.models.clip.modeling_clip",
    ),
    "datasets": ("datasets.load", "datasets.packaged_modules", "datasets.arrow_dataset"),
    "peft": ("peft.tuners.lora", "peft.auto"),
    "timm": ("timm.models", "timm.data"),
    "matplotlib": ("matplotlib.pyplot", "matplotlib.backends.backend_agg", "matplotlib.figure"),
    "PIL": ("PIL.Image", "PIL.ImageDraw", "PIL.ImageFont", "PIL.PngImagePlugin", "PIL.JpegImagePlugin"),
    "gradio": ("gradio.blocks", "gradio_client"),
    "fastapi": ("fastapi.testclient",),
    "streamlit": ("streamlit.testing.v1",),
    "openai": ("openai.resources.chat", "openai.resources.embeddings", "openai._streaming"),
    "huggingface_hub": (
        "huggingface_hub.hf_api",
        "huggingface_hub.file_download",
        "huggingface_hub._snapshot_download",
        "huggingface_hub.repocard",
        "huggingface_hub.inference._client",
        "huggingface_hub.inference._providers",
    ),
}
"""The parts of a library that it loads at its first real use, and what makes twins of its models; a star
stands for all modules of a package.
"""

IMPLIED = {"transformers": ("huggingface_hub",), "diffusers": ("huggingface_hub",)}
"""Libraries that come with another one and have late parts of their own."""


def warm(modules: Iterable[str]) -> dict[str, Any]:
    """Imports the modules with their late parts; the answer for the supervisor."""
    seconds: dict[str, float] = {}
    failed: dict[str, str] = {}
    for name in modules:
        started = time.perf_counter()
        error = _load(name)
        if error is not None:
            failed[name] = error
            continue
        for part in _parts(name.partition(".")[0]):
            _load(part)
        seconds[name] = round(time.perf_counter() - started, 4)
    started = time.perf_counter()
    for part in KERNEL:
        _load(part)
    settle()
    seconds["kernel"] = round(time.perf_counter() - started, 4)
    return {
        "event": "imported",
        "seconds": seconds,
        "failed": failed,
        "versions": versions(),
        "threads": process.thread_names(),
    }


def _load(name: str) -> str | None:
    """Imports one module; the error as a sentence where that fails."""
    try:
        importlib.import_module(name)
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return f"{type(error).__name__}: {error}"[:500]
    return None


def _parts(root: str) -> Iterator[str]:
    """Names of the late parts of a library, stars expanded."""
    for part in EXTRA.get(root, ()):
        if part.endswith(".*"):
            yield from _submodules(part[:-2])
        else:
            yield part
    for other in IMPLIED.get(root, ()):
        yield from _parts(other)


def _submodules(package: str) -> list[str]:
    """The package and its direct modules."""
    if _load(package) is not None:
        return []
    places = getattr(sys.modules[package], "__path__", [])
    return [f"{package}.{item.name}" for item in pkgutil.iter_modules(places) if not item.ispkg]


def settle() -> None:
    """Tames what imports leave behind: threads of numeric libraries and monitors of progress bars."""
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.set_num_threads(1)
    tqdm = sys.modules.get("tqdm")
    if tqdm is not None:
        tqdm.tqdm.monitor_interval = 0
    hub_constants.collect()
    fresh.note_warnings()
    gc.collect()
    gc.freeze()


def versions() -> dict[str, str]:
    """Versions of the distributions to which the loaded top-level modules belong."""
    owners = importlib.metadata.packages_distributions()
    found: dict[str, str] = {}
    for root in sorted({name.partition(".")[0] for name in sys.modules}):
        for distribution in owners.get(root, ()):
            try:
                found[root] = importlib.metadata.version(distribution)
            except importlib.metadata.PackageNotFoundError:
                continue
    return found
