"""Distillation: the models of several seeds teach a single one of the same size."""

from typing import Any

from ner.plugins import load

TRAININGS = {"distill": "ner.extensions.distillation.training:train_events"}
RUN_FOLDERS = {"student": "distill"}


def __getattr__(name: str) -> Any:
    """Load `train` and `train_events` on first use: they need torch."""
    if name in ("train", "train_events"):
        return load(f"{__name__}.training:{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
