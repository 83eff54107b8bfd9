"""`Tag` for data sets of Ray, which the extension `integrations` has."""

from typing import Any

from ner.plugins import public


def __getattr__(name: str) -> Any:
    return public(f"ray.{name}")
