"""Settings: plain dataclasses, a TOML file, and ``--set section.key=value`` on top.

Sections: `data` (how files are read), `model` (what is trained), `train` (how),
`resources` (from what beside the corpus), `predict` (how text is tagged). A key that does not
exist is an error that suggests the nearest one; a value of the wrong type or out of range is an
error that says what would fit.
"""

import dataclasses
import difflib
import functools
import json
import math
import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, cast

from ner.errors import ConfigError
from ner.files import READ_ERRORS, open_binary, unreadable

Check = tuple[Callable[[Any], bool], str]
_NO_TOML = (ValueError, RecursionError)  # too many digits or brackets, and all that is told
_SURROGATE = re.compile("[\ud800-\udfff]")


def one_of(*choices: str) -> Check:
    """A check that the value is among `choices`."""
    return (lambda value: value in choices), f"one of {', '.join(choices)}"


def at_least(low: float) -> Check:
    """A check that the value is `low` or more."""
    return (lambda value: value >= low), f"{low} or more"


def within(low: float, high: float) -> Check:
    """A check that ``low <= value < high``."""
    return (lambda value: low <= value < high), f"at least {low} and below {high}"


def up_to(low: float, high: float) -> Check:
    """A check that ``low <= value <= high``."""
    return (lambda value: low <= value <= high), f"at least {low} and at most {high}"


