"""Evidence on a place as numbers, of which the probability that its label is wrong is made."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from statistics import fmean
from typing import NamedTuple

from ner.extensions.audit.places import Place
from ner.extensions.audit.segmentation import cut_at, find_cuts
from ner.extensions.audit.usage import Usage, Uses, Votes
from ner.text import Sentence, Span

LEAST = 1e-4
"""Probabilities closer to 0 or 1 than that say no more."""
SMOOTHING = 0.5
"""Places that are taken to be there of each label, when few are counted."""
MARKS = frozenset("\"'`“”‘’«»„()[]")
TITLES = frozenset(
    [
        "the",
        "a",
        "an",
        "mr",
        "mrs",
        "ms",
        "dr",
        "prof",
        "sir",
        "lord",
        "president",
        "minister",
        "prime",
        "general",
        "gen",
        "col",
        "capt",
    ]
)


class Evidence(NamedTuple):
    """Numbers against a label (above 0) or for it (below), most of them log odds."""

    doubt: float  # mean of the models
    against: float  # share of models, from -1 to 1
    gap: float  # log of 1 + that of the sentence
    length: float  # log of that of the sentence, less the mean
    labelled_corpus: float  # votes of other places against the label
    labelled_document: float
    labelled_context: float
    proposed_corpus: float  # votes of other places for the proposal
    proposed_document: float
    proposed_context: float
    alike: float  # mean doubt of other places of the document with this label and proposal
    missed_doubt: float  # the doubt, where nothing is labelled
    missed: float  # 1 or 0, as all below
    spurious: float
    border: float
    slight_border: float  # differs in a quote, a title or a full stop alone
    at_edge: float  # of the sentence
    cut: float  # by a split between sentences
    quoted: float  # it stands in quotes or brackets, or has one inside
    rare: float  # share of its words that stand nowhere else
    capitals: float  # share of its words that begin with one
    known: float  # the proposed string stands elsewhere, as an entity or none


class EvidenceOf:
    """The evidence on places of a corpus, each seen beside the others."""

    def __init__(
        self,
        sentences: Sequence[Sentence],
        documents: Sequence[int],
        usage: Usage,
        places: Sequence[Place],
    ) -> None:
        """`documents` numbers that of each sentence."""
        self._sentences, self._documents, self._usage = sentences, documents, usage
        self._cuts = find_cuts(sentences, documents, usage.entities)
        self._length = fmean([math.log(len(one)) for one in sentences] or [0.0])
        self._words = Counter(token for one in sentences for token in one.tokens)
        self._doubts: defaultdict[tuple[int, str, str], float] = defaultdict(float)
        self._counts: Counter[tuple[int, str, str]] = Counter()
        for place in places:
            group = self._group(place)
            self._doubts[group] += place.doubt
            self._counts[group] += 1

    def _group(self, place: Place) -> tuple[int, str, str]:
        """The places that are alike: of one document, with the same label and proposal."""
        document = self._documents[place.number]
        return document, _label(place.labelled), _label(place.proposed)

    def __call__(self, place: Place) -> Evidence:
        """The evidence on one of the places."""
        labelled, proposed = self.uses(place)
        sentence = self._sentences[place.number]
        words = sentence.tokens[place.span.start : place.span.end]
        slight = is_slight(sentence, place)
        return Evidence(
            doubt=_logit(place.doubt),
            against=2 * place.against - 1,
            gap=math.log1p(place.gap),
            length=math.log(len(sentence)) - self._length,
            **{f"labelled_{name}": -_odds(votes) for name, votes in labelled._asdict().items()},
            **{f"proposed_{name}": _odds(votes) for name, votes in proposed._asdict().items()},
            alike=self._alike(place),
            missed_doubt=_logit(place.doubt) * (place.kind == "missed"),
            missed=float(place.kind == "missed"),
            spurious=float(place.kind == "spurious"),
            border=float(place.kind == "border" and not slight),
            slight_border=float(slight),
            at_edge=float(place.span.start == 0 or self._ends(place)),
            cut=float(bool(self.cut(place))),
            quoted=float(is_quoted(sentence, place.span)),
            rare=fmean(self._words[word] == 1 for word in words),
            capitals=fmean(word[:1].isupper() for word in words),
            known=float(sum(proposed.corpus) > 0),
        )

    def uses(self, place: Place) -> tuple[Uses, Uses]:
        """The votes of other places on the label, and on the proposal."""
        labelled, proposed = (
            self._usage.uses(place.number, span) if span else Uses()
            for span in (place.labelled, place.proposed)
        )
        return labelled, proposed

    def cut(self, place: Place) -> tuple[str, ...]:
        """The entity that a split between sentences cuts here; () without one."""
        return cut_at(place, self._sentences[place.number], self._cuts)

    def _alike(self, place: Place) -> float:
        """Mean doubt of the other places of the group, shrunk towards none."""
        group = self._group(place)
        return (self._doubts[group] - place.doubt) / (self._counts[group] + 1)

    def _ends(self, place: Place) -> bool:
        return place.span.end == len(self._sentences[place.number])


def is_quoted(sentence: Sentence, span: Span) -> bool:
    """Tell if a span stands in quotes or brackets, or has one inside."""
    return not MARKS.isdisjoint(sentence.tokens[max(0, span.start - 1) : span.end])


def is_slight(sentence: Sentence, place: Place) -> bool:
    """Tell if two borders differ in a quote, a title, an article or a full stop alone."""
    if place.kind != "border" or place.labelled is None or place.proposed is None:
        return False
    one, other = ({*range(s.start, s.end)} for s in (place.labelled, place.proposed))
    words = {sentence.tokens[i].lower().strip(".") for i in one ^ other}
    return all(word in TITLES or not any(map(str.isalnum, word)) for word in words)


def _label(span: Span | None) -> str:
    return span.label if span else ""


def _logit(probability: float) -> float:
    p = min(max(probability, LEAST), 1 - LEAST)
    return math.log(p / (1 - p))


def _odds(votes: Votes) -> float:
    """Log odds of the votes for a label."""
    return math.log((votes.with_it + SMOOTHING) / (votes.without + SMOOTHING))
