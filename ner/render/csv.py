"""CSV and TSV: a line an entity, under a header."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from ner.errors import NerError
from ner.render.base import NOWHERE, Renderer, kept_fields, writable
from ner.text import Document, Origin

_ENTITY = ("line", "start", "end", "label", "text", "score")


class CsvRenderer(Renderer):
    """Columns of the input's records, then line of the document, start, end, label, text and score.

    `line` is that of the document in its file, from 1; offsets are as in JSON Lines. Columns of
    the input that are called like ours get ``input_`` before their name. Of several tag layers,
    that of the entity comes last.
    """

    extension = ".csv"
    _delimiter: ClassVar[str] = ","

    def begin(self) -> str:
        """The header."""
        own = (*_ENTITY, *(["layer"] if self._layers else []))
        kept = kept_fields(Origin(fields=dict.fromkeys(self._fields)), own)
        return self._row([*kept, *own])

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """A line for each entity. Raises `NerError` for a field that the first record lacks."""
        if new := [name for name in origin.fields if name not in self._fields]:
            raise NerError(
                f"{origin.source}:{origin.line}: has the field {new[0]!r}, which the first record "
                "lacks, so there is no column for it; choose --format jsonl"
            )
        kept = [_cell(origin.fields.get(name)) for name in self._fields]
        return "".join(
            self._row([*kept, origin.line, e.start, e.end, e.label, e.text, e.score, *layer])
            for e in document.entities
            for layer in [[e.layer] if self._layers else []]
        )

    def _row(self, cells: Sequence[Any]) -> str:
        line = io.StringIO()
        # With CRLF as its line end, the module puts cells with either of them into quotes.
        csv.writer(line, delimiter=self._delimiter, lineterminator="\r\n").writerow(cells)
        return writable(line.getvalue().removesuffix("\r\n")) + "\n"


class TsvRenderer(CsvRenderer):
    """`CsvRenderer` with tabs between."""

    extension = ".tsv"
    _delimiter = "\t"


def _cell(value: Any) -> Any:
    """A value of a record as it is, or as JSON where a cell has no other way to hold it."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)
