"""The rank of a process, as torchrun tells it."""

import pytest

from ner.torchrun import ALONE, Rank, own_rank

NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR")


@pytest.fixture(autouse=True)
def nothing_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


def tell(monkeypatch: pytest.MonkeyPatch, *values: str) -> None:
    for name, value in zip(NAMES, values, strict=False):
        monkeypatch.setenv(name, value)


def test_without_torchrun_a_process_is_alone() -> None:
    assert own_rank() == ALONE == Rank(0, 1, 0)
    assert not own_rank().shared


def test_the_variables_of_torchrun(monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, "5", "8", "1", "node-1")
    assert own_rank() == Rank(rank=5, world_size=8, local_rank=1)
    assert own_rank().shared


def test_one_process_of_torchrun_has_nobody_to_share_with(monkeypatch: pytest.MonkeyPatch) -> None:
    tell(monkeypatch, "0", "1", "0", "127.0.0.1")
    assert not own_rank().shared


@pytest.mark.parametrize(
    "values",
    [
        ("1", "2"),  # of another tool
        ("1", "2", "1"),
        ("x", "2", "1", "127.0.0.1"),
        ("-1", "2", "1", "127.0.0.1"),
        ("", "2", "1", "127.0.0.1"),
    ],
)
def test_other_variables_of_these_names_mean_nothing(
    values: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    tell(monkeypatch, *values)
    assert own_rank() == ALONE
