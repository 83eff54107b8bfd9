"""Tables, row by row: CSV, with whatever separator, Parquet and Arrow.

The only module that imports ``pyarrow``, and only when it is used.
"""

import csv
import io
import itertools
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from ner.corpus.lines import LONGEST, text_lines
from ner.errors import CorpusError, MissingExtra, reason_of

_SEPARATORS = ",;\t"
_PARQUET, _ARROW, _ARROW_STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_ROWS = 1024
Line = tuple[int, str]
Names = dict[str, list[str]]


def csv_lines(stream: IO[bytes], source: str, encoding: str) -> Iterator[Line]:
    """The rows under a header, each with the number of its first line; all cells are text.

    The header tells the separator. A row of several lines is followed by empty ones, so that
    numbers are without gaps. Raises `CorpusError` with ``source:line`` for rows that do not fit.
    """
    lines = text_lines(stream, source, encoding)
    header = next(lines, (1, ""))
    separator = max(_SEPARATORS, key=header[1].count)
    rows = csv_rows(itertools.chain([header], lines), separator, source)
    _, names = next(rows, (1, []))
    _check_names(names, source)
    last = 0
    for number, row in rows:
        if row and len(row) != len(names):
            raise CorpusError(
                f"{source}:{number}: has {len(row)} cells where the header has {len(names)}; "
                'put cells that hold a separator into quotes (")'
            )
        yield from ((more, "") for more in range(last + 1, number) if last)
        fields = dict(zip(names, row, strict=True)) if row else None
        yield number, json.dumps(fields, ensure_ascii=False) if fields else ""
        last = number


def csv_rows(lines: Iterable[Line], separator: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of CSV, each with the line on which it begins. Raises `CorpusError` for bad quotes.

    Quotes are those of RFC 4180.
    """
    csv.field_size_limit(LONGEST)
    last = 0

    def texts() -> Iterator[str]:
        nonlocal last
        for number, line in lines:
            last = number
            yield f"{line}\n"

    reader, first = csv.reader(texts(), delimiter=separator, strict=True), 1
    try:
        for row in reader:
            yield first, row
            first = last + 1
    except csv.Error as error:
        raise CorpusError(
            f"{source}:{first}: cannot be read as CSV ({error}); "
            "put the cell into quotes, and double those within it"
        ) from None


def _check_names(names: Sequence[str], source: str) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise CorpusError(f"{source}:1: has the column {twice[0]!r} twice; rename one of them")


def table_lines(stream: IO[bytes], source: str, encoding: str) -> Iterator[Line]:
    """`table_rows` as JSON; values that JSON lacks are text."""
    for number, row in table_rows(stream, source):
        yield number, json.dumps(row, ensure_ascii=False, default=str)


def is_table(start: bytes) -> bool:
    """Recognise Parquet and Arrow by their first bytes."""
    return start.startswith((_PARQUET, _ARROW, _ARROW_STREAM))


def table_rows(
    stream: IO[bytes], source: str, names: Names | None = None
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table, numbered from 1, numbered tags by their names where these are known.

    They are known from `names`, by column, or from the metadata of ``datasets``. Raises
    `CorpusError` for another or damaged file, and `MissingExtra`.
    """
    arrow = load_arrow()
    try:
        stream = stream if stream.seekable() else io.BytesIO(stream.read())
        batches, schema = _batches(arrow, stream)
        _check_names(schema.names, source)
        known = (names or {}) | _names_in(schema.metadata or {})
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield number, {key: _named(value, known.get(key)) for key, value in row.items()}
    except (arrow.ArrowException, OSError, EOFError) as error:
        reason = reason_of(error)
        kind = "Arrow" if source.endswith(".arrow") else "Parquet"
        raise CorpusError(
            f"{source}: cannot be read as {kind} ({reason}); write or copy it again"
        ) from None


def _batches(arrow: Any, stream: IO[bytes]) -> tuple[Iterator[Any], Any]:
    """The batches of rows of a table, and its schema."""
    start = stream.read(len(_ARROW))
    stream.seek(0)
    if start == _ARROW:
        reader = arrow.ipc.open_file(stream)
        indices = range(reader.num_record_batches)
        return (reader.get_batch(index) for index in indices), reader.schema
    if start.startswith(_ARROW_STREAM):
        reader = arrow.ipc.open_stream(stream)
        return iter(reader), reader.schema
    file = arrow.parquet.ParquetFile(stream)
    return file.iter_batches(batch_size=_ROWS), file.schema_arrow


def _names_in(metadata: dict[bytes, bytes]) -> Names:
    """The names of numbered labels, by column, in the metadata of ``datasets``."""
    try:
        return class_names(json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"])
    except (ValueError, KeyError, TypeError):
        return {}  # numbers then need --labels


def class_names(features: Any) -> Names:
    """The names of numbered labels, by column, in a description of features; of others none."""
    names: Names = {}
    for key, feature in features.items() if isinstance(features, dict) else ():
        inner = feature[0] if isinstance(feature, list) and feature else feature
        inner = inner.get("feature", inner) if isinstance(inner, dict) else inner
        listed = inner.get("names") if isinstance(inner, dict) else None
        if isinstance(listed, list):
            names[key] = [str(name) for name in listed]
    return names


def _named(value: Any, names: list[str] | None) -> Any:
    """A list of numbers as names; a number without one stays."""
    if names is None or not isinstance(value, list):
        return value
    known = range(len(names))
    return [names[item] if type(item) is int and item in known else item for item in value]


def load_arrow() -> Any:
    """The package pyarrow. Raises `MissingExtra` without it."""
    try:
        import pyarrow
        import pyarrow.ipc
        import pyarrow.parquet
    except ImportError:
        raise MissingExtra("Parquet and Arrow need a package: pip install pyarrow") from None
    return pyarrow
