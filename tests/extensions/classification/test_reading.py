"""Texts with labels out of files: both formats, the tokenizer, complaints with their place."""

import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import Corpus
from ner.errors import CorpusError, NerError, UsageError
from ner.extensions.classification.reading import (
    ENTITY,
    NONE,
    label_of,
    labelled,
    parse_records,
    read_records,
    read_texts,
    sentences_of,
    with_or_without,
)
from ner.text import PartialLabel, Sentence, Span

LINES = [("Rain in the north.", "weather"), ("A goal at last!", "sport"), ("Snow.", "weather")]
TSV = "".join(f"{text}\t{label}\n" for text, label in LINES)
JSONL = "".join(json.dumps({"text": text, "label": label}) + "\n" for text, label in LINES)


def write(path: Path, content: str | bytes) -> Path:
    data = content if isinstance(content, bytes) else content.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.tsv", "a.jsonl", "a.txt", "a.tsv.gz", "a.jsonl.gz"])
def test_both_formats_say_the_same(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, JSONL if "jsonl" in name else f"\ufeff{TSV}\r\n\n")
    found = read_records(path, "utf-8")
    assert [(text, label) for text, label, _ in found] == LINES
    assert [line for _, _, line in found] == [1, 2, 3]


def test_json_is_known_by_its_first_line(tmp_path: Path) -> None:
    for before in ("", "\n \n"):  # blank lines are none
        path = write(tmp_path / "a.txt", before + JSONL)
        assert read_records(path, "utf-8")[1].label == "sport"


def test_a_text_is_one_sequence_with_a_span_over_all_of_it(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "It rained. It did n't snow.\tweather\nGoal!\tsport\n" * 9)
    corpus, config = read_texts({"train": path, "valid": path}, DataConfig())
    first = corpus.train[0]
    assert first.tokens == ("It", "rained", ".", "It", "did", "n't", "snow", ".")
    assert [(s.start, s.end, s.label) for s in first.spans] == [(0, 8, "weather")]
    assert (first.source, first.line, corpus.train[3].document) == (str(path), 1, 3)
    assert corpus.labels == ("sport", "weather")
    assert config.tokenizer == "words-en"
    assert corpus.notes == (
        "train: 18 texts", "valid: 18 texts", "18 of 18 valid sentences are in train, too",
    )  # fmt: skip


def test_texts_of_characters_are_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "今天下雨\t天气\n进球了\t体育\n")
    corpus, config = read_texts({"train": path, "valid": path}, DataConfig())
    assert config.tokenizer == "characters"
    assert corpus.train[1].tokens == ("进", "球", "了")


def test_a_share_is_set_apart_where_there_is_no_valid(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "".join(f"Rain {n}\t{n % 2}\n" for n in range(50)))
    corpus, _ = read_texts({"train": path}, DataConfig())
    assert (len(corpus.train), len(corpus.valid)) == (45, 5)
    again, _ = read_texts({"train": path}, DataConfig())
    assert again == corpus
    assert "no validation split: 5 of 50" in corpus.notes[1]


BAD: list[tuple[str, bytes, str]] = [
    ("a.tsv", b"one\n", "a.tsv:1: has 1 column(s), not 2; a line is a text, a tab and its label"),
    ("a.tsv", b"a\tb\tc\n", "a.tsv:1: has 3 column(s), not 2"),
    ("a.tsv", b"ok\tx\nrain\t \n", "a.tsv:2: the label is empty"),
    ("a.tsv", b"rain\ta\x07b\n", "a.tsv:1: the label 'a\\x07b' has blanks at its ends, or"),
    ("a.tsv", b"Jos\xe9\tx\n", "a.tsv:1: byte 0xE9 at offset 3 is not utf-8"),
    ("a.tsv", b"a\0b\tx\n", "a.tsv:1: holds a NUL byte"),
    ("a.tsv", b"\n\n", "a.tsv: has no text with a label; each line is an object with text and"),
    ("a.jsonl", b"", "a.jsonl: has no text with a label"),
    ("a.jsonl", b"rain\n", "a.jsonl:1: is not JSON"),
    ("a.jsonl", b"[1]\n", "a.jsonl:1: is a list, not an object with text and label"),
    ("a.jsonl", b'{"text": "a"}\n', "a.jsonl:1: lacks the field 'label', which is text"),
    ("a.jsonl", b'{"label": "a"}\n', "a.jsonl:1: lacks the field 'text', which is text"),
    ("a.jsonl", b'{"text": "a", "label": 1}\n', "a.jsonl:1: 'label' is a whole number, not text"),
    ("a.jsonl", b'{"text": "a", "label": ""}\n', "a.jsonl:1: the label is empty"),
    ("a.jsonl", b'{"text": "a", "label": " x"}\n', "a.jsonl:1: the label ' x' has blanks"),
    ("a.jsonl", b'{"text": "\\ud800", "label": "x"}\n', "a.jsonl:1: the text holds half a surr"),
    ("a.jsonl", b'{"text": "a", "label": "\\ud800"}\n', "a.jsonl:1: the label '\\ud800' has"),
]


