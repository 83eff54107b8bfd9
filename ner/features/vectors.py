"""Pre-trained word vectors: word2vec (text and binary), GloVe text, fastText ``.vec``; ``.gz`` too.

A file is read once, from front to back, and only rows that are asked for are
turned into numbers and kept.
"""

import io
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ner.errors import VectorsError
from ner.features.vocabulary import fold
from ner.files import READ_ERRORS, open_binary

Vector = NDArray[np.float32]
Row = tuple[str, Callable[[], Vector]]  # numbers are worth reading only if the word is kept
Progress = Callable[[int], None]

MOST_NUMBERS = 10_000  # a file that announces longer vectors is something else
LONGEST_LINE = 1 << 20  # bytes; a first row that is longer is none
FIRST_LOOK = 1 << 12  # bytes behind a header that show whether rows are text or binary


@dataclass(frozen=True)
class Vectors:
    """Words and their vectors, ``[N, D]``, in the order of the file (most frequent first)."""

    words: tuple[str, ...]
    rows: NDArray[np.float32]

    @property
    def dim(self) -> int:
        """How many numbers a vector has."""
        return int(self.rows.shape[1])


def read_vectors(
    path: str | Path,
    wanted: Callable[[str], bool],
    *,
    spare: int = 0,
    fold_case: bool = True,
    fold_digits: bool = True,
    progress: Progress = lambda _: None,
) -> Vectors:
    """Read the vectors of the words that are `wanted`, and of the `spare` first others.

    The words of the file are folded like the model's; of several that fold to
    one form the first, most frequent one counts. `progress` is called with the
    bytes read so far (of the packed file, if it is packed).
    Raises `VectorsError` with ``file:line`` for a file that is not what it
    seems, breaks off, or has none of the wanted words; `NerError` for one that
    cannot be opened. Of rows that are not kept, only the width is checked.
    """
    kept: dict[str, Vector] = {}
    found = False
    for word, vector in _read(path, progress):
        form = fold(word, case=fold_case, digits=fold_digits)
        if form in kept:
            continue
        if wanted(form):
            kept[form] = vector()
            found = True
        elif spare > 0:
            kept[form] = vector()
            spare -= 1
    if not found:
        raise VectorsError(f"{path}: has no vector for any word of the corpus; is it the language?")
    return Vectors(tuple(kept), np.stack(list(kept.values())))


def _read(path: str | Path, progress: Progress) -> Iterator[Row]:
    with open_binary(path) as file:
        raw = getattr(file, "fileobj", file)  # of a packed file, the packed bytes
        place = raw.tell if raw.seekable() else int  # a pipe does not know how far it is
        try:
            for count, row in enumerate(_rows(file, path)):
                if count % 1000 == 0:
                    progress(place())
                yield row
            progress(place())
        except READ_ERRORS as error:
            raise VectorsError(
                f"{path}: breaks off or is damaged ({error}); get it again"
            ) from None


def _rows(file: IO[bytes], path: str | Path) -> Iterator[Row]:
    first = file.readline(LONGEST_LINE)
    parts = first.split()
    if len(parts) != 2 or not all(part.isdigit() for part in parts):
        dim = min(_numbers_at_end(parts), len(parts) - 1)
        if not 1 < dim <= MOST_NUMBERS:
            raise VectorsError(
                f"{path}:1: is no line 'word number number …'; is it a vectors file?"
            )
        yield from _text_rows(itertools.chain([first], file), dim, path, 1)
        return
    count, dim = int(parts[0]), int(parts[1])
    if not 1 < dim <= MOST_NUMBERS:
        raise VectorsError(f"{path}:1: announces vectors of {dim} numbers; is it a vectors file?")
    head = file.read(FIRST_LOOK) + file.readline(LONGEST_LINE)
    if _is_text(head):
        yield from _text_rows(itertools.chain(io.BytesIO(head), file), dim, path, 2, count)
    else:
        yield from _binary_rows(_Ahead(head, file), count, dim, path)


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _numbers_at_end(parts: Sequence[bytes]) -> int:
    return sum(1 for _ in itertools.takewhile(_is_number, reversed(parts)))


