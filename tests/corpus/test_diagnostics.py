import pytest

from ner.corpus.diagnostics import KEPT, SHOWN, Diagnostics, Problem, ProblemCounts
from ner.errors import CorpusError


def _lines(*messages: str) -> list[str]:
    counts = ProblemCounts()
    for number, message in enumerate(messages, 1):
        counts.add(Problem(f"f:{number}", message))
    assert counts.total == len(messages)
    return list(counts.lines())


def test_equal_messages_are_one_line() -> None:
    assert _lines("'-' is no tag", "one column", "'-' is no tag", "'-' is no tag") == [
        "f:1: '-' is no tag (and 2 times more)",
        "f:2: one column",
    ]


def test_the_first_of_a_kind_are_shown_and_the_others_counted() -> None:
    lines = _lines(*(f"{n} columns ('{n}')" for n in range(1500)), "another")
    assert lines[:2] == ["f:1: 0 columns ('0')", "f:2: 1 columns ('1')"]
    assert lines[SHOWN:] == [f"{1500 - SHOWN:,} more of this kind, first at f:6", "f:1501: another"]


def test_kinds_without_end_are_bounded() -> None:
    lines = _lines(*("x" * n for n in range(1, 1000)))
    assert len(lines) == KEPT + SHOWN + 1
    assert lines[-1] == f"{999 - KEPT - SHOWN:,} more of this kind, first at f:{KEPT + SHOWN + 1}"


def test_notes_come_first_among_the_summaries() -> None:
    diagnostics = Diagnostics()
    diagnostics.repair("f:2", "odd")
    diagnostics.note("f", "read otherwise")
    first, second = diagnostics.summaries()
    assert first == "f: read otherwise"
    assert second.startswith("f:2: odd (illegal tags in this file: 1)")


def test_errors_are_raised_at_once_unless_collected() -> None:
    with pytest.raises(CorpusError, match=r"^f:1: bad$"):
        Diagnostics().error("f:1", "bad")
