"""The settings of a tagger: their sections, defaults and meanings."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar

from ner.config.fields import (
    Auto,
    Column,
    at_least,
    one_of,
    setting,
    tag_columns,
    up_to,
    within,
)
from ner.config.settings import Settings
from ner.errors import ConfigError
from ner.frozen import frozen

SEPARATORS: Mapping[str, str] = {
    "blanks": "",
    "tab": "\t",
    "space": " ",
    "comma": ",",
    "semicolon": ";",
    "pipe": "|",
}
"""Separators of columns by name; none for any run of spaces and tabs."""
LEARNING_RATE = 0.002
"""The highest learning rate, if nothing asks for another."""
_LAYER = re.compile("layer-[1-9][0-9]{0,3}")


@frozen(kw_only=True)
class DataConfig:
    """The reading of labelled files."""

    format: str = setting("auto", "format of the files: auto recognises it by the content")
    token_column: Column = setting(
        0, "column of the token: a number, negative from the last, or its name in a header line"
    )
    tag_column: Column = setting(
        -1,
        "column of the tag: a number, negative from the last, or its name in a header line; of "
        "several tag layers all, as 2,3 or with names for the layers as outer=2,inner=3",
        (lambda value: tag_columns(value) is not None, "numbers or names, each once"),
    )
    separator: str = setting(
        "blanks",
        "what stands between columns: blanks (any run of spaces and tabs), or one of a character",
        (
            lambda value: value in SEPARATORS or len(value) == 1,
            f"{', '.join(SEPARATORS)}, or one character",
        ),
    )
    scheme: str = setting(
        "auto",
        "tag scheme of the files: auto looks at the whole file",
        one_of("auto", "iob1", "iob2", "bio", "iobes", "bioes", "bilou", "bmes", "bmewo", "io"),
    )
    encoding: str = setting("utf-8", "character encoding of the files")
    comments: bool = setting(
        False, "skip lines that start with '# ' and are no token, within sentences, too"
    )
    label: str = setting(
        "ENTITY",
        "entity type of tags without one: B, I and O alone",
        (lambda value: value.isprintable() and " " not in value != "", "a word"),
    )
    split_sentences: bool = setting(
        False, "split columns without blank lines into sentences, as raw text is split"
    )
    strict: bool = setting(False, "refuse illegal tag sequences instead of repairing them")
    align: str = setting(
        "strict",
        "what to do with an entity that ends inside a token: refuse, widen or drop it; what lies "
        "elsewhere than in its text is dropped, too",
        one_of("strict", "expand", "drop"),
    )
    overlaps: str = setting(
        "error",
        "what to do with entities that overlap: refuse them, or keep the longest, the first, or "
        "those of one layer, of which layer-1 has the longest and layer-2 what then is left, or "
        "all, in layers",
        (
            lambda value: (
                value in ("error", "longest", "first", "layers") or bool(_LAYER.fullmatch(value))
            ),
            "error, longest, first, layers, layer-1, layer-2 or so on",
        ),
    )
    offsets: str = setting(
        "characters",
        "unit of the offsets of entities; inclusive: characters, and the end is the last one",
        one_of("characters", "utf16", "bytes", "inclusive"),
    )
    labels: str = setting("", "names of numbered tags in order, as O,B-PER,I-PER")
    columns: str = setting(
        "", "columns of a file with a header, as sentence=ID,token=Word,tag=NER; empty: by name"
    )
    tokenizer: str = setting(
        "auto",
        "how raw text becomes tokens: auto looks at the training tokens",
        one_of("auto", "words", "words-en", "pieces", "characters"),
    )
    retokenize: str = setting(
        "auto",
        "whether tokens are cut as raw text will be, entities with them; auto: where they are "
        "words of a script without spaces",
        one_of("auto", "yes", "no"),
    )
    unknown_tag: str = setting(
        "?", "tag of tokens whose label nobody knows; empty: there are none such"
    )
    valid_fraction: float = setting(
        0.1, "share of the training split set apart where a corpus has no valid", within(0.001, 0.9)
    )


@frozen(kw_only=True)
class ModelConfig:
    """The network: embed, encode, score."""

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


@frozen(kw_only=True)
class TrainConfig:
    """The training of the network."""

    seed: int = setting(1, "start of every random choice", within(0, 2**32))
    epochs: int | Auto = setting(
        "auto",
        "most passes over the training split; auto: 20, and up to 160 if it is small",
        at_least(1),
    )
    patience: int | Auto = setting(
        "auto",
        "epochs without a better valid F1 before stopping; auto: 0.4 of all epochs, and less if "
        "auto chose more than 80 for a small training split",
        at_least(1),
    )
    batch_sentences: int = setting(32, "most sentences in a batch", at_least(1))
    batch_tokens: int = setting(2000, "most padded tokens in a batch", at_least(1))
    optimizer: str = setting("adamw", "how weights move", one_of("adamw", "sgd"))
    learning_rate: float | Auto = setting(
        "auto",
        "highest learning rate; auto: 0.002, and 0.003 if auto chose more than 80 epochs for a "
        "training split, times the square root of the sentences in a batch / 32 where more fit",
        at_least(1e-12),
    )
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
        0.999, "decay of the averaged weights that are evaluated; 0: none", within(0, 1)
    )
    word_dropout: float = setting(0.2, "share of words replaced by UNK in training", within(0, 1))
    case_augmentation: float | Auto = setting(
        "auto",
        "share of sentences shown in another case in training, a third each in lower case, "
        "capitals and title case; 0: none; auto: 0.05, but none for text without case, with "
        "contextual embeddings and for classifiers",
        within(0, 1),
    )
    adversarial: float | Auto = setting(
        "auto",
        "norm of the adversarial perturbation of a sentence's features, as a share of theirs; "
        "0: none; auto: 0.03 where tokens are characters, else none",
        within(0, 1),
    )
    unk_replacement: float = setting(
        0.5, "share of once-seen words replaced by UNK in training", within(0, 1)
    )
    type_weights: str = setting(
        "", "how much the mistakes at tokens of a type count, as MISC=2,PER=0.5; others count 1"
    )
    shares: str = setting(
        "",
        "share of a corpus among the sentences of an epoch, where several are learnt from, as "
        "wnut17=0.3,btc=0.2; others are read as a whole",
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
        "drawn sentences are kept by --distill if the ensemble is at least that sure of every "
        "token",
        within(0, 1),
    )
    doubt_discount: float = setting(
        1.0,
        "share of its weight that a sentence loses where a --teacher is in full doubt of a token",
        up_to(0, 1),
    )
    gold_share: float | Auto = setting(
        "auto",
        "least share of labelled sentences among those learnt from a --teacher, which are "
        "repeated for it; auto: each is there once",
        within(0, 1),
    )
    checkpoint_minutes: float = setting(
        5.0, "minutes between checkpoints within an epoch; 0: after each batch", at_least(0)
    )
    log_gradients: bool = setting(
        False, "write norms of the gradient and the share of clipped steps into metrics.jsonl"
    )
    threads: int | Auto = setting("auto", "processor threads; auto: torch chooses", at_least(1))
    mixed_precision: bool = setting(
        True,
        "bfloat16 in LSTMs on a processor that multiplies it; a GPU has TF32 there in any case",
    )


# Settings that only concern models that learn from soft labels.
SOFT_LABEL_SETTINGS = (
    "train.distill_weight",
    "train.unlabelled_sentences",
    "train.unlabelled_confidence",
    "train.doubt_discount",
    "train.gold_share",
)


@frozen(kw_only=True)
class ResourcesConfig:
    """Sources of knowledge beside the corpus: paths, which matter to training alone.

    A bundle holds what was in the files, and not where they lay.
    """

    vectors: tuple[str, ...] = setting(
        (), "files of pre-trained word vectors, side by side", option=("--vectors", "FILE")
    )
    gazetteers: tuple[str, ...] = setting(
        (), "word lists as features, each LABEL=FILE", option=("--gazetteer", "LABEL=FILE")
    )
    clusters: str = setting(
        "", "file of Brown clusters of words, as features", option=("--clusters", "FILE")
    )
    token_embedders: tuple[str, ...] = setting(
        (),
        "models whose contextual embeddings are features, each KIND=PATH, as charlm=DIR or hf=DIR",
    )


@frozen(kw_only=True)
class PredictConfig:
    """The tagging of text: none of it is learnt, so it may differ from use to use."""

    engine: str = setting(
        "native",
        "native runs without torch and keeps what each word contributes (on a CPU); torch runs the "
        "network as in training",
        one_of("native", "torch"),
    )
    precision: str = setting(
        "auto",
        "numbers in the products of the native engine; auto: int8 where the training found that "
        "F1 on valid hardly changes by it",
        one_of("auto", "float32", "int8"),
    )
    cache_mb: int = setting(
        128,
        "most memory for cached words, in MB; above the default only where it is asked for when "
        "tagging, since no model may ask for it",
        up_to(1, 100_000),
    )
    min_score: float = setting(0.0, "leave out entities with a lower score", within(0, 1))
    o_bias: float = setting(
        0.0, "added to the emission of O: above 0 fewer entities, below 0 more of them"
    )
    temperature: float = setting(
        1.0, "divides scores before they become probabilities: above 1 less sure", up_to(0.05, 20)
    )


@frozen(kw_only=True)
class Config(Settings):
    """All settings of a run."""

    RENAMED: ClassVar[Mapping[str, str]] = {
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
    ONCE_AUTO: ClassVar[Mapping[str, float]] = {
        "train.epochs": 0,
        "train.patience": 0,
        "train.adversarial": -1,
        "train.threads": 0,
    }

    ONCE_CALLED: ClassVar[Mapping[str, Mapping[str, str]]] = {
        "predict.engine": {"fast": "native", "plain": "torch"},
        "predict.precision": {"bfloat16": "float32"},
    }

    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    train: TrainConfig = field(default_factory=TrainConfig)
    resources: ResourcesConfig = field(default_factory=ResourcesConfig)
    predict: PredictConfig = field(default_factory=PredictConfig)


def predict_config(changes: Mapping[str, Any], config: Config | None = None) -> PredictConfig:
    """The section `predict` of a configuration, with dotted keys changed.

    Raises `ConfigError` for keys of other sections, too: a trained model keeps to those.
    """
    for key in changes:
        section = key.partition(".")[0]
        if section != "predict" and key in Config.fields():
            raise ConfigError(
                f"setting {key} belongs to training; tagging takes those of section predict: "
                f"{', '.join(item.name for item in dataclasses.fields(PredictConfig))}"
            )
    return (config or Config()).replace(changes).predict
