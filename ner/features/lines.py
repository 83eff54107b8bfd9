"""Lines of text files of words, packed or not; errors have a ``file:line``."""

from collections.abc import Iterator
from pathlib import Path

from ner.errors import NerError
from ner.files import READ_ERRORS, open_binary, unreadable

LONGEST = 1 << 16
"""Bytes in the longest line that is accepted; a file with longer ones is something else."""


def word_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers (from 1) and lines of UTF-8, without what is blank at their ends.

    Blank lines and a byte order mark are left out; ``.gz`` is unpacked. Raises `UsageError` for a
    missing file, `NerError` for one that is unreadable or not text in UTF-8.
    """
    with open_binary(path) as file:
        try:
            for number, raw in enumerate(iter(lambda: file.readline(LONGEST + 1), b""), 1):
                line = _decoded(raw, f"{path}:{number}").strip()
                if number == 1:
                    line = line.removeprefix("\ufeff").lstrip()
                if line:
                    yield number, line
        except READ_ERRORS as error:
            raise unreadable(path, error) from None


def _decoded(raw: bytes, place: str) -> str:
    if len(raw) > LONGEST or b"\0" in raw:
        raise NerError(f"{place}: is no line of a text file; name a file with words in lines")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise NerError(f"{place}: byte 0x{byte:02X} is not UTF-8; save the file as UTF-8") from None
