"""Diagnostics: input that a reader cannot take as it is.

An *error* makes a line or record unreadable. A *repair* is an illegal tag sequence that can be read
all the same; a *widening* is an entity that was extended to whole tokens. Readers report all three
to a `Diagnostics`, which refuses, counts or collects them.
"""

import logging
from dataclasses import dataclass, field

from ner.errors import CorpusError

LOG = logging.getLogger("ner")
KEPT = 20
"""Most places of one kind that are remembered; all are counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong at a place (``file:line``; "" where the message names it)."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(slots=True)
class ProblemCounts:
    """The number of problems of one kind, and the first of them."""

    total: int = 0
    first: list[Problem] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Count a problem and remember it if it is among the first."""
        self.total += 1
        if len(self.first) < KEPT:
            self.first.append(problem)


@dataclass(slots=True)
class Diagnostics:
    """Errors, repairs and widened entities of one file.

    By default an error is raised as `CorpusError` at once; with `collect` it is counted and the
    reader goes on without the line. `strict` makes an error of every repair.
    """

    strict: bool = False
    collect: bool = False
    errors: ProblemCounts = field(default_factory=ProblemCounts)
    repairs: ProblemCounts = field(default_factory=ProblemCounts)
    widened: ProblemCounts = field(default_factory=ProblemCounts)
    counted: dict[str, ProblemCounts] = field(default_factory=dict)

    def error(self, place: str, message: str) -> None:
        """Report something unreadable; raises `CorpusError` unless collecting."""
        problem = Problem(place, message)
        if not self.collect:
            raise CorpusError(str(problem))
        self.errors.add(problem)

    def give_up(self, message: str) -> None:
        """Count what ended the reading of a file that is only looked at."""
        self.errors.add(Problem("", message))

    def repair(self, place: str, message: str) -> None:
        """Report an illegal tag sequence; raises `CorpusError` if strict and not collecting."""
        if self.strict:
            self.error(place, f"{message}; correct it, or leave --strict out to have it repaired")
        else:
            self.repairs.add(Problem(place, message))

    def widen(self, place: str, message: str) -> None:
        """Report an entity that was widened to whole tokens."""
        self.widened.add(Problem(place, message))

    def count(self, kind: str, place: str) -> None:
        """Count something left out or changed on purpose, by its kind."""
        self.counted.setdefault(kind, ProblemCounts()).add(Problem(place, kind))

    def summaries(self) -> list[str]:
        """A line for each kind of change that was made to the file: first place and count."""
        lines = []
        if self.repairs.total:
            lines.append(
                f"{self.repairs.first[0]} (illegal tags in this file: {self.repairs.total}); "
                "repaired as the CoNLL scorer reads them, refused with --strict"
            )
        if self.widened.total:
            lines.append(
                f"{self.widened.first[0]} (entities in this file widened to whole tokens: "
                f"{self.widened.total})"
            )
        for counts in self.counted.values():
            more = f" (in this file: {counts.total})" * (counts.total > 1)
            lines.append(f"{counts.first[0]}{more}")
        return lines


def shorten(text: str, most: int = 60) -> str:
    """`text` quoted for a message, cut if it is long."""
    return repr(text) if len(text) <= most else f"{text[:most]!r}… ({len(text):,} characters)"
