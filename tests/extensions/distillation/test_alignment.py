"""Entities by characters, laid over the tokens of sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.distillation.alignment import Found, align
from ner.text import Sentence, Span
from ner.tokenize import sentences_of

TEXT = "Anna Smith-Jones left. New York is large, she said."
SENTENCES = list(sentences_of(TEXT, "words"))


def found(quoted: str, label: str = "X") -> Found:
    start = TEXT.index(quoted)
    return Found(start, start + len(quoted), label)


def spans(*entities: Found, widen: bool = False) -> list[tuple[Span, ...] | None]:
    return [labels.spans for labels in align(entities, SENTENCES, widen=widen)]


def test_entities_become_spans_of_their_sentences() -> None:
    assert [s.tokens[0] for s in SENTENCES] == ["Anna", "New"]
    assert spans(found("New York", "LOC"), found("Anna Smith-Jones", "PER")) == [
        (Span(0, 2, "PER"),),
        (Span(0, 2, "LOC"),),
    ]
    assert spans() == [(), ()]


@pytest.mark.parametrize("quoted", ["Smith", "nna", "Anna Smith"])
def test_a_sentence_with_an_entity_that_ends_inside_a_token_teaches_nothing(quoted: str) -> None:
    labels = list(align([found(quoted)], SENTENCES, widen=False))
    assert [(each.spans, each.misfits) for each in labels] == [(None, 1), ((), 0)]


def test_such_entities_are_widened_if_asked() -> None:
    assert spans(found("Anna Smith"), widen=True) == [(Span(0, 2, "X"),), ()]
    assert spans(found("nna S"), widen=True) == [(Span(0, 2, "X"),), ()]


@pytest.mark.parametrize("widen", [False, True])
def test_no_entity_goes_over_the_end_of_a_sentence(widen: bool) -> None:
    labels = list(align([found("left. New York")], SENTENCES, widen=widen))
    assert [(each.spans, each.misfits) for each in labels] == [(None, 1), (None, 1)]


def test_overlapping_entities_fit_as_little() -> None:
    assert spans(found("New York"), found("York is")) == [(), None]


def test_what_lies_elsewhere_does_not_matter() -> None:
    labels = align([found("Anna"), found(" "), found("York")], SENTENCES[1:], widen=False)
    assert [each.spans for each in labels] == [(Span(1, 2, "X"),)]


@given(st.data())
def test_entities_on_tokens_come_back_as_they_are(data: st.DataObject) -> None:
    text = data.draw(st.text("ab .\n", max_size=30))
    sentences: list[Sentence] = list(sentences_of(text, "words"))
    wanted: list[tuple[Span, ...]] = []
    entities = []
    for sentence in sentences:
        cuts = data.draw(st.lists(st.integers(0, len(sentence)), max_size=6, unique=True))
        cuts = sorted(cuts)
        pairs = [*zip(cuts[::2], cuts[1::2], strict=False)]
        wanted.append(tuple(Span(start, end, "X") for start, end in pairs))
        assert sentence.offsets is not None
        for start, end in pairs:
            entities.append(Found(sentence.offsets[start][0], sentence.offsets[end - 1][1], "X"))
    assert [labels.spans for labels in align(entities, sentences, widen=False)] == wanted
