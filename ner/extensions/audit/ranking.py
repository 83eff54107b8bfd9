"""The ranking: places by falling probability that the label is wrong, each with its reason."""

import math
from collections.abc import Iterator, Mapping, Sequence

from ner.corpus import QueueItem
from ner.extensions.audit.duplicates import Duplicates
from ner.extensions.audit.evidence import EvidenceOf, is_slight
from ner.extensions.audit.guidelines import by_sentence, differences
from ner.extensions.audit.judgements import Judgement
from ner.extensions.audit.places import Place, find_places, quoted, says
from ner.extensions.audit.probability import probability_wrong
from ner.extensions.audit.usage import Usage, Uses, Votes
from ner.predict import document_numbers
from ner.text import Sentence, Span

LEAST = 0.002
"""Probability from which on a place is in the ranking."""
TELLING_GAP, MOST_TOLD = 1.0, 14.0
"""Log ratio of the best analysis to the labels from which on it is told, and the most told."""
ENOUGH = 2
"""Other places from which on a string's usage is a reason."""


def rank(
    sentences: Sequence[Sentence], judgements: Mapping[int, Sequence[Judgement]]
) -> tuple[list[QueueItem], list[str]]:
    """Rank the places of the sentences that are judged; also tell where guidelines differ."""
    documents = document_numbers(sentences)
    usage = Usage(sentences, documents)
    places = find_places(sentences, judgements, usage)
    evidence = EvidenceOf(sentences, documents, usage, places)
    wrong = [probability_wrong(evidence(place)) for place in places]
    duplicates = Duplicates(sentences, judgements)
    items = [
        _item(sentences[place.number], place, probability, evidence, duplicates.reason(place))
        for place, probability in zip(places, wrong, strict=True)
        if probability >= LEAST
    ]
    numbers = (place.number for place in places)
    told = differences(sentences, documents, usage, by_sentence(zip(numbers, wrong, strict=True)))
    return sorted(items, key=lambda item: -item.score), told


def _item(
    sentence: Sentence, place: Place, probability: float, evidence: EvidenceOf, elsewhere: str
) -> QueueItem:
    """A place of the queue; `elsewhere` tells of near duplicates with other labels."""
    return QueueItem(
        sentence.source,
        sentence.line,
        sentence.tokens,
        _kind(place, evidence, elsewhere),
        round(probability, 4),
        "; ".join([*_reasons(sentence, place, evidence), *filter(None, [elsewhere])]),
        place.labelled,
        place.proposed,
    )


def _kind(place: Place, evidence: EvidenceOf, elsewhere: str) -> str:
    """The kind; inconsistent where other places speak, and not the models."""
    if evidence.cut(place):
        return "segmentation"
    labelled, proposed = evidence.uses(place)
    against, favour = labelled.corpus, proposed.corpus
    differs = against.without > against.with_it or favour.with_it > favour.without
    return "inconsistent" if place.doubt < 0.5 and (differs or elsewhere) else place.kind


def _reasons(sentence: Sentence, place: Place, evidence: EvidenceOf) -> Iterator[str]:
    """The evidence against the label, in words."""
    models = len(place.doubts)
    contrary = round(place.against * models)
    proposal = says(sentence, place.proposed) if place.proposed else "no entity"
    doubt = f"{place.doubt:.0%} on average"
    yield f"{contrary} of {models} models contradict ({doubt}); proposed: {proposal}"
    if place.gap > TELLING_GAP:
        ratio = math.exp(min(place.gap, MOST_TOLD))
        yield f"the best analysis of the sentence is {ratio:,.0f} times as probable as its labels"
    labelled, proposed = evidence.uses(place)
    if place.labelled:
        yield from _usage(sentence, place.labelled, labelled)
    if place.proposed and (place.labelled is None or place.proposed.label != place.labelled.label):
        yield from _usage(sentence, place.proposed, proposed)
    if is_slight(sentence, place):
        yield "the borders differ in a quote, a title or a full stop alone"
    if cut := evidence.cut(place):
        yield f"{quoted(cut)}, an entity elsewhere, is cut by a split between sentences"


def _usage(sentence: Sentence, span: Span, uses: Uses) -> Iterator[str]:
    """The usage of the string of a span in other places."""
    places = [
        _votes(votes, where)
        for votes, where in (
            (uses.corpus, "other places"),
            (uses.document, "of this document"),
            (uses.context, "between the same words"),
        )
        if sum(votes) >= ENOUGH
    ]
    if places:
        yield f"{says(sentence, span)} in {', '.join(places)}"


def _votes(votes: Votes, where: str) -> str:
    return f"{votes.with_it:,} of {sum(votes):,} {where}"
