from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus.corpus import Corpus, checksum, cut_valid
from ner.text import PartialLabel, Sentence, Span


def _sentences(number: int, documents: int = 1) -> tuple[Sentence, ...]:
    return tuple(Sentence((f"t{i}",), document=i * documents // number) for i in range(number))


def test_labels_are_those_of_train_sorted() -> None:
    entity = Sentence(("a", "b"), (Span(0, 1, "PER"), Span(1, 2, "LOC")))
    corpus = Corpus("x", train=(entity,), test=(Sentence(("a",), (Span(0, 1, "ORG"),)),))
    assert corpus.labels == ("LOC", "PER")
    assert list(corpus.splits()) == ["train", "valid", "test"]
    assert Corpus("empty").labels == ()


def test_another_case_changes_the_tokens_of_all_splits() -> None:
    entity = Sentence(("Anna", "b"), (Span(0, 1, "PER"),))
    corpus = Corpus("x", (entity,), (entity, entity), notes=("read",))
    changed = Sentence(("ANNA", "B"), (Span(0, 1, "PER"),))
    assert corpus.recased("upper") == Corpus("x", (changed,), (changed, changed), notes=("read",))


def test_checksum_is_of_the_content_alone() -> None:
    one = Sentence(("a", "b"), (Span(0, 1, "X"),), source="here", line=3)
    same = Sentence(("a", "b"), (Span(0, 1, "X"),), ((0, 1), (2, 3)), 5)
    others = [
        Sentence(("a", "b"), (Span(0, 1, "Y"),)),
        Sentence(("a", "b"), (Span(0, 2, "X"),)),
        Sentence(("ab",), (Span(0, 1, "X"),)),
    ]
    assert checksum([one]) == checksum([same])
    assert len({checksum([one]), *(checksum([other]) for other in others)}) == 4
    assert checksum([one, one]) != checksum([one])
    assert Corpus("x", train=(one,)).checksums() == {"train": checksum([one])}


def test_few_documents_are_cut_by_sentence() -> None:
    train, valid, note = cut_valid(_sentences(100, documents=9), 0.1)
    assert (len(train), len(valid)) == (90, 10)
    assert "10 of 100 training sentences set apart (10 of 100 sentences, seed 2003)" in note


def test_ten_documents_are_cut_by_document() -> None:
    train, valid, note = cut_valid(_sentences(100, documents=10), 0.2)
    assert not {s.document for s in train} & {s.document for s in valid}
    assert len({s.document for s in valid}) == 2
    assert "(2 of 10 documents, seed 2003)" in note


def test_single_sentence_stays_in_train() -> None:
    train, valid, _ = cut_valid(_sentences(1), 0.5)
    assert (len(train), len(valid)) == (1, 0)


@given(st.integers(2, 60), st.integers(1, 20), st.floats(0.001, 0.89))
def test_cut_is_a_partition_in_order_and_always_the_same(
    number: int, documents: int, fraction: float
) -> None:
    sentences = _sentences(number, documents)
    train, valid, _ = cut_valid(sentences, fraction)
    assert train
    assert valid
    order = {sentence: position for position, sentence in enumerate(sentences)}
    assert sorted(train + valid, key=order.__getitem__) == list(sentences)
    assert list(train) == sorted(train, key=order.__getitem__)
    assert cut_valid(sentences, fraction)[:2] == (train, valid)


@pytest.mark.parametrize(
    ("schemes", "mixed"),
    [
        ({}, ""),
        ({"train": "iob2", "test": "iob2"}, ""),
        ({"train": "iob1", "test": "io"}, ""),
        ({"train": "bmes", "test": "iobes"}, ""),
        ({"train": "bmes", "test": "iob2"}, "train bmes, test iob2"),
        ({"train": "iob1", "test": "iob2"}, "train iob1, test iob2"),
    ],
)
def test_schemes_differ_where_a_small_file_cannot_explain_it(
    schemes: dict[str, str], mixed: str
) -> None:
    assert Corpus("x", schemes=schemes).mixed_schemes() == mixed


# --- partly labelled ---------------------------------------------------------------

UNKNOWN = (PartialLabel(None, "no"),)


def _partly(number: int, known: int, documents: int = 1) -> tuple[Sentence, ...]:
    """Sentences of which the first few are fully labelled."""
    return tuple(
        replace(sentence, partial=() if i < known else UNKNOWN)
        for i, sentence in enumerate(_sentences(number, documents))
    )


def test_types_of_which_no_whole_entity_is_known_count() -> None:
    partly = Sentence(("a", "b"), partial=(PartialLabel("PER", "no"), PartialLabel(None, "open")))
    assert Corpus("x", train=(partly,)).labels == ("PER",)


def test_what_is_unknown_is_in_the_checksum() -> None:
    partial = [
        (),
        (PartialLabel(None, "no"),),
        (PartialLabel("", "no"),),
        (PartialLabel("X", "no"),),
    ]
    assert len({checksum([Sentence(("a",), partial=partial)]) for partial in partial}) == 4


@pytest.mark.parametrize("documents", [1, 20])
def test_only_fully_labelled_sentences_are_set_apart(documents: int) -> None:
    sentences = _partly(100, 30, documents)
    train, valid, note = cut_valid(sentences, 0.1)
    assert len(valid) == 10
    assert not any(sentence.partial for sentence in valid)
    assert sorted(train + valid, key=sentences.index) == list(sentences)
    assert "fully labelled ones, seed 2003)" in note


def test_too_few_fully_labelled_sentences_stay_in_train() -> None:
    sentences = _partly(100, 9)
    assert cut_valid(sentences, 0.1) == (
        sentences,
        (),
        "no validation split, and none set apart: "
        "9 of 100 training sentences are fully labelled, 10 needed",
    )
