"""``ner suggest``."""

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ner.bundle import find_bundle, load_bundle, save_bundle
from ner.corpus import read_queue
from ner.render import FORMATS
from tests.cli.command import Outcome, process, run, shell

TEXT = "Anna visited Rome.\nZork blibbed Quux.\nDora left Paris.\nBerta met Zork.\n"


@pytest.fixture
def text(here: Path) -> Path:
    (here / "text.txt").write_text(TEXT)
    return here / "text.txt"


def test_a_table_says_where_and_why(text: Path) -> None:
    outcome = run("suggest", "text.txt", "--count", 2).good()
    first, why, *_ = outcome.out.splitlines()
    assert re.fullmatch(r" +1  text.txt:[24]  .*Zork.*", first)
    assert "entropy" in why
    assert len(outcome.out.splitlines()) == 4
    assert "4 different sentences" in outcome.err


def test_without_labels_of_this_text_it_does_not_say_when_to_stop(
    text: Path, tiny_folder: Path, earlier: Path
) -> None:
    """The model may have learnt from any amount of other text."""
    alone = run("suggest", "text.txt", "--count", 2).good()
    assert "name what is labelled of this text with --data" in alone.err
    assert "the next 100" not in alone.err
    for known in (("--data", tiny_folder), ("--earlier", earlier)):
        outcome = run("suggest", "text.txt", "--count", 2, *known).good()
        assert "the next 100 are likely to bring" in outcome.err
        assert "with --data" not in outcome.err


def told(outcome: Outcome) -> float:
    """The gain that the hint tells."""
    found = re.search(r"next 100 are likely to bring ([\d.]+)", outcome.err)
    assert found
    return float(found[1])


def test_earlier_models_move_the_hint(text: Path, tiny_folder: Path, earlier: Path) -> None:
    arguments = ("suggest", "text.txt", "--count", 1, "--data", tiny_folder)
    alone = run(*arguments).good()
    with_it = run(*arguments, "--earlier", earlier).good()
    assert with_it.out == alone.out
    assert told(with_it) != told(alone)
    assert "another validation split" not in with_it.err


def test_scores_of_other_sentences_are_not_of_one_curve(text: Path, earlier: Path) -> None:
    path = find_bundle(shutil.copytree(earlier, "other"))
    bundle = load_bundle(path)
    checksums = {**bundle.about["checksums"], "valid": "0" * 64}
    save_bundle(replace(bundle, about={**bundle.about, "checksums": checksums}), path)
    outcome = run("suggest", "text.txt", "--count", 1, "--earlier", "other").good()
    assert "other: its score is of another validation split" in outcome.err


def test_earlier_models_have_learnt_from_fewer_sentences(text: Path) -> None:
    outcome = run("suggest", "text.txt", "--earlier", "runs/tiny")
    assert outcome.code == 2
    assert "has learnt from 24 sentences, the model at hand from 24" in outcome.complaint()
    assert "no such model" in run("suggest", "text.txt", "--earlier", "none").complaint()


def test_a_model_without_a_score_has_no_place_on_the_curve(text: Path, earlier: Path) -> None:
    path = find_bundle(shutil.copytree(earlier, "bare"))
    bundle = load_bundle(path)
    save_bundle(replace(bundle, about={**bundle.about, "scores": {}}), path)
    outcome = run("suggest", "text.txt", "--earlier", "bare")
    assert outcome.code == 2
    assert "--earlier goes by scores on valid" in outcome.complaint()


def test_a_queue_is_one_for_review(text: Path) -> None:
    run("suggest", "text.txt", "--count", 3, "--out", "q.jsonl").good()
    items = read_queue("q.jsonl")
    assert [item.kind for item in items] == ["doubt"] * 3
    assert [item.score for item in items] == sorted((i.score for i in items), reverse=True)
    assert {(item.source, TEXT.splitlines()[item.line - 1].split()[0]) for item in items} <= {
        ("text.txt", first) for first in ("Anna", "Zork", "Dora", "Berta")
    }
    shown = run("suggest", "text.txt", "--count", 3, "--format", "queue").good().out
    assert shown == Path("q.jsonl").read_text()


