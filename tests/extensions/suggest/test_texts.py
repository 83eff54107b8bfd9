"""The texts to choose from."""

import json
from pathlib import Path

import pytest

from ner.config import DataConfig
from ner.errors import CorpusError, NerError, UsageError
from ner.extensions.suggest.texts import read_texts, without
from ner.text import Sentence

WORDS = DataConfig(tokenizer="words-en")


def write(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_each_sentence_of_a_line_has_its_own_text(tmp_path: Path) -> None:
    file = write(tmp_path / "t.txt", "Anna left.  Berta stayed.\n\nDora met Carl.\n")
    found = read_texts([file], WORDS)
    assert [candidate.text for candidate in found] == [
        "Anna left.",
        "Berta stayed.",
        "Dora met Carl.",
    ]
    for text, sentence, origin in found:
        assert sentence.offsets
        assert tuple(text[start:end] for start, end in sentence.offsets) == sentence.tokens
        assert origin.line == sentence.line
    assert [c.sentence.place for c in found] == [f"{file}:1", f"{file}:1", f"{file}:3"]


def test_of_the_same_sentence_the_first_stays(tmp_path: Path) -> None:
    one = write(tmp_path / "one.txt", "Anna left.\nAnna left.\n")
    two = write(tmp_path / "two.txt", "Anna  left.\nDora left.\n")
    found = read_texts([one, two], WORDS)
    assert [c.sentence.place for c in found] == [f"{one}:1", f"{two}:2"]


def test_columns_keep_their_lines_and_rows(tmp_path: Path) -> None:
    file = write(tmp_path / "t.conll", "Anna NN O\nleft VB O\n\nDora NN O\n")
    first, second = read_texts([file], WORDS)
    assert first.sentence.tokens == ("Anna", "left")
    assert (first.sentence.line, second.sentence.line) == (1, 4)
    assert list(first.origin.rows) == ["Anna NN O", "left VB O"]


def test_records_keep_their_fields(tmp_path: Path) -> None:
    lines = [{"id": 7, "body": "Anna left. Dora stayed."}, {"id": 8, "body": None}]
    file = write(tmp_path / "t.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    found = read_texts([file], WORDS, column="body")
    assert [dict(c.origin.fields) for c in found] == [{"id": 7}, {"id": 7}]


def test_a_layout_that_is_named_holds(tmp_path: Path) -> None:
    file = write(tmp_path / "t.txt", "Mr. Brown left .\n")
    (found,) = read_texts([file], WORDS, "tokenized")
    assert found.sentence.tokens == ("Mr.", "Brown", "left", ".")


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_no_text(tmp_path: Path, text: str) -> None:
    file = write(tmp_path / "t.txt", text)
    with pytest.raises(CorpusError, match=r"t\.txt: holds no text"):
        read_texts([file], WORDS)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_texts([str(tmp_path / "missing.txt")], WORDS)
    with pytest.raises(NerError, match="folder"):
        read_texts([str(tmp_path)], WORDS)
    (tmp_path / "b.txt").write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(NerError, match=r"b\.txt"):
        read_texts([str(tmp_path / "b.txt")], WORDS)


def test_labelled_sentences_are_left_out(tmp_path: Path) -> None:
    found = read_texts([write(tmp_path / "t.txt", "Anna left.\nDora left.\n")], WORDS)
    left = without(found, [Sentence(("Anna", "left", "."))])
    assert [candidate.text for candidate in left] == ["Dora left."]
    assert without(found, []) == found
