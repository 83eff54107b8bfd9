"""Run folders: the place where trainings of any kind write."""

import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.errors import UsageError
from ner.files import write_text

_log = logging.getLogger("ner")


@dataclass(frozen=True)
class RunFolder:
    """The files that a kind of run leaves; a folder with one of the `marks` is of a run."""

    contents: Sequence[str]
    marks: Sequence[str]

    def _there(self, out: Path) -> list[Path]:
        return [out / name for name in self.contents if (out / name).exists()]

    def check(self, out: Path, *, overwrite: bool = False) -> None:
        """Refuse a folder that holds a run, unless it may be overwritten. Raises `UsageError`.

        Files of other people that only bear the names of ours are never overwritten.
        """
        there = self._there(out)
        if there and not any(path.name in self.marks for path in there):
            raise UsageError(f"{there[0]}: is not of a run, but in its way; choose another --out")
        if there and not overwrite:
            raise UsageError(
                f"{out}: holds a run already; choose another --out, go on with --resume, "
                "or replace it with --overwrite"
            )

    def check_begun(self, *places: Path) -> None:
        """Refuse to go on where nothing has begun, in the first folder or others of the same run.

        Raises `UsageError`.
        """
        if not any(map(self._there, places)):
            raise UsageError(
                f"{places[0]}: holds no run to go on with; name its folder with --out, or leave "
                "--resume out"
            )

    def clear(self, out: Path) -> None:
        """Remove an older run, and nothing else, from a folder."""
        for path in self._there(out):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def run_path(out: str | Path) -> Path:
    """The path of a run folder. Raises `UsageError` for "", which would be the current folder."""
    if not str(out):
        raise UsageError("the name of the run folder is empty; name a folder, as runs/x")
    return Path(out)


def check_restart(*, resume: bool, overwrite: bool) -> None:
    """Refuse to go on with a run and to replace it at once. Raises `UsageError`."""
    if resume and overwrite:
        raise UsageError("--resume goes on with a run and --overwrite replaces it; choose one")


def write_file(path: Path, text: str) -> None:
    """Write a whole file of a run."""
    with write_text(path) as file:
        file.write(text)


def write_records(path: Path, records: Sequence[Mapping[str, Any]]) -> None:
    """Write objects, one a line."""
    write_file(path, "".join(json.dumps(record) + "\n" for record in records))


@contextmanager
def log_file(path: Path) -> Iterator[None]:
    """Write log messages into a file too, while the block runs."""
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    level = _log.level
    _log.addHandler(handler)
    if level == logging.NOTSET:  # else nothing would be said in a program that sets no level
        _log.setLevel(logging.INFO)
    try:
        yield
    finally:
        _log.setLevel(level)
        _log.removeHandler(handler)
        handler.close()
