"""What the tests of the command line share: a corpus on disk, and a model trained from it."""

import shutil
from pathlib import Path

import pytest

from ner.corpus import Corpus, write_file
from tests.cli.command import TINY, Outcome, run, warm


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus) -> Path:
    """`tiny_corpus` as a folder of column files; not to be changed."""
    folder = tmp_path_factory.mktemp("corpus") / "tiny"
    for split, sentences in tiny_corpus.splits().items():
        write_file(folder / f"{split}.conll", sentences)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> tuple[Path, Outcome]:
    """A folder in which ``ner train`` made ``runs/tiny``, and what it said; not to be changed."""
    folder = tmp_path_factory.mktemp("trained")
    return folder, warm("train", "--data", tiny_folder, *TINY, cwd=folder)


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory, tiny_folder: Path) -> Path:
    """The run folder of a model that knows `tiny_corpus` by heart; not to be changed."""
    out = tmp_path_factory.mktemp("model") / "runs" / "tiny"
    run("train", "--data", tiny_folder, *TINY, "--out", out).good()
    return out


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with no data set in reach."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NER_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    return tmp_path


@pytest.fixture
def here(empty: Path, model: Path) -> Path:
    """A folder to stand in with nothing but ``runs/tiny``."""
    shutil.copytree(model, empty / "runs" / "tiny")
    return empty
