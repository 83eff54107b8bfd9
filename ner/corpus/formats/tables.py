"""Parquet and Arrow: rows that are records of another format, mostly Hugging Face's.

Names of numbered tags come from the metadata that the library ``datasets`` writes.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from ner.corpus.formats.base import BinaryWriter, FolderFormat, Format, Input, Output, Peekable
from ner.corpus.records import ParseResult, is_list_of
from ner.corpus.tables import class_names, is_table, load_arrow, table_rows
from ner.errors import CorpusError
from ner.files import open_binary

_STATE, _INFO = "state.json", "dataset_info.json"


class Tables(Format, BinaryWriter):
    """Rows of Parquet or Arrow; `choose` finds the format of their values."""

    name = "parquet"
    extension = ".parquet"
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


class SavedDataset(FolderFormat):
    """A folder of Arrow files that ``save_to_disk`` has written; one with splits holds several."""

    name = "hf-disk"
    makers = "Hugging Face datasets (save_to_disk)"

    def __init__(self, choose: Callable[[Input], Format]) -> None:
        self._choose = choose

    def holds(self, path: Path) -> bool:
        """Tell by the two files of JSON that describe the data."""
        return all((path / name).is_file() for name in (_STATE, _INFO))

    def read(self, given: Input) -> ParseResult:
        """Read the rows of all files as records of the format that fits them."""
        if given.path is None or not self.holds(given.path):
            raise CorpusError(
                f"{given.source}: is no folder of save_to_disk (with {_STATE} and {_INFO}); "
                "name such a folder, or leave --from out"
            )
        given.values = Peekable(_saved_rows(given.path))
        return self._choose(given).read(given)


def _saved_rows(folder: Path) -> Iterator[tuple[int, Any]]:
    """The rows of all files of a folder, numbered from 1. Raises `CorpusError`."""
    names = class_names(_described(folder / _INFO).get("features"))
    listed = _described(folder / _STATE).get("_data_files")
    files: list[Any] = [*listed] if listed and is_list_of(listed, dict) else []
    first = 1
    for entry in files:
        name = str(entry.get("filename"))
        if name != Path(name).name:  # beside the description, and nowhere else
            raise CorpusError(f"{folder / _STATE}: names the file {name!r:.60}; save it again")
        with open_binary(folder / name) as stream:
            for _, row in table_rows(stream, str(folder / name), names):
                yield first, row
                first += 1


def _described(file: Path) -> dict[str, Any]:
    """The object in a file of JSON. Raises `CorpusError`."""
    try:
        with open_binary(file) as stream:
            value = json.loads(stream.read())
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{file}: is not JSON ({error}); save the data set again") from None
    if not isinstance(value, dict):
        raise CorpusError(f"{file}: is no object of JSON; save the data set again")
    return value
