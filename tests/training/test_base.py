"""The protocol of everything that is trained, with the smallest trainer that there can be."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from ner.errors import TrainingError, UsageError
from ner.run_folder import RunFolder
from ner.training.base import BaseRun, Milestone, run_events


@dataclass(frozen=True)
class Count(Milestone):
    """A number that is reached."""

    number: int
    best: bool = True

    def to_dict(self) -> dict[str, Any]:
        return {"number": self.number, "best": self.best}


class CountingTrainer:
    """Counts to three, with a step before each number."""

    def __init__(self) -> None:
        self.done = torch.zeros(1)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        return {"weights.done": self.done.clone()}, {}

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        self.done = tensors["weights.done"]

    def run(self) -> Iterator[str | Count]:
        while self.done < 3:
            yield "step"
            self.done += 1
            yield Count(int(self.done))


class Counting(BaseRun):
    """Keeps the highest number as its model."""

    folder = RunFolder(
        "count", ("config.toml", "metrics.jsonl", "model", "result.json"), ("metrics.jsonl",)
    )
    record_keys = ("number", "best")

    def __init__(self, out: Path, name: str = "counting") -> None:
        train = SimpleNamespace(threads="auto", checkpoint_minutes=60)
        super().__init__(SimpleNamespace(train=train, to_toml=lambda: f'name = "{name}"\n'), out)
        self.name = name
        self.trainer = CountingTrainer()

    def _differences(self, state: Mapping[str, Any]) -> list[str]:
        return ["its name"] * (state["name"] != self.name)

    def _identity(self) -> dict[str, Any]:
        return {"name": self.name}

    def _check_best(self) -> None:
        assert (self.out / "model").exists()

    def _save(self, milestone: Count) -> None:
        (self.out / "model").write_text(str(milestone.number))

    def _line(self, milestone: Count) -> str:
        return f"counted to {milestone.number}"

    def _finish(self) -> Any:
        return SimpleNamespace(
            to_dict=lambda: {"numbers": len(self._history)}, lines=lambda: ["all\ncounted"]
        )


def counted(events: Iterator[Any]) -> list[int]:
    return [event.number for event in events if isinstance(event, Count)]


def test_everything_is_on_disk_before_it_is_told(tmp_path: Path) -> None:
    out = tmp_path / "run"
    for event in run_events(out, Counting, lambda: Counting(out)):
        assert Counting(out).has_begun
        if isinstance(event, Count):
            last = (out / "metrics.jsonl").read_text().splitlines()[-1]
            assert json.loads(last) == event.to_dict()
            assert (out / "model").read_text() == str(event.number)
        assert (out / "result.json").exists() != isinstance(event, str | Count)
    assert json.loads((out / "result.json").read_text()) == {"numbers": 3}
    log = (out / "log.txt").read_text()
    assert "counted to 3" in log
    assert [line.partition("INFO ")[2] for line in log.splitlines()][-2:] == ["all", "counted"]


@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_what_was_stopped_goes_on(tmp_path: Path, steps: int) -> None:
    events = run_events(tmp_path, Counting, lambda: Counting(tmp_path))
    before = counted(next(events) for _ in range(steps))
    events.close()  # type: ignore[attr-defined]
    after = counted(run_events(tmp_path, Counting, lambda: Counting(tmp_path), resume=True))
    assert before + after == [1, 2, 3]
    assert json.loads((tmp_path / "result.json").read_text()) == {"numbers": 3}


def test_another_run_is_neither_resumed_nor_replaced_by_chance(tmp_path: Path) -> None:
    list(run_events(tmp_path, Counting, lambda: Counting(tmp_path)))
    with pytest.raises(TrainingError, match=r"with other settings \(its name\); resume with the"):
        next(run_events(tmp_path, Counting, lambda: Counting(tmp_path, "other"), resume=True))
    with pytest.raises(UsageError, match="holds a run already"):
        next(run_events(tmp_path, Counting, lambda: Counting(tmp_path)))
    with pytest.raises(UsageError, match="choose one"):
        next(
            run_events(tmp_path, Counting, lambda: Counting(tmp_path), resume=True, overwrite=True)
        )
    events = run_events(tmp_path, Counting, lambda: Counting(tmp_path, "other"), overwrite=True)
    assert counted(events) == [1, 2, 3]


def test_what_is_wrong_with_a_new_run_is_said_before_an_older_one_goes(tmp_path: Path) -> None:
    def fail() -> Counting:
        raise TrainingError("too short")

    list(run_events(tmp_path, Counting, lambda: Counting(tmp_path)))
    with pytest.raises(TrainingError, match="too short"):
        next(run_events(tmp_path, Counting, fail, overwrite=True))
    assert (tmp_path / "model").read_text() == "3"
