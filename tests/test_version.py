"""The commit of the code that runs."""

import json
import subprocess
from pathlib import Path

import pytest

from ner import version


def _git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with one commit, as if the package lay in it."""
    monkeypatch.setattr(version, "_CHECKOUT", tmp_path)
    _git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    _git(tmp_path, "add", "a")
    _git(tmp_path, "commit", "-qm", "One")
    return tmp_path


def test_a_checkout_has_the_commit_of_its_head(checkout: Path) -> None:
    assert version.commit() == _git(checkout, "rev-parse", "--short", "HEAD")


def test_a_tag_is_no_commit(checkout: Path) -> None:
    _git(checkout, "tag", "-am", "One", "v1")
    assert version.commit() == _git(checkout, "rev-parse", "--short", "HEAD")


def test_changed_files_are_told(checkout: Path) -> None:
    (checkout / "a").write_text("2")
    assert version.commit() == _git(checkout, "rev-parse", "--short", "HEAD") + "-dirty"


def test_no_git_no_commit(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert version.commit() is None


class _Installed:
    """A distribution with what ``pip`` writes beside it."""

    def __init__(self, origin: object) -> None:
        self._origin = origin

    def read_text(self, name: str) -> str | None:
        assert name == "direct_url.json"
        return None if self._origin is None else json.dumps(self._origin)


@pytest.mark.parametrize(
    ("origin", "commit"),
    [
        (None, None),  # from an index
        ({"url": "file:///a", "dir_info": {}}, None),
        ({"url": "https://a", "vcs_info": {"vcs": "git", "commit_id": "1a2b"}}, "1a2b"),
        ({"url": "https://a", "vcs_info": {"commit_id": 3}}, None),
    ],
)
def test_an_installation_has_the_commit_that_pip_has_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: object, commit: str | None
) -> None:
    monkeypatch.setattr(version, "_CHECKOUT", tmp_path)
    monkeypatch.setattr("importlib.metadata.distribution", lambda name: _Installed(origin))
    assert version.commit() == commit


def test_code_that_is_not_installed_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version, "_CHECKOUT", tmp_path)
    monkeypatch.setattr(version, "_NAME", "bilstm-ner-that-nobody-has")
    assert version.commit() is None
