"""The search space: settings, each with a range of numbers or a list of values.

On the command line ``KEY=LOW..HIGH``, ``KEY=a,b,c``, or ``KEY`` alone for the
range that `default_space` has.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ner.config import Config, parse_assignment
from ner.errors import ConfigError, UsageError

LOG_FROM = 10
"""A range of positive numbers is drawn from on a logarithmic scale if it spans as many times."""
_DIGITS = 4  # of a number that is drawn: settings stay readable


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

    The learning rate is looked for around the configured one, as its scale
    depends on the optimizer.
    """
    rate = config.train.learning_rate
    space: dict[str, Range | Choice] = {
        "train.learning_rate": Range(rate / 4, 4 * rate),
        "train.batch_sentences": Choice((8, 16, 32, 64)),
        "train.word_dropout": Range(0.0, 0.3),
        "model.dropout": Range(0.2, 0.7),
        "model.hidden": Range(100, 400),
        "model.char_hidden": Range(25, 150),
    }
    if config.model.chars == "none":
        del space["model.char_hidden"]
    return space


def read_space(texts: Sequence[str], config: Config, fixed: Sequence[str] = ()) -> Space:
    """The space that the texts of ``--range`` name; without any, the default one.

    Settings in `fixed` are left out of the default. Raises `UsageError` for a
    text that is not a range, names a setting that is fixed or cannot be searched,
    or has values that the setting does not take.
    """
    default = default_space(config)
    if not texts:
        return {key: part for key, part in default.items() if key not in fixed}
    space: dict[str, Range | Choice] = {}
    for text in texts:
        key, part = _parse_range(text, config, default)
        if key in space:
            raise UsageError(f"--range {text!r}: {key} has a range already; give it one")
        if key in fixed:
            raise UsageError(f"--range {text!r}: {key} is set as well; leave one of the two out")
        space[key] = part
    return space


def _parse_range(
    text: str, config: Config, default: Mapping[str, Range | Choice]
) -> tuple[str, Range | Choice]:
    key, equals, values = (part.strip() for part in text.partition("="))
    if key.partition(".")[0] not in ("model", "resources", "train"):
        raise UsageError(
            f"--range {text!r}: a search varies settings of model, resources and train; "
            "write --range model.dropout=0.2..0.6, for example"
        )
    low, dots, high = values.partition("..")
    try:
        if not equals and key in default:
            return key, default[key]
        if dots:
            return key, _range(_value(key, low, config), _value(key, high, config))
        return key, _choice(tuple(_value(key, part, config) for part in values.split(",")))
    except ConfigError as error:
        raise UsageError(f"--range {text!r}: {error}") from None


def _value(key: str, text: str, config: Config) -> Any:
    """A value as the setting has it. Raises `ConfigError`."""
    changed = config.replace(dict([parse_assignment(f"{key}={text}")]))
    section, _, name = key.partition(".")
    return getattr(getattr(changed, section), name)


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
