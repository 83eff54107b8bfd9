"""The ranking for people."""

from collections.abc import Iterator, Sequence

from ner.corpus import QueueItem
from ner.errors import escaped
from ner.text import Span


def format_places(items: Sequence[QueueItem]) -> str:
    """Places one below the other: probability, kind, where, what, and the reason."""
    return "".join(f"{line}\n" for item in items for line in _lines(item))


def _lines(item: QueueItem) -> Iterator[str]:
    place = f"{item.source}:{item.line}"
    yield escaped(f"{item.score:5.0%}  {item.kind:12}  {place}  {_what(item)}")
    yield escaped(f"       {item.reason}")


def _what(item: QueueItem) -> str:
    """The labelled entity and the proposed one; the words once where they are the same."""
    old, new = item.labelled, item.proposed
    if old and new and (old.start, old.end) == (new.start, new.end):
        return f"{_text(item, old)} {old.label} → {new.label}"
    labels = [f"{_text(item, span)} {span.label}" if span else "no entity" for span in (old, new)]
    return " → ".join(labels)


def _text(item: QueueItem, span: Span) -> str:
    return " ".join(item.tokens[span.start : span.end])
