"""A run folder: what is in it, and how a run that was stopped goes on."""

import functools
import json
import signal
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from ner.errors import NerError, TrainingError
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import load_model
from ner.extensions.charlm.loop import LanguageModelEvaluation, LanguageModelStep
from ner.extensions.charlm.prediction import measure
from ner.extensions.charlm.run import CONTENTS, LanguageModelFinished, train_events
from ner.extensions.charlm.text import in_order, read_text, split_text
from tests.cli.command import sets, stopped

SMALL = {"model.hidden": 8, "model.embedding": 4, "train.batch": 4, "train.segment": 20}
QUICK = {**SMALL, "train.epochs": 2, "train.valid_steps": 25}


def train(
    paths: list[Path], out: Path, direction: str = "forward", **how: Any
) -> LanguageModelFinished:
    changes = QUICK | how.pop("settings", {})
    events = train_events(paths, out, CharLMConfig().replace(changes), direction, **how)
    *_, last = events
    assert isinstance(last, LanguageModelFinished)
    return last


def weights(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (out / "model").glob("*.safetensors")}


def complaint(*arguments: Any, **how: Any) -> str:
    with pytest.raises(NerError) as caught:
        train(*arguments, **how)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_run_leaves_the_best_of_each_direction(text_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "lm"
    events = list(train_events([text_file], out, CharLMConfig().replace(QUICK), "both"))
    assert sorted(path.name for path in out.iterdir()) == sorted(CONTENTS)
    finished = events[-1]
    assert isinstance(finished, LanguageModelFinished)
    assert list(finished.directions) == ["forward", "backward"]
    assert json.loads((out / "result.json").read_text()) == finished.directions
    evaluated = [event for event in events if isinstance(event, LanguageModelEvaluation)]
    records = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert records == [event.to_dict() for event in evaluated]
    assert {event.direction for event in events if isinstance(event, LanguageModelStep)} == {
        *finished.directions
    }
    model = load_model(out)
    text = read_text([text_file], "utf-8")
    valid = split_text(text.codes, 0.01, 20)[1]
    for direction, best in finished.directions.items():
        own = [e.valid_bits for e in evaluated if e.direction == direction]
        assert best["valid_bits"] == min(own)
        bits = measure(model.network(direction), in_order(valid, direction), model.alphabet)
        assert bits.per_character == pytest.approx(min(own), rel=1e-6)
    assert (out / "log.txt").read_text().count("backward: step ") == len(own)


@pytest.mark.slow
def test_the_same_seed_gives_the_same_model(text_file: Path, tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        train([text_file], tmp_path / name, settings={"train.seed": seed, "train.epochs": 1})
    assert weights(tmp_path / "a") == weights(tmp_path / "b") != weights(tmp_path / "c")


@pytest.mark.slow
@pytest.mark.parametrize("stop", [1, 26, 130])
def test_a_run_that_was_stopped_goes_on_exactly(text_file: Path, tmp_path: Path, stop: int) -> None:
    """In either direction; the weights are the same, bit by bit."""
    train([text_file], tmp_path / "straight", "both")
    config = CharLMConfig().replace({**QUICK, "train.checkpoint_minutes": 0})
    events = train_events([text_file], tmp_path / "lm", config, "both")
    for _ in range(stop):
        assert not isinstance(next(events), LanguageModelFinished)
    assert isinstance(events, Generator)
    events.close()
    done = json.loads((tmp_path / "lm/checkpoint/state.json").read_text())
    assert (done["number"], done["trainer"]["step"] > 0) == (stop > 100, True)
    train([text_file], tmp_path / "lm", "both", resume=True)
    assert weights(tmp_path / "lm") == weights(tmp_path / "straight")
    bits = [
        [json.loads(line)["valid_bits"] for line in (tmp_path / out / "metrics.jsonl").open()]
        for out in ("lm", "straight")
    ]
    assert bits[0] == bits[1]
    finished = train([text_file], tmp_path / "lm", "both", resume=True)  # once more: it is done
    assert finished.directions["forward"]["valid_bits"] == min(bits[0][: len(bits[0]) // 2])


@pytest.mark.slow
def test_a_run_that_was_killed_goes_on_exactly(text_file: Path, tmp_path: Path) -> None:
    """A process of its own, ended by SIGKILL again and again."""
    how = {**QUICK, "train.checkpoint_minutes": 0, "train.threads": 1}
    out = tmp_path / "killed"
    arguments = ["charlm", "train", text_file, "--out", out]
    arguments += sets(*(f"{key}={value}" for key, value in how.items()))
    for steps in (3, 30):
        resume = ["--resume"] if out.exists() else []
        reached = functools.partial(_reached, out, steps)
        outcome = stopped(*arguments, *resume, when=reached, by=signal.SIGKILL)
        assert outcome.code == -signal.SIGKILL
        assert steps <= _steps(out) < 100
    train([text_file], out, resume=True, settings={"train.threads": 1})
    train([text_file], tmp_path / "straight", settings={"train.threads": 1})
    assert weights(out) == weights(tmp_path / "straight")
    assert not list(out.glob(".*.part"))


def _reached(out: Path, steps: int) -> bool:
    return _steps(out) >= steps


def _steps(out: Path) -> int:
    """How many a checkpoint has; it is exchanged as a whole, so that it can be read at any time."""
    try:
        return int(json.loads((out / "checkpoint/state.json").read_text())["trainer"]["step"])
    except FileNotFoundError:
        return 0


@pytest.mark.slow
def test_resuming_needs_the_same_text_settings_and_direction(
    text_file: Path, tmp_path: Path
) -> None:
    out = tmp_path / "lm"
    train([text_file], out)
    again = {"resume": True}
    other_segment = complaint([text_file], out, settings={"train.segment": 21}, **again)
    assert "lm: was started with other settings (train.segment); resume" in other_segment
    assert "(--direction)" in complaint([text_file], out, "both", **again)
    other = tmp_path / "other.txt"
    other.write_text(text_file.read_text() * 2)
    assert "(the text)" in complaint([other], out, **again)
    state = out / "checkpoint/state.json"
    state.write_bytes(state.read_bytes().replace(b'"step"', b'"stop"'))
    assert "is damaged" in complaint([text_file], out, **again)
    assert "holds no run" in complaint([text_file], tmp_path / "none", **again)


@pytest.mark.slow
def test_folders_are_not_overwritten_by_chance(text_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "lm"
    train([text_file], out, settings={"train.epochs": 1})
    assert "holds a run already" in complaint([text_file], out)
    assert "choose one" in complaint([text_file], out, resume=True, overwrite=True)
    (out / "notes.txt").write_text("mine")
    train([text_file], out, overwrite=True, settings={"train.epochs": 1})
    assert (out / "notes.txt").exists()
    (tmp_path / "x/model").mkdir(parents=True)
    assert "is not of a run" in complaint([text_file], tmp_path / "x", overwrite=True)


def test_a_bad_text_leaves_an_older_run_alone(text_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "lm"
    train([text_file], out, settings={"train.epochs": 1})
    before = weights(out)
    short = tmp_path / "short.txt"
    short.write_text("too short\n")
    assert "too few for segments of 20" in complaint([short], out, overwrite=True)
    assert weights(out) == before


def test_a_loss_that_is_no_number_ends_the_run(text_file: Path, tmp_path: Path) -> None:
    high = {"train.learning_rate": 1e38, "train.clip": 1e30, "train.schedule": "constant"}
    with pytest.raises(TrainingError, match=r"learning rate is too high .* --set train\."):
        train([text_file], tmp_path / "lm", settings=high)
