"""Pipes that are asked before they are read."""

import io
import os
import select
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from ner.scale.live import ready, watched


@pytest.fixture
def pipe() -> Iterator[tuple[int, IO[bytes]]]:
    """The end to write to, and the watched end to read from."""
    source, sink = os.pipe()
    with open(source, "rb") as stream:
        yield sink, watched(stream)


def test_a_line_is_ready_when_it_ends(pipe: tuple[int, IO[bytes]]) -> None:
    sink, stream = pipe
    assert not ready(stream)
    os.write(sink, b"Anna\nBer")
    assert ready(stream)
    assert stream.readline() == b"Anna\n"
    assert not ready(stream)
    os.write(sink, b"ta\n\n")
    assert [stream.readline(), stream.readline()] == [b"Berta\n", b"\n"]
    os.write(sink, b"end")
    os.close(sink)
    assert ready(stream)
    assert [stream.readline(), stream.readline()] == [b"end", b""]
    assert ready(stream)


def test_long_lines_come_in_pieces(pipe: tuple[int, IO[bytes]]) -> None:
    sink, stream = pipe
    os.write(sink, b"0123456789\nrest\n")
    os.close(sink)
    assert [stream.readline(4), stream.readline(99)] == [b"0123", b"456789\n"]
    assert stream.read() == b"rest\n"


def test_files_are_always_ready(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"Anna")
    with path.open("rb") as stream:
        assert watched(stream) is stream
        assert ready(stream)
    memory = io.BytesIO()
    assert watched(memory) is memory
    assert ready(memory)


def test_on_windows_no_stream_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll")
    source, sink = os.pipe()
    os.close(sink)
    with open(source, "rb") as stream:
        assert watched(stream) is stream
        assert ready(stream)
