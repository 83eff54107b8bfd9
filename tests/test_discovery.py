"""The newest finished run: found, or missed in one line."""

import os
import shutil
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle
from ner.discovery import newest_bundle
from ner.errors import UsageError


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
