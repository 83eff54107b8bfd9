"""First-pass labels of the training split: by models that have not seen what they label."""

import json
import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.features import DocumentSpans, Indexer
from ner.features.document_context import DocumentContext
from ner.predict.predictions import document_numbers
from ner.text import PartialLabel, Sentence, Span
from ner.training.jackknife import fold_numbers, held_out_spans, jackknife, load_contexts
from ner.training.preparation import split_long
from ner.training.run import predict_held_out

CPU = torch.device("cpu")
INDEXER = Indexer((DocumentContext(("LOC", "PER")),))


def sentences_in(documents: Sequence[int]) -> list[Sentence]:
    """Sentences that all differ, each in one of the documents."""
    return [
        Sentence((f"Name{i}", "came"), (Span(0, 1, "PER"),), document=document, source="file")
        for i, document in enumerate(documents)
    ]


class Readings(list[tuple[list[Sentence], list[Sentence]]]):
    """What was learnt from and what was read, of models that find everything."""

    def __call__(self, train: Sequence[Sentence], others: Sequence[Sentence]) -> Sequence[Sentence]:
        self.append((list(train), list(others)))
        return others


@pytest.fixture
def readings() -> Readings:
    """Nothing read so far."""
    return Readings()


@pytest.mark.parametrize("documents", [[0] * 7, [0, 0, 1, 1, 1], [0, 0, 1, 2, 2, 2, 3, 4, 4], [0]])
def test_each_sentence_is_read_once_and_by_a_model_of_others(
    documents: list[int], readings: Readings
) -> None:
    sentences = sentences_in(documents)
    jackknife(sentences, INDEXER, readings)
    read = [sentence for _, held in readings for sentence in held]
    if len(sentences) > 1:
        assert sorted(read, key=sentences.index) == sentences
    for train, held in readings:
        assert sorted([*train, *held], key=sentences.index) == sentences
        if len({*documents}) > 2:
            assert {s.document for s in train}.isdisjoint(s.document for s in held)


def test_documents_of_two_files_are_not_one(
    readings: Readings,
) -> None:
    name = Sentence(("Anna",), (Span(0, 1, "PER"),), source="one")
    other = Sentence(("Anna",), (Span(0, 1, "PER"),), source="other")
    assert jackknife([name, other], INDEXER, readings) == [None, None]
    assert None not in jackknife([name, name], INDEXER, readings)
    assert len(readings) == 4


@pytest.mark.slow
def test_what_is_only_learnt_by_heart_is_not_found(tiny_config: Config) -> None:
    """A type for each name at random: a model that has seen a sentence knows it, no other does."""
    draw = random.Random(3)
    names = ["".join(draw.choices("abcdefghijklmnop", k=6)).title() for _ in range(45)]
    sentences = [
        Sentence((name, "came"), (Span(0, 1, draw.choice(["PER", "LOC"])),), document=i // 3)
        for i, name in enumerate(names)
    ]
    config = tiny_config.replace({"train.epochs": 40, "train.word_dropout": 0.0})
    config = config.replace({"train.unk_replacement": 0.0, "train.patience": 40})
    folds = fold_numbers(document_numbers(sentences))
    assert {*folds} == {0, 1, 2}

    def share(found: Sequence[Sequence[Span]]) -> float:
        return sum(f == s.spans for f, s in zip(found, sentences, strict=True)) / len(sentences)

    seen = predict_held_out(sentences, sentences, config, CPU, None)
    assert share([sentence.spans for sentence in seen]) > 0.9
    label = partial(predict_held_out, config=config, device=CPU, contextual=None)
    assert share(held_out_spans(sentences, folds, label)) < 0.75


def test_labels_are_those_found_in_segments(
    readings: Readings,
) -> None:
    tokens = ("Anna", "came") * 300
    long = Sentence(tokens, tuple(Span(i, i + 1, "PER") for i in range(0, 600, 2)))
    partly = Sentence(
        ("Anna", "saw", "Rome"),
        partial=(PartialLabel("PER", "no"), PartialLabel("", "no"), PartialLabel("LOC", "no")),
    )
    sentences = [Sentence(()), long, partly]
    segments = list(split_long(sentences))
    assert len(segments) == 3
    expected = INDEXER.contexts(
        DocumentSpans(
            [segment.tokens for segment in segments],
            [segment.spans for segment in segments],
            [0, 0, 0],
        )
    )
    assert jackknife(segments, INDEXER, readings) == expected
    assert readings


def test_models_of_folds_may_find_nothing_to_learn(
    tiny_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    """All entities in one fold: the others have no type to learn, it is left unread."""
    named = Sentence(("Anna", "met", "Anna"), (Span(0, 1, "PER"), Span(2, 3, "PER")))
    plain = [Sentence(("nobody", "came"), document=number) for number in (1, 2)]
    config = tiny_config.replace({"train.epochs": 1})
    label = partial(predict_held_out, config=config, device=CPU, contextual=None)
    assert jackknife([named, *plain], INDEXER, label) == [None] * 3
    assert "nothing is found twice" in caplog.text


def test_kept_labels_are_read_back(tmp_path: Path) -> None:
    sentences = sentences_in([0, 0])
    heard = [None, [(2, 4), (0, 1)]]
    (tmp_path / "e.json").write_text(json.dumps(heard))
    assert load_contexts(tmp_path / "e.json", sentences, 2) == heard


@pytest.mark.parametrize(
    "text", ["", "[null", "5", "[5, null]", "[null]", "[null, [[1, 2]]]", '[null, [["a", 1], [0]]]']
)
def test_kept_labels_that_will_not_do(tmp_path: Path, text: str) -> None:
    (tmp_path / "e.json").write_text(text)
    with pytest.raises(ValueError, match=r"."):
        load_contexts(tmp_path / "e.json", sentences_in([0, 0]), 2)
