"""Tables as lines of JSON, an object a row: CSV, with whatever separator, and Parquet.

The only module that imports ``pyarrow``, and only when it is used.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import IO, Any

from ner.corpus.diagnostics import Diagnostics
from ner.corpus.lines import LONGEST, text_lines
from ner.errors import CorpusError, MissingExtra

_SEPARATORS = ",;\t"


def csv_lines(stream: IO[bytes], source: str, encoding: str) -> Iterator[tuple[int, str]]:
    """The rows under a header, each with the number of its first line; all cells are text.

    The header tells the separator. A row of several lines is followed by empty ones, so that
    numbers are without gaps. Raises `CorpusError` with ``source:line`` for rows that do not fit.
    """
    lines = (line for _, line in text_lines(stream, source, encoding, Diagnostics()))
    header = next(lines, "")
    csv.field_size_limit(LONGEST)
    rows = csv.reader(
        (f"{line}\n" for line in _after(header, lines)),
        delimiter=max(_SEPARATORS, key=header.count),
        strict=True,
    )
    names, number = _next_row(rows, source) or [], rows.line_num
    _check_names(names, source)
    while (row := _next_row(rows, source)) is not None:
        if row and len(row) != len(names):
            raise CorpusError(
                f"{source}:{number + 1}: has {len(row)} cells where the header has {len(names)}; "
                'put cells that hold a separator into quotes (")'
            )
        fields = dict(zip(names, row, strict=True)) if row else None
        yield number + 1, json.dumps(fields, ensure_ascii=False) if fields else ""
        yield from ((more, "") for more in range(number + 2, rows.line_num + 1))
        number = rows.line_num


def _after(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _next_row(rows: Any, source: str) -> list[str] | None:
    """The next row of a CSV reader, if there is one. Raises `CorpusError` for bad quotes."""
    before = rows.line_num
    try:
        return next(rows, None)
    except csv.Error as error:
        raise CorpusError(
            f"{source}:{before + 1}: cannot be read as CSV ({error}); "
            "put the cell into quotes, and double those within it"
        ) from None


def _check_names(names: Sequence[str], source: str) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise CorpusError(f"{source}:1: has the column {twice[0]!r} twice; rename one of them")


def parquet_lines(stream: IO[bytes], source: str, encoding: str) -> Iterator[tuple[int, str]]:
    """The rows of a Parquet file, numbered from 1; values that JSON lacks are text.

    Raises `CorpusError` for another file, and `MissingExtra` without the package.
    """
    arrow = load_arrow()
    try:
        table = arrow.parquet.ParquetFile(
            stream if stream.seekable() else io.BytesIO(stream.read())
        )
        _check_names(table.schema_arrow.names, source)
        rows = (row for batch in table.iter_batches(1024) for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield number, json.dumps(row, ensure_ascii=False, default=str)
    except (arrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise CorpusError(f"{source}: cannot be read as Parquet ({reason:.200})") from None


def load_arrow() -> Any:
    """The package pyarrow. Raises `MissingExtra` without it."""
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("Parquet and Arrow need a package: pip install pyarrow") from None
    return pyarrow
