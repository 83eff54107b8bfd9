"""Pre-trained word vectors: word2vec (text and binary), GloVe text, fastText ``.vec``; packed, too.

A file is read once, from front to back; only wanted rows are parsed, into one piece of memory.
"""

import codecs
import io
import itertools
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.errors import VectorsError
from ner.features.vocabulary import fold
from ner.files import bytes_read, checked_path, open_binary, read_errors
from ner.frozen import frozen

Vector = NDArray[np.float32]
BytesRead = Callable[[int], None]

MOST_NUMBERS = 10_000  # a file that announces longer vectors is something else
LONGEST_LINE = 1 << 20  # bytes; a longer first row is something else
LONGEST_WORD = 1 << 16  # bytes, in a binary file
FIRST_LOOK = 1 << 12  # bytes behind a header that show whether rows are text or binary
FOLDING_LOOK = 20_000  # rows whose words show how a file is folded
FOLDING_BYTES = 1 << 25  # that those rows may take; fewer rows if they are long
STRAY = 0.01  # of the words; so many may be unlike the others (UNK, PADDING)

PLAIN = b"0123456789.+-eE"  # what decimal numbers are made of: no nan, no inf

_log = logging.getLogger("ner")


@frozen()
class Vectors:
    """Words and their vectors, ``[N, D]``: first those of the corpus, then out-of-training ones.

    Both are in the order of the file (most frequent first). `fold_case` and `fold_digits` are the
    file's folding; `size` counts all words of the file.
    """

    words: tuple[str, ...]
    rows: NDArray[np.float32]
    fold_case: bool
    fold_digits: bool
    size: int

    @property
    def dim(self) -> int:
        """Dimension of the vectors."""
        return int(self.rows.shape[1])

    def fold(self, word: str) -> str:
        """The form under which a word as it stands in a text is looked up."""
        return fold(word, case=self.fold_case, digits=self.fold_digits)


def read_vectors(
    path: str | Path,
    tokens: Collection[str],
    *,
    out_of_training: int = 0,
    progress: BytesRead = lambda _: None,
) -> Vectors:
    """Read the vectors of `tokens`, as they stand in a text, and of other words from the front.

    Of other words there are at most `out_of_training`. The file's first words show the folding of
    tokens: lower case if all cased words are in lower case, digits as ``0`` if no other digit
    occurs (but for a stray one in a hundred); none where no word has such letters, or digits. Words
    of the file are folded like that, too; of equal ones the first, most frequent one counts, and
    the log counts the others. `progress` is called with the bytes read so far (of the packed file).

    Raises `VectorsError` with ``file:line`` for a file that is ill-formed, breaks off, or has none
    of the tokens; `NerError` for one that cannot be opened. Of rows left out, only the form is
    checked: in text, that there are as many plain decimal numbers as in the others.
    """
    case, digits, rows = _revealed(_read(path, progress))
    forms = {fold(token, case=case, digits=digits) for token in tokens}
    found, others = _Kept(), _Kept()
    size = duplicates = 0
    for row in rows:
        size += 1
        form = fold(row.word, case=case, digits=digits)
        if form in found.words or form in others.words:
            duplicates += 1
        elif form in forms:
            found.add(form, row.vector())
        elif len(others.words) < out_of_training:
            others.add(form, row.vector())
    if not found.words:
        raise VectorsError(f"{path}: has no vector for any word of the corpus; is it the language?")
    if duplicates:
        _log.warning("%s: has words more than once (%d); the first counts", path, duplicates)
    words = (*found.words, *others.words)
    found.numbers += others.numbers
    matrix = np.frombuffer(found.numbers, np.float32).reshape(len(words), -1)
    return Vectors(words, matrix, case, digits, size)


