"""From probabilities of labels, token by token, to a distribution over spans.

A model that classifies tokens gives each of them a distribution over labels, independent of the
others. Its sequences of labels, legal or not, are read as spans by the rules of the CoNLL scorer;
what it says of tags and transitions are sums over all of them, by forward-backward: exact expected
counts of a chain of legal tags.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.extensions.distillation.labels import Labels
from ner.features import ExpectedCounts, plan_batches
from ner.model import FORBIDDEN, Lattice, Potentials, TagConstraints, viterbi
from ner.tags import OUTSIDE, TAG_OUTSIDE, Tag, parse_tag, scheme_named, spans_of, tag_set
from ner.text import Span

Floats = NDArray[np.float64]
TOGETHER, MOST_TOKENS = 32, 4096  # of sentences, and of their padded tokens, in a lattice

# The canonical prefixes of a state in schemes that have fewer.
_SPELLED = {"iob2": {"B": "B", "S": "B", "I": "I", "E": "I"}, "io": dict.fromkeys("BISE", "I")}


class _State(NamedTuple):
    """A canonical tag at a token, and the labels that it stands for.

    It is `again` if its entity begins right behind another one of its type.
    """

    prefix: str
    label: str
    numbers: tuple[int, ...]
    again: bool = False


class SpanChain:
    """The legal chain of a token classifier with some `labels`, which may be of any scheme.

    `tags` are those of the given scheme for its types. In labels that mark the end of entities
    (IOBES and the like), illegal sequences are ruled out; others all have a reading: an I begins an
    entity where none of its type goes on.
    """

    def __init__(self, labels: Sequence[str], scheme: str) -> None:
        of = {parse_tag(label, bare=True): place for place, label in enumerate(labels)}
        types = sorted({tag.label for tag in of} - {""})
        make = _closed_states if any(tag.prefix in "ES" for tag in of) else _open_states
        self._states = [_State(OUTSIDE, "", (of[TAG_OUTSIDE],))]
        self._states += [state for label in types for state in make(label, of)]
        self._potentials = _potentials(self._states)
        self._scheme = scheme
        self.tags = tag_set(types, scheme)
        self._constraints = TagConstraints(self.tags, scheme)
        place = {tag: number for number, tag in enumerate(self.tags)}
        self._fold = np.zeros((len(self._states), len(self.tags)))  # states to tags
        for row, state in enumerate(self._states):
            self._fold[row, place[_spelled(state, scheme)]] = 1.0

    def labels(self, log_p: Sequence[Floats]) -> list[Labels]:
        """Spans and expected counts of sentences by log probabilities of labels, ``[T, L]`` each.

        The spans are those of `best_spans`.
        """
        found: dict[int, ExpectedCounts] = {}
        lengths = [len(scores) for scores in log_p]
        for batch in plan_batches(lengths, most_sentences=TOGETHER, most_tokens=MOST_TOKENS):
            rows = self._expected([log_p[number] for number in batch])
            found |= dict(zip(batch, rows, strict=True))
        counts = [found[number] for number in range(len(log_p))]
        spans = best_spans([each.unary for each in counts], self.tags, self._scheme)
        return [Labels(*pair) for pair in zip(spans, counts, strict=True)]

    def _expected(self, log_p: Sequence[Floats]) -> Iterator[ExpectedCounts]:
        lengths = np.array([len(scores) for scores in log_p])
        emissions = np.zeros((len(log_p), lengths.max(), len(self._states)))  # [B, T, states]
        for row, scores in enumerate(log_p):
            emissions[row, : len(scores)] = self._emissions(scores)
        lattice = Lattice(emissions, lengths, self._potentials)
        unary = lattice.marginals @ self._fold  # [B, T, K]
        moves = self._fold.T @ lattice.transitions @ self._fold  # [B, K, K]
        legal = self._constraints.pack(moves)
        for row, length in enumerate(lengths.tolist()):
            tags, pairs = unary[row, :length], legal[row]
            yield ExpectedCounts(tags.astype(np.float32), pairs.astype(np.float32))

    def _emissions(self, log_p: Floats) -> Floats:
        """Log probabilities of the states ``[T, states]``: sums over the labels of each."""
        columns = [
            np.logaddexp.reduce(log_p[:, state.numbers], axis=1, initial=-np.inf)
            for state in self._states
        ]
        emissions: Floats = np.maximum(np.stack(columns, 1), FORBIDDEN)
        return emissions


Numbers = Mapping[Tag, int]


def _open_states(label: str, of: Numbers) -> Iterator[_State]:
    """States of a type whose labels are I, or B and I."""
    begin, inside = (_numbers(prefix, label, of) for prefix in "BI")
    for prefix in "BS":
        yield _State(prefix, label, begin + inside)
        yield _State(prefix, label, begin, again=True)
    for prefix in "IE":
        yield _State(prefix, label, inside)


def _closed_states(label: str, of: Numbers) -> Iterator[_State]:
    """States of a type whose labels say where it ends."""
    for prefix in "BISE":
        own = _numbers(prefix, label, of)
        yield _State(prefix, label, own)
        if prefix in "BS":
            yield _State(prefix, label, own, again=True)


def _numbers(prefix: str, label: str, of: Numbers) -> tuple[int, ...]:
    """The number of a label, if there is one."""
    tag = Tag(prefix, label)
    return (of[tag],) if tag in of else ()


def _spelled(state: _State, scheme: str) -> str:
    """The tag of a state in a scheme."""
    if state.prefix == OUTSIDE:
        return OUTSIDE
    prefix = _SPELLED.get(scheme, {}).get(state.prefix, state.prefix)
    return f"{scheme_named(scheme).spell(prefix)}-{state.label}"


def _potentials(states: Sequence[_State]) -> Potentials:
    def scores(befores: Sequence[_State | None], afters: Sequence[_State | None]) -> Floats:
        table = [[_follows(before, after) for after in afters] for before in befores]
        return np.where(table, 0.0, FORBIDDEN)

    edge = [None]
    return Potentials(scores(edge, states)[0], scores(states, states), scores(states, edge)[:, 0])


def _follows(before: _State | None, after: _State | None) -> bool:
    """True if a state may follow another; None is the edge of the sentence."""
    open_before = before is not None and before.prefix in "BI"
    continues = after is not None and after.prefix in "IE"
    same = before is not None and after is not None and before.label == after.label != ""
    if open_before or continues:
        return open_before and continues and same
    return after is None or after.again == same


def best_spans(
    unary: Sequence[NDArray[np.float32]], tags: Sequence[str], scheme: str
) -> list[tuple[Span, ...]]:
    """The spans of each sentence of which most tags are expected to be right.

    They are those of the best legal sequence of tags by the marginals `unary`, ``[T, K]`` each.
    """
    found: list[tuple[Span, ...]] = [()] * len(unary)
    rules = TagConstraints(tags, scheme).potentials()
    lengths = [len(marginals) for marginals in unary]
    for batch in plan_batches(lengths, most_sentences=TOGETHER, most_tokens=MOST_TOKENS):
        sizes = np.array([lengths[number] for number in batch])
        padded = np.zeros((len(batch), sizes.max(), len(tags)))  # [B, T, K]
        for row, number in enumerate(batch):
            padded[row, : lengths[number]] = unary[number]
        paths = viterbi(padded, sizes, rules).tolist()
        for path, number in zip(paths, batch, strict=True):
            found[number] = tuple(spans_of([tags[tag] for tag in path[: lengths[number]]]))
    return found
