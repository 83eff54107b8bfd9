"""Jobs on a cluster of Ray: what differs from other runners; one cluster for all tests."""

import itertools
import logging
from pathlib import Path
from typing import Any

import pytest

from ner.config import Config
from ner.errors import NerError, UsageError
from ner.training import Done, Job, open_runner
from tests.extensions.runners.test_runner import Dying

ray: Any = pytest.importorskip("ray", reason="Ray is not installed")

from ner.extensions.runners.ray_runner import RayRunner  # noqa: E402

pytestmark = [
    pytest.mark.slow(reason="each actor is a process that loads torch"),
    pytest.mark.usefixtures("cluster"),
]


@pytest.mark.parametrize(
    ("device", "threads", "resources", "room", "on_gpu"),
    [
        ("auto", 1, {"CPU": 16.0, "GPU": 2.0}, 2, True),
        ("cuda", 4, {"CPU": 6.0, "GPU": 2.0}, 1, True),
        ("cpu", 4, {"CPU": 18.0, "GPU": 2.0}, 4, False),
        ("auto", 2, {"CPU": 5.0}, 2, False),
        ("auto", 8, {"CPU": 4.0}, 1, False),
        ("auto", 1, {}, 1, False),
    ],
)
def test_room_for_jobs(
    device: str,
    threads: int,
    resources: dict[str, float],
    room: int,
    on_gpu: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray, "cluster_resources", lambda: resources)
    runner = RayRunner("ray", device, threads)
    assert (runner.room, runner.on_gpu) == (room, on_gpu)


def test_a_cluster_that_shrinks_takes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a machine goes away, more jobs run for a while than there is room for."""
    rooms = itertools.chain([2], itertools.repeat(1))
    monkeypatch.setattr(RayRunner, "room", property(lambda _: next(rooms)))
    jobs = iter([Job(name, 0) for name in ("one", "two", "three")])
    with open_runner("ray", "cpu", lambda _: None, Config()) as runner:
        events = [event for _, event in runner.run(Dying(tmp_path), jobs)]
    assert events.count(Done("anew")) == 3


def test_a_device_that_no_machine_has(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="the cluster has no GPU; use --device auto"),
        open_runner("ray", "cuda", lambda _: None, Config()),
    ):
        pass


def test_more_processors_than_any_machine_has(caplog: pytest.LogCaptureFixture) -> None:
    many = Config().replace({"train.threads": 64})
    with caplog.at_level(logging.WARNING, "ner"), open_runner("ray", "cpu", lambda _: None, many):
        pass
    assert "no machine of the cluster has 64 processors" in caplog.text


def test_a_cluster_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*given: Any, **how: Any) -> None:
        raise ConnectionError("ray client connection timeout\nmore")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refused)
    with (
        pytest.raises(NerError, match=r"cannot be reached .*timeout more.*; check the address"),
        open_runner("ray://nowhere:10001", "cpu", lambda _: None, Config()),
    ):
        pass