def _is_text(head: bytes) -> bool:
    """Whether rows are text: several numbers as raw bytes look like none."""
    if _numbers_at_end(head.partition(b"\n")[0].split()) > 1:
        return True  # whatever the encoding of the words
    try:
        return not any(c < " " and c not in "\t\r\n" for c in head.decode())
    except UnicodeDecodeError:
        return False


def _text_rows(
    lines: Iterable[bytes], dim: int, path: str | Path, start: int, announced: int = 0
) -> Iterator[Row]:
    """Rows from line `start` on; more of them than `announced` are as good, fewer are an error."""
    count = 0
    for number, line in enumerate(lines, start):
        if line.strip():
            count += 1
            yield _text_row(line, dim, f"{path}:{number}")
    if count < announced:
        raise VectorsError(
            f"{path}: breaks off after {count} of the {announced} vectors that line 1 announces; "
            "get it again, or correct line 1"
        )


def _text_row(line: bytes, dim: int, place: str) -> Row:
    # The word may hold spaces (some GloVe files do): the numbers are the last `dim` parts.
    parts = line.rstrip().rsplit(b" ", dim)
    if len(parts) != dim + 1 or b"" in parts[1:]:
        parts = line.rstrip().rsplit(None, dim)
    before = parts[0].split()
    # A decimal number that ends a word of several parts is one number too many.
    ragged = len(before) > 1 and b"." in before[-1] and _is_number(before[-1])
    if len(parts) != dim + 1 or ragged:
        raise _ill_formed(dim, place)
    return parts[0].decode("utf-8", errors="replace"), partial(_numbers, parts[1:], place)


def _numbers(parts: Sequence[bytes], place: str) -> Vector:
    try:
        values = [float(part) for part in parts]
    except ValueError:
        raise _ill_formed(len(parts), place) from None
    with np.errstate(over="ignore"):  # too large for float32: infinite, and refused as such
        vector = np.array(values, dtype=np.float32)
    if not np.isfinite(vector).all():
        raise _ill_formed(len(parts), place)
    return vector


def _ill_formed(dim: int, place: str) -> VectorsError:
    return VectorsError(
        f"{place}: is no word with {dim} finite numbers, like other lines; mend or drop it"
    )


class _Ahead:
    """A stream with some bytes already read put back in front."""

    def __init__(self, ahead: bytes, file: IO[bytes]) -> None:
        self._buffer = ahead
        self._at = 0
        self._file = file

    def _more(self) -> bool:
        """Get more bytes; the ones already taken are forgotten."""
        more = self._file.read(1 << 16)
        self._buffer = self._buffer[self._at :] + more
        self._at = 0
        return bool(more)

    def read(self, size: int) -> bytes:
        """The next bytes: `size` of them, or fewer at the end of the file."""
        while len(self._buffer) - self._at < size and self._more():
            pass
        taken = self._buffer[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def read_until(self, mark: bytes, most: int) -> bytes | None:
        """Bytes up to a mark, which is consumed; None when it does not come within `most`."""
        while (place := self._buffer.find(mark, self._at)) < 0:
            if len(self._buffer) - self._at > most or not self._more():
                return None
        taken = self._buffer[self._at : place]
        self._at = place + len(mark)
        return taken


def _binary_rows(stream: _Ahead, count: int, dim: int, path: str | Path) -> Iterator[Row]:
    """Rows of the word2vec binary format: word, space, `dim` little-endian float32."""
    for number in range(1, count + 1):
        word = stream.read_until(b" ", most=1 << 16)
        data = b"" if word is None else stream.read(4 * dim)
        if word is None or len(data) != 4 * dim:
            raise VectorsError(
                f"{path}: breaks off at vector {number} of the {count} announced; get it again"
            )
        place = f"{path}: vector {number}"
        yield word.lstrip(b"\n").decode("utf-8", errors="replace"), partial(_floats, data, place)


def _floats(data: bytes, place: str) -> Vector:
    vector = np.frombuffer(data, dtype="<f4")
    if not np.isfinite(vector).all():
        raise VectorsError(f"{place} is not finite; is it a vectors file?")
    return vector
