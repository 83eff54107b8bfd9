"""Labelled text and gold sentences as the training set of a student."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import TrainingError, UsageError
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.labelled_text import (
    DistillationSet,
    LabelledText,
    check_types,
    distillation_set,
    label_text,
)
from ner.extensions.distillation.labels import TableTarget
from ner.text import PartialLabel, Sentence, Span
from ner.tokenize import sentences_of
from tests.extensions.distillation.conftest import NameTeacher

pytestmark = pytest.mark.usefixtures("cache_home")
NONE = Corpus("text")
GOLD = Corpus(
    "gold",
    train=(Sentence(("Emma", "left"), (Span(0, 1, "PER"),)), Sentence(("in", "Oslo"))),
    valid=(Sentence(("Oslo",), (Span(0, 1, "LOC"),)),),
)


def text(lines: Sequence[str], teacher: NameTeacher | None = None) -> LabelledText:
    documents = (
        (line, sentences_of(line, "words", source="a.txt", line=number))
        for number, line in enumerate(lines, 1)
    )
    return label_text(LabelCache(teacher or NameTeacher(), "iobes"), "names", documents)


def made(
    lines: Sequence[str], gold: Corpus = NONE, types: dict[str, str] | None = None, **train: Any
) -> DistillationSet:
    settings = {f"train.{name}": value for name, value in train.items()}
    config = Config().replace({"data.tokenizer": "words", **settings})
    return distillation_set(text(lines), gold, NameTeacher(), types or {}, config)


def lines(count: int) -> list[str]:
    return [f"Anna{i} met Berta in Rome . So it goes ." for i in range(count)]


def test_sentences_without_labels_are_left_out(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "ner"):
        found = text(["Anna came. Dora left. Berta saw it.", "Rome."])
    assert [s.tokens[0] for s in found.sentences] == ["Anna", "Berta", "Rome"]
    assert found.numbers == [0, 2, 3]
    assert not any(s.offsets for s in found.sentences)
    assert caplog.records[-1].levelno == logging.WARNING, "many are left out"
    assert caplog.records[-1].getMessage() == (
        "names: 3 sentences of 9 tokens labelled; left out 1 sentences without labels, because of "
        "1 entities that do not fit the tokens"
    )


def test_a_teacher_without_any_label_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"^names: has no labels for any of 2 sentences drawn"):
        text(["Dora left. Dora came."])


def test_a_part_of_the_text_is_held_out_in_whole_paragraphs() -> None:
    found = made(lines(100))
    corpus = found.prepared.corpus
    assert corpus.valid == found.held_out
    assert {s.line for s in corpus.valid} == {*range(1, 6)}
    assert {s.line for s in corpus.train} == {*range(6, 101)}
    assert found.prepared.segments == corpus.train
    assert "valid: 10 sentences of the text, labelled by the teacher" in found.soft_labels.notes
    assert "taught by names" in found.soft_labels.notes
    assert corpus.name == "a.txt"


def test_each_file_gives_its_part_of_what_is_held_out() -> None:
    labelled = text([*lines(100), *lines(50)])
    half = labelled.sentences[:100]
    sentences = [replace(s, source="b.txt") if n >= 100 else s for n, s in enumerate(half * 2)]
    numbers = labelled.numbers[:100] * 2
    both = labelled._replace(sentences=sentences, numbers=numbers)
    config = Config().replace({"data.tokenizer": "words"})
    held = distillation_set(both, NONE, NameTeacher(), {}, config).held_out
    assert {name: sum(s.source == name for s in held) for name in ("a.txt", "b.txt")} == {
        "a.txt": 6, "b.txt": 6,
    }  # fmt: skip


def test_text_teaches_what_the_teacher_says() -> None:
    found = made(lines(30), types={"PER": "PERSON"})
    assert found.prepared.corpus.labels == ("LOC", "PERSON")
    tags = ["O", *(f"{p}-{t}" for t in ("LOC", "PERSON") for p in "BIES")]
    for sentence, example in zip(found.prepared.segments, found.soft_labels.examples, strict=True):
        assert example.tokens == sentence.tokens
        assert isinstance(example.expected, TableTarget)
        counts = example.expected.table.counts(example.expected.number)
        named = [tags[number] for number in counts.unary.argmax(1)]
        if "Berta" in sentence.tokens:
            assert sentence.spans == (Span(2, 3, "PERSON"), Span(4, 5, "LOC"))
            assert named == ["O", "O", "S-PERSON", "O", "S-LOC", "O"]
        else:
            assert not sentence.spans
            assert named == ["O"] * len(sentence)


def test_types_that_the_text_lacks_are_not_learnt() -> None:
    found = made(["Anna left ."] * 3 + ["Berta came ."])
    assert found.prepared.corpus.labels == ("PER",)


def test_gold_sentences_join_in() -> None:
    found = made(lines(20), GOLD)
    corpus, examples = found.prepared.corpus, found.soft_labels.examples
    assert corpus.train[:2] == GOLD.train
    assert corpus.valid == GOLD.valid
    assert corpus.name == "gold, a.txt"
    assert len(found.held_out) == 2
    assert [e.tokens for e in examples] == [s.tokens for s in corpus.train]
    target = examples[0].expected
    assert isinstance(target, TableTarget)
    unary = target.table.counts(target.number).unary
    assert unary.argmax(1).tolist() == [8, 0], "S-PER, O"
    assert "2 gold sentences" in found.soft_labels.notes


@pytest.mark.parametrize(("share", "copies"), [("auto", 1), (0.0, 1), (0.1, 3), (0.5, 19)])
def test_gold_sentences_are_repeated_for_their_share(share: float | str, copies: int) -> None:
    found = made(lines(20), GOLD, gold_share=share)
    examples = found.soft_labels.examples
    assert len(examples) == 38 + copies * 2
    assert [e.tokens for e in examples[-2:]] == [
        s.tokens for s in (GOLD.train if copies > 1 else found.prepared.segments[-2:])
    ]
    if copies > 1:
        assert f"2 gold sentences, each {copies} times an epoch" in found.soft_labels.notes
        assert copies * 2 >= float(share) * len(examples)


def test_partly_labelled_gold_is_refused() -> None:
    partly = Sentence(("Emma",), partial=(PartialLabel(None, "open"),), source="x", line=3)
    with pytest.raises(UsageError, match=r"^x:3: has tokens with an unknown tag, which do not go"):
        made(lines(9), replace(GOLD, train=(*GOLD.train, partly)))


def test_text_without_entities_and_text_that_is_too_little() -> None:
    with pytest.raises(TrainingError, match=r"^names: finds no entity in 19 sentences; name other"):
        made([f"It is {i} ." for i in range(20)])
    with pytest.raises(TrainingError, match=r"^names: one paragraph is too little to learn from"):
        made(["Anna left ."])


def test_gold_and_teacher_have_the_same_types() -> None:
    teacher = NameTeacher()
    check_types(NONE, teacher, {})
    check_types(GOLD, teacher, {})
    check_types(Corpus("test", test=GOLD.train), teacher, {"LOC": ""})
    misc = Corpus("m", test=(Sentence(("x",), (Span(0, 1, "PER"),)),))
    for gold, types, said in (
        (misc, {}, r"^m lacks types of the teacher \(LOC\) and calls their entities O; rename the"),
        (GOLD, {"PER": "P"}, r"^gold lacks types of the teacher \(P\)"),
        (GOLD, {"PER": ""}, r"^gold has types that the teacher lacks \(PER\) and calls O; rename"),
    ):
        with pytest.raises(UsageError, match=said):
            check_types(gold, teacher, types)


def test_words_are_in_memory_once(tmp_path: Path) -> None:
    found = text(["Anna met Berta .", "Anna met Berta too ."])
    one, other = found.sentences
    assert all(a is b for a, b in zip(one.tokens[:3], other.tokens[:3], strict=True))
    assert np.array_equal(found.labels.lengths, [4, 5])
