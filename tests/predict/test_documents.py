"""Documents out of sentences: groups that are read at once, and results put back in place."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.predict import (
    Hypothesis,
    Prediction,
    alternatives_of,
    document_groups,
    document_of,
    restored,
    sentence_groups,
)
from ner.text import SegmentedText, Sentence, Span
from ner.tokenize import retokenize, sentences_of

TEXT = "Anna left Rome. It rained."
FIRST, SECOND = sentences_of(TEXT, "words")
LOC, PER = Span(2, 3, "LOC"), Span(0, 1, "PER")


def document(*lengths: int) -> SegmentedText:
    return "", [Sentence(("a",) * length) for length in lengths]


def size(one: SegmentedText) -> int:
    """Its tokens, and one for itself."""
    return 1 + sum(map(len, one[1]))


documents = st.lists(st.lists(st.integers(0, 30), max_size=4).map(lambda n: document(*n)))


# --- groups -------------------------------------------------------------------------------------


@given(documents, st.integers(1, 40), st.integers(1, 80))
def test_groups_of_documents_grow_to_their_size(
    texts: list[SegmentedText], first: int, most: int
) -> None:
    groups = list(document_groups(texts, first, most))
    assert [one for group in groups for one in group] == texts
    assert all(groups)
    enough = min(first, most)
    for group in groups[:-1]:
        assert sum(map(size, group)) >= enough
        assert sum(map(size, group[:-1])) < enough
        enough = min(2 * enough, most)


@given(documents, st.integers(1, 3))
def test_groups_have_at_most_so_many_documents(texts: list[SegmentedText], most: int) -> None:
    groups = list(document_groups(texts, 10**6, 10**6, most))
    assert [one for group in groups for one in group] == texts
    assert {len(group) for group in groups[:-1]} <= {most}


def test_a_group_is_given_before_more_is_read() -> None:
    read: list[int] = []

    def texts() -> Iterator[SegmentedText]:
        for number in range(9):
            read.append(number)
            yield document(5)

    groups = document_groups(texts(), 6, 12)
    assert len(next(groups)) == 1
    assert read == [0]
    assert len(next(groups)) == 2
    assert read == [0, 1, 2]


def test_no_more_of_a_long_text_is_counted_than_needed() -> None:
    def endless() -> Iterator[Sentence]:
        while True:
            yield Sentence(("a",))

    class Long(list[Sentence]):
        def __iter__(self) -> Iterator[Sentence]:
            return endless()

    assert len(next(document_groups([("", Long())], 100, 100))) == 1


@given(st.lists(st.integers(0, 9)), st.integers(1, 20))
def test_groups_of_sentences(lengths: list[int], enough: int) -> None:
    cut = [(number, Sentence(("a",) * length)) for number, length in enumerate(lengths)]
    groups = list(sentence_groups(iter(cut), enough))
    assert [one for group in groups for one in group] == cut
    for group in groups[:-1]:
        tokens = [len(sentence) for _, sentence in group]
        assert sum(tokens) >= enough > sum(tokens[:-1])


# --- documents ----------------------------------------------------------------------------------


def test_what_was_found_is_put_into_its_text() -> None:
    found = [(0, FIRST, Prediction((PER, LOC), (0.9, 0.8))), (0, SECOND, Prediction((), ()))]
    made = document_of((TEXT, [FIRST, SECOND]), found)
    assert made.text == TEXT
    assert [(e.text, e.label, e.start, e.end, e.score) for e in made.entities] == [
        ("Anna", "PER", 0, 4, 0.9),
        ("Rome", "LOC", 10, 14, 0.8),
    ]
    assert [sentence.spans for sentence in made.sentences] == [(PER, LOC), ()]


def test_spans_that_were_there_go() -> None:
    labelled = FIRST.with_spans((LOC,))
    made = document_of((TEXT, [labelled]), [(0, labelled, Prediction((), ()))])
    assert made.entities == ()
    assert made.sentences[0].spans == ()


def test_alternatives_stand_where_their_sentence_does() -> None:
    ranked = [Hypothesis(0.7, (), ()), Hypothesis(0.2, (PER,), (0.3,))]
    second = alternatives_of(TEXT, SECOND, ranked)
    assert (second.start, second.end) == (16, 26)
    assert [one.probability for one in second.alternatives] == [0.7, 0.2]
    assert [[e.text for e in one.entities] for one in second.alternatives] == [[], ["It"]]


# --- tokens that were cut again -----------------------------------------------------------------


def test_without_a_cut_a_prediction_stays() -> None:
    prediction = Prediction((PER,), (0.5,))
    assert restored(prediction, []) is prediction
    assert restored(Prediction((), ()), [0, 2]) == Prediction((), ())


@pytest.mark.parametrize("scores", [(0.9, 0.4), ()])
def test_a_prediction_for_pieces_is_one_for_tokens(scores: tuple[float, ...]) -> None:
    sentence, starts = retokenize(Sentence(("Anna", "left", "Rome.")), "words")
    assert sentence.tokens == ("Anna", "left", "Rome", ".")
    found = restored(Prediction((PER, LOC), scores), starts)
    assert found == Prediction((PER, LOC), scores)


def test_of_two_spans_in_one_token_the_first_stays() -> None:
    _, starts = retokenize(Sentence(("Rome.",)), "words")
    both = Prediction((Span(0, 1, "LOC"), Span(1, 2, "PER")), (0.9, 0.4))
    assert restored(both, starts) == Prediction((Span(0, 1, "LOC"),), (0.9,))
