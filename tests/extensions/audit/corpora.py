"""Small corpora and judgements for the tests of the audit."""

from collections.abc import Iterable

from ner.extensions.audit.judgements import Judgement
from ner.text import Sentence, Span


def sentence(text: str, *spans: Span, document: int = 0, line: int = 1) -> Sentence:
    """A sentence of the words of a text, in the file ``x.conll``."""
    return Sentence(tuple(text.split()), spans, document=document, source="x.conll", line=line)


def judgement(
    scores: dict[Span, float], chosen: Iterable[Span] = (), gap: float = 0.0
) -> Judgement:
    """A judgement by the probabilities of spans, with the best analysis and how far it is ahead."""
    return Judgement(-1.0 - gap, -1.0, scores, frozenset(chosen))
