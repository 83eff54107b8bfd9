"""Labels of a teacher: what it says of a sentence, and of many in some ten bytes a token.

Soft labels are expected counts of tags and transitions; hard ones are the counts of a single
sequence, so that both are learnt from in one way. Counts near 0 are left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise, starmap
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from ner.features import CountsBatch, ExpectedCounts
from ner.tags import OUTSIDE, allowed_transitions, parse_tag, spans_of, tag_set, tags_of
from ner.text import Span

LEAST = 1 / 256
"""Smaller counts are not kept."""


class Labels(NamedTuple):
    """The labels of one sentence.

    `spans` are None where there is nothing to learn from, as where an entity begins inside a token;
    `expected` are None where the teacher knows no more than its spans. `misfits` counts entities
    that could not be laid over the tokens.
    """

    spans: tuple[Span, ...] | None
    expected: ExpectedCounts | None = None
    misfits: int = 0


class PackedLabels(NamedTuple):
    """The labels of S sentences with N tokens: the E unary and P pairwise counts that matter.

    Those of a sentence follow one another. A pair of K tags is the number ``first * K + second``.
    """

    lengths: NDArray[np.uint16]  # [S] tokens; 0 for a sentence without labels
    misfits: NDArray[np.uint16]  # [S]
    pair_sizes: NDArray[np.uint32]  # [S] pairwise counts of each sentence
    tags: NDArray[np.uint16]  # [N] of the spans
    sizes: NDArray[np.uint16]  # [N] unary counts of each token
    ids: NDArray[np.uint16]  # [E] their tags
    values: NDArray[np.float16]  # [E]
    pairs: NDArray[np.uint32]  # [P]
    pair_values: NDArray[np.float32]  # [P]

    @classmethod
    def of(
        cls, labels: Iterable[Labels], lengths: Iterable[int], tags: Sequence[str], scheme: str
    ) -> "PackedLabels":
        """Pack labels in the K tags of a scheme; `lengths` are the tokens of each sentence."""
        pack = _Packer(tags, scheme)
        return joined(starmap(pack.row, zip(labels, lengths, strict=True)))

    def fit(self, lengths: Sequence[int], tags: int) -> bool:
        """Tell if these are, by their shapes, labels of sentences of such lengths in K `tags`."""
        shapes: list[tuple[NDArray[Any], NDArray[Any]]]
        shapes = [(self.sizes, self.ids), (self.pair_sizes, self.pairs), (self.lengths, self.tags)]
        return (
            len(self.lengths) == len(lengths)
            and bool(((self.lengths == lengths) | (self.lengths == 0)).all())
            and all(int(sizes.sum(dtype=np.int64)) == len(parts) for sizes, parts in shapes)
            and (len(self.sizes), len(self.values)) == (len(self.tags), len(self.ids))
            and (len(self.misfits), len(self.pair_values)) == (len(self.lengths), len(self.pairs))
            and all(int(x.max(initial=0)) < tags for x in (self.tags, self.ids))
            and int(self.pairs.max(initial=0)) < tags * tags
        )

    def offsets(self) -> tuple[NDArray[np.int64], ...]:
        """Find where tokens, unary and pairwise counts of each sentence begin: ``[S + 1]`` each."""
        tokens = _starts(self.lengths)
        return tokens, _starts(self.sizes)[tokens], _starts(self.pair_sizes)


def joined(parts: Iterable[PackedLabels]) -> PackedLabels:
    """Put parts one behind the other."""
    columns = zip(*parts, strict=True)
    return PackedLabels(*map(np.concatenate, columns))


def _starts(sizes: NDArray[Any]) -> NDArray[np.int64]:
    """Add sizes up to where each part begins, and the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


class _Packer:
    """The packing of labels in one tag set."""

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        self._scheme, self._size = scheme, len(tags)
        self._number = {tag: place for place, tag in enumerate(tags)}
        first, second = np.array(allowed_transitions(tags, scheme).between).nonzero()
        self._legal = first * len(tags) + second  # [M]

    def row(self, labels: Labels, length: int) -> PackedLabels:
        """The labels of one sentence."""
        if labels.spans is None:
            return _packed(0, labels.misfits)
        tags = np.array([self._number[t] for t in tags_of(labels.spans, length, self._scheme)])
        if labels.expected is None:
            pairs, times = np.unique(tags[:-1] * self._size + tags[1:], return_counts=True)
            ones = np.ones(length)
            return _packed(length, labels.misfits, tags, ones, tags, ones, pairs, times)
        unary, pairwise = labels.expected
        # Of a token with very many tags, none may be likely: its best ones are kept.
        kept = unary >= np.minimum(unary.max(1, keepdims=True), LEAST)
        some = pairwise >= LEAST
        soft = kept.sum(1), kept.nonzero()[1], unary[kept]
        return _packed(length, labels.misfits, tags, *soft, self._legal[some], pairwise[some])


