"""Variants of a comparison: settings with some values each, in every combination.

On the command line ``KEY=a,b,c``; values are read as those of ``--set``.
"""

import hashlib
import itertools
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ner.config import Config, parse_assignment
from ner.errors import ConfigError, UsageError

_LONGEST = 150  # characters in the name of a folder, far from what file systems allow


@dataclass(frozen=True)
class Variant:
    """One combination: values by the dotted key of their setting."""

    settings: Mapping[str, Any]

    @property
    def name(self) -> str:
        """The settings as text, ``model.cell=gru, model.bidirectional=true``."""
        return ", ".join(f"{key}={shown(value)}" for key, value in self.settings.items())

    @property
    def folder(self) -> str:
        """The name of its folder, the same for the same settings and for no others."""
        parts = [f"{key}={quote(shown(value), safe='')}" for key, value in self.settings.items()]
        name = ",".join(parts)
        if len(name) <= _LONGEST:
            return name
        return f"{name[:_LONGEST]}-{hashlib.sha256(name.encode()).hexdigest()[:12]}"


def shown(value: Any) -> str:
    """A value as one writes it behind ``--set KEY=``."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def read_variants(
    texts: Sequence[str], config: Config, fixed: Collection[str] = ()
) -> list[Variant]:
    """Every combination of what the texts of ``--vary`` name, the last one varying fastest.

    Raises `UsageError` for a text that names no settings or one that is `fixed`,
    has values that the setting does not take, or leaves nothing to compare.
    """
    values: dict[str, list[Any]] = {}
    for text in texts:
        key, chosen = _parse_variation(text, config)
        if key in values:
            raise UsageError(f"--vary {text!r}: {key} varies already; name all values at once")
        if key in fixed:
            raise UsageError(f"--vary {text!r}: {key} is set as well; leave one of the two out")
        values[key] = chosen
    variants = [
        Variant(dict(zip(values, chosen, strict=True)))
        for chosen in itertools.product(*values.values())
    ]
    if len(variants) < 2:
        raise UsageError(
            "there is nothing to compare; name two values or more, as --vary model.cell=lstm,gru"
        )
    return variants


def _parse_variation(text: str, config: Config) -> tuple[str, list[Any]]:
    key, equals, values = (part.strip() for part in text.partition("="))
    if not equals:
        raise UsageError(f"--vary {text!r} lacks values; write --vary model.cell=lstm,gru")
    if key.partition(".")[0] not in ("model", "resources", "train"):
        raise UsageError(
            f"--vary {text!r}: a comparison varies settings of model, resources and train; "
            "write --vary model.cell=lstm,gru, for example"
        )
    if key == "train.seed":
        raise UsageError(f"--vary {text!r}: seeds are named with --seeds 1,2,3")
    try:
        chosen = [_value(key, part, config) for part in values.split(",")]
    except ConfigError as error:
        raise UsageError(f"--vary {text!r}: {error}") from None
    if len({shown(value) for value in chosen}) < len(chosen):
        raise UsageError(f"--vary {text!r}: names a value twice; leave one out")
    return key, chosen


def _value(key: str, text: str, config: Config) -> Any:
    """A value as the setting has it. Raises `ConfigError`."""
    return config.replace(dict([parse_assignment(f"{key}={text}")]))[key]
