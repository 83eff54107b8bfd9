"""Folds: whole documents, all of them, nearly alike in size, drawn by the seed."""

from collections import defaultdict

from hypothesis import given
from hypothesis import strategies as st

from ner.extensions.audit.folds import BLOCK, folds_of
from ner.text import Sentence

SENTENCES = st.lists(
    st.builds(
        lambda source, document: Sentence(("a",), source=source, document=document),
        st.sampled_from("xy"),
        st.integers(0, 9),
    ),
    max_size=40,
).map(lambda drawn: sorted(drawn, key=lambda s: (s.source, s.document)))


@given(SENTENCES, st.integers(2, 5), st.integers(0, 9))
def test_documents_stay_together(sentences: list[Sentence], folds: int, seed: int) -> None:
    found = folds_of(sentences, folds, seed)
    assert len(found) == len(sentences)
    assert {*found} <= {*range(folds)}
    several = {s.source for s in sentences if len({o.document for o in sentences
                                                   if o.source == s.source}) > 1}  # fmt: skip
    by_document = defaultdict(set)
    for one, fold in zip(sentences, found, strict=True):
        if one.source in several:
            by_document[one.source, one.document].add(fold)
    assert all(len(own) == 1 for own in by_document.values())


@given(SENTENCES, st.integers(2, 5), st.integers(0, 9))
def test_a_seed_gives_the_same_folds(sentences: list[Sentence], folds: int, seed: int) -> None:
    assert folds_of(sentences, folds, seed) == folds_of(sentences, folds, seed)


def test_folds_have_nearly_as_many_documents() -> None:
    sentences = [Sentence(("a",), document=number) for number in range(23)]
    counts = [folds_of(sentences, 5, 1).count(fold) for fold in range(5)]
    assert sorted(counts) == [4, 4, 5, 5, 5]


def test_seeds_differ() -> None:
    sentences = [Sentence(("a",), document=number) for number in range(50)]
    assert folds_of(sentences, 5, 1) != folds_of(sentences, 5, 2)


def test_a_file_without_documents_is_cut_into_blocks() -> None:
    found = folds_of([Sentence(("a",))] * (3 * BLOCK + 1), 2, 1)
    assert [len({*found[start : start + BLOCK]}) for start in range(0, 3 * BLOCK, BLOCK)] == [1] * 3
    assert {*found} == {0, 1}


def test_a_document_number_of_another_file_is_another_document() -> None:
    sentences = [
        Sentence(("a",), source=source, document=document)
        for source in ("x", "y")
        for document in (0, 1)
    ]
    assert sorted(folds_of(sentences, 4, 1)) == [0, 1, 2, 3]


def test_nothing_has_no_folds() -> None:
    assert folds_of([], 5, 1) == []
