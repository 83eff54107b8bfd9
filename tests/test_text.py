"""The words of the library."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.text import Document, Entity, PartialLabel, Sentence, Span, entities_of

PARIS = "🦊 Angela Merkel visited Paris."
SENTENCE = Sentence(
    tokens=("🦊", "Angela", "Merkel", "visited", "Paris", "."),
    spans=(Span(1, 3, "PER"), Span(4, 5, "LOC")),
    offsets=((0, 1), (2, 8), (9, 15), (16, 23), (24, 29), (29, 30)),
)


def test_entities_have_the_characters_of_their_tokens() -> None:
    assert entities_of(PARIS, SENTENCE, [0.5, 0.25]) == [
        Entity(2, 15, "PER", "Angela Merkel", 0.5),
        Entity(24, 29, "LOC", "Paris", 0.25),
    ]
    assert entities_of(PARIS, dataclasses.replace(SENTENCE, spans=()), []) == []


@given(words=st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=8), data=st.data())
def test_any_entity_is_the_text_it_points_at(words: list[str], data: st.DataObject) -> None:
    gaps = [data.draw(st.sampled_from(["", " ", "\u3000\n"])) for _ in words]
    text, offsets = "", []
    for gap, word in zip(gaps, words, strict=True):
        offsets.append((len(text + gap), len(text + gap + word)))
        text += gap + word
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    sentence = Sentence(tuple(words), (Span(start, end, "X"),), tuple(offsets))
    (entity,) = entities_of(text, sentence, [1.0])
    inner = [gap + word for gap, word in zip(gaps[start:end], words[start:end], strict=True)]
    assert text[entity.start : entity.end] == entity.text == "".join(inner)[len(gaps[start]) :]


@pytest.mark.parametrize("scores", [[], [0.5], [0.5, 0.5, 0.5]])
def test_every_span_needs_its_score(scores: list[float]) -> None:
    with pytest.raises(ValueError, match="argument 2"):
        entities_of(PARIS, SENTENCE, scores)


def test_a_sentence_without_offsets_has_no_characters() -> None:
    with pytest.raises(AssertionError, match="without offsets"):
        entities_of(PARIS, Sentence(("Paris",), (Span(0, 1, "LOC"),)), [1.0])


def test_a_sentence_knows_its_length_and_place() -> None:
    assert len(SENTENCE) == 6
    assert Sentence(("a",), source="train.txt", line=17).place == "train.txt:17"
    assert Sentence(("a",), line=17).place == "<memory>:17"


def test_spans_sort_by_place() -> None:
    spans = [Span(2, 3, "A"), Span(0, 2, "B"), Span(0, 1, "B"), Span(0, 1, "A")]
    assert sorted(spans) == spans[::-1]


@pytest.mark.parametrize(
    "word", [Span(0, 1, "A"), Entity(0, 1, "A", "x"), SENTENCE, Document("x", ())]
)
def test_words_are_values(word: Span | Entity | Sentence | Document) -> None:
    """Frozen, comparable and usable as keys; a misspelt field is refused."""
    assert {word: 1}[dataclasses.replace(word)] == 1
    for name in (dataclasses.fields(word)[0].name, "misspelt"):
        with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):
            setattr(word, name, None)


def test_labels_are_those_of_whole_entities_and_of_parts() -> None:
    assert SENTENCE.labels == {"PER", "LOC"}
    partial = (PartialLabel("PER", "no"), PartialLabel(None, "open"), PartialLabel("", "no"))
    assert Sentence(("a", "b", "c"), partial=partial).labels == {"PER"}
