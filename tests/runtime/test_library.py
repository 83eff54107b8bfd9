"""The choice of a level, and what is said of it."""

import os
import shutil
import subprocess
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

import pytest

import ner
from ner.errors import UsageError
from ner.runtime.library import NUMBERS, available, description, level

TELL = """
from ner.errors import UsageError
from ner.runtime.library import available, description, level
print(*available())
print(description())
import os
os.environ["NER_KERNELS"] = "c"
try:
    level()
except UsageError as error:
    print(error)
"""
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


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A copy of the package without compiled kernels."""
    ignored = shutil.ignore_patterns("_kernels*", "__pycache__")
    shutil.copytree(Path(ner.__file__).parent, tmp_path / "ner", ignore=ignored)
    return tmp_path


def _told(folder: Path) -> list[str]:
    """Lines of a fresh process with a copy of the package: levels, description, a refusal."""
    variables = {name: value for name, value in os.environ.items() if name != "NER_KERNELS"}
    done = subprocess.run(
        [sys.executable, "-c", TELL],
        cwd=folder,
        env={**variables, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.splitlines()


def test_without_a_compiler_numpy_runs(bare: Path) -> None:
    assert _told(bare) == [
        "numpy",
        "numpy (no compiled kernels: there was no C compiler when ner was installed)",
        "NER_KERNELS=c: no compiled kernels: there was no C compiler when ner was installed; "
        "without NER_KERNELS, NumPy serves",
    ]


def test_a_damaged_library_is_named(bare: Path) -> None:
    name = f"_kernels{EXTENSION_SUFFIXES[0]}"
    (bare / "ner" / "runtime" / name).write_bytes(b"no library")
    levels, description, _ = _told(bare)
    assert levels == "numpy"
    assert description.startswith(f"numpy ({name} cannot be loaded: ")
