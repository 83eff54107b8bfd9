"""Columns of pandas, tagged: ``df["text"].pipe(ner.tag_series)``."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from ner.tagger import Tagger

if TYPE_CHECKING:
    import pandas


def tag_series(
    texts: "pandas.Series[Any]", model: Tagger | str | Path | None = None
) -> "pandas.Series[Any]":
    """Tag a column of texts: a column of lists of entities with the same index and name.

    `model` is a tagger, or what `load` takes. Missing texts have no entities. Raises `TypeError`
    for what is no column, or holds something else than texts.
    """
    if not hasattr(texts, "index") or not hasattr(texts, "to_frame"):
        raise TypeError(
            'a column is wanted, as table["text"]; for other texts there is tagger.pipe(texts)'
        )
    tagger = model if isinstance(model, Tagger) else Tagger.load(model)
    found = [list(document.entities) for document in tagger.pipe(texts)]
    return type(texts)(found, index=texts.index, name=texts.name, dtype=object)
