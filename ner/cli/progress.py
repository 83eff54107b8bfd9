"""Progress of long work: a bar on a terminal, nothing elsewhere; what is kept if it stops."""

import json
import logging
import shlex
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from ner.cli import stopped
from ner.run_folder import EarlierMessages


class TrainingProgress:
    """A bar for the stage of the work: reading vectors files, an epoch, or another one."""

    def __init__(self, bars: Progress, vectors: Sequence[str]) -> None:
        self.last: Any = None
        """The last event so far."""
        self._bars = bars
        self._vectors = vectors
        self._stage, self._done = "", 0.0
        self._task: TaskID | None = None

    def show(self, stage: str, done: float, total: float, note: str = "") -> None:
        """Move the bar; that of a new stage takes the place of the one before.

        A stage that begins again (the first epoch of the next seed) has a new bar, too: the time
        left would else come from the pace of the one before.
        """
        if self._task is None or stage != self._stage or done < self._done:
            if self._task is not None:
                self._bars.remove_task(self._task)
            self._stage, self._task = stage, self._bars.add_task(stage, total=total, note=note)
        self._done = done
        self._bars.update(self._task, completed=done, note=note)

    def vectors_read(self, size: int) -> None:
        """Show that so many bytes of the vectors files have been read."""
        files = [Path(file) for file in self._vectors]
        # A missing file is an error only when its turn comes.
        self.show("vectors", size, sum(file.stat().st_size for file in files if file.exists()))

    def follow(
        self, events: Iterator[Any], show: Callable[[Any], None] = lambda event: None
    ) -> Any:
        """Run a generator of events to its end, and move the bar; returns the last event."""
        from ner.training import Step

        with closing(cast("Generator[Any]", events)):
            for event in events:
                self.last = event
                if isinstance(event, Step):
                    note = f"loss {event.loss:.3f}"
                    self.show(f"epoch {event.epoch}", event.step, event.steps, note)
                show(event)
        return self.last


@contextmanager
def progress_bar(vectors: Sequence[str] = ()) -> Iterator[TrainingProgress]:
    """Show a bar on stderr while the block runs, if stderr is a terminal."""
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        # With FORCE_COLOR set, rich would take a pipe for a terminal.
        disable=not sys.stderr.isatty(),
    ) as bars:
        yield TrainingProgress(bars, vectors)


@contextmanager
def training_progress(
    vectors: Sequence[str] = (), kept: Callable[[Any], str] = lambda last: ""
) -> Iterator[TrainingProgress]:
    """The same around a training; if it is stopped, `kept` says what is left, by its last event."""
    try:
        with progress_bar(vectors) as progress:
            yield progress
    except KeyboardInterrupt as stop:
        raise stopped(stop, kept(progress.last)) from None


def go_on(out: Path) -> str:
    """The options that go on with the work in a folder."""
    return f"go on with --out {shlex.quote(str(out))} --resume"


def what_is_kept(out: Path, seeds: Sequence[int], overwrite: bool, last: Any) -> str:
    """Describe the state of a run that was stopped after its event `last`."""
    if overwrite and last is None:
        return ""  # before its first step, it may not have touched the older run yet
    from ner.training import declared_folders, seed_folder

    several = [seed_folder(out, seed) for seed in seeds]
    for folder in reversed([*several, *declared_folders(out)] if seeds else [out]):
        try:
            lines = (folder / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        best = [record for record in map(json.loads, lines) if record["best"]]
        if best:
            return (
                f"the best model so far (epoch {best[-1]['epoch']}, valid F1 "
                f"{100 * best[-1]['valid_f1']:.2f}) is in {folder}; {go_on(out)}"
            )
    begun = any((folder / "metrics.jsonl").exists() for folder in [out, *several])
    again = go_on(out) if begun else f"start again with --out {shlex.quote(str(out))}"
    return f"no epoch was finished, so there is no model yet; {again}"


@contextmanager
def brief_messages() -> Iterator[None]:
    """Leave epochs to the log of each run, and show warnings once, while the block runs."""
    shown = [h for h in logging.getLogger("ner").handlers if not isinstance(h, EarlierMessages)]
    seen = set[str]()

    def once(record: logging.LogRecord) -> bool:
        """Pass warnings, each text once: every run would repeat those about the corpus."""
        text = record.getMessage()
        new = text not in seen
        seen.add(text)
        return new and record.levelno >= logging.WARNING

    for handler in shown:
        handler.addFilter(once)
    try:
        yield
    finally:
        for handler in shown:
            handler.removeFilter(once)
