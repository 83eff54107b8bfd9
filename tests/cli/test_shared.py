"""``ner train`` and ``ner charlm train`` in several processes at once, as torchrun starts them."""

import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ner.cli import main
from ner.extensions.charlm.config import TRAIN
from ner.torchrun import own_rank
from tests.cli.command import LIMIT, PLAIN, SMALL, Outcome, environment, run, sets, tree
from tests.shared import Together, commands, variables

# After a training in this process, those that are forked from it have nothing to load.
pytestmark = pytest.mark.usefixtures("model")

TIMES = ("tokens_per_second", "characters_per_second", "seconds")
BRIEF = sets(*SMALL, *PLAIN, "train.epochs=2")
EACH_STEP = ("train.checkpoint_minutes=0", "train.batch_sentences=8")
LONG = sets(*SMALL, *PLAIN, *EACH_STEP, "train.epochs=10", "train.patience=10")


def records(out: Path) -> list[dict[str, Any]]:
    lines = map(json.loads, (out / "metrics.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in TIMES} for line in lines]


def finished(at_work: Together) -> Outcome:
    """The outcome of the first of several processes that all come to a good end."""
    with at_work:
        first, *others = at_work.outcomes()
    assert [(other.code, other.out, other.err) for other in others] == [(0, "", "")] * len(others)
    return first.good()


# --- who may, and who speaks --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("info", "x"), "without torchrun, which is for ner train and ner charlm train"),
        (("search", "--data", "x"), "ner search works in one process; "),
        (("charlm", "generate", "--model", "x"), "ner charlm generate works in one process; "),
    ],
)
def test_other_commands_are_refused(
    arguments: tuple[str, ...], complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables(0, 2).items():
        monkeypatch.setenv(name, value)
    outcome = run(*arguments)
    assert outcome.code == 2
    assert complaint in outcome.complaint()


def test_of_a_machine_one_process_speaks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(1, 2).items():
        monkeypatch.setenv(name, value)
    assert run("info", "x") == Outcome(2, "", "")


def test_help_is_to_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in variables(0, 2).items():
        monkeypatch.setenv(name, value)
    assert "--resume" in run("train", "--help").good().out
    assert TRAIN.split()[2] in run("charlm", "--help").good().out


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--seeds", "1,2"], "--seeds is for one process, and torchrun starts several; leave "),
        (["--set", "train.epoch=1"], "unknown setting"),
        (["--out", "full"], "full/config.toml: is not of a run, but in its way; choose another"),
    ],
)
def test_a_mistake_is_told_once(
    arguments: list[str], complaint: str, empty: Path, tiny_folder: Path
) -> None:
    Path("full").mkdir()
    Path("full/config.toml").write_text("x")
    with commands("train", "--data", tiny_folder, *arguments, folder=empty / "said") as at_work:
        first, second = at_work.outcomes()
    assert first.code == 2
    assert complaint in first.complaint()
    assert (second.code, second.out, second.err) == (2, "", "")
    assert sorted(path.name for path in empty.iterdir()) == ["full", "said"]


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize(
    ("others", "unlike"),
    [(["--data", "other"], "checksums"), (["--set", "train.epochs=7"], "settings")],
)
def test_machines_that_do_not_train_the_same_are_refused(
    others: list[str], unlike: str, empty: Path, tiny_folder: Path
) -> None:
    shutil.copytree(tiny_folder, "other")
    content = Path("other/train.conll").read_text(encoding="utf-8")
    Path("other/train.conll").write_text(content.replace("Anna", "Ann"), encoding="utf-8")

    def work() -> None:
        changes = others if own_rank().rank else []
        main(["train", "--data", str(tiny_folder), *BRIEF, "--out", "r", *changes])

    with Together(work, empty / "a") as at_work:
        first, second = at_work.outcomes()
    assert first.code == 1
    assert "error: the process of rank 1, on " in first.complaint()
    assert f"has not what the first process has ({unlike}" in first.complaint()
    assert (second.code, second.out, second.err) == (1, "", "")


