"""Lines out of bytes; the readers of formats are tested with what they make of them."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import lines as module
from ner.corpus.diagnostics import Diagnostics
from ner.corpus.lines import text_lines
from ner.errors import CorpusError

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