def setting(default: Any, meaning: str, check: Check | None = None) -> Any:
    """A field with its meaning (shown by ``ner train --list-settings``) and its check."""
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
        one_of("auto", "words", "words-en", "pieces", "characters"),
    )
    unknown_tag: str = setting(
        "?", "tag of tokens whose label nobody knows; empty: there are none such"
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
    out_of_training_vectors: int = setting(
        100_000,
        "most frequent words of a vectors file kept, frozen, beside those of the training split",
        at_least(0),
    )
    vectors: str = setting(
        "tuned",
        "what becomes of pre-trained vectors: tuned (go on learning for words of the training "
        "split), frozen, or projected (frozen, with a learnt linear map)",
        one_of("tuned", "frozen", "projected"),
    )
    bigrams: str = setting(
        "auto",
        "whether token bigrams are features; auto: where tokens are characters",
        one_of("auto", "yes", "no"),
    )
    bigram_dim: int = setting(50, "size of the embedding of a token bigram", at_least(1))
    context: str = setting(
        "sentence",
        "what a tag may depend on; document: also on how a word is tagged elsewhere in it",
        one_of("sentence", "document"),
    )
    first_pass_dim: int = setting(
        10, "size of the embedding of a word's first-pass labels in its document", at_least(1)
    )
    cluster_dim: int = setting(
        20, "size of the embedding of each prefix of a word's cluster", at_least(1)
    )
    gazetteer_dim: int = setting(
        5, "size of the embedding of a word's place in an entry of a word list", at_least(1)
    )
    chars: str = setting(
        "auto",
        "how characters are encoded; auto: none where tokens are characters, else cnn",
        one_of("auto", "cnn", "lstm", "none"),
    )
    char_dim: int = setting(50, "size of character embeddings", at_least(1))
    char_hidden: int = setting(150, "filters, or LSTM units per direction", at_least(1))
    char_kernel: int = setting(3, "width of the character filters", up_to(1, 100))
    casing_dim: int = setting(10, "size of the embedding of a word's casing; 0: none", at_least(0))
    contextual_dim: int = setting(
        100, "size to which contextual embeddings of a token are mapped", at_least(1)
    )
    cell: str = setting("lstm", "kind of recurrent cell", one_of("lstm", "gru", "rnn"))
    backend: str = setting(
        "torch",
        "who runs the cells: torch, or the reference, step by step and slow",
        one_of("torch", "reference"),
    )
    hidden: int = setting(200, "recurrent units per direction", at_least(1))
    layers: int = setting(1, "stacked recurrent layers", at_least(1))
    bidirectional: bool = setting(True, "read sentences from both ends")
    dropout: float = setting(0.5, "variational dropout before and after the encoder", within(0, 1))


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How it is trained."""

    seed: int = setting(1, "start of every random choice", within(0, 2**32))
    epochs: int = setting(
        0, "most passes over the training split; 0: 20, and more if it is small", at_least(0)
    )
    patience: int = setting(
        0, "epochs without a better valid F1 before stopping; 0: 0.4 of all epochs", at_least(0)
    )
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
    word_dropout: float = setting(0.2, "share of words replaced by UNK in training", within(0, 1))
    adversarial: float = setting(
        -1.0,
        "norm of the adversarial perturbation of a sentence's features, as a share of theirs; "
        "0: none; below 0: 0.03 where tokens are characters, else none",
        within(-1, 1),
    )
    unk_replacement: float = setting(
        0.5, "share of once-seen words replaced by UNK in training", within(0, 1)
    )
    type_weights: str = setting(
        "", "how much the mistakes at tokens of a type count, as MISC=2,PER=0.5; others count 1"
    )
    distill_weight: float = setting(
        0.5,
        "share of the ensemble in what --distill teaches of a labelled sentence; the rest is its "
        "labels",
        up_to(0, 1),
    )
    unlabelled_sentences: int = setting(
        20_000, "most sentences drawn from --unlabelled text", at_least(1)
    )
    unlabelled_confidence: float = setting(
        0.5,
        "drawn sentences are kept if the ensemble is at least that sure of every token",
        within(0, 1),
    )
    checkpoint_minutes: float = setting(
        5.0, "minutes between checkpoints within an epoch; 0: after each batch", at_least(0)
    )
    log_gradients: bool = setting(
        False, "write norms of the gradient and the share of clipped steps into metrics.jsonl"
    )
    threads: int = setting(0, "processor threads; 0 leaves the choice to torch", at_least(0))
    mixed_precision: bool = setting(True, "half precision products on CUDA")


@dataclass(frozen=True, kw_only=True)
class ResourcesConfig:
    """What a model may know beside its corpus: paths, which matter to training alone.

    A bundle holds what was in the files, and not where they lay.
    """

    vectors: tuple[str, ...] = setting((), "files of pre-trained word vectors, side by side")
    gazetteers: tuple[str, ...] = setting((), "word lists as features, each LABEL=FILE")
    clusters: str = setting("", "file of Brown clusters of words, as features")
    token_embedders: tuple[str, ...] = setting(
        (), "models whose contextual embeddings are features, each KIND=PATH, as charlm=DIR"
    )


@dataclass(frozen=True, kw_only=True)
class PredictConfig:
    """How text is tagged: none of it is learnt, so it may differ from use to use."""

    engine: str = setting(
        "fast",
        "fast keeps what each word contributes (on a CPU); plain runs the network as in training",
        one_of("fast", "plain"),
    )
    precision: str = setting(
        "float32", "numbers in the products of the fast engine", one_of("float32", "bfloat16")
    )
    cache_mb: int = setting(128, "most memory for kept words, in MB", up_to(1, 100_000))
    min_score: float = setting(0.0, "leave out entities with a lower score", within(0, 1))
    o_bias: float = setting(
        0.0, "added to the emission of O: above 0 fewer entities, below 0 more of them"
    )


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings in sections. Each field of a subclass is one: a dataclass of `setting` fields."""

    @classmethod
    def sections(cls) -> dict[str, type]:
        """The dataclass of each section, in order."""
        return {section.name: cast(type, section.type) for section in dataclasses.fields(cls)}

    @classmethod
    @functools.cache
    def fields(cls) -> dict[str, dataclasses.Field[Any]]:
        """Every setting by its dotted key, in order."""
        return {
            f"{section}.{item.name}": item
            for section, part in cls.sections().items()
            for item in dataclasses.fields(part)
        }

    @classmethod
    def describe(cls) -> list[tuple[str, Any, str]]:
        """All settings as (dotted key, default, meaning), in order."""
        rows = []
        for key, item in cls.fields().items():
            check: Check | None = item.metadata["check"]
            meaning = item.metadata["meaning"] + (f" ({check[1]})" if check else "")
            rows.append((key, item.default, meaning))
        return rows

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self)

    def to_toml(self) -> str:
        """The same as a TOML file that `load` reads back."""
        lines = []
        for section, part in self.to_dict().items():
            lines += [f"[{section}]", *(f"{k} = {_toml(v)}" for k, v in part.items()), ""]
        return "\n".join(lines)

    def __getitem__(self, key: str) -> Any:
        """The value of a setting by its dotted key."""
        section, _, name = key.partition(".")
        return getattr(getattr(self, section), name)

    def replace(self, changes: Mapping[str, Any]) -> Self:
        """A copy with dotted keys changed: ``{"train.seed": 2}``. Raises `ConfigError`."""
        config = self
        for key, value in changes.items():
            fitting = _fit(type(self), key, value)
            section, _, name = key.partition(".")
            part = dataclasses.replace(getattr(config, section), **{name: fitting})
            config = dataclasses.replace(config, **{section: part})
        return config

    @classmethod
    def from_dict(cls, values: Mapping[str, Any], source: str = "configuration") -> Self:
        """Build settings from nested dictionaries; missing keys take their defaults.

        Raises `ConfigError` naming `source` for an unknown section or key or a wrong value.
        """
        sections = cls.sections()
        changes: dict[str, Any] = {}
        for section, part in values.items():
            if not isinstance(part, Mapping):
                changes[section] = part  # a setting outside any section: refused with the rest
            elif section not in sections:
                raise ConfigError(
                    f"{source}: unknown section {section!r}; the sections are {', '.join(sections)}"
                )
            else:
                changes |= {f"{section}.{name}": value for name, value in part.items()}
        try:
            return cls().replace(changes)
        except ConfigError as error:
            raise ConfigError(f"{source}: {error}") from None

    @classmethod
    def load(cls, path: str | Path | None = None, assignments: Iterable[str] = ()) -> Self:
        """Read a TOML file, if given, and put ``section.key=value`` assignments on top.

        Raises `ConfigError` for anything unknown, ill-typed or out of range, and
        `NerError` for a file that cannot be read.
        """
        config = cls() if path is None else cls.from_dict(_read(path), str(path))
        fields = cls.fields()
        return config.replace(dict(_parse_assignment(text, fields) for text in assignments))


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """All settings of a run."""

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    resources: ResourcesConfig = field(default_factory=ResourcesConfig)
    predict: PredictConfig = field(default_factory=PredictConfig)


