"""The command as a user meets it, where it cannot begin."""

from pathlib import Path
from typing import Any

import pytest

from ner.corpus import QueueItem, write_queue
from ner.extensions.review import session
from tests.cli.command import Outcome, run
from tests.extensions.server.client import need_extra


@pytest.fixture(autouse=True)
def extra() -> None:
    need_extra()


def refused(code: int, *arguments: object) -> str:
    outcome = run("review", *arguments, "--port", 0)
    assert outcome.code == code, outcome
    return outcome.complaint().removeprefix("ner: error: ")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def test_a_file_is_wanted_that_can_be_read(tmp_path: Path, out: Path) -> None:
    assert refused(2, tmp_path / "none", "--out", out).endswith("no such file; check the name")
    (tmp_path / "empty.conll").touch()
    assert "empty" in refused(1, tmp_path / "empty.conll", "--out", out)
    (tmp_path / "binary").write_bytes(bytes(range(256)))
    refused(1, tmp_path / "binary", "--out", out)
    assert "is a folder, not a file" in refused(2, tmp_path, "--out", out)
    assert not list(tmp_path.glob("*.journal"))


def test_text_without_labels_has_its_option(tmp_path: Path, out: Path) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Anna visited Paris.\n")
    message = refused(1, text, "--out", out)
    assert message.endswith("(text without labels is read with --unlabelled)")
    (tmp_path / "b.txt").write_text("\n")
    message = refused(1, tmp_path / "b.txt", "--out", out, "--unlabelled")
    assert message.endswith("has no sentence; there is nothing to label")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--order", "doubt"], 2, "--order doubt asks a model; add --suggest or --model"),
        (["--order", "queue"], 2, "--order queue is for a queue"),
        (["--format", "nothing"], 2, "nothing"),
        (["--types", "A B"], 2, "'A B' is no name of a type"),
        (["--types", "A,,B"], 2, "'' is no name of a type"),
        (["--model", "runs/missing"], 2, "no such model folder"),
        (["--guidelines", "missing"], 2, "missing: no such file"),
        (["--queue", "missing"], 2, "missing: no such file"),
        (["--resume"], 2, "no decision was saved there; leave --resume out"),
    ],
)
def test_options_that_cannot_be(
    empty: Path, corpus: Path, out: Path, arguments: list[str], code: int, message: str
) -> None:
    assert message in refused(code, corpus, "--out", out, *arguments)
    assert not out.exists()


def test_the_output_is_no_file_of_somebody(corpus: Path, out: Path) -> None:
    assert "is the file to be reviewed" in refused(2, corpus, "--out", corpus)
    out.write_text("mine")
    assert "is there already; choose another --out" in refused(2, corpus, "--out", out)
    assert out.read_text() == "mine"


def test_guidelines_are_text(corpus: Path, out: Path, tmp_path: Path) -> None:
    (tmp_path / "picture").write_bytes(b"\x89PNG\0")
    message = refused(2, corpus, "--out", out, "--guidelines", tmp_path / "picture")
    assert message.endswith("guidelines are text in UTF-8, of 1 MiB at most")


def test_a_queue_belongs_to_the_files(corpus: Path, out: Path, tmp_path: Path) -> None:
    write_queue(tmp_path / "queue", [QueueItem("other", 1, ("a",), "type", 1.0)])
    message = refused(2, corpus, "--out", out, "--queue", tmp_path / "queue")
    assert message.startswith("none of the 1 places of the queue is in these files")


def test_the_model_knows_the_layers_of_the_files(
    layered_run: Path, corpus: Path, out: Path
) -> None:
    message = refused(2, corpus, "--out", out, "--model", layered_run)
    assert message.startswith("the files have no tag layers, and the model the tag layers outer")


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Reviews that end as soon as they are served; those that were."""
    found: list[Any] = []
    monkeypatch.setattr(session, "serve", lambda *given: found.append(given[:2]))
    return found


def begun(*arguments: object) -> Outcome:
    return run("review", *arguments, "--port", 0).good()


def test_a_review_goes_on_with_its_own_files(corpus: Path, out: Path, at_once: list[Any]) -> None:
    begun(corpus, "--out", out)
    journal = out.with_name("out.jsonl.journal")
    assert len(journal.read_text().splitlines()) == 1
    assert out.exists()
    begun(corpus, "--out", out, "--resume")
    corpus.write_text("Anna B-LOC\n")
    assert "was begun with other sentences than" in refused(2, corpus, "--out", out, "--resume")


def test_text_without_labels_is_written_when_it_is_accepted(
    model: Path, tmp_path: Path, out: Path, at_once: list[Any]
) -> None:
    text = tmp_path / "a.txt"
    text.write_text("Anna visited Paris.\nDora left Rome.\n")
    outcome = begun(text, "--out", out, "--unlabelled", "--model", model, "--types", "X")
    assert f"{out}: not written, as no sentence is accepted" in outcome.err
    assert not out.exists()
    [(project, review)] = at_once
    assert project.command == f"ner train --start-from {model / 'model'} --data {out}"
    assert review.types == [("", "X"), ("", "LOC"), ("", "PER")]
    assert [sentence.document for sentence in review.sentences] == [0, 1]


def test_the_queue_comes_first(corpus: Path, out: Path, tmp_path: Path, at_once: list[Any]) -> None:
    tokens = ("Rome", "won")
    write_queue(tmp_path / "queue", [QueueItem(str(corpus), 16, tokens, "type", 1.0)])
    begun(corpus, "--out", out, "--queue", tmp_path / "queue", "--guidelines", corpus)
    [(project, _)] = at_once
    assert project.order == "queue"
    assert project.orders == ["queue", "file"]
    assert list(project.queue) == [2]
    assert project.guidelines.startswith("Anna B-PER")


def test_several_tag_layers_are_reviewed_together(
    tmp_path: Path, out: Path, at_once: list[Any]
) -> None:
    file = tmp_path / "layers.conll"
    file.write_text("New B-ORG O\nYork I-ORG B-LOC\n")
    begun(file, "--out", out, "--tag-column", "outer=1,inner=2")
    [(_, review)] = at_once
    assert review.types == [("inner", "LOC"), ("outer", "ORG")]
    assert review.sentences[0].layers == {"outer", "inner"}
