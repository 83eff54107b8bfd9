"""The protocol of an output format, and functions that several formats share."""

import abc
import json
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ner.errors import UsageError
from ner.files import write_text
from ner.text import SURROGATE, Document, Origin

Write = Callable[[str], object]
NOWHERE = Origin()
# JSON escapes the other line ends itself; these three would end a line for some readers.
_LINE_ENDS = "\x85\u2028\u2029"
_ENCODER = json.JSONEncoder(ensure_ascii=False)


class Renderer(abc.ABC):
    """One output format; `labels` are all types of the model, `title` is that of a page.

    `fields` are the names of what the records of the input hold beside the text; `layers` those of
    several tag layers, whose entities may overlap. Files of the format are called `extension`, and
    `separator` stands between documents. Without `as_text`, what `output` makes of the text is no
    text that a pipe could take.
    """

    extension: ClassVar[str]
    separator: ClassVar[str] = ""
    as_text: ClassVar[bool] = True

    def __init__(
        self,
        labels: Sequence[str],
        title: str,
        fields: Sequence[str] = (),
        layers: Sequence[str] = (),
    ) -> None:
        self._labels, self._title, self._fields, self._layers = labels, title, fields, layers
        self.check(labels, layers)

    @classmethod  # noqa: B027 (most hold anything)
    def check(cls, labels: Sequence[str], layers: Sequence[str]) -> None:
        """Raise `UsageError` for types or layers that the format cannot hold."""

    def begin(self) -> str:
        """The text before the first document."""
        return ""

    @abc.abstractmethod
    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """One document, line end included; its entities are in order, and overlap by layer only."""

    def end(self) -> str:
        """The text after the last document."""
        return ""

    @classmethod
    def outputs(cls, path: Path) -> tuple[Path, ...]:
        """The files that `output` writes for a path."""
        return (path,)

    @classmethod
    @contextmanager
    def output(cls, path: Path) -> Iterator[Write]:
        """A file that appears whole, or not at all, out of the texts that the renderer makes."""
        with write_text(path) as file:
            yield file.write


def writable(text: str) -> str:
    """Text in which each surrogate is U+FFFD."""
    return SURROGATE.sub("\ufffd", text)


def refuse_labels(labels: Sequence[str], characters: str, format: str) -> None:
    """Raise `UsageError` for a type with one of the characters, which mean something else."""
    for label in labels:
        if any(character in label for character in characters):
            raise UsageError(f"{format} cannot hold the type {label!r}; choose --format jsonl")


def refuse_layers(layers: Sequence[str], format: str) -> None:
    """Raise `UsageError` for several tag layers."""
    if len(layers) > 1:
        raise UsageError(
            f"{format} has place for one tag layer, and the model has {', '.join(layers)}; choose "
            "--format jsonl"
        )


def json_line(record: Any) -> str:
    """A value as JSON on one line, by whatever reading of "line"."""
    line = _ENCODER.encode(record)
    if not line.isascii():
        line = writable(line)
        for end in _LINE_ENDS:
            line = line.replace(end, f"\\u{ord(end):04x}")
    return line + "\n"


def kept_fields(
    origin: Origin, taken: Collection[str], dropped: Collection[str] = ()
) -> dict[str, Any]:
    """Other fields of a record of the input; names that are taken get ``input_`` before them."""
    return {
        f"input_{name}" if name in taken else name: value
        for name, value in origin.fields.items()
        if name not in dropped
    }
