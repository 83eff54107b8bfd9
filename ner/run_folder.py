"""Run folders: where trainings of any kind write, and where their models are found."""

import json
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ner.errors import NerError, UsageError, escaped
from ner.files import checked_path, unreadable, write_text
from ner.frozen import frozen
from ner.named_models import SHIPPED, named_model, named_models
from ner.plugins import declared, load

_log = logging.getLogger("ner")

DEFAULT_KIND = "tagger"  # of a model that names none in its config.json
FINISHED = "result.json"  # written last into a run folder

_SEEDS = "seed-*/metrics.jsonl"  # runs of taggers within a folder
_MOST_KEPT = 10_000  # messages
_ZIP = b"PK\3\4"  # the first bytes of a zip


# --- what a folder holds ------------------------------------------------------------------------


def kind_of(out: Path) -> str | None:
    """The kind of run that a folder holds; None where there is none, or nothing yet to tell by.

    Extensions declare the signs of folders that hold several runs (`RUN_SIGNS`).
    """
    for sign, kind in {**declared("RUN_SIGNS"), _SEEDS: DEFAULT_KIND}.items():
        if any(out.glob(sign)):
            return kind
    state = _read_head(out / "checkpoint" / "state.json") or {}
    return str(state["kind"])[:80] if "kind" in state else _model_kind(out)


def _model_kind(run: Path) -> str | None:
    """The kind of the model of a run; None for one that is missing or cannot be read."""
    head = _read_head(run / "model" / "config.json")
    return None if head is None else str(head.get("kind", DEFAULT_KIND))[:80]


def _read_head(path: Path) -> dict[str, Any] | None:
    if not os.path.lexists(path):
        return None
    from ner.stored import StoredFolder, ValidationError  # loads torch: only for what is there

    try:
        found: dict[str, Any] = StoredFolder(path.parent).json(path.name, dict)
    except ValidationError:
        return None
    return found


def check_kind(out: Path, kind: str) -> None:
    """Refuse a folder that holds something of another kind. Raises `UsageError`."""
    found = kind_of(out)
    if found not in (None, kind):
        raise UsageError(f"{out}: holds a {found}, not a {kind}; name another folder with --out")


@frozen()
class RunFolder:
    """The files that a kind of run leaves; a folder with one of the `marks` is of a run."""

    kind: str  # of its model
    contents: Sequence[str]
    marks: Sequence[str]

    def _there(self, out: Path) -> list[Path]:
        return [out / name for name in self.contents if os.path.lexists(out / name)]

    def check(self, out: Path, *, overwrite: bool = False) -> None:
        """Refuse a folder that holds a run, unless it may be overwritten. Raises `UsageError`.

        Runs of another kind are never overwritten, nor are files of other people that only bear
        the names of ours.
        """
        check_kind(out, self.kind)
        there = self._there(out)
        marked = any(path.name in self.marks for path in there) or any(out.glob(_SEEDS))
        if there and not marked:
            raise UsageError(f"{there[0]}: is not of a run, but in its way; choose another --out")
        if there and not overwrite:
            raise UsageError(
                f"{out}: holds a run already; choose another --out, go on with --resume, "
                "or replace it with --overwrite"
            )

    def check_begun(self, *places: Path) -> None:
        """Refuse to go on where nothing has begun, in the first folder or others of the same run.

        The first must not hold a run of another kind. Raises `UsageError`.
        """
        check_kind(places[0], self.kind)
        if not any(map(self._there, places)):
            raise UsageError(
                f"{places[0]}: holds no run to go on with; name its folder with --out, or leave "
                "--resume out"
            )

    def clear(self, out: Path) -> None:
        """Remove an older run, and nothing else, from a folder."""
        for path in self._there(out):
            if path.is_dir() and not path.is_symlink():
                import shutil

                shutil.rmtree(path)
            else:
                path.unlink()


# --- models in folders --------------------------------------------------------------------------


def find_bundle(path: str | Path) -> Path:
    """The bundle of a tagger: as `find_model`, or where there is no such path, one by its name.

    An address as ``hf://user/name`` is that of a model elsewhere, which an extension fetches.
    Raises `UsageError`, and what an extension raises where the model cannot be had.
    """
    scheme, mark, _ = str(path).partition("://")
    if mark and (source := declared("MODEL_SOURCES").get(scheme)):
        path = load(source)(str(path))
    command = "ner train --data NAME"
    if not os.path.lexists(checked_path(path)):
        models = named_models()
        if named := models.get(str(path)):
            return named
        command += f", or take one by name ({', '.join(models)})"
    return find_model(path, command)


