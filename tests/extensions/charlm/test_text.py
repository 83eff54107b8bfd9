"""Text as numbers, and what unknown ones cost; text of any size, read once and split."""

import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.errors import CorpusError, TrainingError, UsageError
from ner.extensions.charlm import text as module
from ner.extensions.charlm.text import UNKNOWN, Alphabet, EncodedText, read_text, split_text
from tests.extensions.charlm.conftest import codes_of


def test_unknown_characters_share_their_probability() -> None:
    """Of 1,112,064 characters that Unicode can have, all but those known."""
    alphabet = Alphabet(["\n", "a"])
    assert 2**alphabet.unknown_bits == pytest.approx(0x110000 - 0x800 - 2)


@pytest.mark.parametrize(
    "characters", [["a"], ["\n", "a", "a"], ["\n", "ab"], ["\n", ""], ["\n", "\ud800"]]
)
def test_what_is_no_alphabet_is_refused(characters: list[str]) -> None:
    with pytest.raises(ValueError, match="an alphabet"):
        Alphabet(characters)


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_has_numbers(text: str) -> None:
    alphabet = Alphabet(["\n", "a", "é", "𝒳"])
    numbers = alphabet.encode(text)
    known = {c: i for i, c in enumerate(alphabet.characters, 1)}
    assert numbers.tolist() == [known.get(c, UNKNOWN) for c in text]
    assert numbers.dtype == np.int64


def test_unknown_characters_are_counted_the_most_frequent_first() -> None:
    counts = {"z": 2, "a": 9, "y": 5, "b": 2, "\n": 1}
    assert list(Alphabet(["\n", "a"]).unknown_counts(counts).items()) == [
        ("y", 5), ("b", 2), ("z", 2)
    ]  # fmt: skip


def decoded(codes: np.ndarray) -> str:
    return codes.tobytes().decode("utf-32-le")


def test_files_are_read_one_behind_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 4)  # so that there are many
    (tmp_path / "a.txt").write_bytes("\ufeffeins\r\nzwei".encode())
    (tmp_path / "b.gz").write_bytes(gzip.compress("drei\n\n𝒳\n".encode()))
    (tmp_path / "c.xz").write_bytes(lzma.compress(b"vier\n"))
    found = read_text([tmp_path / name for name in ("a.txt", "b.gz", "c.xz")], "utf-8")
    expected = "eins\nzwei\ndrei\n\n𝒳\nvier\n"
    assert decoded(found.codes) == expected
    assert found.counts == {c: expected.count(c) for c in expected}
    (tmp_path / "d.txt").write_text(expected, encoding="utf-16")
    again = read_text([tmp_path / "d.txt"], "utf-16")
    assert again.checksum == found.checksum
    assert isinstance(again.codes, np.memmap)


@pytest.mark.parametrize(
    ("tokenizer", "expected"),
    [
        ("words-en", "Anna is n't here .\nShe left .\nNo\n"),
        ("words", "Anna isn't here .\nShe left .\nNo\n"),
        ("characters", "Annaisn'there.\nSheleft.\nNo\n"),
        ("none", "Anna isn't here. She left.\n\nNo\n"),
    ],
)
def test_lines_are_cut_as_a_tagger_reads_them(
    tmp_path: Path, tokenizer: str, expected: str
) -> None:
    (tmp_path / "a.txt").write_text("Anna isn't here. She left.\n\nNo\n")
    assert decoded(read_text([tmp_path / "a.txt"], "utf-8", tokenizer).codes) == expected


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\n"])
def test_a_text_without_characters_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.txt").write_bytes(content)
    with pytest.raises(CorpusError, match=r"a\.txt: no text in it"):
        read_text([tmp_path / "a.txt"], "utf-8")


def test_a_text_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_text([tmp_path / "a.txt"], "utf-8")
    (tmp_path / "b.txt").write_bytes(b"good\n\xff\n")
    with pytest.raises(CorpusError, match=r"b\.txt:2: byte 0xFF at offset 5"):
        read_text([tmp_path / "b.txt"], "utf-8")


def test_characters_are_numbered_by_how_often_they_occur() -> None:
    counts = {"b": 5, "a": 5, "\n": 2, "z": 1, "c": 9}
    alphabet = EncodedText(codes_of(""), counts, "").alphabet(min_count=3)
    assert alphabet.characters == ("c", "a", "b", "\n")
    assert len(alphabet) == 5
    assert alphabet.encode("cab\nz𝒳").tolist() == [1, 2, 3, 4, UNKNOWN, UNKNOWN]
    assert alphabet.start == 4
    assert alphabet.unknown("azbz𝒳") == ["z", "𝒳"]


def test_the_end_of_a_line_is_always_known() -> None:
    text = EncodedText(codes_of(""), {"a": 5}, "")
    assert text.alphabet(min_count=2).characters == ("a", "\n")


def test_the_end_is_held_out() -> None:
    codes = codes_of("x" * 90 + "y" * 10)
    train, valid = split_text(codes, 0.1, segment=5)
    assert (decoded(train), decoded(valid)) == ("x" * 90, "y" * 10)
    assert len(split_text(codes, 0.001, segment=30)[1]) == 30  # a segment at least
    with pytest.raises(TrainingError, match="100 characters, too few for segments of 50"):
        split_text(codes, 0.1, segment=50)
