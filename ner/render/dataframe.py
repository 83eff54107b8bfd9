"""A table of entities for pandas."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ner.errors import MissingExtra
from ner.text import Document

if TYPE_CHECKING:
    import pandas

_COLUMNS = {
    "document": "int64",
    "start": "int64",
    "end": "int64",
    "label": str,
    "text": str,
    "score": "float64",
    "layer": str,
}


def to_dataframe(documents: Iterable[Document]) -> "pandas.DataFrame":
    """Gather the entities of documents in a table of pandas, a row each.

    Columns are the number of the document, from 0, then `start`, `end`, `label`, `text` and `score`
    as an `Entity` has them, and `layer` where any has one. Documents without entities have no row,
    but count. Raises `MissingExtra` without pandas.
    """
    try:
        import pandas
    except ImportError:
        raise MissingExtra("a table needs a package: pip install pandas") from None
    rows = [
        (number, e.start, e.end, e.label, e.text, e.score, e.layer)
        for number, document in enumerate(documents)
        for e in document.entities
    ]
    columns = zip(*rows, strict=True) if rows else ((),) * len(_COLUMNS)
    table = pandas.DataFrame(
        {
            name: pandas.Series(values, dtype=kind)
            for (name, kind), values in zip(_COLUMNS.items(), columns, strict=True)
        }
    )
    return table if table["layer"].any() else table.drop(columns="layer")
