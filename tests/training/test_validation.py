"""What a corpus must have to be learnt from, and what is said of one that is odd."""

import logging
from dataclasses import replace

import pytest

from ner.corpus import Corpus
from ner.errors import TrainingError
from ner.text import Sentence, Span
from ner.training.validation import check_corpus


def test_types_that_cannot_be_printed(tiny_corpus: Corpus) -> None:
    harmed = replace(tiny_corpus.train[0], spans=(Span(0, 1, "P\x1b[31m"),))
    with pytest.raises(TrainingError, match=r"the type 'P\\x1b\[31m' has characters that cannot"):
        check_corpus(replace(tiny_corpus, train=(harmed, *tiny_corpus.train)))


def test_a_corpus_without_training_sentences() -> None:
    with pytest.raises(TrainingError, match="empty: has no training split; add a file train"):
        check_corpus(Corpus("empty"))


def test_a_corpus_of_a_single_sentence(tiny_corpus: Corpus) -> None:
    with pytest.raises(TrainingError, match=r"has 1 training sentence.* no validation split; add"):
        check_corpus(Corpus("single", tiny_corpus.train[:1]))


def test_a_training_split_without_entities() -> None:
    plain = (Sentence(("no", "entity"), source="train.txt", line=1),)
    with pytest.raises(TrainingError) as caught:
        check_corpus(Corpus("plain", plain, plain))
    assert str(caught.value).startswith("train.txt: no token of the training split is in an entity")
    assert "--tag-column" in str(caught.value)


def test_unseen_types_are_said_and_no_obstacle(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    odd = (Sentence(("Zeus",), (Span(0, 1, "GOD"),)), Sentence(("Ra",), (Span(0, 1, "DEITY"),)))
    check_corpus(replace(tiny_corpus, test=odd))
    [record] = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == (
        "tiny: types that the training split lacks count as missed in test: DEITY, GOD"
    )


def test_what_is_evaluated_in_windows_is_said_once(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    long = Sentence(("Anna",) * 600, (Span(0, 1, "PER"),), source="a.conll", line=7)
    with caplog.at_level(logging.INFO, "ner"):
        check_corpus(replace(tiny_corpus, valid=(long, *tiny_corpus.valid), test=(long,)))
    assert [text[:45] for text in caplog.messages if "windows" in text] == [
        "a.conll:7: a sentence of 600 tokens is read i"
    ]


def test_a_validation_split_without_entities_is_said(
    tiny_corpus: Corpus, caplog: pytest.LogCaptureFixture
) -> None:
    plain = tuple(replace(sentence, spans=()) for sentence in tiny_corpus.valid)
    check_corpus(replace(tiny_corpus, valid=plain))
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "the validation split has no entity" in caplog.text
