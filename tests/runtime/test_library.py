"""The choice of a level, and what is said of it."""

import pytest

from ner.errors import UsageError
from ner.runtime.library import NUMBERS, available, description, level

ELSEWHERE = [name for name in NUMBERS if name not in available()]


def test_the_fastest_level_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NER_KERNELS", raising=False)
    assert level().name == available()[0]
    assert description().startswith(f"{available()[0]} (")


def test_numpy_is_always_there() -> None:
    assert available()[-1] == "numpy"


@pytest.mark.parametrize("name", available())
def test_a_level_may_be_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_KERNELS", name)
    assert level().name == name
    assert description() == f"{name} (asked for by NER_KERNELS)"


@pytest.mark.parametrize("name", ["sse", "AVX2", " ", *ELSEWHERE])
def test_another_level_is_refused_in_a_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NER_KERNELS", name)
    with pytest.raises(UsageError, match=f"^NER_KERNELS={name}: [^\n]+$"):
        level()
