"""Figures of a corpus: how much of what, and how new valid and test are to a reader of train."""

import dataclasses
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ner.corpus.corpus import Corpus
from ner.text import Sentence, layered_label

PERCENTILES = (0, 50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class SplitStats:
    """Figures of one split.

    Types of `entities` stand behind their tag layers (``outer:PER``) where there are several.
    `lengths` are sentence lengths in tokens at the percentiles `PERCENTILES`. `unknown` counts the
    tokens of an unknown type. `unseen_tokens` is the share of tokens that train does not have,
    `unseen_entities` the share of entities whose words train never has as an entity; both are None
    for train, or without a train or an entity.
    """

    sentences: int
    tokens: int
    documents: int
    entities: dict[str, int]
    lengths: dict[int, int]
    scheme: str
    unknown: int = 0
    unseen_tokens: float | None = None
    unseen_entities: float | None = None


@dataclass(frozen=True, slots=True)
class CorpusStats:
    """Figures of a corpus, by split; empty splits are left out."""

    name: str
    labels: tuple[str, ...]
    splits: dict[str, SplitStats]

    def to_dict(self) -> dict[str, Any]:
        """Plain nested dictionaries, ready for JSON."""
        return dataclasses.asdict(self)


def count(corpus: Corpus) -> CorpusStats:
    """Count a corpus."""
    known_tokens = {token for sentence in corpus.train for token in sentence.tokens}
    known_entities = {words for sentence in corpus.train for words in _entities(sentence)}
    splits: dict[str, SplitStats] = {}
    for name, sentences in corpus.splits().items():
        if not sentences:
            continue
        splits[name] = _count(sentences, corpus.schemes.get(name, ""))
        if name != "train" and corpus.train:
            splits[name] = dataclasses.replace(
                splits[name],
                unseen_tokens=_unseen([t for s in sentences for t in s.tokens], known_tokens),
                unseen_entities=_unseen(
                    [words for s in sentences for words in _entities(s)], known_entities
                ),
            )
    labels = sorted({label for split in splits.values() for label in split.entities})
    return CorpusStats(corpus.name, tuple(labels), splits)


def stats_rows(stats: CorpusStats) -> list[list[str]]:
    """The figures as the rows of a table, of which the first is the head: a column for each split.

    Rows of single types begin with blanks.
    """
    splits = stats.splits.values()
    rows: list[list[str]] = [
        ["", *stats.splits],
        ["tag scheme", *(split.scheme or "-" for split in splits)],
        ["documents", *(f"{split.documents:,}" for split in splits)],
        ["sentences", *(f"{split.sentences:,}" for split in splits)],
        ["tokens", *(f"{split.tokens:,}" for split in splits)],
        ["entities", *(f"{sum(split.entities.values()):,}" for split in splits)],
    ]
    for label in stats.labels:
        rows.append([f"  {label}", *(f"{split.entities.get(label, 0):,}" for split in splits)])
    if any(split.unknown for split in splits):
        rows.append(["unknown tokens", *(f"{split.unknown:,}" for split in splits)])
    lengths = [split.lengths for split in splits]
    for percent in lengths[0]:
        rows.append([f"length, {percent}%", *(f"{length[percent]:,}" for length in lengths)])
    rows.append(["unseen tokens", *(_percent(split.unseen_tokens) for split in splits)])
    rows.append(["unseen entities", *(_percent(split.unseen_entities) for split in splits)])
    return rows


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f}%"


def _count(sentences: Sequence[Sentence], scheme: str) -> SplitStats:
    lengths = sorted(len(sentence) for sentence in sentences)
    labels = Counter(layered_label(span) for sentence in sentences for span in sentence.spans)
    return SplitStats(
        sentences=len(sentences),
        tokens=sum(lengths),
        documents=len({(sentence.corpus, sentence.document) for sentence in sentences}),
        entities=dict(sorted(labels.items())),
        lengths={p: lengths[(len(lengths) - 1) * p // 100] for p in PERCENTILES},
        scheme=scheme,
        unknown=sum(unknown_tokens(sentence) for sentence in sentences),
    )


def unknown_tokens(sentence: Sentence) -> int:
    """Count the tokens of an unknown type."""
    return sum(token.label is None for token in sentence.partial)


def _entities(sentence: Sentence) -> list[tuple[str, ...]]:
    """The words of each entity."""
    return [sentence.tokens[span.start : span.end] for span in sentence.spans]


def _unseen(items: Sequence[object], known: Collection[object]) -> float | None:
    return sum(item not in known for item in items) / len(items) if items else None
