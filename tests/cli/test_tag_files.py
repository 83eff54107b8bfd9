"""``ner tag`` with many files, records and tables, and input that comes in slowly."""

import csv
import gzip
import json
import os
import pty
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ner.tagger import Tagger
from tests.cli.command import LIMIT, command, environment, forked, process, run, tree, warm

MARKED = "[Anna](PER) visited [New York](LOC).\n"


@pytest.fixture
def folder(here: Path) -> Path:
    """Files of several kinds, one of which cannot be read."""
    files: dict[str, str | bytes] = {
        "in/a.txt": "Anna visited New York.\n",
        "in/deep/b.txt.gz": gzip.compress(b"Dora left Rome.\n"),
        "in/c.jsonl": '{"id": 7, "text": "Anna visited New York.", "tags": ["x"]}\n',
        "in/d.conll": "Anna\tNNP\nleft\tVBD\n",
        "in/bad.txt": b"Anna left.\nJos\xe9\n",
    }
    for name, content in files.items():
        path = here / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return here


def _written(name: str = "out") -> dict[str, str]:
    return {name: content.decode() for name, content in tree(Path(name)).items() if content}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_failing_file_is_named_and_the_rest_goes_on(folder: Path, workers: int) -> None:
    outcome = run("tag", "in", "none.txt", "--out-dir", "out", "--workers", workers)
    assert outcome.code == 1
    assert outcome.out == ""
    assert outcome.err.splitlines() == [
        "ner: error: in/bad.txt:2: byte 0xE9 at offset 14 is not utf-8; "
        "save the file as UTF-8 or name its encoding with --encoding",
        "ner: error: none.txt: no such file; check the name",
        "ner: error: 2 of 6 files could not be tagged, as said above",
    ]
    assert _written() == {
        "a.txt": MARKED,
        "deep/b.txt": "[Dora](PER) left [Rome](LOC).\n",
        "c.txt": MARKED,
        "d.txt": "[Anna](PER) left\n",
    }


def test_the_model_is_loaded_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded = []
    load = Tagger.load

    def counting(*given: Any, **named: Any) -> Tagger:
        loaded.append(given)
        return load(*given, **named)

    monkeypatch.setattr(Tagger, "load", counting)
    run("tag", "in/*.txt", "in/c.jsonl", "in/d.conll", "--out-dir", "out")
    assert len(loaded) == 1
    assert len(_written()) == 3


@pytest.mark.slow
def test_workers_share_many_files(folder: Path) -> None:
    for number in range(12):
        lines = "Anna visited New York. Dora left Rome.\n" * 500
        Path(f"in/big{number}.txt").write_text(f"{number}\n{lines}", encoding="utf-8")
    Path("in/big3.txt").write_bytes(b"Anna left.\n" * 9000 + b"\xff\n" + b"Anna left.\n" * 90_000)
    arguments = ["tag", "in", "--format", "jsonl", "--out-dir"]
    alone = warm(*arguments, "alone", cwd=folder)
    shared = process(*arguments, "shared", "--workers", 2, cwd=folder)
    assert (alone.code, shared.code) == (1, 1)
    assert shared.err == alone.err
    assert "2 of 17 files could not be tagged" in alone.err
    assert _written("shared") == _written("alone")
    assert len(_written("alone")) == 15


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["in/a.txt", "in/c.jsonl"], "2 files are to be tagged; add --out-dir DIR"),
        (["in/a.txt", "--format", "brat"], "--format brat writes no stream of text; add --out-dir"),
        (["in/a.txt", "--out-dir", "in"], "in/a.txt: is an input itself; choose another --out-dir"),
        (["in/a.txt", "in/*.t*", "in/a.*", "--out-dir", "o", "--out", "p"], "choose one"),
        (["in/a.txt", "--text-column", "x"], "--text-column is for records; say with --format-in"),
        (["in/*.txt", "--text-column", "x", "--out-dir", "o"], "--text-column is for records"),
        (["in/a.txt", "--pretokenized", "--format-in", "csv"], "--format-in csv something else"),
    ],
)
def test_nothing_runs_where_outputs_have_no_place(
    folder: Path, arguments: list[str], said: str
) -> None:
    before = tree(folder)
    outcome = run("tag", *arguments)
    assert said in outcome.complaint()
    assert outcome.code == 2
    assert tree(folder) == before


