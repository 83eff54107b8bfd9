"""Plans for many files: those behind names, folders and patterns, and where each result belongs."""

import glob
import os
from collections.abc import Iterator, Sequence
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from ner.corpus import layout_of
from ner.errors import UsageError
from ner.files import checked_path
from ner.render import renderer_class


class Job(NamedTuple):
    """A file to tag, how it holds text (one of `LAYOUTS`), and where the result belongs."""

    source: Path
    layout: str
    out: Path


def plan_jobs(names: Sequence[str], folder: Path, format: str, layout: str = "") -> list[Job]:
    """A job for each file behind the names: files, folders with all that is in them, patterns.

    Outputs are called like their files, with the extension of the format, and lie in `folder` as
    these lie in their folder or behind the fixed part of their pattern. Without `layout`, names
    tell it. Raises `UsageError` where there is no file, or an output would stand in the way of
    another one, or of an input.
    """
    found = {source: inside for name in names for source, inside in _found(name, folder)}
    extension = renderer_class(format).extension
    jobs = [
        Job(source, layout or layout_of(source.name), folder / _renamed(inside, extension))
        for source, inside in found.items()
    ]
    _check_outputs(jobs, format)
    return jobs


def _found(name: str, folder: Path) -> Iterator[tuple[Path, Path]]:
    """The files behind a name, each with its path in the folder of outputs."""
    path = checked_path(name)
    if name in ("", "-"):
        raise UsageError(f"--out-dir takes files, not {name!r}; name files")
    if path.is_dir():
        files, root = sorted(path.rglob("*")), path
    elif glob.has_magic(name) and not os.path.lexists(path):
        files = [Path(one) for one in sorted(glob.glob(name, recursive=True))]
        root = Path(*takewhile(lambda part: not glob.has_magic(part), path.parts))
    else:
        yield path, Path(path.name)
        return
    files = [one for one in files if _is_input(one.relative_to(root), one, folder)]
    if not files:
        raise UsageError(f"{name}: there is no file; check the name")
    yield from ((one, one.relative_to(root)) for one in files)


def _is_input(inside: Path, file: Path, folder: Path) -> bool:
    """False for folders, hidden files, and outputs of an earlier time."""
    hidden = any(part.startswith(".") for part in inside.parts)
    return not hidden and file.is_file() and not _real(file).is_relative_to(_real(folder))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _renamed(path: Path, extension: str) -> Path:
    """The path with another extension; what a number begins (``notes.2024``) is none."""
    if path.suffix in (".gz", ".xz"):
        path = path.with_suffix("")
    stem = path.name if path.suffix[1:2].isdigit() else path.stem
    return path.with_name(stem + extension)


def _check_outputs(jobs: Sequence[Job], format: str) -> None:
    inputs = {_real(job.source) for job in jobs}
    taken: dict[Path, Path] = {}
    for job in jobs:
        for out in renderer_class(format).outputs(job.out):
            real = _real(out)
            if real in inputs:
                raise UsageError(f"{out}: is an input itself; choose another --out-dir")
            if real.is_dir():
                raise UsageError(f"{out}: is a folder; remove it, or choose another --out-dir")
            if real in taken:
                raise UsageError(
                    f"{taken[real]} and {job.source} would both be written to {out}; "
                    "rename one, or tag them apart"
                )
            taken[real] = job.source