def _packed(
    length: int,
    misfits: int,
    tags: Any = (),
    sizes: Any = (),
    ids: Any = (),
    values: Any = (),
    pairs: Any = (),
    pair_values: Any = (),
) -> PackedLabels:
    """One sentence, each part in its type."""
    return PackedLabels(
        np.array([length], np.uint16),
        np.array([misfits], np.uint16),
        np.array([len(pairs)], np.uint32),
        np.asarray(tags, np.uint16),
        np.asarray(sizes, np.uint16),
        np.asarray(ids, np.uint16),
        np.asarray(values, np.float16),
        np.asarray(pairs, np.uint32),
        np.asarray(pair_values, np.float32),
    )


class TagMap:
    """The K tags of a teacher as those of its student: types are renamed, or become O.

    A legal sequence of tags stays legal.
    """

    def __init__(
        self, tags: Sequence[str], types: Mapping[str, str], labels: Sequence[str], scheme: str
    ) -> None:
        """`types` gives other names of types, "" for none; `labels` are those of the student.

        A type that the student lacks becomes O, too.
        """
        self._labels, self._scheme = labels, scheme
        self.tags = tag_set(labels, scheme)
        number = {tag: place for place, tag in enumerate(self.tags)}
        self._numbers = np.array([number.get(_renamed(t, types), 0) for t in tags], np.uint16)
        legal = np.array(allowed_transitions(self.tags, scheme).between)
        self.outputs, self.moves = len(legal), int(legal.sum())  # the student's K and M
        places = np.zeros(legal.shape, np.uint32)
        places[legal] = np.arange(self.moves)
        self._pairs = places[self._numbers[:, None], self._numbers].ravel()  # [K * K]

    def spans(self, labels: PackedLabels) -> list[tuple[Span, ...]]:
        """The student's spans in each sentence; none where there are no labels."""
        numbers = self._numbers[labels.tags]
        return [
            tuple(spans_of([self.tags[number] for number in numbers[start:end].tolist()]))
            if numbers[start:end].any()
            else ()
            for start, end in pairwise(labels.offsets()[0])
        ]

    def translated(self, labels: PackedLabels) -> PackedLabels:
        """Labels with tags of the student, and its M legal transitions as pairs."""
        return labels._replace(
            tags=self._numbers[labels.tags],
            ids=self._numbers[labels.ids],
            pairs=self._pairs[labels.pairs],
        )

    def own(self) -> "TagMap":
        """The map of labels that have tags of the student already."""
        return TagMap(self.tags, {}, self._labels, self._scheme)


def _renamed(tag: str, types: Mapping[str, str]) -> str:
    """The tag with the other name of its type; O if it has none."""
    label = parse_tag(tag).label
    new = types.get(label, label)
    return f"{tag.removesuffix(label)}{new}" if label and new else OUTSIDE


class LabelTable:
    """The translated labels of many sentences, to learn from.

    The weight of a sentence is 1 but for a share `discount` of the teacher's doubt: that of its
    token whose best tag is least probable.
    """

    def __init__(self, labels: PackedLabels, shape: TagMap, discount: float = 0.0) -> None:
        self._labels = labels
        self._tokens, self._entries, self._pairs = labels.offsets()
        self._shape = shape.outputs, shape.moves
        self._discount = discount

    def counts(self, number: int) -> ExpectedCounts:
        """The expected counts of one sentence."""
        outputs, moves = self._shape
        tokens, entries, pairs = (
            slice(starts[number], starts[number + 1])
            for starts in (self._tokens, self._entries, self._pairs)
        )
        labels = self._labels
        unary = np.zeros((tokens.stop - tokens.start, outputs), np.float32)
        rows = np.repeat(np.arange(len(unary)), labels.sizes[tokens])
        np.add.at(unary, (rows, labels.ids[entries]), labels.values[entries])
        unary /= unary.sum(1, keepdims=True)
        pairwise = np.zeros(moves, np.float32)
        np.add.at(pairwise, labels.pairs[pairs], labels.pair_values[pairs])
        pairwise *= (len(unary) - 1) / max(pairwise.sum(), LEAST)
        return ExpectedCounts(unary, pairwise)

    def weight(self, counts: ExpectedCounts) -> float:
        """The weight of a sentence in the loss."""
        return 1.0 - self._discount * (1.0 - float(counts.unary.max(1).min()))


class TableTarget(NamedTuple):
    """The labels of a sentence in a table: a target of training."""

    table: LabelTable
    number: int

    @classmethod
    def collate(cls, targets: Sequence["TableTarget"], mask: NDArray[np.bool_]) -> CountsBatch:
        """The counts and weights of a batch."""
        found = [target.table.counts(target.number) for target in targets]
        weights = [t.table.weight(c) for t, c in zip(targets, found, strict=True)]
        batch = ExpectedCounts.collate(found, mask)
        return batch._replace(weights=torch.tensor(weights, dtype=torch.float32))