@pytest.mark.parametrize(("name", "content", "said"), BAD)
def test_complaints_say_where(name: str, content: bytes, said: str, tmp_path: Path) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(CorpusError) as caught:
        read_records(path, "utf-8")
    assert str(caught.value).startswith(f"{tmp_path}/{said}")
    assert "\n" not in str(caught.value)


def test_a_text_without_a_word(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "rain\tx\n  \ty\n")
    with pytest.raises(CorpusError, match=r"a\.tsv:2: the text '  ' has no word in it; leave"):
        list(sentences_of(read_records(path, "utf-8"), "words", str(path)))


def test_files_that_are_not_there_or_damaged(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_records(tmp_path / "none.tsv", "utf-8")
    with pytest.raises(UsageError, match="unknown encoding 'utf-9'"):
        read_records(write(tmp_path / "a.tsv", TSV), "utf-9")
    packed = write(tmp_path / "a.tsv.gz", TSV * 99)
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(NerError, match=r"a\.tsv\.gz:\d+: the \.gz file is truncated or damaged"):
        read_records(packed, "utf-8")


def test_without_labels_each_line_is_a_text() -> None:
    lines = b"Rain.\n\nA\tb\n"
    found = list(parse_records(io.BytesIO(lines), "in", "utf-8", with_labels=False))
    assert [(text, line) for text, _, line in found] == [("Rain.", 1), ("", 2), ("A\tb", 3)]
    found = list(parse_records(io.BytesIO(JSONL.encode()), "in", "utf-8", with_labels=False))
    assert [text for text, _, _ in found] == [text for text, _ in LINES]
    found = list(
        parse_records(io.BytesIO(b'\n {"text": "Rain."}\n'), "in", "utf-8", with_labels=False)
    )
    assert [(text, line) for text, _, line in found] == [("Rain.", 2)]
    with pytest.raises(CorpusError, match="in:2: is not JSON"):
        list(parse_records(io.BytesIO(b'{"text": ""}\nx\n'), "in", "utf-8", with_labels=False))


@given(st.lists(st.text("ab \t.{}\"'中"), max_size=5), st.text("xy z", min_size=1))
def test_what_is_written_as_json_is_read(texts: list[str], label: str) -> None:
    lines = "".join(json.dumps({"text": t, "label": f"<{label}>"}) + "\n" for t in texts)
    found = list(parse_records(io.BytesIO(lines.encode()), "in", "utf-8"))
    assert [(text, own) for text, own, _ in found] == [(t, f"<{label}>") for t in texts]


def test_a_label_for_tokens_that_are_there() -> None:
    sentence = labelled(Sentence(("a", "b"), document=3, source="f", line=9), "x")
    assert label_of(sentence) == "x"
    assert (sentence.document, sentence.place) == (3, "f:9")


def test_a_corpus_with_and_without_entities() -> None:
    sentences = (
        Sentence(("a", "b"), (Span(0, 1, "X"),), document=2, source="f", line=3),
        Sentence(("c",)),
        Sentence(("d",), partial=(PartialLabel(None, "open"),)),
        Sentence(("e",), partial=(PartialLabel("X", "open"),)),
    )
    told = with_or_without(Corpus("c", train=sentences, schemes={"train": "io"}))
    assert [(s.tokens, label_of(s)) for s in told.train] == [
        (("a", "b"), ENTITY), (("c",), NONE), (("e",), ENTITY),
    ]  # fmt: skip
    assert (told.train[0].document, told.train[0].place) == (2, "f:3")
    assert told.name == "c"
