"""`scripts/hide_tags.py`: the same random tags hidden, in two ways."""

import subprocess
import sys
from pathlib import Path

import pytest

from ner.corpus import Corpus, read_file, write_file

SCRIPT = Path(__file__).parents[1] / "scripts" / "hide_tags.py"


def hide(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_corpus: Corpus) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    write_file(folder / "train.txt", tiny_corpus.train * 5, "iobes")
    write_file(folder / "dev.txt", tiny_corpus.valid, "bmes")
    return folder


def rows(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines() if line]


def test_the_same_tokens_are_unknown_or_outside(folder: Path, tmp_path: Path) -> None:
    assert hide(folder, tmp_path / "?").returncode == 0
    assert hide(folder, tmp_path / "O", "--as", "O").returncode == 0
    write_file(tmp_path / "whole.conll", read_file(folder / "train.txt"))
    whole, unknown, outside = map(
        rows, (tmp_path / "whole.conll", *(tmp_path / tag / "train.conll" for tag in "?O"))
    )
    assert [row[0] for row in whole] == [row[0] for row in unknown] == [row[0] for row in outside]
    hidden = 0
    for (_, tag), (_, gap), (_, left) in zip(whole, unknown, outside, strict=True):
        assert gap in (tag, "?")
        hidden += gap == "?"
        if gap == "?":
            assert left == "O"
        elif (
            left != tag
        ):  # an entity that has lost its beginning, or a tag that is plain all the same
            assert left == "O" or (tag[0], left[0]) == ("I", "B")
    assert len(whole) * 0.35 < hidden < len(whole) * 0.6
    assert not any(sentence.partial for sentence in read_file(tmp_path / "O" / "train.conll"))
    assert (tmp_path / "?" / "dev.txt").read_bytes() == (folder / "dev.txt").read_bytes()


@pytest.mark.parametrize(("share", "hidden"), [("0", 0), ("1", 1)])
def test_nothing_or_everything(folder: Path, tmp_path: Path, share: str, hidden: int) -> None:
    assert hide(folder, tmp_path / "new", "--share", share).returncode == 0
    tags = [tag for _, tag in rows(tmp_path / "new" / "train.conll")]
    assert tags.count("?") == hidden * len(tags)


def test_seeds_differ_and_repeat(folder: Path, tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "1"), ("c", "2")):
        hide(folder, tmp_path / name, "--seed", seed)
    one, again, other = ((tmp_path / name / "train.conll").read_text() for name in "abc")
    assert one == again != other


def test_mistakes_are_one_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "train.txt").write_text("a O\n")
    for arguments, message in (
        ((tmp_path / "nowhere", tmp_path / "new"), "no corpus"),
        ((folder, tmp_path / "old"), "is there already; choose another folder"),
        ((folder, tmp_path / "new", "--share", "2"), "--share 2.0 is not from 0 to 1"),
    ):
        failed = hide(*arguments)
        assert failed.returncode != 0
        assert message in failed.stderr.splitlines()[-1]
        assert not (tmp_path / "new").exists()
