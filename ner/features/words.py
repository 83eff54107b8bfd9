"""Words: tables of their vectors, trained from scratch, pre-trained or frozen."""

import functools
import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ner.config import ModelConfig, TrainConfig
from ner.features.feature import Feature, StoredData, TrainingData
from ner.features.vectors import Vectors, check_files
from ner.features.vocabulary import FIRST, UNKNOWN, TableSize, Vocabulary, fold
from ner.frozen import frozen

if TYPE_CHECKING:  # ids need no torch, and tagging with them takes none
    from torch import Tensor

    from ner.features.modules import WordEmbedding

_log = logging.getLogger("ner")

FILE = "words.json"

_OTHER_CASES = (str.lower, str.capitalize, str.upper)


@frozen()
class WordTable:
    """Folded words with ids: those that learn first, then out-of-training ones."""

    words: Vocabulary
    fold_case: bool
    fold_digits: bool
    size: TableSize
    vectors: Vectors | None = None  # that its embedding begins with; of no use afterwards
    any_case: bool = False  # look words that are not listed up in other cases, too

    def fold(self, word: str) -> str:
        """The form under which a word is looked up."""
        return fold(word, case=self.fold_case, digits=self.fold_digits)

    def __getitem__(self, word: str) -> int:
        """The id of a word as it stands in a text, or as it would stand there in another case.

        A text in lower case has ``london``, and a file of vectors ``London``.
        """
        number = self.words[self.fold(word)]
        if number != UNKNOWN or not self.any_case:
            return number
        cases = (self.words[self.fold(case(word))] for case in _OTHER_CASES)
        return next((number for number in cases if number != UNKNOWN), UNKNOWN)

    @classmethod
    def count(
        cls,
        tokens: Iterable[str],
        min_count: int,
        *,
        fold_case: bool,
        fold_digits: bool,
        dim: int = ModelConfig.word_dim,
    ) -> "WordTable":
        """The words of a training split, with vectors of `dim` numbers to be learnt."""
        folded = (fold(token, case=fold_case, digits=fold_digits) for token in tokens)
        words = Vocabulary.count(folded, min_count)
        return cls(words, fold_case, fold_digits, TableSize(len(words), 0, dim, pretrained=False))

    def with_vectors(self, vectors: Vectors) -> "WordTable":
        """The same with pre-trained vectors, and with words that only these have at its end."""
        new = [word for word in vectors.words if word not in self.words]
        size = TableSize(len(self.words), len(new), vectors.dim, pretrained=True)
        words = Vocabulary([*self.words, *new])
        any_case = not self.fold_case
        return replace(self, words=words, size=size, vectors=vectors, any_case=any_case)

    def grown(self, tokens: Iterable[str], min_count: int) -> "WordTable":
        """The same with rows that learn for further words; a frozen vector may become one."""
        known = [*self.words]
        learnt = Vocabulary(known[: self.size.trained - FIRST])
        learnt = learnt.grown(map(self.fold, tokens), min_count)
        frozen = [word for word in known[self.size.trained - FIRST :] if word not in learnt]
        size = self.size._replace(trained=len(learnt), frozen=len(frozen))
        return replace(self, words=Vocabulary([*learnt, *frozen]), size=size)

    def embedding(self, mode: str) -> "WordEmbedding":
        """The module, with the pre-trained vectors if they are at hand."""
        import torch

        from ner.features.modules import WordEmbedding

        module = WordEmbedding(self.size, mode)
        if self.vectors is not None:
            rows = np.full((len(self.words), self.size.dim), np.nan, dtype=np.float32)
            rows[[self.words[word] for word in self.vectors.words]] = self.vectors.rows
            both = torch.from_numpy(rows)
            module.load_vectors(both[: self.size.trained], both[self.size.trained :])
        return module


