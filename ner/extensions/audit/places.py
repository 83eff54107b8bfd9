"""Places: each labelled entity, and each span that is not labelled and perhaps should be."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from ner.extensions.audit.judgements import Judgement
from ner.extensions.audit.usage import Usage
from ner.text import Sentence, Span

NOTICED = 0.03
"""Mean probability from which on a span that is not labelled is a place."""
CLEAR = 0.05
"""Mean probability from which on the models' proposal goes before that of usage."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the sentence `number`: what is labelled, what is proposed, what models say.

    `doubts` has, for each model, the probability that the label is wrong; `against` is the share of
    the models whose best analysis contradicts it; `gap` the mean by which the log probability of
    the sentence's labels is below that of the best analysis.
    """

    number: int
    labelled: Span | None
    proposed: Span | None
    doubts: tuple[float, ...]
    against: float
    gap: float

    @property
    def span(self) -> Span:
        """The labelled span, or the proposed one."""
        span = self.labelled or self.proposed
        assert span, "a place has a span"
        return span

    @property
    def doubt(self) -> float:
        """The mean probability that the label is wrong."""
        return fmean(self.doubts)

    @property
    def kind(self) -> str:
        """One of missed, spurious, type, border."""
        if self.labelled is None:
            return "missed"
        if self.proposed is None:
            return "spurious"
        return "type" if self.proposed.label != self.labelled.label else "border"


def find_places(
    sentences: Sequence[Sentence], judgements: Mapping[int, Sequence[Judgement]], usage: Usage
) -> list[Place]:
    """All places of the sentences that are judged."""
    usual: defaultdict[int, list[Span]] = defaultdict(list)
    for number, span in usage.unlabelled():
        usual[number].append(span)
    found = []
    for number, judged in judgements.items():
        own = _SentencePlaces(number, sentences[number], judged)
        found += [own.labelled(span, usage) for span in sentences[number].spans]
        found += own.missed(usual[number])
    return found


class _SentencePlaces:
    """The places of one sentence."""

    def __init__(self, number: int, sentence: Sentence, judged: Sequence[Judgement]) -> None:
        self._number, self._sentence, self._judged = number, sentence, judged
        spans = {span for one in judged for span in one.scores}
        self._mean = {s: fmean(one.scores.get(s, 0.0) for one in judged) for s in spans}
        self._others = spans.difference(sentence.spans)
        self._gap = fmean(max(0.0, one.best - one.labelled) for one in judged)

    def labelled(self, span: Span, usage: Usage) -> Place:
        """The place of a labelled entity."""
        rivals = [other for other in self._others if overlap(other, span)]
        best = max(rivals, key=self._strength, default=None)
        nothing = max(0.0, 1 - self._mean[span] - sum(self._mean[rival] for rival in rivals))
        proposed, probability = None, nothing
        if best and self._mean[best] >= nothing:
            proposed, probability = best, self._mean[best]
        if probability < CLEAR:
            label = usage.usual(self._number, span.start, span.end)
            if label and label != span.label:
                proposed = Span(span.start, span.end, label)
        doubts = tuple(1 - one.scores[span] for one in self._judged)
        against = fmean(span not in one.chosen for one in self._judged)
        return Place(self._number, span, proposed, doubts, against, self._gap)

    def missed(self, usual: Iterable[Span]) -> list[Place]:
        """The places of spans without a label: likely ones, and those of `usual` labels."""
        likely = [span for span in self._others if self._mean[span] >= NOTICED]
        found: list[Place] = []
        taken = [*self._sentence.spans]
        for span in [*sorted(likely, key=self._strength, reverse=True), *usual]:
            if not any(overlap(span, other) for other in taken):
                taken.append(span)
                doubts = tuple(one.scores.get(span, 0.0) for one in self._judged)
                against = fmean(span in one.chosen for one in self._judged)
                found.append(Place(self._number, None, span, doubts, against, self._gap))
        return found

    def _strength(self, span: Span) -> tuple[float, Span]:
        return self._mean[span], span


def overlap(one: Span, other: Span) -> bool:
    """Tell if two spans share a token."""
    return one.start < other.end and other.start < one.end


def says(sentence: Sentence, span: Span) -> str:
    """A span in words: its string and its type."""
    return f"{quoted(sentence.tokens[span.start : span.end])} {span.label}"


def quoted(tokens: Sequence[str]) -> str:
    """A string in quotes."""
    return f"“{' '.join(tokens)}”"
