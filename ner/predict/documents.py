"""Documents out of what is found in sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ner.predict.predictions import Hypothesis
from ner.predict.spans import Prediction
from ner.text import (
    Alternative,
    Document,
    Entity,
    NBest,
    SegmentedText,
    Sentence,
    Span,
    entities_of,
)
from ner.tokenize import StreamedSentences, restore_spans


def document_of(
    document: SegmentedText, found: Iterable[tuple[int, Sentence, Prediction]]
) -> Document:
    """A text with what was found in its sentences; those that are streamed are not kept."""
    text, cut = document
    streamed = cut if isinstance(cut, StreamedSentences) else None
    sentences: list[Sentence] = []
    entities: list[Entity] = []
    changed: dict[int, tuple[Span, ...]] = {}
    for place, (_, sentence, (spans, scores)) in enumerate(found):
        if spans or sentence.spans:
            sentence = sentence.with_spans(spans)
            entities += entities_of(text, sentence, scores)
            changed[place] = spans
        if streamed is None:
            sentences.append(sentence)
    kept = tuple(sentences) if streamed is None else streamed.with_spans(changed)
    return Document(text, tuple(entities), kept)


def alternatives_of(text: str, sentence: Sentence, ranked: Iterable[Hypothesis]) -> NBest:
    """The n-best analyses of a sentence, with its offsets in the text."""
    assert sentence.offsets, "a sentence with tokens has offsets"
    alternatives = [
        Alternative(p, tuple(entities_of(text, replace(sentence, spans=spans), scores)))
        for p, spans, scores in ranked
    ]
    return NBest(sentence.offsets[0][0], sentence.offsets[-1][1], tuple(alternatives))


def document_groups(
    documents: Iterable[SegmentedText], first: int, most: int, batch_size: int | None = None
) -> Iterator[list[SegmentedText]]:
    """Gather documents into groups of at least `first` tokens, then twice as many, up to `most`.

    A group has at most `batch_size` documents, and one is enough if it is long.
    """
    group: list[SegmentedText] = []
    tokens, enough = 0, min(first, most)
    for text, sentences in documents:
        group.append((text, sentences))
        tokens += 1
        for sentence in sentences:
            tokens += len(sentence)
            if tokens >= enough:  # those of a long text need not be counted
                break
        if tokens >= enough or len(group) == batch_size:
            yield group
            group, tokens, enough = [], 0, min(2 * enough, most)
    if group:
        yield group


def sentence_groups(
    cut: Iterable[tuple[int, Sentence]], enough: int
) -> Iterator[list[tuple[int, Sentence]]]:
    """Gather sentences into groups of `enough` tokens, or a little more."""
    group: list[tuple[int, Sentence]] = []
    tokens = 0
    for number, sentence in cut:
        group.append((number, sentence))
        tokens += len(sentence)
        if tokens >= enough:
            yield group
            group, tokens = [], 0
    if group:
        yield group


def restored(prediction: Prediction, starts: Sequence[int]) -> Prediction:
    """Bring a prediction back to the tokens that were cut again at `starts`, if they were."""
    if not starts or not prediction.spans:
        return prediction
    spans = restore_spans(prediction.spans, starts)
    scores = dict(zip(*prediction, strict=True)) if prediction.scores else {}
    return Prediction((*spans.values(),), tuple(scores[span] for span in spans if scores))
