"""Makes a twin of every model type of the installed transformers and runs it: how far the rules reach.

`python -m alacard_twin.sweep --out RESULTS.jsonl [--only TYPE ...] [--jobs 2] [--limit 90] [--memory 6000]`
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import select
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from alacard_twin import classes, weights
from alacard_twin.ladder import Climb
from alacard_twin.probe import Probe
from alacard_twin.spec import PARAMETER_CAP, Json, TwinReport

COMPLETIONS: dict[str, Json] = {
    "bamba": {"attn_layer_indices": [1, 9]},
    "granitemoehybrid": {"layer_types": ["mamba", "attention"] * 16},
    "deepseek_v2": {"num_experts_per_tok": 6, "n_group": 1, "topk_group": 1, "n_routed_experts": 64},
    "blip-2": {"image_token_index": 5},
    "instructblip": {"image_token_index": 5},
    "instructblipvideo": {"video_token_index": 5},
    "xmod": {"default_language": "en_XX"},
}
"""Settings that every published repo of a type has and the library's own defaults leave empty; full
size needs them just as much."""


@dataclass
class Result:
    """What became of one model type."""

    model_type: str
    own: bool = True
    """Whether it is a model of its own right and not only a part of others."""
    task: str | None = None
    class_name: str | None = None
    state: str = "unknown"
    """`ran`, `built`, `no-default` (its own defaults do not build at full size either), `no-class`,
    `failed`.
    """
    strategy: str = ""
    ran: str | None = None
    parameters: int = 0
    seconds: float = 0.0
    error: str = ""
    tried: list[Json] = field(default_factory=list)


def examine(model_type: str, own: bool) -> Result:
    """Makes and runs the twin of one model type from the library's default configuration."""
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    result = Result(model_type, own)
    result.task, result.class_name = classes.main_class(model_type)
    if result.class_name is None:
        result.state = "no-class"
        return result
    cls = classes.by_name(result.class_name)
    if cls is None:
        result.state, result.error = "failed", f"{result.class_name} is not in the library"
        return result
    started = time.perf_counter()
    try:
        config = CONFIG_MAPPING[model_type](**COMPLETIONS.get(model_type, {}))
    except Exception as error:
        result.state, result.error = "no-default", f"{type(error).__name__}: {error}"[:300]
        return result
    _climb(result, cls, config)
    result.seconds = round(time.perf_counter() - started, 3)
    if result.state != "ran" and not _default_builds(cls, config, result):
        result.state = "no-default"
    return result


def _climb(result: Result, cls: type[Any], config: Any) -> None:
    report, probe = TwinReport(), Probe(result.task)
    climb = Climb(
        read=lambda value: type(config).from_dict(_plain(value)),
        build=lambda shrunk: weights.build(cls, shrunk, 0, PARAMETER_CAP),
        run=probe.run,
        report=report,
    )
    model = climb.climb(config.to_dict())
    result.tried = [asdict(attempt) for attempt in report.tried]
    result.strategy, result.ran = report.strategy, report.ran
    result.error = report.tried[0].error if report.tried else ""
    result.state = "failed" if model is None else ("ran" if report.ran else "built")
    result.parameters = weights.count_parameters(model) if model is not None else 0


def _plain(value: Json) -> Json:
    return {
        name: setting
        for name, setting in value.items()
        if name not in ("transformers_version", "_name_or_path")
    }


def _default_builds(cls: type[Any], config: Any, result: Result) -> bool:
    try:
        weights.meta_count(cls, config)
    except Exception as error:
        result.error = f"default: {type(error).__name__}: {error}"[:300]
        return False
    return True


