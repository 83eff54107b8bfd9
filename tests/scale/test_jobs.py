"""Which files are tagged, and where each result belongs."""

from pathlib import Path

import pytest

from ner.errors import UsageError
from ner.scale import Job, plan_jobs

OUT = Path("out")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a.txt", "b.jsonl", "in/c.txt.gz", "in/deep/d.conll", "in/deep/.hidden", "in/e"):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).touch()
    return tmp_path


def planned(*names: str, format: str = "jsonl") -> dict[str, str]:
    return {str(job.source): str(job.out) for job in plan_jobs(names, OUT, format)}


def test_files_keep_their_names() -> None:
    assert plan_jobs(["a.txt", "./b.jsonl"], OUT, "csv") == [
        Job(Path("a.txt"), "text", OUT / "a.csv"),
        Job(Path("b.jsonl"), "jsonl", OUT / "b.csv"),
    ]
    assert plan_jobs(["b.jsonl"], OUT, "csv", "text")[0].layout == "text"


def test_folders_keep_their_order() -> None:
    assert planned("in", format="html") == {
        "in/c.txt.gz": "out/c.html",
        "in/deep/d.conll": "out/deep/d.html",
        "in/e": "out/e.html",
    }


def test_patterns_are_ours_where_no_shell_has_read_them() -> None:
    assert planned("in/**/*.conll") == {"in/deep/d.conll": "out/deep/d.jsonl"}
    assert planned("*.[tj]*", "a.txt") == {"a.txt": "out/a.jsonl", "b.jsonl": "out/b.jsonl"}


def test_a_file_may_be_called_like_a_pattern() -> None:
    Path("[a].txt").touch()
    assert planned("[a].txt") == {"[a].txt": "out/[a].jsonl"}


def test_a_number_is_no_extension() -> None:
    for name in ("notes.2024", "notes.2025"):
        Path(name).touch()
    assert list(planned("notes.*").values()) == ["out/notes.2024.jsonl", "out/notes.2025.jsonl"]


def test_outputs_of_an_earlier_time_are_no_inputs() -> None:
    Path("out").mkdir()
    Path("out/a.txt").touch()
    assert not [source for source in planned(".") if source.startswith("out")]


def test_a_file_that_is_not_there_is_told_when_its_turn_comes() -> None:
    assert planned("none.txt") == {"none.txt": "out/none.jsonl"}


@pytest.mark.parametrize(
    ("names", "format", "said"),
    [
        (["a.txt", "-"], "text", "--out-dir takes files, not '-'; name files"),
        ([""], "text", "--out-dir takes files, not ''"),
        (["*.xyz"], "text", r"\*\.xyz: there is no file; check the name"),
        (["empty"], "text", "empty: there is no file"),
        (["in/e", "twin/e.txt"], "text", "in/e and twin/e.txt would both be written to out/e.txt"),
        (["in/e", "twin"], "brat", "in/e and twin/e.txt would both be written to out/e.txt"),
        (["a.txt", "dir/a.txt"], "text", "out/a.txt: is an input itself; choose another --out-dir"),
        (["b.jsonl"], "html", "out/b.html: is a folder; remove it"),
    ],
)
def test_a_plan_that_cannot_be(names: list[str], format: str, said: str) -> None:
    for name in ("empty", "twin", "out/b.html"):
        Path(name).mkdir(parents=True)
    Path("twin/e.txt").touch()
    Path("dir").symlink_to("out")
    Path("out/a.txt").touch()
    with pytest.raises(UsageError, match=said):
        plan_jobs(names, OUT, format)
