"""Lines of text files, packed or not, and what is no text file."""

import gzip
from pathlib import Path

import pytest

from ner.errors import NerError, UsageError
from ner.features.lines import LONGEST, word_lines

CONTENT = "\ufeff Rome \r\n\r\n \t\nSão Paulo\u2028B\n\nlast".encode()
LINES = [(1, "Rome"), (4, "São Paulo\u2028B"), (6, "last")]


@pytest.mark.parametrize("name", ["names.txt", "names.txt.gz"])
def test_lines_have_their_numbers_and_no_blanks(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(CONTENT) if path.suffix == ".gz" else CONTENT)
    assert list(word_lines(path)) == LINES


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"Rome\nJos\xe9\n", ":2: byte 0xE9 is not UTF-8; "),
        ("Rome\n".encode("utf-16"), ":1: is no line of a text file; "),
        (b"\xffRome\n", ":1: byte 0xFF is not UTF-8; "),
        (b"Rome\n\n" + b"x" * (LONGEST + 1), ":3: is no line of a text file; "),
    ],
    ids=["latin-1", "utf-16", "first", "endless"],
)
def test_a_file_that_is_something_else(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(content)
    with pytest.raises(NerError) as caught:
        list(word_lines(path))
    assert str(caught.value).startswith(f"{path}{said}")


def test_the_longest_line_is_read(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_bytes(b"x" * (LONGEST - 1) + b"\nRome\n")
    assert [number for number, _ in word_lines(path)] == [1, 2]


def test_a_packed_file_that_breaks_off(tmp_path: Path) -> None:
    path = tmp_path / "names.txt.gz"
    path.write_bytes(gzip.compress(CONTENT)[:-9])
    with pytest.raises(NerError, match="cannot be read"):
        list(word_lines(path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        list(word_lines(tmp_path / "names.txt"))
