"""Queues: places of a corpus in the order in which a person should look at them.

``ner audit``, ``ner suggest`` and ``ner data agreement`` write them, ``ner review --queue`` opens
them: JSON Lines, one place each::

    {"source": "train.txt", "line": 118, "tokens": ["Rare", "Hendrix", "song"],
     "kind": "type", "score": 0.93, "reason": "…",
     "labelled": {"start": 1, "end": 2, "label": "ORG"},
     "proposed": {"start": 1, "end": 2, "label": "PER"}}

A place is a sentence (`labelled` and `proposed` are then null) or an entity in it. It is found
again by `source`, `line` and `tokens`, so that a queue never points into a file that has changed.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ner.corpus.lines import file_lines
from ner.corpus.records import InvalidRecord, field_of, is_list_of, kind_of, parse_json
from ner.errors import CorpusError
from ner.files import write_text
from ner.frozen import frozen
from ner.text import Span


@frozen()
class QueueItem:
    """A place to look at: its sentence, what is labelled there, what is proposed, and why.

    `line` is that of the first token of the sentence in the file `source`; `score` sorts the queue,
    highest first: for an audit the probability that the label is wrong.
    """

    source: str
    line: int
    tokens: tuple[str, ...]
    kind: str
    score: float
    reason: str = ""
    labelled: Span | None = None
    proposed: Span | None = None

    def to_dict(self) -> dict[str, Any]:
        """All about it, as a line of a queue holds it."""
        return {
            "source": self.source,
            "line": self.line,
            "tokens": list(self.tokens),
            "kind": self.kind,
            "score": self.score,
            "reason": self.reason,
            "labelled": self.labelled and self.labelled.to_dict(),
            "proposed": self.proposed and self.proposed.to_dict(),
        }


def write_queue(path: str | Path, items: Iterable[QueueItem]) -> None:
    """Write a queue, whole or not at all. Raises `NerError` where it cannot be written."""
    with write_text(path) as file:
        file.writelines(json.dumps(i.to_dict(), ensure_ascii=False) + "\n" for i in items)


def read_queue(path: str | Path) -> list[QueueItem]:
    """Read a queue. Raises `CorpusError` with ``file:line`` for what is none."""
    items = []
    for number, line in file_lines(path):
        if line.strip():
            try:
                items.append(_item(parse_json(line, _FIELDS)))
            except InvalidRecord as error:
                raise CorpusError(f"{path}:{number}: {error}") from None
    return items


_FIELDS = "source, line, tokens, kind and score"


def _item(value: Any) -> QueueItem:
    """Check the fields of a line. Raises `InvalidRecord`."""
    if type(value) is not dict:
        raise InvalidRecord(f"is {kind_of(value)}, not an object with {_FIELDS}")
    tokens = field_of(value, "tokens", list)
    if not tokens or not is_list_of(tokens, str):
        raise InvalidRecord("'tokens' are not the words of a sentence")
    score = value.get("score")
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise InvalidRecord(f"'score' is {kind_of(score)}, not a number")
    return QueueItem(
        field_of(value, "source", str),
        field_of(value, "line", int),
        tuple(tokens),
        field_of(value, "kind", str),
        float(score),
        str(value.get("reason") or ""),
        _span(value, "labelled", len(tokens)),
        _span(value, "proposed", len(tokens)),
    )


def _span(value: dict[str, Any], name: str, tokens: int) -> Span | None:
    """An entity of the sentence, or none. Raises `InvalidRecord`."""
    if value.get(name) is None:
        return None
    span = field_of(value, name, dict)
    start, end = field_of(span, "start", int), field_of(span, "end", int)
    if not 0 <= start < end <= tokens:
        raise InvalidRecord(f"{name!r} is [{start}, {end}), outside of {tokens} tokens")
    return Span(start, end, field_of(span, "label", str), str(span.get("layer") or ""))
