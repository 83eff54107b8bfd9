"""Journals: replayed to the same sentences, torn ends passed over, others refused by line."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.config import DataConfig
from ner.corpus import (
    Decision,
    Head,
    History,
    do_line,
    is_journal,
    load_journal,
    read_files,
    read_journal,
    read_journals,
)
from ner.errors import CorpusError, NerError, UsageError
from ner.text import Span

ANNA = Decision((Span(0, 4, "PER"), Span(13, 17, "LOC")), accepted=True, note="sure?")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    file = tmp_path / "a.conll"
    file.write_text("Anna B-PER\nvisited O\nRome O\n\nDora O\nleft O\nParis B-LOC\n")
    return file


def write(path: Path, head: Head, *lines: Any, end: str = "\n") -> Path:
    texts = [json.dumps(line) for line in (head.to_dict(), *lines)]
    path.write_text("\n".join(texts) + end)
    return path


@pytest.fixture
def head(corpus: Path) -> Head:
    sentences = read_files([corpus], DataConfig(), unlabelled=False)
    return Head.of([corpus], sentences, {}, unlabelled=False)


def test_sentences_are_as_decided(tmp_path: Path, head: Head) -> None:
    journal = write(tmp_path / "journal", head, do_line({0: ANNA}, "now"))
    first, second = read_journal(journal)
    assert first.sentence.spans == (Span(0, 1, "PER"), Span(2, 3, "LOC"))
    assert (first.accepted, first.note) == (True, "sure?")
    assert first.sentence.place == f"{tmp_path / 'a.conll'}:1"
    assert second.sentence.spans == (Span(2, 3, "LOC"),)
    assert not second.accepted


def test_strokes_are_taken_back_and_made_again(tmp_path: Path, head: Head) -> None:
    lines = [do_line({0: ANNA, 1: Decision(())}, "now"), {"undo": True}]
    journal = write(tmp_path / "journal", head, *lines)
    assert [r.sentence.spans for r in read_journal(journal)] == [
        (Span(0, 1, "PER"),),
        (Span(2, 3, "LOC"),),
    ]
    write(journal, head, *lines, {"redo": True})
    assert [len(r.sentence.spans) for r in read_journal(journal)] == [2, 0]


def test_files_are_looked_for_beside_the_journal(corpus: Path, tmp_path: Path, head: Head) -> None:
    other = tmp_path / "elsewhere"
    other.mkdir()
    corpus.rename(other / corpus.name)
    journal = write(other / "journal", head, do_line({0: ANNA}, "now"))
    assert read_journal(journal)[0].accepted
    (other / corpus.name).unlink()
    with pytest.raises(UsageError, match=r"a\.conll: no such file"):
        read_journal(journal)


def test_files_that_changed_are_refused(corpus: Path, tmp_path: Path, head: Head) -> None:
    journal = write(tmp_path / "journal", head)
    corpus.write_text("Anna B-LOC\n")
    with pytest.raises(UsageError, match="was begun with other sentences than"):
        read_journal(journal)


@pytest.mark.parametrize("rest", ['{"do": {"1"', "\0\0\0", '{"undo": true}'])
def test_a_torn_line_is_told_and_passed_over(
    tmp_path: Path, head: Head, rest: str, caplog: pytest.LogCaptureFixture
) -> None:
    journal = write(tmp_path / "journal", head, do_line({0: ANNA}, "now"), end="\n" + rest)
    with caplog.at_level(logging.WARNING, "ner"):
        _, history, size = load_journal(journal)
    assert size == journal.stat().st_size - len(rest)
    assert history.decisions == {0: ANNA}
    assert f"its last line breaks off, and was not saved; it is passed over ({len(rest)}" in (
        caplog.text
    )


GOOD = {"entities": [], "accepted": True, "note": ""}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", r"journal:2: is not JSON"),
        ("[]", "journal:2: is a list, not a stroke"),
        ('{"undo": true}', "none to take back"),
        ('{"redo": true}', "none to take back or make again"),
        ("{}", "is no stroke"),
        (json.dumps({"do": {"x": GOOD}}), "'x' is not the number of a sentence"),
        (json.dumps({"do": {"0": None}}), "is null, not a decision"),
        (json.dumps({"do": []}), "'do' is a list"),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_what_is_no_stroke_is_refused(tmp_path: Path, head: Head, line: str, message: str) -> None:
    journal = tmp_path / "journal"
    journal.write_text(f"{json.dumps(head.to_dict())}\n{line}\n")
    with pytest.raises(CorpusError, match=message):
        read_journal(journal)


@pytest.mark.parametrize(
    ("number", "entities", "message"),
    [
        (2, [], "sentence 2: there is no such sentence"),
        (0, [{"start": 4, "end": 5, "label": "PER"}], "sentence 0: the entity"),
    ],
)
def test_decisions_fit_their_sentences(
    tmp_path: Path, head: Head, number: int, entities: list[Any], message: str
) -> None:
    stroke = {"do": {str(number): {**GOOD, "entities": entities}}}
    with pytest.raises(CorpusError, match=message):
        read_journal(write(tmp_path / "journal", head, stroke))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "has no line"),
        (b"Anna B-PER\n", r":1: is not JSON .*; is it a journal of ner review\?"),
        (b'{"journal": 2}\n', "is not the first line of a journal of version 1"),
        (b'{"journal": 1, "files": [1], "reading": {}, "checksum": ""}\n', "'files' are not paths"),
        (b'{"journal": 1, "files": [], "reading": []}\n', "'reading' is a list"),
        (b"\xff\xfe\n", r":1: .*can't decode"),
    ],
)
def test_what_is_no_journal_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "journal").write_bytes(content)
    with pytest.raises(CorpusError, match=message):
        read_journal(tmp_path / "journal")


def test_settings_in_the_head_are_checked(tmp_path: Path) -> None:
    head = Head(["a.conll"], {"data.nothing": 1}, unlabelled=False, checksum="")
    with pytest.raises(NerError, match=r"data\.nothing"):
        read_journal(write(tmp_path / "journal", head))


def test_a_missing_journal_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_journal(tmp_path / "journal")


def test_documents_of_several_files_are_numbered_through(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Anna left.\n\nDora came. Carl went.\n")
    (tmp_path / "b.jsonl").write_text('{"text": "Berta slept."}\n')
    files = [tmp_path / "a.txt", tmp_path / "b.jsonl"]
    sentences = read_files(files, DataConfig(), unlabelled=True)
    documents = [sentence.document for sentence in sentences]
    assert documents == sorted(documents)
    assert len({*documents}) == 3
    assert sentences[-1].tokens == ("Berta", "slept", ".")
    assert sentences[-1].source == str(files[1])


def test_text_without_a_sentence_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(" \n\n")
    with pytest.raises(CorpusError, match="has no sentence; there is nothing to label"):
        read_files([tmp_path / "a.txt"], DataConfig(), unlabelled=True)


def test_two_annotators_are_read_where_both_have_accepted(
    tmp_path: Path, head: Head, caplog: pytest.LogCaptureFixture
) -> None:
    part = Decision((Span(0, 2, "PER"),), accepted=True)
    one = write(tmp_path / "a", head, do_line({0: ANNA, 1: Decision((), accepted=True)}, "now"))
    other = write(tmp_path / "b", head, do_line({0: part, 1: Decision(())}, "now"))
    with caplog.at_level(logging.INFO, "ner"):
        [first], [second] = read_journals(one, other)
    assert "1 of 2 sentences are accepted by both, and compared" in caplog.text
    assert first.tokens == second.tokens == ("An", "na", "visited", "Rome")
    assert first.spans == (Span(0, 2, "PER"), Span(3, 4, "LOC"))
    assert second.spans == (Span(0, 1, "PER"),)
    assert (is_journal(one), is_journal(tmp_path / "a.conll")) == (True, False)


def test_two_annotators_need_something_in_common(corpus: Path, tmp_path: Path, head: Head) -> None:
    one = write(tmp_path / "a", head, do_line({0: ANNA}, "now"))
    other = write(tmp_path / "b", head, do_line({1: Decision((), accepted=True)}, "now"))
    with pytest.raises(UsageError, match=r"accepts no sentence that .* accepts"):
        read_journals(one, other)
    (tmp_path / "c.conll").write_text("Anna B-LOC\n")
    sentences = read_files([tmp_path / "c.conll"], DataConfig(), unlabelled=False)
    third = Head.of([tmp_path / "c.conll"], sentences, {}, unlabelled=False)
    with pytest.raises(UsageError, match="was begun with other sentences than"):
        read_journals(one, write(tmp_path / "c", third))


STROKES = st.dictionaries(
    st.integers(0, 3),
    st.builds(Decision, st.just(()), st.booleans(), st.sampled_from(["", "a", "b"])),
    min_size=1,
)
STEPS = st.lists(st.one_of(STROKES, st.sampled_from(["undo", "redo"])), max_size=20)


@given(STEPS)
def test_taking_back_leads_to_where_one_was(steps: list[Any]) -> None:
    """A history against the plainest one: a list of all states, and a place in it."""
    history, at = History(), 0
    states: list[dict[int, Any]] = [{}]
    for step in steps:
        if step == "undo" and history.can_undo:
            changed, at = history.undo(), at - 1
        elif step == "redo" and history.can_redo:
            changed, at = history.redo(), at + 1
        elif not isinstance(step, str):
            before = dict(history.versions)
            changed = history.do(step)
            states, at = [*states[: at + 1], {**states[at], **step}], at + 1
            assert changed == [*step]
            assert all(history.versions[n] == before.get(n, 0) + 1 for n in step)
        assert history.decisions == states[at]
        assert (history.can_undo, history.can_redo) == (at > 0, at < len(states) - 1)