RENAMED: Mapping[str, str] = {
    "model.pairs": "model.bigrams",
    "model.pair_dim": "model.bigram_dim",
    "model.echo_dim": "model.first_pass_dim",
    "model.spare_vectors": "model.out_of_training_vectors",
    "model.charlm_dim": "model.contextual_dim",
    "train.unknown_rate": "train.unk_replacement",
    "train.vectors": "resources.vectors",
    "train.gazetteers": "resources.gazetteers",
    "train.clusters": "resources.clusters",
    "train.charlm": "resources.token_embedders",
}
"""Settings by the names that they had before; bundles are still read by these."""


def with_present_names(values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in sections, each under the name that it has today."""
    found = {
        name: dict(part) if isinstance(part, Mapping) else part for name, part in values.items()
    }
    for old, new in RENAMED.items():
        (section, name), (home, now) = old.split("."), new.split(".")
        if isinstance(part := found.get(section), dict) and name in part:
            found.setdefault(home, {})[now] = part.pop(name)
    return found


SECTIONS = Config.sections()
_FIELDS = Config.fields()


def _toml(value: Any) -> str:
    """A text, number, boolean or list as TOML: JSON, but for pairs of surrogates and DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def keys() -> list[str]:
    """All settings as dotted keys, in order."""
    return list(_FIELDS)


def describe() -> list[tuple[str, Any, str]]:
    """All settings as (dotted key, default, meaning), in order."""
    return Config.describe()


def _remedy(kind: type[Settings], key: str) -> str:
    """The setting that was probably meant; failing that, those that there are."""
    if key in RENAMED and (now := RENAMED[key]) in kind.fields():
        return f"did you mean {now!r}?"
    section, _, name = key.rpartition(".")
    known, sections = kind.fields(), kind.sections()
    names = {setting.partition(".")[2] for setting in known}
    for near in difflib.get_close_matches(name, names, n=1, cutoff=0.7):
        homes = [setting for setting in known if setting.partition(".")[2] == near]
        return f"did you mean {difflib.get_close_matches(key, homes, n=1, cutoff=0)[0]!r}?"
    if section in sections:
        own = [item.name for item in dataclasses.fields(sections[section])]
        return f"the settings of {section} are {', '.join(own)}"
    return f"the sections are {', '.join(sections)}"


def _fit(kind: type[Settings], key: str, value: Any) -> Any:
    """The value as the type of the setting, checked. Raises `ConfigError`."""
    fields = kind.fields()
    if key not in fields:
        raise ConfigError(f"unknown setting {key!r}; {_remedy(kind, key)}")
    item = fields[key]
    wanted: Any = item.type
    if type(value) is int and value.bit_length() > 63:
        raise ConfigError(f"setting {key} is a whole number of more than 64 bits; make it smaller")
    if wanted is float and type(value) is int:
        value = float(value)
    if wanted == _TEXTS:
        value = _texts(value)
        wanted = tuple
    _check_surrogates(key, value)
    if type(value) is not wanted or (wanted is float and not math.isfinite(value)):
        raise ConfigError(
            f"setting {key} takes {_PLAIN[wanted]}, not {_shown(value)}; "
            f"its default is {json.dumps(item.default)}"
        )
    check: Check | None = item.metadata["check"]
    if check and not check[0](value):
        raise ConfigError(f"setting {key} is {value!r}, but must be {check[1]}")
    return value


def _shown(value: Any) -> str:
    """A value for a message, cut if it is long."""
    try:
        text = repr(value)
    except ValueError:  # digits beyond what Python writes
        return "this"
    return text if len(text) <= 200 else f"{text[:200]}…"


def _check_surrogates(key: str, value: Any) -> None:
    """Refuse text that no file can hold: the name of a file, mostly, that is no UTF-8."""
    for text in value if isinstance(value, tuple | list) else [value]:
        if isinstance(text, str) and _SURROGATE.search(text):
            raise ConfigError(f"setting {key} has {text!r}, which is no Unicode; rename the file")


_TEXTS = tuple[str, ...]
_PLAIN = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    tuple: 'texts, as ["one", "two"]',
}


