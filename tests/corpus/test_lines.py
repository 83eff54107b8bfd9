"""Lines out of bytes; the readers of formats are tested with what they make of them."""

import gzip
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import lines as module
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.lines import file_lines, text_lines
from ner.errors import CorpusError, UsageError

_PIECES = st.sampled_from(
    [b"a", "é".encode(), b"\n", b"\r\n", b"\r", b"\xff", b"\xef\xbb\xbf", b" "]
)


def _simple(content: bytes) -> tuple[list[tuple[int, str]], int]:
    """The same, a line at a time."""
    good, bad = [], 0
    for number, raw in enumerate(io.BytesIO(content), 1):
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            bad += 1
        else:
            good.append((number, text.removeprefix("\ufeff" if number == 1 else "").rstrip("\r\n")))
    return good, bad


@given(st.lists(_PIECES, max_size=40).map(b"".join), st.integers(1, 9))
def test_blocks_of_any_size_give_the_same_lines(content: bytes, size: int) -> None:
    diagnostics = Diagnostics(collect=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_BLOCK", size)
        found = list(text_lines(io.BytesIO(content), "x", "utf-8", diagnostics))
    assert (found, diagnostics.errors.total) == _simple(content)


def test_a_wrong_byte_is_named_by_its_offset_in_the_file() -> None:
    content = b"good\n" * 20_000 + b"b\xffd\ngood\n"
    diagnostics = Diagnostics(collect=True)
    found = list(text_lines(io.BytesIO(content), "x", "utf-8", diagnostics))
    assert len(found) == 20_001
    (problem,) = diagnostics.errors.first
    assert str(problem).startswith("x:20001: byte 0xFF at offset 100001 is not utf-8")


def test_a_bound_on_the_length_of_lines_may_be_given() -> None:
    content = b"1234567\n" * 2 + b"12345678\n"
    with pytest.raises(CorpusError, match=r"^x:3: the line is longer than 8 bytes"):
        list(text_lines(io.BytesIO(content), "x", "utf-8", Diagnostics(), 8))
    assert len(list(text_lines(io.BytesIO(content), "x", "utf-8", Diagnostics(), 9))) == 3


def test_lines_of_a_file_packed_or_not(tmp_path: Path) -> None:
    content = "\ufeffé\r\n\nb".encode()
    (tmp_path / "a.txt").write_bytes(content)
    (tmp_path / "a.txt.gz").write_bytes(gzip.compress(content))
    for name in ("a.txt", "a.txt.gz"):
        assert [*file_lines(tmp_path / name)] == [(1, "é"), (2, ""), (3, "b")]
    (tmp_path / "latin.txt").write_bytes(b"a\n\xe9")
    assert [*file_lines(tmp_path / "latin.txt", "latin-1")] == [(1, "a"), (2, "é")]


def test_a_file_that_cannot_be_read_as_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes(b"a\n\xe9")
    with pytest.raises(CorpusError, match=r"latin\.txt:2: "):
        [*file_lines(tmp_path / "latin.txt")]
    with pytest.raises(UsageError, match="is a folder, not a file"):
        [*file_lines(tmp_path)]
