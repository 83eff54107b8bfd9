"""Parquet and Arrow: rows that are records of another format, mostly Hugging Face's.

Names of numbered tags come from the metadata that the library ``datasets`` writes.
"""

from collections.abc import Callable, Sequence
from typing import IO

from ner.corpus.formats.base import BinaryWriter, Format, Input, Output
from ner.corpus.records import ParseResult
from ner.corpus.tables import is_table, load_arrow
from ner.errors import CorpusError


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
