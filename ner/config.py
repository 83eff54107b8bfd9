"""Settings: plain dataclasses, a TOML file, and ``--set section.key=value`` on top.

Three sections: `data` (how files are read), `model` (what is trained), `train`
(how). A key that does not exist is an error that suggests the nearest one; a
value of the wrong type or out of range is an error that says what would fit.
"""

import dataclasses
import difflib
import json
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_type_hints

from ner.errors import ConfigError
from ner.files import open_binary

Check = tuple[Callable[[Any], bool], str]


def one_of(*choices: str) -> Check:
    """A check that the value is among `choices`."""
    return (lambda value: value in choices), f"one of {', '.join(choices)}"


def at_least(low: float) -> Check:
    """A check that the value is `low` or more."""
    return (lambda value: value >= low), f"{low} or more"


def within(low: float, high: float) -> Check:
    """A check that ``low <= value < high``."""
    return (lambda value: low <= value < high), f"at least {low} and below {high}"


def setting(default: Any, meaning: str, check: Check | None = None) -> Any:
    """A field with its meaning (shown by ``ner train --help-settings``) and its check."""
    return field(default=default, metadata={"meaning": meaning, "check": check})


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """How labelled files are read."""

    token_column: int = setting(0, "column of the token; negative counts from the last")
    tag_column: int = setting(-1, "column of the tag; negative counts from the last")
    scheme: str = setting(
        "auto",
        "tag scheme of the files: auto looks at the whole file",
        one_of("auto", "iob1", "iob2", "bio", "iobes", "bioes", "bilou", "bmes", "bmewo", "io"),
    )
    encoding: str = setting("utf-8", "character encoding of the files")
    comments: bool = setting(False, "skip lines that start with '# '")
    strict: bool = setting(False, "refuse illegal tag sequences instead of repairing them")
    align: str = setting(
        "strict",
        "what to do with a JSON Lines entity that ends inside a token",
        one_of("strict", "expand"),
    )
    tokenizer: str = setting(
        "auto",
        "how raw text becomes tokens: auto looks at the training tokens",
        one_of("auto", "words", "words-en", "characters"),
    )
    valid_fraction: float = setting(
        0.1, "share of the training split set apart where a corpus has no valid", within(0.001, 0.9)
    )


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """What is trained: embed, encode, score."""

    scheme: str = setting("iobes", "tag scheme inside the model", one_of("iobes", "iob2", "io"))
    head: str = setting("crf", "how tags are scored", one_of("crf", "softmax"))
    word_dim: int = setting(100, "size of word embeddings trained from scratch", at_least(1))
    fold_case: bool = setting(True, "look words up in lower case")
    fold_digits: bool = setting(True, "look words up with every digit as 0")
    min_count: int = setting(1, "words seen less often than this are unknown", at_least(1))
    spare_vectors: int = setting(
        100_000,
        "most frequent words of a vectors file kept, frozen, beside those of the corpus",
        at_least(0),
    )
    train_vectors: bool = setting(True, "go on training pre-trained vectors of training words")
    chars: str = setting("cnn", "how characters are encoded", one_of("cnn", "lstm", "none"))
    char_dim: int = setting(30, "size of character embeddings", at_least(1))
    char_hidden: int = setting(50, "filters, or LSTM units per direction", at_least(1))
    char_kernel: int = setting(3, "width of the character filters", at_least(1))
    casing_dim: int = setting(10, "size of the embedding of a word's casing; 0: none", at_least(0))
    cell: str = setting("lstm", "kind of recurrent cell", one_of("lstm", "gru", "rnn"))
    hidden: int = setting(200, "recurrent units per direction", at_least(1))
    layers: int = setting(1, "stacked recurrent layers", at_least(1))
    bidirectional: bool = setting(True, "read sentences from both ends")
    dropout: float = setting(0.5, "variational dropout before and after the encoder", within(0, 1))


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How it is trained."""

    seed: int = setting(1, "start of every random choice", at_least(0))
    epochs: int = setting(30, "most passes over the training split", at_least(1))
    patience: int = setting(8, "epochs without a better valid F1 before stopping", at_least(1))
    batch_sentences: int = setting(32, "most sentences in a batch", at_least(1))
    batch_tokens: int = setting(2000, "most padded tokens in a batch", at_least(1))
    optimizer: str = setting("adamw", "how weights move", one_of("adamw", "sgd"))
    learning_rate: float = setting(0.002, "highest learning rate", at_least(1e-12))
    momentum: float = setting(0.9, "momentum of sgd", within(0, 1))
    weight_decay: float = setting(0.0, "decay of weights (decoupled in adamw)", at_least(0))
    schedule: str = setting(
        "linear",
        "learning rate after the warm-up",
        one_of("linear", "cosine", "constant", "plateau"),
    )
    warmup: float = setting(0.05, "share of all steps with a rising learning rate", within(0, 1))
    clip: float = setting(5.0, "largest norm of the gradient", at_least(1e-12))
    ema: float = setting(
        0.999, "decay of the averaged weights that are judged; 0: none", within(0, 1)
    )
    word_dropout: float = setting(0.05, "share of words hidden in training", within(0, 1))
    unknown_rate: float = setting(
        0.5, "share of once-seen words replaced by the unknown word in training", within(0, 1)
    )
    threads: int = setting(0, "processor threads; 0 leaves the choice to torch", at_least(0))
    mixed_precision: bool = setting(True, "half precision products on CUDA")


@dataclass(frozen=True, kw_only=True)
class Config:
    """All settings of a run."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self)

    def replace(self, changes: Mapping[str, Any]) -> "Config":
        """A copy with dotted keys changed: ``{"train.seed": 2}``. Raises `ConfigError`."""
        config = self
        for key, value in changes.items():
            section, name = _locate(key)
            part = getattr(config, section)
            value = _fit(part, section, name, value)
            config = dataclasses.replace(
                config, **{section: dataclasses.replace(part, **{name: value})}
            )
        return config


