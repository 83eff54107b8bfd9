"""Document context: labels of a word elsewhere, held against the definition written naively."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import Config
from ner.features import DocumentSpans, Indexer, TrainingData
from ner.features.document_context import DocumentContext
from ner.text import Span

LABELS = ("LOC", "ORG", "PER")
Read = tuple[list[str], list[Span], int]
TokenLabels = tuple[int, ...]
INDEXER = Indexer((DocumentContext(LABELS),))


@st.composite
def first_pass(draw: st.DrawFn) -> Read:
    """A sentence of few words, what a first pass found in it, and its document."""
    tokens = draw(st.lists(st.sampled_from(["Rome", "ROME", "rome", "İ", "a", "A"]), max_size=6))
    spans, position = [], 0
    while position < len(tokens):
        end = draw(st.integers(position + 1, len(tokens)))
        if label := draw(st.sampled_from(["", *LABELS])):
            spans.append(Span(position, end, label))
        position = end
    return tokens, spans, draw(st.sampled_from([7, 0, 2]))


def labelled(read: list[Read]) -> list[list[TokenLabels] | None]:
    """The first-pass labels of sentences, in lists."""
    tokens, spans, documents = ([each[i] for each in read] for i in range(3))
    return [
        None if found is None else list(found)
        for found in INDEXER.contexts(DocumentSpans(tokens, spans, documents))  # type: ignore[arg-type]
    ]


def naive(read: list[Read]) -> list[list[TokenLabels] | None]:
    """The same, each token compared with all others."""
    types = [
        [next((s.label for s in spans if s.start <= i < s.end), "O") for i in range(len(tokens))]
        for tokens, spans, _ in read
    ]
    every = [
        (document, number, place, token)
        for number, (tokens, _, document) in enumerate(read)
        for place, token in enumerate(tokens)
    ]

    def elsewhere(number: int, place: int, *, fold: bool) -> int:
        document, word = read[number][2], read[number][0][place]
        same = [
            (types[n][p], (n, p) != (number, place))
            for d, n, p, token in every
            if d == document and (token.lower() == word.lower() if fold else token == word)
        ]
        if all(label == "O" for label, _ in same):
            return 0
        others = Counter(label for label, elsewhere in same if elsewhere)
        if not others:
            return 0
        loudest = max(others, key=lambda label: (others[label], label != "O", label))
        return 1 + 2 * ("O", *LABELS).index(loudest) + (len(others) == 1)

    result = []
    for number, (tokens, _, _) in enumerate(read):
        own: list[TokenLabels] = [
            (elsewhere(number, place, fold=False), elsewhere(number, place, fold=True))
            for place in range(len(tokens))
        ]
        result.append(own if any(map(any, own)) else None)
    return result


@given(read=st.lists(first_pass(), max_size=8))
def test_labels_are_as_defined(read: list[Read]) -> None:
    found = labelled(read)
    assert found == naive(read)
    size, _ = DocumentContext(LABELS).sizes
    assert all(0 <= n < size for labels in found if labels for pair in labels for n in pair)


@given(read=st.lists(first_pass(), max_size=8), data=st.data())
def test_neither_order_nor_other_documents_matter(read: list[Read], data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(len(read))))
    found = labelled(read)
    assert labelled([read[i] for i in order]) == [found[i] for i in order]
    one = [i for i, (_, _, document) in enumerate(read) if document == 7]
    assert labelled([read[i] for i in one]) == [found[i] for i in one]


def always(label: str) -> int:
    """The id for a word that is of one type at all its other places."""
    return 2 + 2 * ("O", *LABELS).index(label)


def mostly(label: str) -> int:
    """The id for a word that is of this type at more of its other places than of others."""
    return always(label) - 1


def test_a_word_does_not_hear_itself() -> None:
    assert labelled([(["Rome"], [Span(0, 1, "LOC")], 0)]) == [None]


def test_capitals_count_without_regard_to_case() -> None:
    rome = (["Rome"], [Span(0, 1, "LOC")], 0)
    headline = (["ROME", "FALLS"], [Span(0, 2, "ORG")], 0)
    assert labelled([headline, rome]) == [
        [(0, always("LOC")), (0, 0)],
        [(0, always("ORG"))],
    ]


def test_the_majority_and_o_are_labelled() -> None:
    place: Read = (["Rome"], [Span(0, 1, "LOC")], 0)
    none: Read = (["Rome"], [], 0)
    [_, _, one] = labelled([place, place, none])
    assert one == [(always("LOC"),) * 2]
    [one, _, _] = labelled([place, none, none])
    assert one == [(always("O"),) * 2]
    [one, *_] = labelled([none, place, none, place])
    assert one == [(mostly("LOC"),) * 2]
    [one, *_] = labelled([place, place, none])
    assert one == [(mostly("LOC"),) * 2]  # as often as O


@pytest.mark.parametrize("size", [0, 3])
def test_words_that_are_no_names_have_no_labels(size: int) -> None:
    assert labelled([(["a"] * size, [], 0)] * 2) == [None, None]


def test_types_keep_their_rows_and_new_ones_begin_as_none() -> None:
    old = DocumentContext(("LOC", "PER"))
    new = old.grown(TrainingData((), ("LOC", "ORG", "PER"), Config()))
    assert new.labels == ("LOC", "ORG", "PER")
    for rows in new.origins(old):
        assert [*rows] == [0, 1, 2, 3, 4, 0, 0, 5, 6]
        assert len(rows) == new.sizes[0]
    fewer = new.grown(TrainingData((), ("PER",), Config()))
    assert [*fewer.origins(new)[0]] == [0, 1, 2, 7, 8]