@frozen()
class Words(Feature):
    """The word itself, looked up in one or several tables."""

    FILES = (FILE,)
    RESOURCE = "vectors"

    tables: tuple[WordTable, ...]
    has_vector: frozenset[str] = frozenset()
    """Words of the first table with a pre-trained vector, or one that a start model has learnt.

    They are known only while a model is trained.
    """

    @classmethod
    def build(cls, data: TrainingData) -> Self:
        """Count the words of the training split, and read the vectors files.

        There is a table for each file, folded like the file; tables that learn have all training
        words. Without a file, and beside frozen vectors, there is a table that learns from scratch.
        """
        tokens, config = data.tokens, data.config.model
        files = list(_read_files(data, {*tokens}))

        def counted(how: Vectors | ModelConfig) -> WordTable:
            folds = {"fold_case": how.fold_case, "fold_digits": how.fold_digits}
            return WordTable.count(tokens, config.min_count, **folds, dim=config.word_dim)

        if files and config.vectors == "tuned":
            tables = [counted(vectors).with_vectors(vectors) for vectors in files]
        else:
            tables = [counted(config), *map(_frozen, files)]
        known = (word for vectors in files for word in _known({*tokens}, vectors))
        return cls(tuple(tables), frozenset(map(tables[0].fold, known)))

    @classmethod
    def read(cls, data: StoredData) -> Self:
        """Read the tables. Raises `ValidationError`."""
        tables = tuple(_read_table(data, value) for value in data.files.json(FILE, list))
        if not tables:
            raise data.files.damaged(FILE, "no table of words")
        return cls(tables)

    def grown(self, data: TrainingData) -> Self:
        """Count the words of the training split, too, in each table that learns.

        Vectors stay, those of words that a table now learns begin as they are.
        """
        self.refuse_files(data.config)
        tokens, config = data.tokens, data.config.model
        tables = [
            table.grown(tokens, config.min_count)
            if number == 0 or config.vectors == "tuned"
            else table
            for number, table in enumerate(self.tables)
        ]
        known = (t for t in {*tokens} if any(table.fold(t) in table.words for table in self.tables))
        return type(self)(tuple(tables), frozenset(map(tables[0].fold, known)))

    def origins(self, old: Self) -> list[Sequence[int]]:
        """The rows of the same words, learnt or frozen; new ones begin as the unknown one."""
        pairs = zip(self.tables, old.tables, strict=True)
        return [table.words.origins(before.words) for table, before in pairs]

    def files(self) -> dict[str, Any]:
        """The tables: how they are folded, their shapes, the words in order of their ids."""
        return {
            FILE: [
                {
                    "fold_case": table.fold_case,
                    "fold_digits": table.fold_digits,
                    "trained": table.size.trained,
                    "spare": table.size.frozen,
                    "dim": table.size.dim,
                    "pretrained": table.size.pretrained,
                    "words": list(table.words),
                    **({"any_case": True} if table.any_case else {}),
                }
                for table in self.tables
            ]
        }

    def without_vectors(self) -> "Words":
        """The same without the pre-trained vectors and counts that only a new model needs."""
        return Words(tuple(replace(table, vectors=None) for table in self.tables))

    def ids(self, word: str) -> tuple[int, ...]:
        """The id of a word in each table."""
        return tuple([table[word] for table in self.tables])

    def modules(self, config: ModelConfig) -> list["WordEmbedding"]:
        """The embedding of each table."""
        return [table.embedding(config.vectors) for table in self.tables]


def unk_rates(
    words: Words, tokens: Iterable[str], config: TrainConfig, has_vector: Collection[str] = ()
) -> "Tensor":
    """The share of each word of the first table, ``[N]``, to be shown as UNK in training.

    UNK replacement of rare words trains the vector of unknown words, and the use of characters and
    context. A word with a pre-trained vector is left alone.
    """
    import torch

    first = words.tables[0]
    counts = Counter(map(first.fold, tokens))
    rates = torch.full((len(first.words),), config.word_dropout)
    for word, count in counts.items():
        if count == 1 and word not in has_vector:
            rates[first.words[word]] = max(config.unk_replacement, config.word_dropout)
    return rates


def _read_table(data: StoredData, value: Any) -> WordTable:
    files = data.files
    if not isinstance(value, dict):
        raise files.damaged(FILE, "no table of words")
    member = functools.partial(files.member, FILE, value)
    words = Vocabulary(files.different(FILE, member("words", list)))
    folds = [member(name, bool) for name in ("fold_case", "fold_digits")]
    trained, frozen, dim = (member(name, int) for name in ("trained", "spare", "dim"))
    size = TableSize(trained, frozen, dim, member("pretrained", bool))
    if trained + frozen != len(words) or trained < FIRST or frozen < 0 or dim < 1:
        raise files.damaged(FILE, f"{len(words)} numbers of words instead of {trained} + {frozen}")
    any_case = files.member(FILE, {"any_case": False, **value}, "any_case", bool)
    return WordTable(words, folds[0], folds[1], size, any_case=any_case)


def _read_files(data: TrainingData, tokens: Collection[str]) -> Iterator[Vectors]:
    """The vectors of each file for the words of the corpus, and out-of-training ones."""
    config, done = data.config, 0
    check_files(config.resources.vectors)
    for path in config.resources.vectors:
        vectors = data.read_vectors(
            path,
            tokens,
            out_of_training=config.model.out_of_training_vectors,
            progress=lambda size, before=done: data.progress(before + size),
        )
        done += Path(path).stat().st_size
        _log.info(
            "%s: vectors of %d numbers for %d words, %s; %.1f %% of %d training words have one",
            path,
            vectors.dim,
            len(vectors.words),
            "in lower case" if vectors.fold_case else "as they are written",
            100 * len(_known(tokens, vectors)) / len(tokens),
            len(tokens),
        )
        yield vectors


def _known(tokens: Collection[str], vectors: Vectors) -> set[str]:
    words = {*vectors.words}
    return {token for token in tokens if vectors.fold(token) in words}


def _frozen(vectors: Vectors) -> WordTable:
    size = TableSize(FIRST, 0, vectors.dim, pretrained=True)
    empty = WordTable(Vocabulary(()), vectors.fold_case, vectors.fold_digits, size)
    return empty.with_vectors(vectors)
