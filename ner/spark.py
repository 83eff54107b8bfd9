"""`tag` for tables of Spark, which the extension `integrations` has."""

from typing import Any

from ner.plugins import public


def __getattr__(name: str) -> Any:
    return public(f"spark.{name}")
