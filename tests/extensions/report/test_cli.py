"""``ner report``: a page, and the figures beside it."""

import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Corpus, write_splits
from ner.errors import NerError
from ner.extensions.report.figures import ReportFigures, report_events
from tests.cli.command import run

ASK = ("report", "runs/tiny", "--out", "r.html", "--data")


def test_a_page_and_its_figures(here: Path, tiny_folder: Path) -> None:
    outcome = run(*ASK, tiny_folder, "--json", "r.json").good()
    assert outcome.out == ""
    assert outcome.err.splitlines()[-1] == "page: r.html"
    text = Path("r.html").read_text(encoding="utf-8")
    assert "<h1>runs/tiny on tiny, test</h1>" in text
    figures = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert [each["name"] for each in figures["runs"]] == ["runs/tiny"]
    asked = ("evaluate", "--model", "runs/tiny", "--data", tiny_folder, "--json")
    report = json.loads(run(*asked).good().out)
    assert figures["runs"][0]["scores"] == report


def test_against_another_and_with_settings(here: Path, tiny_folder: Path) -> None:
    more = ("--against", "runs/tiny/model", "--split", "valid", "--o-bias", "9", "--json", "r.json")
    run(*ASK, tiny_folder, *more).good()
    figures = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert figures["split"] == "valid"
    assert [each["name"] for each in figures["runs"]] == ["runs/tiny", "runs/tiny/model"]
    assert figures["difference"]["p"] == 1.0


def test_options_of_a_corpus(here: Path, tiny_folder: Path) -> None:
    Path("t.conll").write_text("Anna B-person\nvisited O\nParis O\n. O\n", encoding="utf-8")
    more = ("--label-map", "person=PER", "--own-types", "--examples", "0", "--json", "r.json")
    run(*ASK, "t.conll", *more).good()
    figures = json.loads(Path("r.json").read_text(encoding="utf-8"))
    assert figures["runs"][0]["scores"]["f1"] == 1.0
    assert figures["runs"][0]["mistakes"]["confident"] == []
    assert figures["resampled"] == {"units": "sentences", "count": 1}


@pytest.mark.parametrize(
    ("wrong", "said", "code"),
    [
        (["--json", "r.html"], "r.html: is the page; name another file with --json", 2),
        (["--out", "."], ".: is a folder; name a file in it", 2),
        (["--json", "runs"], "runs: is a folder; name a file in it", 2),
        (["--against", "none"], "none: no such model folder", 2),
        (["--data", "none"], "no corpus 'none'", 2),
        (["--data", "empty.txt"], "empty.txt: has no sentence", 1),
        (["--data", "binary.txt"], "is not utf-8", 1),
        (["--data", "o.conll", "--split", "train", "--examples", "-1"], "--examples", 2),
        (["--data", "o.conll", "--split", "test"], "has no sentences in test", 1),
        (["--set", "model.hidden=1"], "model.hidden", 2),
        (["--out", "o.conll/r.html"], "o.conll", 1),
    ],
)
def test_wrong_use_is_one_line_and_leaves_nothing(
    here: Path, tiny_folder: Path, wrong: list[str], said: str, code: int
) -> None:
    Path("empty.txt").touch()
    Path("binary.txt").write_bytes(b"\x7fELF\xd0\xff" * 9)
    Path("o.conll").write_text("x O\n", encoding="utf-8")
    before = sorted(here.rglob("*"))
    outcome = run(*ASK, tiny_folder, *wrong)
    assert said in outcome.complaint()
    assert outcome.code == code
    assert sorted(here.rglob("*")) == before


def test_a_model_is_wanted(empty: Path, tiny_folder: Path) -> None:
    outcome = run("report", "nothing", "--data", tiny_folder, "--out", "r.html")
    assert outcome.code == 2
    assert "nothing: no such model folder" in outcome.complaint()
    assert run("report", "--data", tiny_folder).code == 2


