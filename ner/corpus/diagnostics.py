"""Diagnostics: input that a reader cannot take as it is.

An *error* makes a line or record unreadable. A *repair* is an illegal tag sequence that can be read
all the same; a *widening* is an entity that was extended to whole tokens; a *note* says how
something was understood. Readers report them to a `Diagnostics`, which refuses, counts or collects.
"""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from ner.errors import CorpusError

LOG = logging.getLogger("ner")
KEPT = 20
"""Most kinds of problems that are told apart."""
SHOWN = 5
"""Most problems of one kind that are shown; all are counted."""
_VALUE = re.compile(r"'(?:[^'\\]|\\.)*'|\"[^\"]*\"|[\d,]+")


class Problem(NamedTuple):
    """Something wrong at a place (``file:line``; "" where the message names it)."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


@dataclass(slots=True, eq=False, repr=False)
class ProblemCounts:
    """Problems, counted: equal messages as one, and those that differ in their values as a kind."""

    total: int = 0
    first: list[Problem] = field(default_factory=list)
    _kinds: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)

    def add(self, problem: Problem) -> None:
        """Count a problem and remember it if it is among the first."""
        self.total += 1
        if len(self.first) < KEPT:
            self.first.append(problem)
        kind = _VALUE.sub("…", problem.message)
        if kind not in self._kinds and len(self._kinds) >= KEPT:
            kind = ""
        seen = self._kinds.setdefault(kind, {})
        message = problem.message if problem.message in seen or len(seen) < SHOWN else ""
        place, number = seen.get(message, (problem.place, 0))
        seen[message] = place, number + 1

    def lines(self) -> Iterator[str]:
        """The first messages of each kind with their first places; the others are counted."""
        for seen in self._kinds.values():
            for message, (place, number) in seen.items():
                if message:
                    again = f" (and {number - 1:,} times more)" * (number > 1)
                    yield f"{Problem(place, message)}{again}"
                else:
                    yield f"{number:,} more of this kind, first at {place}"


@dataclass(slots=True, eq=False, repr=False)
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
    notes: list[Problem] = field(default_factory=list)

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

    def note(self, place: str, message: str) -> None:
        """Say how something was understood that may mean something else."""
        problem = Problem(place, message)
        if problem not in self.notes:  # a file of several layers is read once for each
            self.notes.append(problem)

    def summaries(self) -> list[str]:
        """The notes, and a line for each kind of change to the file: first place and count."""
        lines = [str(note) for note in self.notes]
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
