"""Settings of a character language model: how text is read, what is trained, and how."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from ner.config import Auto, Settings, at_least, one_of, setting, within
from ner.frozen import frozen

TRAIN = "ner charlm train TEXT --out DIR"
"""The command that makes a language model."""


@frozen(kw_only=True)
class DataConfig:
    """Settings of reading text."""

    encoding: str = setting("utf-8", "character encoding of the files")
    tokenizer: str = setting(
        "none",
        "how lines are cut into sentences and tokens, with spaces between these, as taggers read "
        "them; characters: without spaces; none: lines are read as they stand",
        one_of("none", "words", "words-en", "pieces", "characters"),
    )
    min_count: int = setting(3, "characters seen less often than this are unknown", at_least(1))
    valid_fraction: float = setting(
        0.01, "share of the text, at its end, that is held out to evaluate on", within(0.0001, 0.5)
    )


@frozen(kw_only=True)
class ModelConfig:
    """Settings of the network: embed, run recurrent layers, score the next character."""

    cell: str = setting("lstm", "kind of recurrent cell", one_of("lstm", "gru", "rnn"))
    embedding: int = setting(64, "size of character embeddings", at_least(1))
    hidden: int = setting(512, "recurrent units", at_least(1))
    layers: int = setting(1, "stacked recurrent layers", at_least(1))
    dropout: float = setting(0.0, "dropout between the layers and behind the last", within(0, 1))


@frozen(kw_only=True)
class TrainConfig:
    """Settings of training."""

    seed: int = setting(1, "start of every random choice", within(0, 2**32))
    epochs: int = setting(5, "most passes over the text", at_least(1))
    minutes: float = setting(0.0, "most minutes for each direction; 0: no limit", at_least(0))
    segment: int = setting(100, "characters through which gradients go back", at_least(1))
    batch: int = setting(16, "places of the text that are read at the same time", at_least(1))
    learning_rate: float = setting(0.006, "highest learning rate (AdamW)", at_least(1e-12))
    schedule: str = setting(
        "cosine", "learning rate after the warm-up", one_of("linear", "cosine", "constant")
    )
    warmup: float = setting(0.01, "share of training with a rising learning rate", within(0, 1))
    clip: float = setting(1.0, "largest norm of the gradient", at_least(1e-12))
    valid_steps: int = setting(
        500, "steps between two evaluations on the held-out text", at_least(1)
    )
    checkpoint_minutes: float = setting(
        5.0, "minutes between checkpoints; 0: after each step", at_least(0)
    )
    threads: int | Auto = setting("auto", "processor threads; auto: torch chooses", at_least(1))


@frozen(kw_only=True)
class CharLMConfig(Settings):
    """All settings of a character language model."""

    ONCE_AUTO: ClassVar[Mapping[str, float]] = {"train.threads": 0}

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
