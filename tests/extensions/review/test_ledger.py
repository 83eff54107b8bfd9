"""The journal of somebody at work: nothing that was saved is lost, nobody else writes."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Decision, Head, do_line, load_journal
from ner.errors import NerError, UsageError
from ner.extensions.review.ledger import Ledger
from ner.text import Span

LINE = do_line({0: Decision((Span(0, 4, "PER"),), accepted=True, note="é")}, "now")


@pytest.fixture
def ledger(journal: Path, head: Head) -> Any:
    made = Ledger(journal)
    made.begin(head)
    yield made
    made.close()


def test_a_line_is_there_as_soon_as_it_is_saved(ledger: Ledger, journal: Path, head: Head) -> None:
    ledger.append(LINE)
    found, history, _ = load_journal(journal)
    assert found == head
    assert history.decisions[0].note == "é"


def test_each_line_is_on_the_disk(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda handle: synced.append(os.fstat(handle).st_size))
    ledger.append(LINE)
    assert synced == [ledger.path.stat().st_size]


def test_another_process_is_kept_out(ledger: Ledger, journal: Path) -> None:
    with pytest.raises(UsageError, match="another process is at work on it"):
        Ledger(journal)


def test_a_journal_is_not_begun_twice(ledger: Ledger, journal: Path, head: Head) -> None:
    ledger.append(LINE)
    with pytest.raises(UsageError, match="holds decisions of before; go on with --resume"):
        ledger.begin(head)
    assert ledger.resume()[1].decisions


def test_there_must_be_something_to_go_on_with(journal: Path) -> None:
    ledger = Ledger(journal)
    with pytest.raises(UsageError, match="no decision was saved there; leave --resume out"):
        ledger.resume()
    assert journal.exists()
    ledger.close()
    assert not journal.exists()


def test_a_journal_without_a_whole_line_is_begun_anew(journal: Path, head: Head) -> None:
    journal.write_text('{"journal": 1, "fil')
    ledger = Ledger(journal)
    ledger.begin(head)
    ledger.close()
    assert load_journal(journal)[0] == head


@pytest.mark.parametrize("rest", [b'{"do"', b"\0" * 9, b'{"undo":true}'])
def test_a_torn_line_is_cut_off(ledger: Ledger, journal: Path, rest: bytes) -> None:
    ledger.append(LINE)
    whole = journal.read_bytes()
    with journal.open("ab") as file:
        file.write(rest)
    ledger.resume()
    assert journal.read_bytes() == whole
    ledger.append({"undo": True})
    assert load_journal(journal)[1].decisions == {}


@pytest.mark.parametrize("broken", ["write", "fsync"])
def test_what_cannot_be_saved_leaves_nothing(
    ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    before = journal.read_bytes()

    def fail(*_: Any) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, broken, fail)
        with pytest.raises(NerError, match=r"cannot be written \(No space left on device\); noth"):
            ledger.append(LINE)
    assert journal.read_bytes() == before
    ledger.append(LINE)
    assert len(load_journal(journal)[1].decisions) == 1


def test_half_a_line_is_taken_back(
    ledger: Ledger, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = journal.read_bytes()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda handle, data: write(handle, data[:5]))
        with pytest.raises(NerError, match="the disk is full"):
            ledger.append(LINE)
    assert journal.read_bytes() == before


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    with pytest.raises(NerError, match=r"cannot be written \(Is a directory\); choose another"):
        Ledger(tmp_path)
