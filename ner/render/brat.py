"""brat's standoff: a text, and beside it a file with the entities."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ner.files import write_text
from ner.render.base import NOWHERE, Renderer, Write, refuse_labels
from ner.render.jsonl import json_line
from ner.text import Document, Origin


class BratRenderer(Renderer):
    """``NAME.txt`` with a document in each line, ``NAME.ann`` with a line for each entity.

    These are like ``T1<TAB>PER 0 4<TAB>Anna``. Offsets count code points from the start of the
    file. An entity over a line end is in parts. Scores are lost. Raises
    `UsageError` for a type with a blank.
    """

    extension = ".ann"
    as_text = False

    def __init__(self, labels: Sequence[str], title: str, fields: Sequence[str] = ()) -> None:
        super().__init__(labels, title, fields)
        refuse_labels(labels, " \t", "brat")

    def document(self, document: Document, origin: Origin = NOWHERE) -> str:
        """The document for `output`: its text and entities in JSON on one line."""
        return json_line([document.text, [[e.start, e.end, e.label] for e in document.entities]])

    @classmethod
    def outputs(cls, path: Path) -> tuple[Path, ...]:
        """The text and its annotation."""
        return path.with_suffix(".txt"), path

    @classmethod
    @contextmanager
    def output(cls, path: Path) -> Iterator[Write]:
        """Both files, which number entities and characters from the start of the text."""
        position = number = 0
        with write_text(path.with_suffix(".txt")) as text_file, write_text(path) as ann_file:

            def write(lines: str) -> None:
                nonlocal position, number
                for line in lines.splitlines():
                    text, entities = json.loads(line)
                    text_file.write(f"{text}\n")
                    for start, end, label in entities:
                        number += 1
                        place = _fragments(text, start, end, position)
                        quoted = re.sub("[\r\n]", " ", text[start:end])
                        ann_file.write(f"T{number}\t{label} {place}\t{quoted}\n")
                    position += len(text) + 1

            yield write


def _fragments(text: str, start: int, end: int, position: int) -> str:
    """The stretches of an entity within lines, as ``0 5;6 9``, if the text starts at `position`."""
    lines = re.finditer("[^\n]+", text[start:end])
    base = position + start
    return ";".join(f"{base + line.start()} {base + line.end()}" for line in lines)
