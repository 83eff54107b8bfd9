"""What was measured, kept as JSON, and the page that is written from it.

Parts may be run one at a time: each replaces its own section of the record, and
the page is always written whole.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ner.files import write_text

Cell = str | int | float

RECORD, PAGE = "benchmarks.json", "BENCHMARKS.md"

INTRODUCTION = f"""# Benchmarks

Written by `scripts/benchmark.py` from its record, [{RECORD}]({RECORD}).
What is compared runs in one run on one computer, in alternating repetitions; figures
are medians, and tokens are those of CoNLL-2003, where nothing else is said; *spread* is
how far the farthest repetition lies from the median.
"""


@dataclass(frozen=True)
class Table:
    """Rows of cells under a head; the first column is what the row is about."""

    head: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""


@dataclass(frozen=True)
class Target:
    """What was to be reached, and what was; `bound` says what stands in the way."""

    what: str
    wanted: float
    got: float
    bound: str = ""

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.got >= self.wanted


@dataclass(frozen=True)
class Section:
    """What one part of the benchmark has to say."""

    title: str
    text: str
    tables: Sequence[Table]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Record:
    """A section with where, when and how it was measured."""

    section: Section
    date: str
    command: str
    machine: str
    versions: str
    threads: str
    quick: bool = False


@dataclass
class Book:
    """All records, by the name of their part, in the order of the page."""

    order: Sequence[str]
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path, order: Sequence[str]) -> "Book":
        """What was recorded in a folder before; nothing if nothing was."""
        path = folder / RECORD
        values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return cls(order, {name: _record(value) for name, value in values.items()})

    def write(self, folder: Path) -> None:
        """Write the record and the page."""
        folder.mkdir(parents=True, exist_ok=True)
        known = {name: asdict(self.records[name]) for name in self.order if name in self.records}
        with write_text(folder / RECORD) as file:
            file.write(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
        with write_text(folder / PAGE) as file:
            file.write(self.render())

    def render(self) -> str:
        """The page, in Markdown."""
        records = [self.records[name] for name in self.order if name in self.records]
        parts = [INTRODUCTION, _reached(records), *(_render(record) for record in records)]
        return "\n".join(part for part in parts if part)


def _record(value: Mapping[str, Any]) -> Record:
    section = dict(value["section"])
    section["tables"] = [Table(**table) for table in section["tables"]]
    section["targets"] = [Target(**target) for target in section["targets"]]
    return Record(**{**value, "section": Section(**section)})


def _reached(records: Sequence[Record]) -> str:
    """All targets in one table, then what stands in the way of those that were missed."""
    targets = [target for record in records for target in record.section.targets]
    if not targets:
        return ""
    rows = [
        [target.what, f"{target.wanted:g}×", f"{target.got:.2f}×", "yes" if target.met else "no"]
        for target in targets
    ]
    missed: dict[str, list[str]] = {}
    for target in targets:
        if target.bound and not target.met:
            missed.setdefault(target.bound, []).append(target.what)
    table = _table(Table(["what", "at least", "measured", "reached"], rows))
    bounds = ["What bounds those that were missed:\n"] * bool(missed)
    bounds += [f"- {'; '.join(what)}: {bound}\n" for bound, what in missed.items()]
    return "\n".join(["## Targets\n", table, *bounds])


def _render(record: Record) -> str:
    section = record.section
    parts = [f"## {section.title}\n", section.text + "\n"]
    for table in section.tables:
        parts += [f"{table.caption}\n"] * bool(table.caption) + [_table(table)]
    parts += ["".join(f"- {note}\n" for note in section.notes)] * bool(section.notes)
    trial = "A quick trial, no measurement. " * record.quick
    parts.append(
        f"*{trial}{record.date}, {record.machine}, {record.threads}; {record.versions}.*\n\n"
        f"```\n{record.command}\n```\n"
    )
    return "\n".join(parts)


def _table(table: Table) -> str:
    lines = [table.head, ["---", *["---:"] * (len(table.head) - 1)]]
    lines += [[show(cell) for cell in row] for row in table.rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def show(cell: Cell) -> str:
    """A number with three digits that count, thousands apart; text as it is."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 1000:
        return f"{round_to(cell):,}"
    return f"{cell:#.3g}".rstrip(".")


def round_to(value: float, digits: int = 3) -> int:
    """A large number with so many digits that count."""
    if isinstance(value, int) or not value:
        return int(value)
    return int(float(f"{value:.{digits}g}"))