@pytest.mark.parametrize("format", [name for name in FORMATS if name != "spacy"])
def test_every_format_is_written(format: str, text: Path) -> None:
    run("suggest", "text.txt", "--count", 2, "--format", format, "--out", "out.x").good()
    assert list(text.parent.glob("out*"))


def test_formats_have_what_the_model_finds(text: Path) -> None:
    text.write_text("Dora left Paris.\n")
    outcome = run("suggest", "text.txt", "--format", "jsonl").good()
    (document,) = map(json.loads, outcome.out.splitlines())
    assert [(e["text"], e["label"]) for e in document["entities"]] == [
        ("Dora", "PER"),
        ("Paris", "LOC"),
    ]
    assert "fewer than --count 100" in outcome.err


def test_columns_can_be_suggested_from_a_corpus(here: Path, tiny_folder: Path) -> None:
    """As the review of a corpus finds them again: by file and line."""
    run("suggest", tiny_folder / "test.conll", "--count", 2, "--out", "q").good()
    for item in read_queue("q"):
        line = (tiny_folder / "test.conll").read_text().splitlines()[item.line - 1]
        assert line.split()[0] == item.tokens[0]


def test_what_is_labelled_is_left_out_and_counted(here: Path, tiny_folder: Path) -> None:
    text = here / "more.txt"
    text.write_text("Anna visited Rome .\nZork blibbed Quux .\n")
    outcome = run("suggest", "more.txt", "--data", tiny_folder).good()
    assert "1 different sentences, without 1 that" in outcome.err
    assert "with 24 labelled sentences" in outcome.err
    assert "Anna" not in outcome.out
    text.write_text("Anna visited Rome .\n")
    outcome = run("suggest", "more.txt", "--data", tiny_folder)
    assert outcome.code == 1
    assert "all of its sentences are labelled in" in outcome.complaint()


def test_a_committee(text: Path, members: list[Path]) -> None:
    models = [word for member in members for word in ("--model", str(member))]
    outcome = run("suggest", "text.txt", *models, "--count", 1).good()
    assert "models apart by" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["missing.txt"], 2, "missing.txt: no such file"),
        (["empty.txt"], 1, "empty.txt: holds no text"),
        (["binary.txt"], 1, "binary.txt"),
        (["folder"], 2, "folder"),
        (["text.txt", "--model", "nowhere"], 2, "no such model folder"),
        (["text.txt", "--data", "nowhere"], 2, "no corpus 'nowhere'"),
        (["text.txt", "--count", "0"], 2, "--count"),
        (["text.txt", "--format", "spacy"], 2, "add --out FILE"),
        (["text.txt", "--format", "table", "--out", "x"], 2, "leave --out away"),
        (["text.txt", "--format-in", "jsonl"], 1, "text.txt:1"),
    ],
)
def test_mistakes_are_one_line(text: Path, arguments: list[str], code: int, said: str) -> None:
    (text.parent / "empty.txt").write_text("\n")
    (text.parent / "binary.txt").write_bytes(b"\x00\xff\xfe\x81" * 20)
    (text.parent / "folder").mkdir()
    outcome = run("suggest", *arguments)
    assert said in outcome.complaint()
    assert outcome.code == code


def test_a_model_of_several_layers_is_refused(text: Path, layered_run: Path) -> None:
    outcome = run("suggest", "text.txt", "--model", layered_run)
    assert outcome.code == 2
    assert "has the tag layers outer, inner" in outcome.complaint()


@pytest.mark.slow
def test_a_reader_may_have_enough(text: Path) -> None:
    text.write_text("".join(f"Zork{n} met Quux{n}.\n" for n in range(2000)))
    script = '"$@" suggest text.txt --count 2000 | head -1'
    outcome = shell(script, cwd=text.parent)
    assert outcome.code == 0
    assert "Traceback" not in outcome.err
    assert len(outcome.out.splitlines()) == 1


@pytest.mark.slow
def test_as_a_process_of_its_own(text: Path) -> None:
    outcome = process("suggest", "text.txt", "--count", 1, cwd=text.parent)
    assert outcome.good().out.startswith("   1  text.txt:")