def _texts(value: Any) -> Any:
    """Several texts as a tuple; one text alone counts as several, unless it is empty."""
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, list | tuple):
        texts = all(isinstance(part, str) for part in value)
        return tuple(value) if texts else list(value)  # a list is refused by its type
    return value


def parse_assignment(text: str) -> tuple[str, Any]:
    """Take ``section.key=value`` apart; the value is read as TOML, or else as plain text.

    A setting that takes text gets the text, even where it looks like a number.
    Raises `ConfigError` when there is no ``=``.
    """
    return _parse_assignment(text, _FIELDS)


def _parse_assignment(text: str, fields: Mapping[str, dataclasses.Field[Any]]) -> tuple[str, Any]:
    key, equals, value = (part.strip() for part in text.partition("="))
    if not equals:
        raise ConfigError(f"--set {text!r} lacks a value; write --set section.key=value")
    try:
        parsed = tomllib.loads(f"value = {value}")["value"]
    except _NO_TOML:
        parsed = _spelled_otherwise(value)
    wanted: Any = fields[key].type if key in fields else None
    if wanted is str and not isinstance(parsed, str):
        return key, value
    if wanted == _TEXTS and not isinstance(parsed, str | list):
        return key, value
    return key, parsed


def _spelled_otherwise(value: str) -> Any:
    """Numbers and truth values as people and Python write them, though TOML does not."""
    if value.lower() in ("true", "false"):
        return value.lower() == "true"
    try:
        return float(value)
    except ValueError:
        return value


def from_dict(values: Mapping[str, Any], source: str = "configuration") -> Config:
    """`Config.from_dict`, for those who need no other kind of settings."""
    return Config.from_dict(values, source)


def load_config(path: str | Path | None = None, assignments: Iterable[str] = ()) -> Config:
    """`Config.load`, for those who need no other kind of settings."""
    return Config.load(path, assignments)


def _read(path: str | Path) -> dict[str, Any]:
    try:
        with open_binary(path) as file:
            data = file.read()
    except READ_ERRORS as error:
        raise unreadable(path, error) from None
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except _NO_TOML as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def predict_config(changes: Mapping[str, Any], config: Config | None = None) -> PredictConfig:
    """How text is tagged: section `predict` of a configuration with dotted keys changed.

    Raises `ConfigError` for keys of other sections, too: a trained model keeps to those.
    """
    for key in changes:
        section = key.partition(".")[0]
        if section != "predict" and key in _FIELDS:
            raise ConfigError(
                f"setting {key} belongs to training; tagging takes those of section predict: "
                f"{', '.join(item.name for item in dataclasses.fields(PredictConfig))}"
            )
    return (config or Config()).replace(changes).predict
