"""Parquet and Arrow: rows that are records of another format, mostly Hugging Face's.

Names of numbered tags are taken from the metadata that the library ``datasets`` writes.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

from ner.corpus.formats.base import BinaryWriter, Format, Input, Output
from ner.corpus.records import ParseResult
from ner.corpus.tables import load_arrow
from ner.errors import CorpusError

_PARQUET, _ARROW, _ARROW_STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_ROWS = 1024
Names = dict[str, list[str]]


class Tables(Format, BinaryWriter):
    """Rows of Parquet or Arrow; `choose` finds the format of their values."""

    name = "parquet"
    makers = "Hugging Face datasets, pandas, Spark (Parquet, Arrow)"
    loses = ("documents",)

    def __init__(self, choose: Callable[[Input], Format]) -> None:
        self._choose = choose

    def recognises(self, given: Input) -> bool:
        """Tell by the first bytes."""
        return is_table(given.start)

    def read(self, given: Input) -> ParseResult:
        """Read the rows as records of the format that fits them."""
        if given.values is None:
            raise CorpusError(f"{given.source}: is neither Parquet nor Arrow; leave --from out")
        return self._choose(given).read(given)

    def write(self, sentences: Sequence[Output], stream: IO[bytes]) -> None:
        """Write Parquet with columns of tokens and of IOB2 tags by name."""
        arrow = load_arrow()
        tags = [sentence.tags() for sentence in sentences]
        columns = {"tokens": [[*sentence.tokens] for sentence in sentences], "ner_tags": tags}
        texts = arrow.list_(arrow.string())
        schema = arrow.schema([("tokens", texts), ("ner_tags", texts)])
        arrow.parquet.write_table(arrow.table(columns, schema=schema), stream)


def is_table(start: bytes) -> bool:
    """Recognise Parquet and Arrow by their first bytes."""
    return start.startswith((_PARQUET, _ARROW, _ARROW_STREAM))


def table_rows(
    stream: IO[bytes], start: bytes, source: str
) -> Iterator[tuple[int, dict[str, Any]]]:
    """The rows of a table, numbered from 1, numbered tags by their names where these are known.

    Raises `CorpusError` for a damaged file, and `MissingExtra`.
    """
    arrow = load_arrow()
    try:
        stream = stream if stream.seekable() else io.BytesIO(stream.read())
        batches, metadata = _batches(arrow, stream, start)
        names = _class_names(metadata or {})
        rows = (row for batch in batches for row in batch.to_pylist())
        for number, row in enumerate(rows, 1):
            yield number, {key: _named(value, names.get(key)) for key, value in row.items()}
    except (arrow.ArrowException, OSError, EOFError) as error:
        reason = " ".join(str(error).split())[:200]
        raise CorpusError(f"{source}: cannot be read ({reason}); write or copy it again") from None


def _batches(arrow: Any, stream: IO[bytes], start: bytes) -> tuple[Iterator[Any], Any]:
    """The batches of rows of a table, and its metadata."""
    if start.startswith(_PARQUET):
        file = arrow.parquet.ParquetFile(stream)
        return file.iter_batches(batch_size=_ROWS), file.schema_arrow.metadata
    if start.startswith(_ARROW):
        reader = arrow.ipc.open_file(stream)
        indices = range(reader.num_record_batches)
        return (reader.get_batch(index) for index in indices), reader.schema.metadata
    reader = arrow.ipc.open_stream(stream)
    return iter(reader), reader.schema.metadata


def _class_names(metadata: dict[bytes, bytes]) -> Names:
    """The names of numbered labels, by column, from the metadata of ``datasets``."""
    names: Names = {}
    try:
        features = json.loads(metadata.get(b"huggingface", b"{}"))["info"]["features"]
        for key, feature in features.items():
            inner = feature[0] if isinstance(feature, list) else feature.get("feature", feature)
            if "names" in inner:
                names[key] = [str(name) for name in inner["names"]]
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return {}  # numbers then need --labels
    return names


def _named(value: Any, names: list[str] | None) -> Any:
    """A list of numbers as names; a number without one stays."""
    if names is None or not isinstance(value, list):
        return value
    known = range(len(names))
    return [names[item] if type(item) is int and item in known else item for item in value]
