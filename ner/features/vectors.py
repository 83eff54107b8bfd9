"""Pre-trained word vectors: word2vec (text and binary), GloVe text, fastText ``.vec``; ``.gz`` too.

A file is read once, from front to back, and only rows that are asked for are kept.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ner.errors import NerError, VectorsError
from ner.features.vocabulary import fold
from ner.files import open_binary

Row = tuple[str, NDArray[np.float32]]
Progress = Callable[[int], None]


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
    Raises `VectorsError` with ``file:line`` for a file that is not what it seems.
    """
    kept: dict[str, NDArray[np.float32]] = {}
    for word, vector in _read(path, progress):
        form = fold(word, case=fold_case, digits=fold_digits)
        if form in kept:
            continue
        if wanted(form):
            kept[form] = vector
        elif spare > 0:
            spare -= 1
            kept[form] = vector
    if not kept:
        raise VectorsError(f"{path}: has no vector for any word of the corpus; is it the language?")
    return Vectors(tuple(kept), np.stack(list(kept.values())))


def _read(path: str | Path, progress: Progress) -> Iterator[Row]:
    with open_binary(path) as file:
        raw = getattr(file, "fileobj", file)  # of a packed file, the packed bytes
        try:
            for count, row in enumerate(_rows(file, path)):
                if count % 1000 == 0:
                    progress(raw.tell())
                yield row
        except (EOFError, OSError) as error:
            raise NerError(f"{path}: breaks off or is damaged ({error}); get it again") from None


def _rows(file: IO[bytes], path: str | Path) -> Iterator[Row]:
    first = file.readline()
    header = first.split()
    if len(header) == 2 and all(part.isdigit() for part in header):
        count, dim = int(header[0]), int(header[1])
        if not 0 < dim <= 10_000:
            raise VectorsError(
                f"{path}:1: announces vectors of {dim} numbers; is it a vectors file?"
            )
        second = file.readline()
        if _is_text(second, dim):
            yield _text_row(second, dim, f"{path}:2")
            yield from _text_rows(file, dim, path, 3)
        else:
            yield from _binary_rows(_Ahead(second, file), count, dim, path)
        return
    dim = len(header) - 1
    if dim < 2:
        raise VectorsError(f"{path}:1: is no line 'word number number …'; is it a vectors file?")
    yield _text_row(first, dim, f"{path}:1")
    yield from _text_rows(file, dim, path, 2)


def _is_text(line: bytes, dim: int) -> bool:
    try:
        return len([float(part) for part in line.split()[-dim:]]) == dim
    except ValueError:
        return False


def _text_rows(file: IO[bytes], dim: int, path: str | Path, start: int) -> Iterator[Row]:
    for number, line in enumerate(file, start):
        if line.strip():
            yield _text_row(line, dim, f"{path}:{number}")


def _text_row(line: bytes, dim: int, place: str) -> Row:
    # The word may hold spaces (some GloVe files do): the numbers are the last `dim` parts.
    parts = line.rstrip().rsplit(b" ", dim)
    if len(parts) != dim + 1:
        parts = line.rstrip().rsplit(None, dim)
    try:
        vector = np.array([float(part) for part in parts[1:]], dtype=np.float32)
        word = parts[0].decode("utf-8", errors="replace")
    except (ValueError, IndexError):
        vector = np.empty(0, dtype=np.float32)
    if len(vector) != dim or not np.isfinite(vector).all():
        raise VectorsError(
            f"{place}: is no word with {dim} finite numbers like the lines before; mend or drop it"
        )
    return word, vector


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
        vector = np.frombuffer(data, dtype="<f4")
        if not np.isfinite(vector).all():
            raise VectorsError(f"{path}: vector {number} is not finite; is it a vectors file?")
        yield word.lstrip(b"\n").decode("utf-8", errors="replace"), vector
