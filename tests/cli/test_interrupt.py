"""Ctrl-C, SIGTERM and SIGHUP: real processes, stopped by a real signal."""

import json
import signal
import subprocess
from pathlib import Path

import pytest

from ner.bundle.format import load_bundle
from tests.cli.command import LIMIT, SMALL, command, environment, run, sets, stopped

pytestmark = pytest.mark.slow

INTERRUPTED, TERMINATED, HUNG_UP = 130, 143, 129


def _epochs(run_folder: Path) -> int:
    """How many epochs are on disk, with all that belongs to them."""
    if not (run_folder / "checkpoint").exists():
        return 0
    return len((run_folder / "metrics.jsonl").read_text().splitlines())


def _leftovers(folder: Path) -> list[Path]:
    return list(folder.rglob("*.part"))


@pytest.mark.slow(reason="trains 60 epochs twice, stops, and goes on")
def test_ctrl_c_keeps_the_best_model_and_resume_goes_on(empty: Path, tiny_folder: Path) -> None:
    epochs = sets("train.epochs=60", "train.patience=60", *SMALL)
    arguments = ["--data", tiny_folder, *epochs, "--out", "my run"]
    out = Path("my run")
    outcome = stopped("train", *arguments, when=lambda: _epochs(out) >= 2)
    assert (outcome.code, outcome.out) == (INTERRUPTED, "")
    first, *messages, last = outcome.err.splitlines()
    assert first == "run folder: my run"
    assert all(line.startswith("epoch ") for line in messages)
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    best = [record for record in records if record["best"]][-1]
    assert last == (
        f"ner: stopped; the best model so far (epoch {best['epoch']}, valid F1 "
        f"{100 * best['valid_f1']:.2f}) is in my run; go on with --out 'my run' --resume"
    )
    assert not (out / "result.json").exists()
    assert _leftovers(out) == []
    assert load_bundle(out).about["scores"]["valid"]["f1"] >= best["valid_f1"]
    run("tag", "-", "--model", out, stdin=b"Anna left Rome.\n").good()
    assert "no finished run" in run("evaluate", "--data", "x").complaint()

    again = run("train", *arguments)
    assert again.code == 2
    assert "go on with --resume" in again.complaint()
    done = json.loads((out / "checkpoint" / "state.json").read_text())["trainer"]["epoch"]
    resumed = run("train", *arguments, "--resume").good()
    assert resumed.err.splitlines()[1].startswith(f"epoch {done + 1}/60: ")
    assert _epochs(out) == 60
    assert (out / "result.json").exists()

    run("train", "--data", tiny_folder, *epochs, "--out", "straight").good()
    weights = "model/weights.safetensors"
    assert (out / weights).read_bytes() == Path("straight", weights).read_bytes()


def test_ctrl_c_before_the_first_epoch(empty: Path, tiny_folder: Path) -> None:
    Path("c").mkdir()
    for split, times in (("train", 500), ("valid", 1)):  # an epoch that takes its time
        content = (tiny_folder / f"{split}.conll").read_text(encoding="utf-8")
        Path(f"c/{split}.conll").write_text(content * times, encoding="utf-8")
    settings = sets(*SMALL, "train.epochs=1", "train.batch_sentences=1")
    arguments = ["--data", "c", *settings, "--out", "r"]
    outcome = stopped("train", *arguments, when=Path("r/checkpoint").exists)
    assert (outcome.code, outcome.out) == (INTERRUPTED, "")
    assert outcome.err == (
        "run folder: r\nner: stopped; no epoch was finished, so there is no model yet; "
        "go on with --out r --resume\n"
    )
    assert _leftovers(empty) == []
    assert run("tag", "-", "--model", "r").code == 2
    assert run("train", *arguments).code == 2
    again = ["--data", tiny_folder, *settings, "--out", "r"]
    assert "other settings (the corpus)" in run("train", *again, "--resume").complaint()
    run("train", *again, "--overwrite").good()


@pytest.mark.parametrize(("by", "code"), [(signal.SIGTERM, TERMINATED), (signal.SIGHUP, HUNG_UP)])
def test_signals_are_like_ctrl_c_but_for_the_exit_code(
    by: signal.Signals, code: int, empty: Path, tiny_folder: Path
) -> None:
    epochs = sets("train.epochs=60", "train.patience=60", *SMALL)
    arguments = ["--data", tiny_folder, *epochs, "--out", "r"]
    outcome = stopped("train", *arguments, when=lambda: _epochs(Path("r")) >= 2, by=by)
    assert (outcome.code, outcome.out) == (code, "")
    assert outcome.err.splitlines()[-1].endswith("go on with --out r --resume")
    assert _leftovers(empty) == []
    load_bundle("r")


def test_nohup_keeps_its_word(empty: Path, tiny_folder: Path) -> None:
    arguments = ["--data", tiny_folder, *sets(*SMALL, "train.epochs=20"), "--out", "r"]
    hung_up = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # which the process takes over
    try:
        when = Path("r/checkpoint").exists
        outcome = stopped("train", *arguments, when=when, by=signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, hung_up)
    outcome.good()


@pytest.mark.slow(reason="trains two models, stops, and goes on")
def test_ctrl_c_in_the_second_of_two_seeds(empty: Path, tiny_folder: Path) -> None:
    epochs = sets("train.epochs=60", "train.patience=60", *SMALL)
    arguments = ["--data", tiny_folder, *epochs, "--seeds", "1,2", "--out", "r"]
    outcome = stopped("train", *arguments, when=lambda: _epochs(Path("r/seed-2")) >= 1)
    assert outcome.code == INTERRUPTED
    assert "is in r/seed-2; go on with --out r --resume" in outcome.err.splitlines()[-1]
    first = Path("r/seed-1/result.json").read_bytes()
    resumed = run("train", *arguments, "--resume").good()
    assert resumed.out.endswith("model: r\n")
    assert Path("r/seed-1/result.json").read_bytes() == first
    assert _epochs(Path("r/seed-2")) == 60


@pytest.mark.parametrize(
    ("by", "code"),
    [(signal.SIGINT, INTERRUPTED), (signal.SIGTERM, TERMINATED), (signal.SIGHUP, HUNG_UP)],
)
def test_stopped_while_tagging_leaves_no_output(by: signal.Signals, code: int, here: Path) -> None:
    process = subprocess.Popen(
        command("tag", "-", "--out", "tagged.txt"),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdin
        process.stdin.write(b"Anna left Rome.\n" * 10_000)  # more than fits into the pipe
        process.stdin.flush()
        process.send_signal(by)
        out, err = process.communicate(timeout=LIMIT)
    finally:
        process.kill()
    assert (process.returncode, out, err.strip()) == (code, b"", b"ner: stopped")
    assert [path.name for path in here.iterdir()] == ["runs"]


def test_ctrl_c_while_the_corpus_is_read(
    empty: Path, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ner.corpus

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ner.corpus, "load_corpus", interrupted)
    outcome = run("train", "--data", tiny_folder)
    assert (outcome.code, outcome.err.strip()) == (INTERRUPTED, "ner: stopped")
    assert list(empty.iterdir()) == []
