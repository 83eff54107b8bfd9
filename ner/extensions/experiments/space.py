"""Settings that experiments vary: the space of a search, the variants of a comparison.

On the command line, ``KEY=a,b,c`` names values, which are read as those of ``--set``; for a search
``KEY=LOW..HIGH`` is a range, and ``KEY`` alone the range that `default_space` has.
"""

import hashlib
import itertools
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from ner.config import LEARNING_RATE, Config
from ner.errors import ConfigError, MissingExtra, UsageError
from ner.features import feature_sizes

LOG_FROM = 10
"""A range of positive numbers is drawn from on a logarithmic scale if it spans as many times."""
_DIGITS = 4  # of a number that is drawn: settings stay readable
_LONGEST = 150  # characters in the name of a folder, far from what file systems allow

_Part = TypeVar("_Part")


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, both included; whole ones if these are."""

    low: int | float
    high: int | float

    @property
    def log(self) -> bool:
        """True for a logarithmic scale, on which ratios count."""
        return self.low > 0 and self.high >= LOG_FROM * self.low

    def readable(self, value: int | float) -> int | float:
        """A value of the range with no more digits than anybody needs."""
        if isinstance(self.low, int):
            return value
        return min(max(float(f"{value:.{_DIGITS}g}"), self.low), self.high)

    def __contains__(self, value: Any) -> bool:
        return bool(self.low <= value <= self.high)

    def __str__(self) -> str:
        return f"{self.low}..{self.high}"


@dataclass(frozen=True)
class Choice:
    """Some values in no order."""

    values: tuple[Any, ...]

    def __contains__(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return ",".join(map(str, self.values))


Space = Mapping[str, Range | Choice]
"""Ranges and choices by the dotted key of their setting."""


def default_space(config: Config) -> dict[str, Range | Choice]:
    """The space that is searched by default: few settings that matter for any corpus.

    Learning rates are around the configured one, as their scale depends on the optimizer.
    """
    rate = config.train.learning_rate
    if rate == "auto":
        rate = LEARNING_RATE
    space: dict[str, Range | Choice] = {
        "train.learning_rate": Range(rate / 4, 4 * rate),
        "train.batch_sentences": Choice((8, 16, 32, 64)),
        "train.word_dropout": Range(0.0, 0.3),
        "model.dropout": Range(0.2, 0.7),
        "model.hidden": Range(100, 400),
    }
    sizes = feature_sizes(config.model)
    return space | {key: Range(size.low, size.high) for key, size in sizes.items()}


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


def require_optuna() -> Any:
    """The package that draws from a space, imported only here. Raises `MissingExtra`."""
    try:
        import optuna
    except ImportError:
        raise MissingExtra('a search needs a package: pip install "optuna>=4"') from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # it would report every trial itself
    return optuna


def read_space(texts: Sequence[str], config: Config, fixed: Collection[str] = ()) -> Space:
    """The space that the texts of ``--range`` name; without any, the default one.

    Settings in `fixed` are left out of the default. Raises `UsageError` for a
    text that is not a range, names a setting that is fixed or cannot be searched,
    or has values that the setting does not take.
    """
    default = default_space(config)
    if not texts:
        return {key: part for key, part in default.items() if key not in fixed}

    def parse(text: str) -> tuple[str, Range | Choice]:
        key, equals, values = (part.strip() for part in text.partition("="))
        _check_section(key, "a search", "--range model.dropout=0.2..0.6")
        if not equals and key in default:
            return key, default[key]
        low, dots, high = values.partition("..")
        if dots:
            return key, _range(_value(key, low, config), _value(key, high, config))
        return key, _choice(tuple(_value(key, part, config) for part in values.split(",")))

    return _read("--range", texts, parse, fixed, "has a range already; give it one")


def read_variants(
    texts: Sequence[str], config: Config, fixed: Collection[str] = ()
) -> list[Variant]:
    """Every combination of what the texts of ``--vary`` name, the last one varying fastest.

    Raises `UsageError` for a text that names no settings or one that is `fixed`,
    has values that the setting does not take, or leaves nothing to compare.
    """

    def parse(text: str) -> tuple[str, list[Any]]:
        key, equals, values = (part.strip() for part in text.partition("="))
        if not equals:
            raise UsageError(f"--vary {text!r} lacks values; write --vary model.cell=lstm,gru")
        _check_section(key, "a comparison", "--vary model.cell=lstm,gru")
        if key == "train.seed":
            raise ConfigError("seeds are named with --seeds 1,2,3")
        chosen = [_value(key, part, config) for part in values.split(",")]
        if len({shown(value) for value in chosen}) < len(chosen):
            raise ConfigError("names a value twice; leave one out")
        return key, chosen

    values = _read("--vary", texts, parse, fixed, "varies already; name all values at once")
    variants = [
        Variant(dict(zip(values, chosen, strict=True)))
        for chosen in itertools.product(*values.values())
    ]
    if len(variants) < 2:
        raise UsageError(
            "there is nothing to compare; name two values or more, as --vary model.cell=lstm,gru"
        )
    return variants


def _read(
    option: str,
    texts: Sequence[str],
    parse: Callable[[str], tuple[str, _Part]],
    fixed: Collection[str],
    twice: str,
) -> dict[str, _Part]:
    """Parse the texts of an option, each for another setting. Errors get the text in question."""
    found: dict[str, _Part] = {}
    for text in texts:
        try:
            key, part = parse(text)
            if key in found:
                raise ConfigError(f"{key} {twice}")
            if key in fixed:
                raise ConfigError(f"{key} is set as well; leave one of the two out")
        except ConfigError as error:
            raise UsageError(f"{option} {text!r}: {error}") from None
        found[key] = part
    return found


def _check_section(key: str, who: str, example: str) -> None:
    if key.partition(".")[0] not in ("model", "resources", "train"):
        raise ConfigError(
            f"{who} varies settings of model, resources and train; write {example}, for example"
        )


def _value(key: str, text: str, config: Config) -> Any:
    """A value as the setting has it. Raises `ConfigError`."""
    return config.replace(Config.parse([f"{key}={text}"]))[key]


def _range(low: Any, high: Any) -> Range:
    if isinstance(low, bool) or not isinstance(low, int | float):
        raise ConfigError("only numbers have a range; write the values with commas between")
    if low >= high:
        raise ConfigError("the range is empty; write the lower number first")
    return Range(low, high)


def _choice(values: tuple[Any, ...]) -> Choice:
    if any(isinstance(value, tuple) for value in values):
        raise ConfigError("settings with several texts cannot be searched; set it with --set")
    if len(set(values)) < max(2, len(values)):
        raise ConfigError(
            "a search needs different values, two or more, as LOW..HIGH or a,b,c; "
            "one value alone is fixed with --set"
        )
    return Choice(values)