def test_the_page_replaces_an_older_one_whole(here: Path, tiny_folder: Path) -> None:
    Path("r.html").write_text("old", encoding="utf-8")
    run(*ASK, tiny_folder).good()
    assert Path("r.html").read_text(encoding="utf-8").endswith("</html>\n")
    assert not [path for path in here.iterdir() if path.name not in ("runs", "r.html")]


# --- models and corpora of other kinds ------------------------------------------------------------


def test_a_packed_file_is_a_model_without_curves(here: Path, tiny_folder: Path) -> None:
    run("export", "--model", "runs/tiny", "--out", "tiny.ner").good()
    run("report", "tiny.ner", "--data", tiny_folder, "--out", "r.html", "--json", "r.json").good()
    (figures,) = json.loads(Path("r.json").read_text(encoding="utf-8"))["runs"]
    assert figures["curves"] == []
    assert figures["size"] == Path("tiny.ner").stat().st_size
    assert "Training</h2>" not in Path("r.html").read_text(encoding="utf-8")


def test_a_model_of_tag_layers(empty: Path, layered_run: Path, layered_corpus: Corpus) -> None:
    write_splits("layered", layered_corpus.splits(), "jsonl", layers=layered_corpus.layers)
    run("report", layered_run, "--data", "layered", "--out", "r.html", "--json", "r.json").good()
    (figures,) = json.loads(Path("r.json").read_text(encoding="utf-8"))["runs"]
    assert {*figures["intervals"]["per_type"]} == {*figures["scores"]["per_type"]}
    assert {*figures["scores"]["per_layer"]} == {"outer", "inner"}
    assert figures["segmentation"]["entities"]["f1"] > 0.8
    assert "in outer" in Path("r.html").read_text(encoding="utf-8")


def test_types_that_only_the_corpus_has_are_missed(here: Path) -> None:
    Path("t.jsonl").write_text(
        json.dumps({"tokens": ["Anna", "!"], "tags": ["B-ZOO", "O"]}) + "\n", encoding="utf-8"
    )
    outcome = run(*ASK, "t.jsonl", "--json", "r.json").good()
    assert "types that the model does not know count as missed: ZOO" in outcome.err
    (figures,) = json.loads(Path("r.json").read_text(encoding="utf-8"))["runs"]
    assert figures["scores"]["per_type"]["ZOO"]["support"] == 1
    assert figures["mistakes"]["confusions"]["ZOO"]["PER"] == 1


def test_of_one_corpus_with_its_own_types_there_is_one_row(here: Path, tiny_folder: Path) -> None:
    run(*ASK, tiny_folder, "--own-types").good()
    assert "in tiny" not in Path("r.html").read_text(encoding="utf-8")


# --- stopped, and not to be written ---------------------------------------------------------------


@pytest.mark.parametrize("after", [0, 1, 3])
def test_stopped_it_leaves_nothing(
    here: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch, after: int
) -> None:
    def stopped(*arguments: Any) -> Iterator[Any]:
        yield from itertools.islice(report_events(*arguments), after)
        raise KeyboardInterrupt

    monkeypatch.setattr("ner.extensions.report.figures.report_events", stopped)
    outcome = run(*ASK, tiny_folder, "--json", "r.json")
    assert outcome.code == 130
    assert [path.name for path in here.iterdir()] == ["runs"]


def test_neither_is_written_where_one_cannot_be(
    here: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("r.html").write_text("old", encoding="utf-8")

    def broken(figures: ReportFigures) -> dict[str, Any]:
        raise NerError("no figures")

    monkeypatch.setattr(ReportFigures, "to_dict", broken)
    assert "no figures" in run(*ASK, tiny_folder, "--json", "r.json").complaint()
    assert Path("r.html").read_text(encoding="utf-8") == "old"
    assert not Path("r.json").exists()


def test_a_damaged_run_is_one_line(here: Path, tiny_folder: Path) -> None:
    Path("runs/tiny/metrics.jsonl").write_text("{", encoding="utf-8")
    outcome = run(*ASK, tiny_folder)
    assert "metrics.jsonl: is damaged; move it away" in outcome.complaint()
    assert not Path("r.html").exists()
    Path("runs/tiny/metrics.jsonl").unlink()
    run(*ASK, tiny_folder).good()
