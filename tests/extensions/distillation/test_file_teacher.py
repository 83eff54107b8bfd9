"""Predictions in a file as a teacher."""

import json
from pathlib import Path

import pytest
import torch

from ner.config import Config
from ner.errors import CorpusError, UsageError
from ner.extensions.distillation.file_teacher import FileTeacher
from ner.extensions.distillation.teacher import Circumstances
from ner.text import Span
from ner.tokenize import sentences_of

TEXT = "Anna Smith left. New York is large."


def teacher(path: Path, **data: str) -> FileTeacher:
    settings = {f"data.{name}": value for name, value in {"tokenizer": "words", **data}.items()}
    config = Config().replace(settings)
    return FileTeacher(f"file:{path}", Circumstances(torch.device("cpu"), config))


def answers(path: Path, *records: tuple[str, list[tuple[int, int, str]]]) -> Path:
    lines = [json.dumps({"text": text, "label": entities}) for text, entities in records]
    path.write_text("\n".join(lines))
    return path


def test_sentences_are_found_wherever_they_stand(tmp_path: Path) -> None:
    path = answers(tmp_path / "a.jsonl", (TEXT, [(0, 10, "PER"), (17, 25, "LOC")]))
    taught = teacher(path)
    assert taught.tags[1:] == [f"{p}-{t}" for t in ("LOC", "PER") for p in "BIES"]
    documents = [
        (text, sentences_of(text, "words")) for text in ("New York is large.", TEXT, "No.")
    ]
    assert [labels.spans for labels in taught.label(documents)] == [
        (Span(0, 2, "LOC"),), (Span(0, 2, "PER"),), (Span(0, 2, "LOC"),), None,
    ]  # fmt: skip


def test_what_does_not_fit_is_refused_widened_or_dropped(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    wrong = [(0, 8, "PER"), (17, 25, "LOC"), (90, 99, "LOC")]
    path = answers(tmp_path / "a.jsonl", (TEXT.lower(), wrong), (TEXT, wrong[:2]))
    with pytest.raises(
        CorpusError, match=r"a.jsonl:1: the entity 90-99 .*does not lie in the text"
    ):
        teacher(path)
    with pytest.raises(CorpusError, match=r"a.jsonl:1: .*does not lie in the text"):
        teacher(path, align="expand")
    documents = [(TEXT, sentences_of(TEXT, "words"))]
    dropped = teacher(path, align="drop")
    assert [labels.spans for labels in dropped.label(documents)] == [(), (Span(0, 2, "LOC"),)]
    assert "left out (--align drop) (in this file: 3)" in caplog.text
    path = answers(path, (TEXT, wrong[:2]))
    with pytest.raises(CorpusError, match=r"--align expand to take whole tokens, or drop$"):
        teacher(path)
    widened = teacher(path, align="expand")
    assert next(widened.label(documents)).spans == (Span(0, 2, "PER"),)


def test_overlaps_are_refused_with_a_remedy_that_works(tmp_path: Path) -> None:
    path = answers(tmp_path / "a.jsonl", (TEXT, [(0, 10, "PER"), (5, 10, "LOC")]))
    with pytest.raises(CorpusError, match=r"overlap .* give --overlaps longest or first"):
        teacher(path)
    assert teacher(path, overlaps="longest").tags[1:] == [f"{p}-PER" for p in "BIES"]


def test_of_sentences_labelled_twice_the_first_counts(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "a.conll"
    path.write_text("Anna B-PER\n\nAnna B-LOC\n\nAnna O\n\nAnna B-PER\n")
    labels = next(iter(teacher(path).label([("Anna", sentences_of("Anna", "words"))])))
    assert labels.spans == (Span(0, 1, "PER"),)
    assert f"{path}: sentences labelled again and otherwise (the first labels count): 2" in (
        caplog.text
    )


def test_its_identity_is_that_of_content_and_reading(tmp_path: Path) -> None:
    one = answers(tmp_path / "a.jsonl", (TEXT, []))
    same = answers(tmp_path / "b.jsonl", (TEXT, []))
    other = answers(tmp_path / "c.jsonl", (TEXT, [(0, 10, "PER")]))
    assert teacher(one).identity == teacher(same).identity
    assert teacher(one).identity != teacher(other).identity
    assert teacher(one).identity != teacher(one, align="drop").identity


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        teacher(tmp_path / "none.jsonl")
