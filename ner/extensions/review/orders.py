"""Orders in which sentences are looked at."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ner.corpus import QueueItem
from ner.errors import UsageError
from ner.extensions.review.proposals import Proposals
from ner.text import Sentence

ORDERS = ("file", "doubt", "disagreement")
Queue = Mapping[int, Sequence[QueueItem]]
"""The places of a queue by the number of their sentence, in the order of the queue."""


def match_queue(items: Iterable[QueueItem], sentences: Sequence[Sentence]) -> tuple[Queue, int]:
    """Find the sentences of a queue; returns them, and how many places are in none.

    A file may be called by another path. Raises `UsageError` where no place is found.
    """
    numbers = {_place(s.source, s.line, s.tokens): n for n, s in enumerate(sentences)}
    found: defaultdict[int, list[QueueItem]] = defaultdict(list)
    lost: list[QueueItem] = []
    for item in items:
        number = numbers.get(_place(item.source, item.line, item.tokens))
        if number is None:
            lost.append(item)
        else:
            found[number].append(item)
    if not found:
        if not lost:
            raise UsageError("the queue has no place to look at; leave --queue out")
        raise UsageError(
            f"none of the {len(lost):,} places of the queue is in these files, as "
            f"{lost[0].source}:{lost[0].line}; name the files that it was made from, as they were "
            "then"
        )
    return found, len(lost)


def _place(source: str, line: int, tokens: tuple[str, ...]) -> tuple[Path, int, tuple[str, ...]]:
    return Path(source).absolute(), line, tokens


def in_order(
    name: str, sentences: Sequence[Sentence], proposals: Proposals | None, queue: Queue
) -> list[int]:
    """The numbers of sentences in an order, the first to be looked at first.

    By ``doubt``, the most doubtful are the first, by ``disagreement`` those in which the model is
    surest that labels are wrong, and others are left out; in a ``queue``, those that it names.
    Without proposals for them, sentences come last.
    """
    if name == "queue":
        return list(queue)
    if name == "file" or proposals is None:
        return list(range(len(sentences)))
    ranks = []
    for number, sentence in enumerate(sentences):
        found = proposals[number]
        if name == "doubt":
            rank = found.doubt if found else -1.0
        else:
            rank = found.disagreement(sentence.spans) if found else 0.0
        if name == "doubt" or rank > 0:
            ranks.append((-rank, number))
    return [number for _, number in sorted(ranks)]