def model_types() -> list[tuple[str, bool]]:
    """All model types with an auto class, and whether each is a model of its own right.

    A type is only a part when another type's configuration contains it and no table but the bare one
    lists it.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING, CONFIG_MAPPING_NAMES

    parts: set[str] = set()
    for name in CONFIG_MAPPING_NAMES:
        for sub in (getattr(CONFIG_MAPPING[name], "sub_configs", None) or {}).values():
            if getattr(sub, "model_type", name) != name:
                parts.add(sub.model_type)
    found = []
    for name in sorted(CONFIG_MAPPING_NAMES):
        task, class_name = classes.main_class(name)
        if class_name is not None:
            bare = task in ("feature-extraction", "pretraining", "image-feature-extraction")
            found.append((name, not (name in parts and bare)))
    return found


def in_child(model_type: str, own: bool, memory_mb: int) -> tuple[int, int]:
    """Forks a child that examines one type and writes its result to a pipe: (process, read end)."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    os.close(read)
    try:
        limit = memory_mb * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        result = examine(model_type, own)
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        text = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"[:300]
        result = Result(model_type, own, state="failed", error=text)
    with os.fdopen(write, "w", encoding="utf-8") as pipe:
        pipe.write(json.dumps(asdict(result), default=str))
    os._exit(0)


@dataclass
class _Child:
    model_type: str
    own: bool
    pid: int
    pipe: int
    started: float
    text: bytes = b""


def sweep(types: Iterable[tuple[str, bool]], jobs: int, limit: float, memory_mb: int) -> Iterable[Result]:
    """Examines all types, several at once, each within a time limit."""
    waiting, running = list(types)[::-1], dict[int, _Child]()
    while waiting or running:
        while waiting and len(running) < jobs:
            name, own = waiting.pop()
            pid, pipe = in_child(name, own, memory_mb)
            running[pipe] = _Child(name, own, pid, pipe, time.monotonic())
        ready, _, _ = select.select(list(running), [], [], 0.5)
        for pipe in ready:
            data = os.read(pipe, 1 << 16)
            running[pipe].text += data
            if not data:
                yield _finish(running.pop(pipe))
        for child in [c for c in running.values() if time.monotonic() - c.started > limit]:
            os.kill(child.pid, signal.SIGKILL)
            child.started = float("inf")


def _finish(child: _Child) -> Result:
    os.close(child.pipe)
    os.waitpid(child.pid, 0)
    try:
        return Result(**json.loads(child.text))
    except (ValueError, TypeError):
        return Result(
            child.model_type, child.own, state="failed", error="no result within the time or memory limit"
        )


def share(results: Iterable[Result]) -> float:
    """Of those that build from their own defaults, how many in a hundred ran."""
    building = [r for r in results if r.state not in ("no-default", "no-class")]
    return 100.0 * sum(r.state == "ran" for r in building) / len(building) if building else 0.0


def summary(results: list[Result]) -> str:
    """The totals that the README quotes."""
    lines = []
    for label, chosen in (("of their own right", [r for r in results if r.own]), ("all", results)):
        states = Counter(r.state for r in chosen)
        building = sum(states.values()) - states["no-default"] - states["no-class"]
        lines.append(
            f"{label}: {len(chosen)} types, {building} build from their defaults, "
            f"{states['ran']} ran = {share(chosen):.1f} %"
        )
        lines.append(f"  states: {dict(states.most_common())}")
    times = sorted(r.seconds for r in results if r.state == "ran")
    if times:
        middle, high = times[len(times) // 2], times[int(len(times) * 0.95)]
        lines.append(f"seconds: median {middle:.2f}, 95 % under {high:.2f}")
    for r in results:
        if r.own and r.state in ("built", "failed"):
            lines.append(f"  {r.model_type} ({r.task}, {r.class_name}): {r.error[:160]!r}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", default="")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--limit", type=float, default=90.0)
    parser.add_argument("--memory", type=int, default=8000)
    parser.add_argument("--floor", type=float, default=0.0, help="exit code 1 below this share")
    options = parser.parse_args(arguments)
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.logging.set_verbosity_error()
    types = model_types()
    if options.only:
        known = dict(types)
        types = [(name, known[name]) for name in options.only if name in known]
    results = []
    for result in sweep(types, options.jobs, options.limit, options.memory):
        results.append(result)
        if options.out:
            with Path(options.out).open("a", encoding="utf-8") as file:
                file.write(json.dumps(asdict(result)) + "\n")
    print(summary(sorted(results, key=lambda r: r.model_type)))
    return 0 if share(r for r in results if r.own) >= options.floor else 1


if __name__ == "__main__":
    sys.exit(main())
