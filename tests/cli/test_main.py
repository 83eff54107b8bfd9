"""The command as a whole: help, wrong use, streams, and what happens when they break."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import ner
from ner.version import commit
from tests.cli.command import LIMIT, command, environment, process, run, shell

HEAVY = ["torch", "numpy", "datasets", "seqeval", "rich", "sklearn"]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"]])
def test_help_lists_the_commands_on_stdout(arguments: list[str]) -> None:
    outcome = run(*arguments).good()
    assert outcome.out.startswith("Usage: ner [OPTIONS] COMMAND")
    for name in ("train", "evaluate", "tag", "data"):
        assert f"\n  {name} " in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("arguments", [[], ["data"]])
def test_no_command_at_all_is_wrong_use_and_shows_the_help(arguments: list[str]) -> None:
    outcome = run(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert outcome.err == run(*arguments, "--help").out


@pytest.mark.parametrize(
    ("line", "completed"), [("ner tr", "plain,train\n"), ("ner train --da", "plain,--data\n")]
)
def test_the_shell_completes_commands_and_options(
    tmp_path: Path, line: str, completed: str
) -> None:
    words = {"COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    done = subprocess.run(
        [sys.executable, "-m", "ner"],
        env=environment(_NER_COMPLETE="bash_complete", **words),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, completed, "")


def test_version_of_a_real_process(tmp_path: Path) -> None:
    outcome = process("--version", cwd=tmp_path).good()
    known = commit()
    assert outcome.out == f"ner, version {ner.__version__}{f', commit {known}' if known else ''}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "No such command 'trian' (see ner --help)"),
        (["--model", "x", "tag"], "No such option '--model'"),
        (["data", "chekc"], "No such command 'chekc'. Did you mean 'check'? (see ner data --help)"),
        (["train"], "Missing option '--data' (see ner train --help)"),
        (["train", "--data"], "Option '--data' requires an argument (see ner train --help)"),
        (["data", "check", "--scheme"], "requires an argument (see ner data check --help)"),
        (["train", "--dtaa", "x"], "No such option '--dtaa'. (Did you mean one of: '--data'"),
        (["train", "--data", "x", "y"], "Got unexpected extra argument (y)"),
        (["train", "--data", "x", "--out", ""], "Invalid value for '--out': the name is empty"),
        (["train", "--data", "x", "--seeds", ""], "takes different whole numbers"),
        (["train", "--data", "x", "--seeds", "1,1"], "takes different whole numbers"),
        (["train", "--data", "x", "--seeds", "1,-2"], "takes different whole numbers"),
        (["train", "--data", "x", "--seeds", "1;2"], "takes different whole numbers"),
        (["train", "--data", "x", "--device", "gpu"], "'gpu' is not one of 'auto', 'cpu'"),
        (["train", "--data", "x", "--resume", "--overwrite"], "choose one"),
        (["evaluate"], "Missing option '--data' (see ner evaluate --help)"),
        (["evaluate", "--data", "x", "--split", "dev"], "'dev' is not one of 'train', 'valid'"),
        (["tag"], "Missing argument 'FILE...' (see ner tag --help)"),
        (["tag", "x", "--format", "xml"], "'xml' is not one of 'text', 'jsonl', 'conll', 'html'"),
        (["tag", "x", "--pretokenized", "--format-in", "conll"], "choose one"),
        (["tag", "x", "--from", "csv", "--format-in", "csv"], "choose one"),
        (["tag", "x", "--from", "stanza"], "ner data convert IN OUT --to jsonl"),
        (["tag", "x", "--token-column", "one"], "'one' is not a valid integer"),
        (["data", "convert", "x", "y"], "Missing option '--to'"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    arguments: list[str], message: str, empty: Path
) -> None:
    before = sorted(empty.rglob("*"))
    outcome = run(*arguments)
    assert outcome.code == 2
    assert message in outcome.complaint()
    assert outcome.err.count("\n") == 1
    assert sorted(empty.rglob("*")) == before


def test_wrong_use_of_a_real_process(tmp_path: Path) -> None:
    outcome = process("tag", "text.txt", "--zigzag", cwd=tmp_path)
    assert outcome.code == 2
    assert outcome.complaint() == "ner: error: No such option '--zigzag' (see ner tag --help)"


def test_help_and_settings_load_nothing_heavy(tmp_path: Path) -> None:
    script = (
        "import sys, ner.cli\n"
        "for line in sys.stdin.read().splitlines():\n"
        "    assert ner.cli.run(line.split()) == 0\n"
        f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)\n"
    )
    lines = ["--help", "train --help", "train --list-settings", "evaluate --help", "tag --help"]
    done = subprocess.run(
        [sys.executable, "-c", script],
        input="\n".join(
            [
                *lines,
                "data --help",
                "data check --help",
                "vectors --help",
                "search --help",
                "charlm --help",
                "charlm train --list-settings",
                "--version",
            ]
        ),
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stderr) == (0, "[]\n"), done.stderr


@pytest.mark.parametrize("arguments", [["--help"], ["data", "list"], ["train", "--list-settings"]])
def test_a_reader_that_goes_away_is_no_error(arguments: list[str], tmp_path: Path) -> None:
    """`true` reads nothing, so that even the first line finds no reader."""
    outcome = shell('"$@" | true', *arguments, cwd=tmp_path)
    assert (outcome.code, outcome.err) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["data", "list"]])
def test_closed_streams_are_no_crash(arguments: list[str], tmp_path: Path) -> None:
    outcome = shell('"$@" <&- >&-', *arguments, cwd=tmp_path)
    assert (outcome.code, outcome.err) == (0, "")
    outcome = shell('"$@" 2>&-', *arguments, cwd=tmp_path)
    assert outcome.code == 0
    assert outcome.out
    outcome = shell('"$@" 2>&-', "tag", "missing.txt", cwd=tmp_path)
    assert (outcome.code, outcome.err) == (2, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="/dev/full is not there")
@pytest.mark.parametrize("arguments", [["--help"], ["data", "list"]])
def test_a_full_disk_is_one_line(arguments: list[str], tmp_path: Path) -> None:
    outcome = shell('"$@" >/dev/full', *arguments, cwd=tmp_path)
    assert outcome.code == 1
    assert "No space left on device; free the place, or choose another" in outcome.complaint()


def test_what_the_terminal_cannot_show_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "zh.conll").write_text("北京 B-地点\n", encoding="utf-8")
    done = subprocess.run(
        command("data", "stats", "zh.conll"),
        env=environment(PYTHONIOENCODING="latin-1"),
        cwd=tmp_path,
        capture_output=True,
        timeout=LIMIT,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert rb"\u5730\u70b9" in done.stdout


def test_names_of_all_kinds(empty: Path) -> None:
    """Spaces, other scripts, a leading hyphen after ``--``: all are names of files."""
    for name in ("a b/ñ 中.conll", "-x.conll", "%s {} [x].conll"):
        path = empty / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Anna B-PER\nleft O\n", encoding="utf-8")
        outcome = run("data", "check", "--json", "--", name).good()
        assert json.loads(outcome.out)["errors"] is False
        path.write_text("Anna\n", encoding="utf-8")
        outcome = run("train", "--data", f"./{name}")
        assert f"{name}:1: one column only" in outcome.complaint()


@pytest.mark.parametrize(
    "line",
    [
        "evaluate --model nosuch --data x",
        "evaluate --data x",
        "train --data nosuch",
        "train --data nosuch --set train.nosuch=1",
        "search --data nosuch",
        "charlm evaluate x --model nosuch",
        "charlm generate --model nosuch",
        "classify predict x --model nosuch",
        "classify evaluate x --model nosuch",
    ],
)
def test_a_mistake_that_shows_without_torch_is_refused_without_it(
    line: str, tmp_path: Path
) -> None:
    script = (
        "import sys, ner.cli\n"
        "code = ner.cli.run(sys.argv[1:])\n"
        "assert 'torch' not in sys.modules\n"
        "sys.exit(code)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *line.split()],
        capture_output=True, text=True, env=environment(), cwd=tmp_path, timeout=LIMIT,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("ner: error: ")
