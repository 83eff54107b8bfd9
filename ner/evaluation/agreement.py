"""Agreement of two annotators: F1 of their entities, and Cohen's kappa over tokens, by type.

F1 counts the entities that both have, in tokens and type, among those of either; it is the same
whoever is taken for gold, and needs nothing of what neither has labelled. Cohen's kappa (1960) is
the agreement beyond what chance would give: ``(observed - expected) / (1 - expected)``. It needs
units that both have judged, one by one. The stretches of text that nobody took for an entity cannot
be counted (Hripcsak and Rothschild 2005), so its units are tokens: each is of the type of its
entity, or of none; for one type, in an entity of that type or not. Kappa therefore sees no border
between two entities of one type that touch, and F1 does.
"""

import dataclasses
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ner.evaluation.mistakes import CORRECT, KINDS, Match, match_entities
from ner.evaluation.scores import (
    CountedScores,
    check_labelled,
    check_layers,
    check_same,
    count,
    format_columns,
    layer_names,
    score,
)
from ner.tags import OUTSIDE
from ner.text import Sentence, layered_label, layers_of

Pairs = Counter[tuple[str, str]]
"""Tokens by the type that the first and that the second annotator gave them, or ``O``."""


class Disagreement(NamedTuple):
    """A sentence of the first annotator, and entities of the two in it that are not the same.

    ``missed`` is an entity that the first alone has labelled, ``spurious`` one of the second.
    """

    sentence: Sentence
    match: Match

    @property
    def reason(self) -> str:
        """The disagreement in words."""
        first, second = self.match.gold, self.match.predicted
        told = {
            name: f"{layered_label(span)} ({' '.join(self.sentence.tokens[span.start : span.end])})"
            for name, span in (("A", first), ("B", second))
            if span
        }
        each = ", ".join(f"{name} labels {entity}" for name, entity in told.items())
        return each if first and second else f"{each}, and {'B' if first else 'A'} nothing"


@dataclass(frozen=True, slots=True)
class TypeAgreement:
    """F1 and kappa, and the entities of the `first` annotator, of the `second`, and of `both`.

    `kappa` is None where chance alone would have them agree everywhere.
    """

    f1: float
    kappa: float | None
    first: int
    second: int
    both: int

    @classmethod
    def of(cls, row: CountedScores, pairs: Pairs) -> "TypeAgreement":
        """The agreement that follows from entities and tokens."""
        return cls(row.f1, cohens_kappa(pairs), row.support, row.predicted, row.correct)


@dataclass(frozen=True, slots=True)
class AnnotatorAgreement:
    """The agreement over all types and by type, the units of kappa, and all disagreements.

    `tokens` counts each token once for each tag layer.
    """

    overall: TypeAgreement
    per_type: dict[str, TypeAgreement]
    sentences: int
    tokens: int
    kinds: dict[str, int]
    disagreements: tuple[Disagreement, ...]

    def to_dict(self) -> dict[str, Any]:
        """The figures as a JSON object, without the list of disagreements."""
        return {
            "overall": dataclasses.asdict(self.overall),
            "per_type": {name: dataclasses.asdict(row) for name, row in self.per_type.items()},
            "sentences": self.sentences,
            "tokens": self.tokens,
            "kinds": self.kinds,
        }


def compare_annotators(first: Sequence[Sentence], second: Sequence[Sentence]) -> AnnotatorAgreement:
    """Measure the agreement of two annotators of the same sentences.

    Raises `NerError` where the sentences are not the same, token by token, `CorpusError` where
    labels are unknown, and `UsageError` for tag layers that are not the same.
    """
    for sentences in (first, second):
        check_labelled(sentences)
    check_layers(layer_names(first), layer_names(second))
    check_same(first, second, ("A", "B"), "give two files of the same sentences")
    report = score(count([s.spans for s in first], [s.spans for s in second]))
    layers = layers_of([*first, *second]) or ("",)
    by_layer = [_pairs(first, second, layer) for layer in layers]
    pairs_of = {label: pairs for pairs in by_layer for pair in pairs for label in pair}
    whole: Pairs = sum(by_layer, Pairs())
    disagreements = tuple(_disagreements(first, second))
    kinds = Counter(each.match.kind for each in disagreements)
    return AnnotatorAgreement(
        TypeAgreement.of(report, whole),
        {
            label: TypeAgreement.of(row, _of_type(pairs_of[label], label))
            for label, row in report.per_type.items()
        },
        len(first),
        whole.total(),
        {kind: kinds[kind] for kind in KINDS},
        disagreements,
    )


def cohens_kappa(pairs: Pairs) -> float | None:
    """Cohen's kappa of judgements, counted by pair; None where chance explains all agreement."""
    total = pairs.total()
    first, second = Counter[str](), Counter[str]()
    for (one, other), number in pairs.items():
        first[one] += number
        second[other] += number
    expected = sum(first[label] * second[label] for label in first)  # times total²
    if expected == total * total:
        return None
    same = sum(number for (one, other), number in pairs.items() if one == other)
    return (same * total - expected) / (total * total - expected)


def _pairs(first: Sequence[Sentence], second: Sequence[Sentence], layer: str) -> Pairs:
    pairs = Pairs()
    for one, other in zip(first, second, strict=True):
        pairs.update(zip(_types(one, layer), _types(other, layer), strict=True))
    return pairs


def _types(sentence: Sentence, layer: str) -> list[str]:
    """The type of each token in a layer, or ``O``."""
    types = [OUTSIDE] * len(sentence)
    for span in sentence.spans:
        if span.layer == layer:
            types[span.start : span.end] = [layered_label(span)] * (span.end - span.start)
    return types


def _of_type(pairs: Pairs, label: str) -> Pairs:
    """The same judgements as being of one type or not."""
    binary = Pairs()
    for pair, number in pairs.items():
        one, other = (label if name == label else OUTSIDE for name in pair)
        binary[one, other] += number
    return binary


def _disagreements(first: Sequence[Sentence], second: Sequence[Sentence]) -> Iterator[Disagreement]:
    for one, other in zip(first, second, strict=True):
        for match in match_entities(one.spans, other.spans):
            if match.kind != CORRECT:
                yield Disagreement(one, match)


def format_agreement(agreement: AnnotatorAgreement) -> str:
    """The figures as an aligned table, and a line each on the units of kappa and on the kinds."""
    named = {**agreement.per_type, "overall": agreement.overall}
    rows = [[name, *map(str, (row.first, row.second, row.both)), *_figures(row)]
            for name, row in named.items()]  # fmt: skip
    each = ", ".join(f"{kind} {number}" for kind, number in agreement.kinds.items() if number)
    return (
        format_columns([["", "A", "B", "both", "F1", "kappa"], *rows], {0})
        + f"\nkappa: Cohen's, over {agreement.tokens:,} tokens, each of the type of its entity or "
        f"of none\ndisagreements: {len(agreement.disagreements):,}{f' ({each})' * bool(each)}\n"
    )


def _figures(row: TypeAgreement) -> list[str]:
    return [f"{100 * row.f1:.2f}", "-" if row.kappa is None else f"{row.kappa:.4f}"]
