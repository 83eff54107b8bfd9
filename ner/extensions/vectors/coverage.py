"""Coverage of a corpus by a file of vectors, and nearest neighbours of its words."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ner.features import Vectors, read_vectors
from ner.text import Sentence

_log = logging.getLogger("ner")

OTHERS = 50_000  # words of a file among which neighbours are looked for, beside those of the corpus
UNCOVERED = 20  # words without a vector that are named
NEIGHBOURS = 5  # of each word that is looked at
TYPICAL = 2  # words of each type that are looked at unless others are asked for


@dataclass(frozen=True)
class Coverage:
    """The share of words with a vector, from 0 to 1; None without a word."""

    types: float | None  # different tokens
    tokens: float | None  # running tokens
    entity_tokens: float | None  # those inside entities


@dataclass(frozen=True)
class VectorsReport:
    """The coverage of each split, words without a vector, and neighbours of some words."""

    dim: int
    words: int
    fold_case: bool
    fold_digits: bool
    splits: dict[str, Coverage]
    uncovered: dict[str, int]  # counts of the most frequent tokens without a vector
    neighbours: dict[str, dict[str, float]]  # cosines of the nearest vectors that were read

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self)


def read_near(
    file: Path,
    splits: Mapping[str, Sequence[Sentence]],
    words: Iterable[str],
    progress: Callable[[int], None],
) -> Vectors:
    """Read the vectors of all tokens and `words`, and of the `OTHERS` most frequent others."""
    tokens = {t for split in splits.values() for sentence in split for t in sentence.tokens}
    return read_vectors(file, tokens.union(words), out_of_training=OTHERS, progress=progress)


def describe_vectors(
    vectors: Vectors, splits: Mapping[str, Sequence[Sentence]], words: Collection[str] = ()
) -> VectorsReport:
    """Hold vectors, read for the tokens of all splits, against these splits.

    The log names `words` without a vector. Without `words`, some frequent in entities are chosen.
    """
    known = {*vectors.words}
    sentences = [sentence for split in splits.values() for sentence in split]
    counts = Counter(token for sentence in sentences for token in sentence.tokens)
    covered = {token for token in counts if vectors.fold(token) in known}
    missing = Counter({token: n for token, n in counts.items() if token not in covered})
    chosen = words or typical_words(sentences, covered)
    shown = dict.fromkeys(vectors.fold(word) for word in chosen)
    for word in shown:
        if word not in known:
            _log.warning("%r has no vector", word)
    return VectorsReport(
        vectors.dim,
        vectors.size,
        vectors.fold_case,
        vectors.fold_digits,
        {name: _coverage(split, covered) for name, split in splits.items() if split},
        dict(missing.most_common(UNCOVERED)),
        nearest(vectors, [word for word in shown if word in known]),
    )


def _coverage(sentences: Sequence[Sentence], covered: Collection[str]) -> Coverage:
    tokens = [token for sentence in sentences for token in sentence.tokens]
    inside = [token for sentence in sentences for token, _ in _inside(sentence)]
    shares = (
        sum(word in covered for word in words) / len(words) if words else None
        for words in ({*tokens}, tokens, inside)
    )
    return Coverage(*shares)


def _inside(sentence: Sentence) -> list[tuple[str, str]]:
    """The tokens inside entities, and the types of these."""
    return [
        (token, span.label)
        for span in sentence.spans
        for token in sentence.tokens[span.start : span.end]
    ]


def typical_words(sentences: Sequence[Sentence], words: Collection[str]) -> list[str]:
    """Choose from `words` the most frequent ones of each type that mostly occur in entities."""
    counts = Counter(token for sentence in sentences for token in sentence.tokens)
    inside = Counter(pair for sentence in sentences for pair in _inside(sentence))
    by_label: dict[str, list[str]] = {}
    for (token, label), count in inside.most_common():
        if token in words and 2 * count > counts[token]:
            by_label.setdefault(label, []).append(token)
    return [word for label in sorted(by_label) for word in by_label[label][:TYPICAL]]


def nearest(
    vectors: Vectors, words: Sequence[str], most: int = NEIGHBOURS
) -> dict[str, dict[str, float]]:
    """For each of `words`, which must have a vector, those with the highest cosines, and these."""
    lengths = np.linalg.norm(vectors.rows, axis=1, keepdims=True)
    unit = vectors.rows / np.where(lengths > 0, lengths, 1)  # [N, D]
    row_of = {word: number for number, word in enumerate(vectors.words)}
    found = {}
    for word in words:
        cosines = unit @ unit[row_of[word]]  # [N]
        order = np.argsort(-cosines, kind="stable")[: most + 1].tolist()
        best = [number for number in order if number != row_of[word]][:most]
        found[word] = {vectors.words[number]: float(cosines[number]) for number in best}
    return found
