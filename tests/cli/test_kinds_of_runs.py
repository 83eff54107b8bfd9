"""Runs of different kinds never share a folder: each command knows what the others leave."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import BRIEF, run, tree

pytestmark = pytest.mark.slow

KINDS = ("tagger", "sequence classifier", "character language model", "search", "comparison")


@pytest.fixture
def folders(tmp_path: Path, model: Path, tiny_charlm: Path) -> dict[str, Path]:
    """A folder of each kind, some with no more in them than the kind is known by."""
    found = {kind: tmp_path / kind.replace(" ", "-") for kind in KINDS}
    shutil.copytree(model, found["tagger"])
    state = found["sequence classifier"] / "checkpoint" / "state.json"
    state.parent.mkdir(parents=True)
    state.write_text(json.dumps({"kind": "sequence classifier"}))
    (state.parents[1] / "metrics.jsonl").touch()
    shutil.copytree(tiny_charlm, found["character language model"] / "model")
    (found["character language model"] / "metrics.jsonl").touch()
    found["search"].mkdir()
    (found["search"] / "study.sqlite").touch()
    variant = found["comparison"] / "model.cell=gru" / "seed-1"
    shutil.copytree(model, variant)
    return found


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts with labels, enough to learn from."""
    file = tmp_path_factory.mktemp("texts") / "texts.tsv"
    file.write_text("rain and wind\tweather\na late goal\tsport\n" * 20)
    return file


@pytest.mark.parametrize("how", ["plain", "--overwrite", "--resume"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_folder_of_another_kind_is_refused_and_left_alone(
    folders: dict[str, Path], tiny_folder: Path, texts: Path, kind: str, how: str
) -> None:
    pytest.importorskip("optuna")
    commands = {
        "tagger": ["train", "--data", tiny_folder, *BRIEF],
        "sequence classifier": ["classify", "train", "--train", texts],
        "character language model": ["charlm", "train", texts],
        "search": ["search", "--data", tiny_folder, *BRIEF],
        "comparison": ["compare", "--data", tiny_folder, *BRIEF, "--vary", "model.cell=gru,lstm"],
    }
    if how == "--overwrite" and kind in ("search", "comparison"):
        return  # they replace nothing
    for other in set(KINDS) - {kind}:
        before = tree(folders[other])
        arguments = [*commands[kind], "--out", folders[other], *[how] * (how != "plain")]
        refused = run(*arguments)
        assert refused.code == 2
        expected = f"{folders[other].name}: holds a {other}, not a {kind}; name another folder"
        assert expected in refused.complaint()
        assert tree(folders[other]) == before


def test_several_seeds_are_known_before_the_first_has_a_model(tmp_path: Path, texts: Path) -> None:
    (tmp_path / "x" / "seed-1").mkdir(parents=True)
    (tmp_path / "x" / "seed-1" / "metrics.jsonl").touch()
    refused = run("classify", "train", "--train", texts, "--out", tmp_path / "x", "--overwrite")
    assert "x: holds a tagger, not a sequence classifier" in refused.complaint()
