"""A review put together: what is asked for, in which order it fails, what is left."""

from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Decision, read_file
from ner.errors import NerError, UsageError
from ner.extensions.review import session
from ner.extensions.review.review import Change, Review
from ner.extensions.review.session import Session, journal_of, parse_types
from ner.extensions.server.serving import listen
from tests.extensions.server.client import need_extra


@pytest.fixture(autouse=True)
def extra() -> None:
    need_extra()


def test_the_journal_stands_beside_the_output() -> None:
    assert journal_of(Path("x/out.jsonl.gz")) == Path("x/out.jsonl.gz.journal")


def test_types_are_named_with_commas_between() -> None:
    assert parse_types("PER, LOC") == [("", "PER"), ("", "LOC")]
    assert parse_types("outer:PER,inner:LOC") == [("outer", "PER"), ("inner", "LOC")]


@pytest.mark.parametrize("text", ["", ",", "PER,", "A B", "x:"])
def test_types_need_names(text: str) -> None:
    with pytest.raises(UsageError, match="is no name of a type"):
        parse_types(text)


def serves(monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    """Let a function do the work of whoever is served."""
    monkeypatch.setattr(session, "serve", lambda project, review, write, _: work(review, write))


def accept(review: Review, write: Any) -> None:
    review.decide({0: Change(0, Decision((), accepted=True))})


def test_what_is_decided_is_written_at_the_end(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serves(monkeypatch, accept)
    out = tmp_path / "new" / "out.jsonl"
    Session(files=[corpus], out=out).run(0)
    assert [len(sentence.spans) for sentence in read_file(out)] == [0, 0, 1]
    assert journal_of(out).exists()


def test_several_files_go_into_one(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "b.jsonl"
    other.write_text('{"text": "Dora", "entities": [{"start": 0, "end": 4, "label": "PER"}]}\n')
    serves(monkeypatch, accept)
    out = tmp_path / "out.conll"
    Session(files=[corpus, other], out=out, format="iobes").run(0)
    assert "Dora\tS-PER" in out.read_text()
    assert len(read_file(out)) == 4


def test_tag_layers_keep_their_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whichever layer has the first entity once somebody has decided."""
    file, out = tmp_path / "layers.conll", tmp_path / "out.conll"
    file.write_text("New B-ORG O\nYork I-ORG B-LOC\n\nRome O B-LOC\n")

    def work(review: Review, write: Any) -> None:
        inner = review.decision(0).entities[1]
        review.decide({0: Change(0, Decision((inner,), accepted=True))})

    serves(monkeypatch, work)
    reading = {"data.tag_column": "outer=1,inner=2"}
    Session(files=[file], out=out, reading=reading).run(0)
    assert out.read_text() == "New\tO\tO\nYork\tO\tB-LOC\n\nRome\tO\tB-LOC\n\n"


def test_it_can_be_written_on_the_way(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out.conll"
    counts: list[int] = []

    def work(review: Review, write: Any) -> None:
        counts.append(write())
        assert out.exists()

    serves(monkeypatch, work)
    Session(files=[corpus], out=out).run(0)
    assert counts == [3]


def test_what_the_format_cannot_hold_is_said_and_nothing_is_lost(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write_text("Anna B-PER\nleft ?\n\nRome B-LOC\n")
    serves(monkeypatch, lambda review, write: None)
    out = tmp_path / "out.jsonl"
    with pytest.raises(NerError, match=r"a\.conll:1: has tokens with an unknown tag"):
        Session(files=[corpus], out=out).run(0)
    assert not out.exists()
    serves(monkeypatch, accept)
    Session(files=[corpus], out=out, resume=True).run(0)
    assert [len(sentence.spans) for sentence in read_file(out)] == [0, 1]


def test_a_port_that_is_taken_leaves_no_journal(corpus: Path, tmp_path: Path) -> None:
    [taken] = listen("127.0.0.1", 0, 1)
    with taken, pytest.raises(NerError, match="cannot be served at"):
        Session(files=[corpus], out=tmp_path / "out.jsonl").run(taken.getsockname()[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.conll"]


def test_a_review_that_fails_is_closed(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(review: Review, write: Any) -> None:
        accept(review, write)
        raise NerError("no more")

    serves(monkeypatch, fail)
    out = tmp_path / "out.jsonl"
    with pytest.raises(NerError, match="no more"):
        Session(files=[corpus], out=out).run(0)
    serves(monkeypatch, lambda review, write: None)
    Session(files=[corpus], out=out, resume=True).run(0)
    assert [len(sentence.spans) for sentence in read_file(out)] == [0, 0, 1]


def test_labels_in_text_are_none(
    tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text without labels is cut as the model cuts it, and begins with what it finds."""
    text = tmp_path / "a.txt"
    text.write_text("Anna visited Paris.\n")
    found: list[Review] = []

    def work(review: Review, write: Any) -> None:
        assert review.proposals
        review.proposals.stop()
        review.proposals.find()
        found.append(review)
        entities = review.decision(0).entities
        review.decide({0: Change(0, Decision(entities, accepted=True))})

    serves(monkeypatch, work)
    out = tmp_path / "out.conll"
    Session(files=[text], out=out, unlabelled=True, model=model).run(0)
    [sentence] = read_file(out)
    assert sentence.tokens == ("Anna", "visited", "Paris", ".")
    assert [span.label for span in sentence.spans] == ["PER", "LOC"]