SECTIONS: dict[str, type] = {"data": DataConfig, "model": ModelConfig, "train": TrainConfig}


def keys() -> list[str]:
    """All settings as dotted keys, in order."""
    return [f"{s}.{f.name}" for s, part in SECTIONS.items() for f in dataclasses.fields(part)]


def describe() -> list[tuple[str, Any, str]]:
    """All settings as (dotted key, default, meaning), in order."""
    rows = []
    for section, part in SECTIONS.items():
        for item in dataclasses.fields(part):
            check: Check | None = item.metadata["check"]
            meaning = item.metadata["meaning"] + (f" ({check[1]})" if check else "")
            rows.append((f"{section}.{item.name}", item.default, meaning))
    return rows


def _locate(key: str) -> tuple[str, str]:
    known = keys()
    if key not in known:
        raise ConfigError(f"unknown setting {key!r}{_nearest(key, known)}")
    section, _, name = key.partition(".")
    return section, name


def _nearest(key: str, known: list[str]) -> str:
    short = {name.partition(".")[2]: name for name in known}
    near = difflib.get_close_matches(key, known, n=1) or [
        short[match] for match in difflib.get_close_matches(key.rpartition(".")[2], short, n=1)
    ]
    return f"; did you mean {near[0]!r}?" if near else f"; the sections are {', '.join(SECTIONS)}"


def _fit(part: Any, section: str, name: str, value: Any) -> Any:
    """The value as the field's type, checked. Raises `ConfigError`."""
    wanted = get_type_hints(type(part))[name]
    if wanted is float and type(value) is int:
        value = float(value)
    if type(value) is not wanted:
        raise ConfigError(
            f"setting {section}.{name} takes {_PLAIN[wanted]}, not {value!r}; "
            f"its default is {json.dumps(getattr(type(part)(), name))}"
        )
    check: Check | None = next(
        f.metadata["check"] for f in dataclasses.fields(part) if f.name == name
    )
    if check and not check[0](value):
        raise ConfigError(f"setting {section}.{name} is {value!r}, but must be {check[1]}")
    return value


_PLAIN = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


def parse_assignment(text: str) -> tuple[str, Any]:
    """Take ``section.key=value`` apart; the value is read as TOML, or else as plain text.

    Raises `ConfigError` when there is no ``=``.
    """
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigError(f"--set {text!r} lacks a value; write --set section.key=value")
    key, value = key.strip(), value.strip()
    if (
        key in keys()
        and get_type_hints(SECTIONS[key.partition(".")[0]])[key.partition(".")[2]] is str
    ):
        return key, value.strip("\"'")
    try:
        return key, tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return key, value


def from_dict(values: Mapping[str, Any], source: str = "configuration") -> Config:
    """Build a `Config` from nested dictionaries; missing keys take their defaults.

    Raises `ConfigError` naming `source` for an unknown section or key or a wrong value.
    """
    changes: dict[str, Any] = {}
    for section, part in values.items():
        if section not in SECTIONS or not isinstance(part, Mapping):
            raise ConfigError(
                f"{source}: unknown section {section!r}; the sections are {', '.join(SECTIONS)}"
            )
        changes |= {f"{section}.{name}": value for name, value in part.items()}
    try:
        return Config().replace(changes)
    except ConfigError as error:
        raise ConfigError(f"{source}: {error}") from None


def load_config(path: str | Path | None = None, assignments: Iterable[str] = ()) -> Config:
    """Read a TOML file, if given, and put ``section.key=value`` assignments on top.

    Raises `ConfigError` for anything unknown, ill-typed or out of range.
    """
    config = Config()
    if path is not None:
        with open_binary(path) as file:
            try:
                config = from_dict(tomllib.loads(file.read().decode()), str(path))
            except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
                raise ConfigError(f"{path}: is not TOML: {error}") from None
    return config.replace(dict(parse_assignment(text) for text in assignments))