def test_a_model_that_is_missing_ends_it_at_once(folder: Path) -> None:
    outcome = run("tag", "in", "--model", "none", "--out-dir", "out")
    assert "none: no such model folder" in outcome.complaint()
    assert (outcome.code, outcome.err.count("\n")) == (2, 1)
    assert not Path("out").exists()


# --- records and tables -------------------------------------------------------------------------


def test_our_own_jsonl_is_an_input(folder: Path) -> None:
    text = "Anna visited New York.\n\n\ufeff\ufeff 😀 e\u0301 Dora \u2028left. # -DOCSTART- a\rb\n"
    first = run("tag", "-", "--format", "jsonl", "--nbest", 2, stdin=text.encode()).good().out
    Path("first.jsonl").write_text(first, encoding="utf-8")
    again = run("tag", "first.jsonl", "--format", "jsonl", "--nbest", 2).good().out
    assert again == first
    assert "nbest" not in run("tag", "first.jsonl", "--format", "jsonl").good().out
    assert run("tag", "first.jsonl").out == run("tag", "-", stdin=text.encode()).out


def test_other_fields_are_kept(folder: Path) -> None:
    [line] = run("tag", "in/c.jsonl", "--format", "jsonl").good().out.splitlines()
    record = json.loads(line)
    assert list(record) == ["text", "entities", "id", "tags"]
    assert (record["id"], record["tags"]) == (7, ["x"])
    Path("t.csv").write_text('id;body;text\n1;"Anna;\nleft";x\n2;;y\n', encoding="utf-8")
    lines = run("tag", "t.csv", "--text-column", "body", "--format", "jsonl").good().out
    records = [json.loads(line) for line in lines.splitlines()]
    assert [(r["text"], r["id"], r["input_text"]) for r in records] == [
        ("Anna;\nleft", "1", "x"),
        ("", "2", "y"),
    ]
    assert [len(r["entities"]) for r in records] == [1, 0]


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_a_table_in_a_table_out(form: str, folder: Path) -> None:
    Path("t.csv").write_text('label,text\n"a\nb",Anna left Rome.\nc,nobody\n', encoding="utf-8")
    output = run("tag", "t.csv", "--format", form).good().out
    rows = list(csv.DictReader(output.splitlines(keepends=True), delimiter=",\t"[form == "tsv"]))
    names = ["input_label", "line", "start", "end", "label", "text", "score"]
    assert [list(row) for row in rows] == [names, names]
    found = [
        (r["input_label"], r["line"], r["start"], r["end"], r["label"], r["text"]) for r in rows
    ]
    assert found == [
        ("a\nb", "2", "0", "4", "PER", "Anna"),
        ("a\nb", "2", "10", "14", "LOC", "Rome"),
    ]


def test_parquet_with_other_columns(folder: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow.parquet import write_table

    write_table(pyarrow.table({"id": [1, 2], "text": ["Anna left.", None]}), "t.parquet")
    lines = run("tag", "t.parquet", "--format", "jsonl").good().out.splitlines()
    assert [(r["id"], r["text"], len(r["entities"])) for r in map(json.loads, lines)] == [
        (1, "Anna left.", 1),
        (2, "", 0),
    ]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "x.jsonl",
            '{"text": "a"}\n{"body": "b"}\n',
            "x.jsonl:2: has no 'text' among 'body'; name",
        ),
        ("x.jsonl", '{"text": 3}\n', "x.jsonl:1: 'text' is a whole number, not text"),
        ("x.jsonl", '{"text": "\\ud800"}\n', "x.jsonl:1: the text holds half a surrogate pair"),
        ("x.jsonl", "Anna left.\n", "x.jsonl:1: is not JSON ("),
        ("x.jsonl", '["a"]\n', "x.jsonl:1: is a list, not an object"),
        (
            "x.csv",
            "id,body\n1,a\n",
            "x.csv:2: has no 'text' among 'id', 'body'; name the text with",
        ),
        ("x.jsonl", '{"text": "a"}\n{"text": "b", "more": 1}\n', "x.jsonl:2: has the field 'more'"),
    ],
)
def test_records_that_will_not_do(name: str, content: str, said: str, here: Path) -> None:
    Path(name).write_text(content, encoding="utf-8")
    outcome = run("tag", name, "--format", "csv", "--out", "out.csv")
    assert said in outcome.complaint()
    assert outcome.code == 1
    assert not Path("out.csv").exists()


