"""`scripts/compare_tools.py`: what is asked of each tool, and how its answers become tables."""

import json
import pickle
import stat
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import compare_tools
from compare_tools import Setting, Trap, install, lines, main, prepare, read, train, trap
from comparison import tool as asked
from comparison.cases import CASES
from comparison.environments import PACKAGES, TITLES, WEIGHTS, ask, python, variables
from comparison.tables import f1, markdown, verdict
from comparison.tool import Span, joined, read_columns, spans_of, tags_of
from comparison.with_ner import Ner
from ner.corpus import Corpus

SCRIPTS = Path(__file__).parents[1] / "scripts"


# --- what every tool shares -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("B-PER I-PER O", [(0, 2, "PER")]),
        ("B-PER B-PER", [(0, 1, "PER"), (1, 2, "PER")]),
        ("I-PER I-LOC", [(0, 1, "PER"), (1, 2, "LOC")]),
        ("O O", []),
        ("B-PER O I-PER", [(0, 1, "PER"), (2, 3, "PER")]),
        ("B-work-of-art I-work-of-art", [(0, 2, "work-of-art")]),
    ],
)
def test_spans_of_tags(tags: str, spans: list[Span]) -> None:
    assert spans_of(tags.split()) == spans


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(1, 3), st.sampled_from("AB"))))
def test_tags_and_back(gaps: list[tuple[int, int, str]]) -> None:
    spans, at = [], 0
    for gap, length, label in gaps:
        spans.append((at + gap, at + gap + length, label))
        at += gap + length
    assert spans_of(tags_of(spans, at + 1)) == spans


@given(st.lists(st.text("abc", min_size=1), min_size=1))
def test_places_of_tokens_in_a_text(tokens: list[str]) -> None:
    text, starts, ends = joined(tokens)
    for start, end in zip(starts, ends, strict=True):
        assert text[start:end] == tokens[starts[start]]
        assert ends[end] == starts[start] + 1


def test_columns_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.conll"
    path.write_bytes(CASES["plain.conll"].content)
    assert read_columns(path) == [
        (["Anna", "Berg", "left", "."], ["B-PER", "I-PER", "O", "O"]),
        (["Oslo", "waits", "."], ["B-LOC", "O", "O"]),
    ]


class Fake(Ner):
    """A tool that takes nothing long."""

    def train(self, corpus: Path, out: Path) -> None:
        out.mkdir()
        print("a tool prints whatever it likes")

    def load(self, out: Path) -> None:
        if not out.exists():
            raise ValueError("no model\nof that name")

    def tokens(self, model: Any, sentences: list[asked.Tokens]) -> list[list[Span]]:
        return [[(0, 1, "PER")] for _ in sentences]

    def lines(self, model: Any, texts: list[str]) -> list[list[dict[str, Any]]]:
        return [[{"start": 0, "end": len(text), "label": "PER"}] for text in texts]


def told(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object
) -> dict[str, Any]:
    """The answer of a tool; what else it prints is no part of it."""
    monkeypatch.setattr(sys, "argv", ["tool", *map(str, words)])
    monkeypatch.setattr("comparison.tool.os.dup2", lambda *_: None)
    asked.run(Fake())
    answer: dict[str, Any] = json.loads(capfd.readouterr().out.splitlines()[-1])
    assert answer.pop("memory") > 0
    return answer


