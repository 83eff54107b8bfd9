"""Run folders: the newest finished run, runs of other kinds, and durations as people read them."""

import json
import os
import shutil
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle
from ner.errors import UsageError
from ner.run_folder import RunFolder, check_kind, duration, kind_of, newest_bundle


def finish(run: Path, when: int) -> Path:
    """A finished run folder with as little in it as `newest_bundle` looks at."""
    (run / "model").mkdir(parents=True)
    (run / "model" / "config.json").write_text("{}")
    (run / "result.json").write_text("{}")
    os.utime(run / "result.json", (when, when))
    return run / "model"


def test_the_newest_finished_run_is_found(tmp_path: Path) -> None:
    finish(tmp_path / "b", 2000)
    newest = finish(tmp_path / "a", 3000)
    finish(tmp_path / "c", 1000)
    unfinished = tmp_path / "d" / "model"
    unfinished.mkdir(parents=True)
    (unfinished / "config.json").write_text("{}")
    assert newest_bundle(tmp_path) == newest


def test_of_runs_that_finished_together_one_is_always_chosen(tmp_path: Path) -> None:
    folders = [finish(tmp_path / name, 1000) for name in "cab"]
    assert newest_bundle(tmp_path) == max(folders)


def test_without_a_finished_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs" / "begun" / "model").mkdir(parents=True)
    with pytest.raises(UsageError) as caught:
        load_bundle()
    message = str(caught.value)
    assert message.startswith("no finished run under runs/ here")
    assert "--model" in message
    assert "ner train" in message
    assert "\n" not in message


def test_none_loads_the_newest_run(
    tiny_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_run, tmp_path / "runs" / "one")
    assert load_bundle().labels == ["LOC", "PER"]


# --- kinds ----------------------------------------------------------------------------------------


def hold(out: Path, name: str, content: object = None) -> Path:
    """A folder with one file of a run in it."""
    (out / name).parent.mkdir(parents=True)
    (out / name).write_text("" if content is None else json.dumps(content))
    return out


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("checkpoint/state.json", {"kind": "sequence classifier"}, "sequence classifier"),
        ("checkpoint/state.json", {}, None),
        ("checkpoint/state.json", None, None),  # damaged
        ("model/config.json", {"kind": "character language model"}, "character language model"),
        ("model/config.json", {}, "tagger"),
        ("model/config.json", [], None),
        ("study.sqlite", None, "search"),
        ("comparison.json", None, "comparison"),
        ("model.cell=gru/seed-1/metrics.jsonl", None, "comparison"),
        ("seed-1/metrics.jsonl", None, "tagger"),
        ("run/seed-1/metrics.jsonl", None, None),  # a folder of run folders
        ("metrics.jsonl", None, None),
    ],
)
def test_the_kind_of_what_a_folder_holds(
    tmp_path: Path, name: str, content: object, kind: str | None
) -> None:
    out = hold(tmp_path / "x", name, content)
    assert kind_of(out) == kind
    check_kind(out, kind or "tagger")
    if kind is not None:
        with pytest.raises(UsageError) as caught:
            check_kind(out, "parser")
        complaint = f"{out}: holds a {kind}, not a parser; name another folder with --out"
        assert str(caught.value) == complaint


def test_the_state_says_it_before_the_model_does(tmp_path: Path) -> None:
    out = hold(tmp_path / "x", "model/config.json", {})
    assert kind_of(hold(out, "checkpoint/state.json", {"kind": "other"})) == "other"
    assert kind_of(tmp_path / "nowhere") is None


@pytest.mark.parametrize("overwrite", [False, True])
def test_runs_of_another_kind_are_refused_even_to_be_overwritten(
    tmp_path: Path, overwrite: bool
) -> None:
    folder = RunFolder("parser", ("metrics.jsonl", "model"), ("metrics.jsonl",))
    out = hold(tmp_path / "x", "model/config.json", {})
    (out / "metrics.jsonl").touch()
    with pytest.raises(UsageError, match="x: holds a tagger, not a parser; name another"):
        folder.check(out, overwrite=overwrite)
    with pytest.raises(UsageError, match="x: holds a tagger, not a parser; name another"):
        folder.check_begun(out)
    assert {path.name for path in out.iterdir()} == {"metrics.jsonl", "model"}


# --- durations ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (59.94, "59.9 s"),
        (59.96, "1:00 min"),
        (185.4, "3:05 min"),
        (3599.6, "1:00:00 h"),
        (7385, "2:03:05 h"),
    ],
)
def test_a_duration_is_told_in_the_unit_that_suits(seconds: float, text: str) -> None:
    assert duration(seconds) == text
