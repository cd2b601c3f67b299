"""Stand-ins for the metrics of `evaluate`, which are programs on the Hub: one of the same name and answer.

`accuracy`, `f1` and their like are computed as the share of equal answers, everything else is 0: on random
weights no value of a metric means anything.
"""

from __future__ import annotations

from pathlib import Path

from alacard_twin.spec import TwinReport, TwinSpec

KEYS: dict[str, tuple[str, ...]] = {
    "rouge": ("rouge1", "rouge2", "rougeL", "rougeLsum"),
    "sacrebleu": ("score",),
    "bertscore": ("precision", "recall", "f1"),
    "squad": ("exact_match", "f1"),
    "squad_v2": ("exact", "f1"),
    "seqeval": ("overall_precision", "overall_recall", "overall_f1", "overall_accuracy"),
    "glue": ("accuracy", "f1"),
    "mean_iou": ("mean_iou", "mean_accuracy", "overall_accuracy"),
}
"""What a metric answers with; one that is not here answers with its own name."""

PROGRAM = '''"""A stand-in for a metric: its values mean nothing."""

import datasets
import evaluate

KEYS = {keys!r}


class Metric(evaluate.Metric):
    """The share of equal answers, where answers can be compared; else 0."""

    def _info(self):
        return evaluate.MetricInfo(
            description="A stand-in for a metric.",
            citation="",
            inputs_description="",
            features=[datasets.Features({{"predictions": kind, "references": kind}}) for kind in _kinds()],
        )

    def _compute(self, predictions=None, references=None, **settings):
        equal = [bool(_same(a, b)) for a, b in zip(predictions, references)]
        share = sum(equal) / len(equal) if equal else 0.0
        values = {{key: share if key in {shares!r} else 0.0 for key in KEYS}}
        for key in ("per_category_iou", "per_category_accuracy"):
            if {name!r} == "mean_iou":
                values[key] = [0.0] * int(settings.get("num_labels") or 1)
        return values


def _kinds():
    value = datasets.Value
    many = datasets.Sequence
    return [
        value("int64"), value("float32"), value("string"), many(value("string")), many(value("int64")),
        many(many(value("int64"))),
        {{"id": value("string"), "prediction_text": value("string")}},
    ]


def _same(a, b):
    try:
        return a == b
    except Exception:
        return False
'''
"""The program; the names in braces are filled in."""

SHARES = ("accuracy", "f1", "exact_match", "exact", "precision", "recall", "matthews_correlation")
"""Answers that are the share of equal answers."""


def make(spec: TwinSpec, out: Path) -> TwinReport:
    """Writes the program under the name under which `evaluate` asks for it."""
    name = spec.repo.rsplit("/", 1)[-1]
    keys = KEYS.get(name, (name,))
    text = PROGRAM.format(keys=keys, shares=SHARES, name=name)
    (out / f"{name}.py").write_text(text, encoding="utf-8")
    (out / "README.md").write_text("A stand-in for a metric.\n", encoding="utf-8")
    return TwinReport(class_name="Metric", strategy="program", standins=["program: not the metric's own"])