# --- input that comes in slowly -----------------------------------------------------------------


@contextmanager
def _tagging(*options: object) -> Iterator[subprocess.Popen[str]]:
    """A process that tags what it is told, and is killed if it never answers."""
    with subprocess.Popen(
        ["timeout", str(LIMIT), *command("tag", "-", *options)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as tagging:
        try:
            yield tagging
        finally:
            tagging.kill()


@pytest.mark.slow
@pytest.mark.parametrize("options", [[], ["--workers", 2]], ids=["alone", "workers"])
def test_a_line_is_answered_before_the_next_one_is_given(options: list[Any], here: Path) -> None:
    with _tagging(*options) as tagging:
        assert tagging.stdin
        assert tagging.stdout
        for line, marked in [("Anna left.\n", "[Anna](PER) left.\n"), ("\n", "\n")] * 3:
            tagging.stdin.write(line)
            tagging.stdin.flush()
            assert tagging.stdout.readline() == marked
        tagging.stdin.write("Anna left.")
        tagging.stdin.close()
        assert tagging.stdout.read() == "[Anna](PER) left.\n"
        assert tagging.wait(LIMIT) == 0


@pytest.mark.slow
def test_records_are_answered_too(here: Path) -> None:
    with _tagging("--format-in", "csv", "--format", "jsonl") as tagging:
        assert tagging.stdin
        assert tagging.stdout
        tagging.stdin.write("id,text\n")
        for number in "12":
            tagging.stdin.write(f'{number},"Anna\nleft"\n')
            tagging.stdin.flush()
            assert json.loads(tagging.stdout.readline())["id"] == number


@pytest.mark.slow
def test_what_comes_fast_is_tagged_in_batches(here: Path) -> None:
    text = "Anna visited New York.\n" * 8_000
    Path("text.txt").write_text(text)
    alone = warm("tag", "text.txt", cwd=here).good().out
    for workers in (1, 2):
        piped = process("tag", "-", "--workers", workers, cwd=here, stdin=text.encode())
        assert piped.good().out == alone


# --- terminals ----------------------------------------------------------------------------------


def _on_terminal(*arguments: object, **changes: str) -> str:
    """What a command shows on a terminal."""
    ours, theirs = pty.openpty()
    shown = b""
    with forked(*arguments, out=theirs, err=theirs, changes=changes) as process:
        os.close(theirs)
        try:
            while more := os.read(ours, 1 << 16):
                shown += more
        except OSError:  # the end, on Linux
            pass
        assert process.wait() == 0
    os.close(ours)
    return shown.decode().replace("\r\n", "\n")


@pytest.mark.slow
def test_a_terminal_gets_colours_and_the_name_of_the_model(folder: Path) -> None:
    named = "model: runs/tiny/model\n"
    colours = "\x1b[1;32m[Anna](PER)\x1b[0m visited \x1b[1;34m[New York](LOC)\x1b[0m.\n"
    assert _on_terminal("tag", "in/a.txt", TERM="xterm") == named + colours
    assert _on_terminal("tag", "in/a.txt", TERM="xterm", NO_COLOR="1") == named + MARKED
    assert _on_terminal("tag", "in/a.txt", TERM="dumb") == named + MARKED
    assert _on_terminal("tag", "in/a.txt", "--format", "text") == named + MARKED
    assert _on_terminal("tag", "in/a.txt", "--out", "x") == named
    assert Path("x").read_text(encoding="utf-8") == MARKED