def find_model(path: str | Path, command: str) -> Path:
    """The folder of the bundle, the one named or ``model/`` in it; or a file of ``ner export``.

    Raises `UsageError`, which names the `command` that makes one.
    """
    path = checked_path(path)
    if is_packed(path):
        return path
    for folder in (path, path / "model"):
        # Not `exists`: a broken link and a folder that cannot be entered get messages of their own.
        if folder != path and os.path.islink(folder):
            raise UsageError(f"{folder}: is a link; name the folder that it leads to")
        if os.path.lexists(folder / "config.json"):
            return folder
    if not os.path.lexists(path):
        raise UsageError(f"{path}: no such model folder; train one with: {command}")
    raise UsageError(
        f"{path}: is no model folder (no config.json in it or in its model/); name a run "
        "folder or the model/ inside it"
    )


def is_packed(path: Path) -> bool:
    """Tell if a path is of a file that begins like those of ``ner export``.

    Raises `NerError` for a file that cannot be read.
    """
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_ZIP)) == _ZIP
    except OSError as error:
        raise unreadable(path, error) from None


def newest_bundle(root: str | Path = "runs") -> Path:
    """The tagger of the newest finished run under `root`. Raises `UsageError` if there is none."""
    return _bundle_of(_newest_run(root), root)


def default_bundle() -> Path:
    """The tagger of the newest finished run in ``runs/``; without one, the model that ships."""
    newest = _newest_run("runs")
    shipped = None if newest else named_model(SHIPPED)
    return shipped or _bundle_of(newest, "runs")


def _bundle_of(run: Path | None, root: str | Path) -> Path:
    if run is None:
        raise UsageError(
            f"no finished run under {root}/ here; give --model DIR, "
            "or train one with: ner train --data NAME"
        )
    return find_bundle(run)


def _newest_run(root: str | Path) -> Path | None:
    finished = (
        file
        for file in Path(root).glob(f"*/{FINISHED}")
        if _model_kind(file.parent) in (None, DEFAULT_KIND)  # what is damaged is refused later
    )
    newest = max(finished, key=lambda file: (file.stat().st_mtime_ns, file), default=None)
    return newest and newest.parent


# --- writing ------------------------------------------------------------------------------------


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


def duration(seconds: float) -> str:
    """A span of time for people: ``4.2 s``, ``3:05 min``, ``2:03:05 h``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


class _OneLine(logging.Formatter):
    """A record in a line of its own, whatever names and labels it quotes."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """The line; a traceback may follow."""
        return escaped(super().formatMessage(record))


class EarlierMessages(logging.Handler):
    """A handler that keeps what is said before there is a folder, for the log of each run."""

    def __init__(self) -> None:
        super().__init__()
        self.records: dict[str, logging.LogRecord] = {}
        self.open_logs = 0  # what one run says is not for the log of the next

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a record, each text once, in bounded memory; none while a log is open."""
        if not self.open_logs and len(self.records) < _MOST_KEPT:
            self.records.setdefault(record.getMessage(), record)


@contextmanager
def log_file(path: Path) -> Iterator[Callable[[str], None]]:
    """Write log messages into a file too, while the block runs, and the error that ends it.

    Messages that a handler has kept before (`EarlierMessages`) come first. The log of several runs
    may be open around those of each. Gives a function that writes a text into the file alone.
    """
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    level = _log.level
    earlier = [each for each in _log.handlers if isinstance(each, EarlierMessages)]
    for record in [record for each in earlier for record in each.records.values()]:
        handler.handle(record)

    def note(text: str, level: int = logging.INFO) -> None:
        for line in text.splitlines():
            handler.handle(logging.LogRecord(_log.name, level, "", 0, line, None, None))

    for each in earlier:
        each.open_logs += 1
    _log.addHandler(handler)
    if level == logging.NOTSET:  # else nothing would be said in a program that sets no level
        _log.setLevel(logging.INFO)
    try:
        yield note
    except NerError as error:
        note(str(error), logging.ERROR)
        raise
    except (GeneratorExit, KeyboardInterrupt):
        note("stopped", logging.WARNING)
        raise
    finally:
        _log.setLevel(level)
        _log.removeHandler(handler)
        for each in earlier:
            each.open_logs -= 1
        handler.close()