@pytest.mark.slow(reason="starts two processes, twice")
def test_the_first_one_writes_and_speaks(empty: Path, tiny_folder: Path) -> None:
    arguments = ["train", "--data", tiny_folder, *BRIEF]
    said = finished(commands(*arguments, folder=empty / "a"))
    assert said.out.endswith(f"model: runs/{tiny_folder.name}\n")
    assert [line.split(":")[0] for line in said.err.splitlines()][:2] == [
        "run folder",
        "epoch 1/2",
    ]
    assert [path.name for path in Path("runs").iterdir()] == [tiny_folder.name]
    out = Path("runs", tiny_folder.name)
    assert len(records(out)) == 2
    assert json.loads((out / "checkpoint/state.json").read_text())["processes"] == 2
    again = finished(commands(*arguments, "--out", "again", folder=empty / "b"))
    assert tree(Path("again/model")) == tree(out / "model"), "two processes do the same twice"
    assert again.out.splitlines()[:-1] == said.out.splitlines()[:-1]
    assert "b" not in {path.name for path in Path("runs").iterdir()}


@pytest.mark.slow(reason="starts torchrun")
def test_torchrun_itself(empty: Path, tiny_folder: Path) -> None:
    """One process would learn the same, but for the masks of dropout."""
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2"]
    wanted = sets(*SMALL, *PLAIN, "train.epochs=1")
    done = subprocess.run(
        [*launch, "-m", "ner", "train", "--data", tiny_folder, *wanted, "--out", "r"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("model: r\n") == 1
    assert len(records(Path("r"))) == 1


# --- stopped, killed, resumed -------------------------------------------------------------------


def begun(out: Path) -> bool:
    """True once an epoch is on disk, and the next one has begun."""
    try:
        state = json.loads((out / "checkpoint/state.json").read_text())
    except OSError:
        return False
    trainer = state["trainer"]
    return bool(trainer["epoch"] >= 2 and trainer["begun"]["batches"] > 0)


def interrupt(at_work: Together, out: Path, number: signal.Signals, *ranks: int) -> list[Outcome]:
    """Send a signal to some of the processes in the middle of the second epoch or later."""
    with at_work:
        at_work.wait_until(lambda: begun(out))
        at_work.send(number, *ranks)
        return at_work.outcomes()


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize(
    "how", [["--set", "model.context=document"], ["--start-from", "{model}", "--keep-types"]]
)
def test_other_ways_to_train_are_shared_too(
    how: list[str], empty: Path, tiny_folder: Path, model: Path
) -> None:
    given = [option.format(model=model) for option in how]
    arguments = ["train", "--data", tiny_folder, "--set", "train.epochs=1", *sets(*PLAIN), *given]
    if "--start-from" not in how:
        arguments += sets(*SMALL)
    finished(commands(*arguments, "--out", "r", folder=empty / "a"))
    assert len(records(Path("r"))) == 1
    assert len(list(Path("r").glob("contexts.json"))) == ("model.context=document" in how)


@pytest.mark.slow(reason="starts two processes, three times")
@pytest.mark.parametrize("killed", [0, 1])
def test_killed_it_goes_on_as_if_nothing_had_been(
    killed: int, empty: Path, tiny_folder: Path
) -> None:
    arguments = ["train", "--data", tiny_folder, *LONG]
    at_work = commands(*arguments, "--out", "r", folder=empty / "a")
    outcomes = interrupt(at_work, Path("r"), signal.SIGKILL, killed)
    assert outcomes[killed].code == -signal.SIGKILL
    assert outcomes[1 - killed].code == 1
    if killed:
        assert re.fullmatch(
            "ner: error: another process has ended, or cannot be reached any more "
            r"\([^()]*[^ .]\); go on with --resume",
            outcomes[0].complaint(),
        )
    else:
        assert outcomes[1].err == ""
    finished(commands(*arguments, "--out", "r", "--resume", folder=empty / "b"))
    finished(commands(*arguments, "--out", "straight", folder=empty / "c"))
    assert tree(Path("r/model")) == tree(Path("straight/model"))
    assert records(Path("r")) == records(Path("straight"))


@pytest.mark.slow(reason="starts two processes, and goes on with one")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_leaves_what_can_be_gone_on_from(
    number: signal.Signals, empty: Path, tiny_folder: Path
) -> None:
    arguments = ["train", "--data", tiny_folder, *LONG, "--out", "r"]
    at_work = commands(*arguments, folder=empty / "a")
    first, second = interrupt(at_work, Path("r"), number, 0, 1)
    assert first.code in (130, 143)
    last = first.err.splitlines()[-1]
    assert last.startswith("ner: stopped; the best model so far (epoch ")
    assert last.endswith("go on with --out r --resume")
    assert (second.out, second.err) == ("", "")
    assert not Path("r/result.json").exists()
    resumed = run("train", *arguments[1:], "--resume").good()
    assert "processes: 2 until now, 1 from now on" in resumed.err
    assert len(records(Path("r"))) == 10


@pytest.mark.slow(reason="starts two processes")
def test_a_disk_that_is_full_is_told_once(empty: Path, tiny_folder: Path) -> None:
    """As full as a file in the place of a folder makes it."""
    arguments = ["train", "--data", tiny_folder, *LONG, "--out", "r"]
    with commands(*arguments, folder=empty / "a") as at_work:
        at_work.wait_until(lambda: begun(Path("r")))
        Path("r").rename("moved")
        Path("r").write_text("")
        first, second = at_work.outcomes()
    assert first.code == 1
    assert "r/" in first.complaint()
    assert (second.code, second.out, second.err) == (1, "", "")
    assert begun(Path("moved"))


# --- language models ----------------------------------------------------------------------------


@pytest.mark.slow(reason="starts two processes, twice")
def test_language_models_are_those_of_one_process(empty: Path) -> None:
    Path("t.txt").write_text("the cat sat on the mat and the dog sat on the log\n" * 30)
    sizes = ("model.hidden=16", "model.embedding=8", "train.segment=20", "train.batch=5")
    often = ("train.epochs=2", "train.valid_steps=5", "train.threads=1", "data.valid_fraction=0.1")
    settings = sets(*sizes, *often, "train.checkpoint_minutes=0")
    arguments = ["charlm", "train", "t.txt", "--direction", "both", *settings]
    run(*arguments, "--out", "one").good()
    said = finished(commands(*arguments, "--out", "two", folder=empty / "a"))
    assert said.out.endswith("model: two\n")
    for found, wanted in zip(records(Path("two")), records(Path("one")), strict=True):
        assert found == pytest.approx(wanted, abs=1e-3)

    half = empty / "half"
    with commands(*arguments, "--out", half, folder=empty / "b") as at_work:
        at_work.wait_until(lambda: (half / "metrics.jsonl").exists() and len(records(half)) > 2)
        at_work.send(signal.SIGKILL, 0)
        at_work.outcomes()
    finished(commands(*arguments, "--out", half, "--resume", folder=empty / "c"))
    weights = [f"{direction}.safetensors" for direction in ("forward", "backward")]
    ours, theirs = tree(half / "model"), tree(Path("two/model"))
    assert [ours[name] for name in weights] == [theirs[name] for name in weights]
    assert records(half) == records(Path("two"))


@pytest.mark.slow(reason="starts two processes")
def test_a_text_can_be_too_short_to_be_shared(empty: Path) -> None:
    Path("t.txt").write_text("a cat\n" * 40)
    arguments = ["charlm", "train", "t.txt", "--out", "r", "--set", "train.batch=1"]
    with commands(*arguments, "--set", "train.segment=20", folder=empty / "a") as at_work:
        first, second = at_work.outcomes()
    assert first.code == 2
    assert "1 places of the text are read at the same time, too few for 2" in first.complaint()
    assert (second.code, second.err) == (2, "")
