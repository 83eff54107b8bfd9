"""Judgements: what a model that has not learnt from a sentence makes of its labels."""

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ner.files import write_text
from ner.predict import predict_likelihoods, predict_nbest
from ner.runtime import AnyModel
from ner.text import Sentence, Span

ANALYSES = 8
"""Most probable analyses of a sentence in which entities are looked for that are not labelled."""
NOTICEABLE = 0.01
"""Probability from which on such an entity counts."""
LEAST = -1e4
"""Log probability that stands for none."""


class Judgement(NamedTuple):
    """One sentence under one model.

    `labelled` and `best` are the log probabilities of its labels and of the best analysis. `scores`
    has the exact probability of each labelled entity, and of each other one that is noticeable;
    `chosen` are those of the best analysis.
    """

    labelled: float
    best: float
    scores: Mapping[Span, float]
    chosen: frozenset[Span]


Judgements = Mapping[int, Judgement]
"""Judgements of one model, by the number of the sentence."""


def judge(model: AnyModel, sentences: Mapping[int, Sentence]) -> dict[int, Judgement]:
    """Judge the labels of sentences, by their numbers."""
    given = list(sentences.values())
    likelihoods = predict_likelihoods(model, given)
    ranked = predict_nbest(model, [sentence.tokens for sentence in given], ANALYSES)
    found = {}
    for number, own, analyses in zip(sentences, likelihoods, ranked, strict=True):
        scores = {
            span: score
            for _, spans, probabilities in analyses
            for span, score in zip(spans, probabilities, strict=True)
            if score >= NOTICEABLE
        }
        scores |= zip(sentences[number].spans, own.scores, strict=True)
        best = analyses[0]
        found[number] = Judgement(
            max(own.log_probability, LEAST),
            math.log(best.probability),
            scores,
            frozenset(best.spans),
        )
    return found


# --- on disk --------------------------------------------------------------------------------------


def save_judgements(path: Path, judgements: Judgements) -> None:
    """Write the judgements of a model, one a line, whole or not at all."""
    with write_text(path) as file:
        file.writelines(
            json.dumps(_record(number, j), ensure_ascii=False) + "\n"
            for number, j in judgements.items()
        )


def load_judgements(path: Path, sentences: Sequence[Sentence]) -> dict[int, Judgement]:
    """Read judgements of sentences. Raises `ValueError`, `LookupError` or `TypeError` for none."""
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        number, judgement = _judgement(json.loads(line))
        length = len(sentences[number])
        if any(not 0 <= span.start < span.end <= length for span in judgement.scores):
            raise ValueError("entities outside of the sentence")
        found[number] = judgement
    return found


def _record(number: int, judgement: Judgement) -> list[Any]:
    spans = [
        [s.start, s.end, s.label, score, s in judgement.chosen]
        for s, score in judgement.scores.items()
    ]
    return [number, judgement.labelled, judgement.best, spans]


def _judgement(record: Sequence[Any]) -> tuple[int, Judgement]:
    number, labelled, best, rows = record
    scores = {Span(int(a), int(b), str(label)): float(p) for a, b, label, p, _ in rows}
    chosen = frozenset(Span(a, b, label) for a, b, label, _, inside in rows if inside)
    return int(number), Judgement(float(labelled), float(best), scores, chosen)


def pooled(members: Iterable[Judgements]) -> dict[int, list[Judgement]]:
    """The judgements of several models by the number of the sentence, in order."""
    found: dict[int, list[Judgement]] = {}
    for judgements in members:
        for number, judgement in judgements.items():
            found.setdefault(number, []).append(judgement)
    return dict(sorted(found.items()))
