"""Lines of text out of a stream of bytes; whatever is wrong is said with its ``file:line``.

A line ends with ``\\n`` or ``\\r\\n`` and with nothing else: the many other
characters that Unicode calls line ends are left where they are.
"""

import codecs
import io
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ner.corpus.diagnostics import Diagnostics
from ner.errors import CorpusError, UsageError
from ner.files import open_binary, unpack_errors
from ner.text import SURROGATE

LONGEST = 1 << 24
"""Bytes in the longest line that is accepted."""
LONGEST_JSON = 1 << 31
"""Bytes in the longest line of a file that begins as JSON: all of it may be one line."""
_BLOCK = 1 << 16  # bytes read at a time


def text_lines(
    stream: IO[bytes],
    source: str,
    encoding: str,
    diagnostics: Diagnostics | None = None,
    longest: int | None = None,
) -> Iterator[tuple[int, str]]:
    """Yield line numbers (from 1) and lines without their ends; a byte order mark is dropped.

    No line may have more than `longest` bytes, by default `LONGEST`. Raises `CorpusError` for bytes
    that are not in the encoding and for lone surrogates (both reported to `diagnostics` by line;
    without any the first is an error), for binary files, endless lines and damaged packed files,
    and `UsageError` for an unknown encoding.
    """
    longest, diagnostics = longest or LONGEST, diagnostics or Diagnostics()
    stream, encoding = _splittable(stream, source, encoding, longest)
    utf8 = codecs.lookup(encoding).name == "utf-8"
    number, offset = 1, 0
    for block in _blocks(stream, source, longest):
        lines = _decoded(block) if utf8 else None
        if lines is None:  # another encoding, or something is wrong: each line by itself
            yield from _one_by_one(block, number, offset, source, encoding, diagnostics)
        else:
            if number == 1:
                lines[0] = lines[0].removeprefix("\ufeff")
            yield from enumerate(lines, number)
        number += block.count(b"\n")
        offset += len(block)


def file_lines(path: str | Path, encoding: str = "utf-8") -> Iterator[tuple[int, str]]:
    """Yield the `text_lines` of a file with its path as their source.

    Raises `NerError` where it cannot be read, and as `text_lines` does.
    """
    with open_binary(path) as stream:
        yield from text_lines(stream, str(path), encoding)


def _decoded(block: bytes) -> list[str] | None:
    """The lines of a block in UTF-8; None if one of them is binary or not UTF-8."""
    try:
        text = block.decode()
    except UnicodeDecodeError:
        return None
    if "\0" in text:
        return None
    lines = text.removesuffix("\n").split("\n")
    return [line.rstrip("\r") for line in lines] if "\r" in text else lines


def _one_by_one(
    block: bytes, first: int, offset: int, source: str, encoding: str, diagnostics: Diagnostics
) -> Iterator[tuple[int, str]]:
    """The lines of a block, numbered from `first`; `offset` is its place in the file."""
    for number, raw in enumerate(io.BytesIO(block), first):
        try:
            text = raw.decode(encoding)
        except UnicodeDecodeError as error:
            diagnostics.error(f"{source}:{number}", _undecodable(error, offset, encoding))
        else:
            if "\0" in text:
                raise CorpusError(
                    f"{source}:{number}: holds a NUL byte, so this is no text file "
                    "(if it is UTF-16, give --encoding utf-16)"
                )
            if text.isascii() or not SURROGATE.search(text):
                yield number, text.removeprefix("\ufeff" if number == 1 else "").rstrip("\r\n")
            else:  # out of UTF-7 and encodings with escapes
                diagnostics.error(f"{source}:{number}", _half_a_pair(encoding))
        offset += len(raw)


def _undecodable(error: UnicodeDecodeError, offset: int, encoding: str) -> str:
    byte = error.object[error.start]
    return (
        f"byte 0x{byte:02X} at offset {offset + error.start} is not {encoding}; "
        "save the file as UTF-8 or name its encoding with --encoding"
    )


def _half_a_pair(encoding: str) -> str:
    return f"holds half a surrogate pair in {encoding}; write whole characters, as UTF-8"


def _splittable(
    stream: IO[bytes], source: str, encoding: str, longest: int
) -> tuple[IO[bytes], str]:
    """The stream in an encoding whose line ends are the byte ``\\n``."""
    try:
        line_end = "\n".encode(encoding)
    except (LookupError, ValueError):
        raise UsageError(
            f"unknown encoding {encoding!r}; --encoding takes names like utf-8, latin-1, gb18030"
        ) from None
    if line_end == b"\n":
        return stream, encoding
    # UTF-16 and its like: bytes cannot be cut at line ends, so the file is converted as a whole.
    try:
        whole = b"".join(_blocks(stream, source, longest))
        return io.BytesIO(whole.decode(encoding).encode()), "utf-8"
    except UnicodeError as error:
        reason = " ".join(str(error).split())
        raise CorpusError(
            f"{source}: is not {encoding} ({reason}); name its encoding with --encoding"
        ) from None


def _blocks(stream: IO[bytes], source: str, longest: int) -> Iterator[bytes]:
    """Runs of whole lines, as soon as they are there; no line is longer than `longest`."""
    read = getattr(stream, "read1", stream.read)
    number, waiting, size = 1, [b""], 0
    try:
        while piece := read(_BLOCK):
            end = piece.rfind(b"\n") + 1
            if end:
                block = b"".join([*waiting, piece[:end]])
                _check_length(block, number, source, longest)
                yield block
                number += block.count(b"\n")
                waiting, size = [], 0
            waiting.append(piece[end:])
            size += len(piece) - end
            if size > longest:
                raise _too_long(number, source, longest)
    except unpack_errors() as error:
        kind = ".xz" if source.endswith(".xz") else ".gz"
        raise CorpusError(
            f"{source}:{number}: the {kind} file is truncated or damaged ({error}); copy it again"
        ) from None
    except OSError as error:
        raise CorpusError(f"{source}: cannot be read ({error.strerror or error})") from None
    if last := b"".join(waiting):
        yield last


def _check_length(block: bytes, first: int, source: str, longest: int) -> None:
    if len(block) > longest:
        for number, raw in enumerate(block.split(b"\n"), first):
            if len(raw) >= longest:
                raise _too_long(number, source, longest)


def _too_long(number: int, source: str, longest: int) -> CorpusError:
    return CorpusError(
        f"{source}:{number}: the line is longer than {longest:,} bytes; "
        "break it into shorter ones (in a corpus: a token, or a JSON record)"
    )