class VectorsOnce:
    """`read_vectors` for the same tokens again and again: what a file gives is kept in memory."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, int], Vectors] = {}

    def __call__(
        self,
        path: str | Path,
        tokens: Collection[str],
        *,
        out_of_training: int = 0,
        progress: BytesRead = lambda _: None,
    ) -> Vectors:
        """The vectors of a file, read at the first call. Raises `NerError` as `read_vectors`."""
        key = str(path), out_of_training
        if key not in self._known:
            self._known[key] = read_vectors(
                path, tokens, out_of_training=out_of_training, progress=progress
            )
        return self._known[key]


def check_files(paths: Iterable[str]) -> None:
    """Raise `UsageError` for a file that is not there, before one is read for minutes."""
    for path in paths:
        if not checked_path(path).exists():
            open_binary(path)


class _Kept:
    """Words and their numbers, which grow in one piece of memory."""

    def __init__(self) -> None:
        self.words: dict[str, None] = {}
        self.numbers = bytearray()

    def add(self, word: str, vector: Vector) -> None:
        self.words[word] = None
        self.numbers += vector.tobytes()


class _Row(NamedTuple):
    """A word, and its numbers as they stand in the file, still to be parsed."""

    word: str
    data: bytes
    place: str
    read: Callable[[bytes, str], Vector]

    def vector(self) -> Vector:
        """Its numbers, ``[D]``. Raises `VectorsError` if one is not finite."""
        return self.read(self.data, self.place)


def _revealed(rows: Iterator[_Row]) -> tuple[bool, bool, Iterator[_Row]]:
    """Find out if case and digits are folded, by the words of the first rows; and all rows."""
    head: list[_Row] = []
    size = 0
    for row in rows:
        head.append(row)
        size += len(row.data)
        if len(head) == FOLDING_LOOK or size > FOLDING_BYTES:
            break
    words = [row.word for row in head]
    letters = [word for word in words if word.lower() != word.upper()]
    case = _is_folded(letters, case=True, digits=False)
    numbers = [word for word in words if "0" in fold(word, case=False, digits=True)]
    digits = _is_folded(numbers, case=False, digits=True)
    return case, digits, itertools.chain(head, rows)


def _is_folded(words: Sequence[str], *, case: bool, digits: bool) -> bool:
    changed = sum(fold(word, case=case, digits=digits) != word for word in words)
    return bool(words) and changed <= STRAY * len(words)


def _read(path: str | Path, progress: BytesRead) -> Iterator[_Row]:
    with open_binary(path) as file:
        try:
            for count, row in enumerate(_rows(file, path)):
                if count % 1000 == 0:
                    progress(bytes_read(file))
                yield row
            progress(bytes_read(file))
        except read_errors() as error:
            raise VectorsError(
                f"{path}: breaks off or is damaged ({error}); get it again"
            ) from None


def _rows(file: IO[bytes], path: str | Path) -> Iterator[_Row]:
    first = file.readline(LONGEST_LINE).removeprefix(codecs.BOM_UTF8)
    parts = first.split()
    if len(parts) != 2 or not all(part.isdigit() and len(part) < 20 for part in parts):
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
        yield from _binary_rows(head, file, count, dim, path)


def _is_number(part: bytes) -> bool:
    try:
        float(part)
    except ValueError:
        return False
    return True


def _numbers_at_end(parts: Sequence[bytes]) -> int:
    return sum(1 for _ in itertools.takewhile(_is_number, reversed(parts)))


def _is_text(head: bytes) -> bool:
    """True if rows are text, unlike several numbers as raw bytes."""
    if _numbers_at_end(head.partition(b"\n")[0].split()) > 1:
        return True  # whatever the encoding of the words
    try:
        return not any(c < " " and c not in "\t\r\n" for c in head.decode())
    except UnicodeDecodeError:
        return False


def _text_rows(
    lines: Iterable[bytes], dim: int, path: str | Path, start: int, announced: int = 0
) -> Iterator[_Row]:
    """Rows from line `start` on; more than `announced` are accepted, fewer are an error."""
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


def _text_row(line: bytes, dim: int, place: str) -> _Row:
    line = line.rstrip()
    word, _, numbers = line.partition(b" ")
    plain = numbers.count(b" ") == dim - 1 and b"  " not in line
    if not plain or numbers.translate(None, PLAIN + b" "):
        word, numbers = _odd_text_row(line, dim, place)
    return _Row(word.decode("utf-8", errors="replace"), numbers, place, _numbers)


def _odd_text_row(line: bytes, dim: int, place: str) -> tuple[bytes, bytes]:
    """Word and numbers of a row with tabs, several spaces, or a word with spaces in it."""
    # The word may hold spaces (some GloVe files do): the numbers are the last `dim` parts.
    parts = line.rsplit(b" ", dim)
    if len(parts) != dim + 1 or b"" in parts[1:]:
        parts = line.rsplit(None, dim)
    before = parts[0].split()
    # A decimal number that ends a word of several parts is one number too many.
    ragged = len(before) > 1 and b"." in before[-1] and _is_number(before[-1])
    numbers = b" ".join(parts[1:])
    if len(parts) != dim + 1 or ragged or numbers.translate(None, PLAIN + b" "):
        raise _ill_formed(line, dim, place)
    return parts[0], numbers


def _numbers(data: bytes, place: str) -> Vector:
    parts = data.split(b" ")
    try:
        values = [float(part) for part in parts]
    except ValueError:
        raise _ill_formed(b"word " + data, len(parts), place) from None
    vector = _float32(values)
    if not np.isfinite(vector).all():
        raise _ill_formed(b"word " + data, len(parts), place)
    return vector


def _float32(values: Sequence[float]) -> Vector:
    with np.errstate(over="ignore"):  # too large for it: infinite, and refused as such
        return np.array(values, dtype=np.float32)


def _ill_formed(line: bytes, dim: int, place: str) -> VectorsError:
    parts = line.split()
    count = min(_numbers_at_end(parts), len(parts) - 1)
    bad = [part for part in parts[-dim:] if not _is_good(part)]
    if bad and (len(parts) == dim + 1 or count == dim):
        shown = bad[0][:40].decode("utf-8", errors="replace")
        return VectorsError(f"{place}: {shown!r} is no finite 32-bit number; mend or drop the line")
    return VectorsError(
        f"{place}: has {count} numbers after its word, and by line 1 it should have {dim}; "
        "mend or drop the line, or correct line 1"
    )


def _is_good(part: bytes) -> bool:
    plain = not part.translate(None, PLAIN) and _is_number(part)
    return plain and bool(np.isfinite(_float32([float(part)])).all())


def _binary_rows(
    ahead: bytes, file: IO[bytes], count: int, dim: int, path: str | Path
) -> Iterator[_Row]:
    """Rows of the word2vec binary format: word, space, `dim` little-endian float32.

    `ahead` has the bytes of the first rows that have already been read.
    """
    buffer, start, size = ahead, 0, 4 * dim
    for number in range(1, count + 1):
        while (end := buffer.find(b" ", start)) < 0 or len(buffer) <= end + size:
            endless = len(buffer) - start > LONGEST_WORD + size
            more = b"" if endless else file.read(1 << 16)
            if not more:
                raise VectorsError(
                    f"{path}: breaks off at vector {number} of the {count} announced; get it again"
                )
            buffer, start = buffer[start:] + more, 0
        word = buffer[start:end].lstrip(b"\n").decode("utf-8", errors="replace")
        start = end + 1 + size
        yield _Row(word, buffer[end + 1 : start], f"{path}: vector {number}", _floats)


def _floats(data: bytes, place: str) -> Vector:
    vector = np.frombuffer(data, dtype="<f4")
    if not np.isfinite(vector).all():
        raise VectorsError(f"{place} is not finite; is it a vectors file?")
    return vector
