"""Distillation: teachers label text, and the models of several seeds teach a single one."""

from typing import Any

from ner.plugins import load

TRAININGS = {
    "distill": "ner.extensions.distillation.training:train_events",
    "teacher": "ner.extensions.distillation.student:train_events",
}
RUN_FOLDERS = {"student": "distill"}

_HOMES = {"train": "training", "train_events": "training", "teach": "student"}


def __getattr__(name: str) -> Any:
    """Load `train`, `train_events` and `teach` on first use: they need torch."""
    if name in _HOMES:
        return load(f"{__name__}.{_HOMES[name]}:{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