def test_a_tool_does_what_it_is_told(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    columns, texts, model = tmp_path / "a.conll", tmp_path / "a.txt", tmp_path / "model"
    columns.write_bytes(CASES["plain.conll"].content)
    texts.write_text("Anna\n" * 150)
    assert told(capfd, monkeypatch, "train", tmp_path, model)["seconds"] > 0
    found = told(capfd, monkeypatch, "tokens", model, columns)
    assert found["spans"] == [[[0, 1, "PER"]], [[0, 1, "PER"]]]
    spoken = told(capfd, monkeypatch, "lines", model, texts)
    assert spoken["texts"] == 150
    assert spoken["first"] == [{"start": 0, "end": 4, "label": "PER"}]
    assert 0 < spoken["start"] <= spoken["answered"] <= spoken["seconds"]
    assert "error" not in told(capfd, monkeypatch, "open", model)
    refused = told(capfd, monkeypatch, "open", tmp_path / "other")
    assert (refused["error"], refused["message"]) == ("ValueError", "no model\nof that name")


def test_no_chunk_is_begun_after_the_limit(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = tmp_path / "a.txt"
    texts.write_text("Anna\n" * 150)
    monkeypatch.setattr(asked, "LIMIT", 1.0)
    seconds = iter(range(100))
    monkeypatch.setattr(asked, "_seconds", lambda: next(seconds))
    spoken = told(capfd, monkeypatch, "lines", tmp_path, texts)
    assert spoken["texts"] < 150


# --- files as users have them ---------------------------------------------------------------------


@pytest.mark.parametrize("name", CASES)
def test_we_read_each_file_right_or_refuse_it(
    name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / name
    path.write_bytes(CASES[name].content)
    (answer,) = told(capfd, monkeypatch, "read", path)["answers"]
    said = verdict(CASES[name], answer)
    refused = CASES[name].entities is None or name == "io.conll"  # which asks for `--scheme io`
    assert said.startswith("refused") if refused else said == "right"


SILENT = {"sentences": [[["Anna", "Berg"], [[0, 1, "PER"]]]]}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (SILENT, "**in silence**: 2 tokens, PER: Anna"),
        ({"sentences": [[["Anna"], []]]}, "**in silence**: 1 tokens, no entity"),
        ({"sentences": []}, "**in silence**: nothing"),
        ({"error": "NotImplementedError", "message": "has none"}, "–"),
        ({"error": "KeyError", "message": "'x'\nmore"}, "refused: `KeyError: 'x'`"),
        ({"error": "E", "message": "/a/b c/d.conll:1: no"}, "refused: `E: b d.conll:1: no`"),
        ({"error": "SystemExit", "message": ""}, "refused: `SystemExit: `"),
    ],
)
def test_a_verdict(answer: dict[str, Any], said: str) -> None:
    assert verdict(CASES["plain.conll"], answer) == said


def test_a_table_escapes_bars() -> None:
    assert markdown(["a", ""], [["x|y", 1]]) == "| a |  |\n| --- | --- |\n| x\\|y | 1 |"


@pytest.mark.parametrize(
    ("found", "score"),
    [
        ([[[0, 1, "A"]], []], 50.0),
        ([[[0, 1, "A"]], [[2, 3, "B"], [4, 5, "B"], [6, 7, "B"]]], 200 / 7),
    ],
)
def test_f1_counts_whole_entities(found: list[list[list[Any]]], score: float) -> None:
    gold = [[(0, 1, "A")], [(0, 1, "A"), (1, 2, "A")]]
    assert f1(gold, found) == pytest.approx(score)


def test_f1_of_nothing() -> None:
    assert f1([[]], [[]]) == 0


# --- asking a tool --------------------------------------------------------------------------------


def fake_environment(work: Path, tool: str, program: str) -> None:
    """An interpreter that is a shell script."""
    path = work / "environments" / tool / "bin" / "python"
    path.parent.mkdir(parents=True)
    path.write_text(f"#!/bin/sh\n{program}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_the_last_line_is_the_answer(tmp_path: Path) -> None:
    fake_environment(tmp_path, "flair", 'echo hello; echo "{\\"n\\": \\"$5\\"}"; echo why >&2')
    assert ask(tmp_path, "flair", "read", tmp_path / "x") == {"n": str(tmp_path / "x")}
    assert (tmp_path / "flair-read.log").read_text() == "why\n"


def test_a_tool_that_fails_has_no_answer(tmp_path: Path) -> None:
    fake_environment(tmp_path, "flair", "exit 3")
    assert ask(tmp_path, "flair", "train") is None


def test_processor_time_is_bounded(tmp_path: Path) -> None:
    fake_environment(tmp_path, "flair", 'echo "{\\"limit\\": $(ulimit -S -t)}"')
    assert ask(tmp_path, "flair", "train", seconds=77) == {"limit": 77}


def test_a_tool_has_one_thread_and_no_network() -> None:
    assert variables()["OMP_NUM_THREADS"] == variables()["HF_HUB_OFFLINE"] == "1"


def test_an_environment_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[list[str]] = []
    monkeypatch.setattr(
        "comparison.environments.subprocess.run", lambda command, **_: calls.append(command)
    )
    found = python(tmp_path, "spacy")
    assert [command[1:3] for command in calls] == [["-m", "venv"], ["-m", "pip"]]
    found.parent.mkdir(parents=True)
    found.touch()
    assert python(tmp_path, "spacy") == found
    assert len(calls) == 2


def test_each_tool_is_described_everywhere() -> None:
    assert set(PACKAGES) == set(TITLES) == set(WEIGHTS)
    for name in PACKAGES:
        assert (SCRIPTS / "comparison" / f"with_{name}.py").exists()


# --- the parts ------------------------------------------------------------------------------------


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path, ("ner", "flair"), 60)


def answers(monkeypatch: pytest.MonkeyPatch, **by_verb: Any) -> list[tuple[str, str]]:
    """What the tools answer from now on; all questions that were asked."""
    asked_for: list[tuple[str, str]] = []

    def answer(work: Path, tool: str, verb: str, *paths: Path, seconds: int | None = None) -> Any:
        asked_for.append((tool, verb))
        found = by_verb[verb]
        return found(tool, *paths) if callable(found) else found

    monkeypatch.setattr(compare_tools, "ask", answer)
    return asked_for


def rows(table: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()[2:]]


def test_a_corpus_is_prepared_once(
    tmp_path: Path, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare_tools, "load_corpus", lambda _: tiny_corpus)
    monkeypatch.setattr(compare_tools, "SIZES", {"train": 3, "valid": 2, "test": 1})
    folder = tmp_path / "corpus"
    for _ in range(2):
        prepare(folder, "any", tmp_path / "vectors", tmp_path / "encoder")
    for name, size in {"train": 3, "valid": 2, "test": 1}.items():
        wanted = tiny_corpus.splits()[name][:size]
        found = read_columns(folder / f"{name}.conll")
        assert [tuple(tokens) for tokens, _ in found] == [s.tokens for s in wanted]
        spans = [[(s.start, s.end, s.label) for s in sentence.spans] for sentence in wanted]
        assert [spans_of(tags) for _, tags in found] == spans
    left = len(tiny_corpus.train) - 3 + len(tiny_corpus.test) - 1
    assert len((folder / "texts.txt").read_text().splitlines()) == left


def test_what_an_installation_takes(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compare_tools, "python", lambda work, tool: work / tool / "bin" / "python")
    about = {"version": "1.2", "python": ">=3.9", "packages": 7, "bytes": 1.25e9}
    answers(monkeypatch, about=about)
    assert rows(install(setting))[1] == ["flair", "1.2", ">=3.9", "7", "1,250"]


def test_a_training_and_its_score(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    setting.corpus.mkdir()
    (setting.corpus / "test.conll").write_bytes(CASES["plain.conll"].content)
    found = {"spans": [[[0, 2, "PER"]], []]}
    answers(
        monkeypatch,
        train=lambda tool, *_: {"seconds": 41.6, "memory": 2e9} if tool == "ner" else None,
        tokens=lambda tool, *_: found if tool == "ner" else None,
    )
    assert rows(train(setting)) == [
        ["ner", "42", "2,000", "66.7"],
        ["flair", "60 (stopped)", "–", "no model yet"],
    ]


def test_speed_is_told(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"start": 0.24, "rate": 1000.0, "memory": 5e7, "first": [{"start": 0}]}
    answers(monkeypatch, lines=lambda tool, *_: answer if tool == "ner" else None)
    assert rows(lines(setting)) == [
        ["ner", "0.2", "1,000", "0.3", "50", "`{'start': 0}`"],
        ["flair", *"–––––"],
    ]


def test_files_are_read(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(tool: str, *paths: Path) -> dict[str, Any]:
        assert [path.read_bytes() for path in paths] == [case.content for case in CASES.values()]
        assert len({path.parent for path in paths}) == len(CASES)
        return {"answers": [SILENT for _ in paths]}

    asked_for = answers(monkeypatch, read=answer)
    table = rows(read(setting))
    assert asked_for == [("ner", "read"), ("flair", "read")]  # a process for each tool
    assert [row[0] for row in table] == [case.what for case in CASES.values()]
    assert table[0][1] == "**in silence**: 2 tokens, PER: Anna"


def test_a_trap_is_a_sign_that_code_was_run(tmp_path: Path) -> None:
    sign = tmp_path / "sign"
    bait = pickle.dumps(Trap(sign))
    assert not sign.exists()
    pickle.loads(bait).close()
    assert sign.exists()


def test_a_trap_lies_in_the_place_of_the_weights(
    setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in setting.tools:
        weights = setting.model(name) / WEIGHTS[name][0]
        weights.parent.mkdir(parents=True)
        weights.write_bytes(b"numbers")

    def answer(tool: str, model: Path) -> dict[str, Any]:
        if tool == "ner":
            return {"error": "BundleError", "message": "no numbers"}
        pickle.loads((model / "best-model.pt").read_bytes()).close()
        return {}

    answers(monkeypatch, open=answer)
    assert rows(trap(setting)) == [
        ["ner", "model/weights.safetensors", "does not run it (`BundleError: no numbers`)"],
        ["flair", "best-model.pt", "**runs it**"],
    ]
    assert (setting.model("flair") / "best-model.pt").read_bytes() == b"numbers"


def test_the_command_prints_a_table_for_each_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "corpus").mkdir()
    answers(monkeypatch, read={"answers": [SILENT for _ in CASES]})
    options = ["--work", tmp_path, "--vectors", tmp_path, "--encoder", tmp_path, "--tool", "flair"]
    done = CliRunner().invoke(main, ["read", *map(str, options)])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("\nread\n\n|  | flair |\n")


@pytest.mark.parametrize("words", [["dance"], ["read", "--tool", "other"]])
def test_an_unknown_part_or_tool_is_refused(words: list[str], tmp_path: Path) -> None:
    options = ["--work", tmp_path, "--vectors", tmp_path, "--encoder", tmp_path]
    with pytest.raises(click.UsageError):
        main([*words, *map(str, options)], standalone_mode=False)
