"""Progress of training: bars on a terminal, nothing elsewhere."""

import logging
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


def bars() -> Progress:
    """Bars on stderr, if that is a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        # With FORCE_COLOR set, rich would take a pipe for a terminal.
        disable=not sys.stderr.isatty(),
    )


class TrainingProgress:
    """One bar for the epoch in work, and one for the vectors files while they are read."""

    def __init__(self, bars: Progress, vectors: Sequence[str]) -> None:
        self._bars = bars
        self._vectors = vectors
        self._reading: TaskID | None = None
        self._epoch: TaskID | None = None

    def vectors_read(self, size: int) -> None:
        """Show that so many bytes of the vectors files have been read."""
        if self._reading is None:
            files = [Path(file) for file in self._vectors]
            # A missing file is an error only when its turn comes.
            total = sum(file.stat().st_size for file in files if file.exists())
            self._reading = self._bars.add_task("vectors", total=total, note="")
        self._bars.update(self._reading, completed=size)

    def watch(self, events: Iterable[Any]) -> Iterator[Any]:
        """Pass events on, and move the bar with those that are steps."""
        from ner.training import Step

        for event in events:
            if isinstance(event, Step):
                self._step(event.epoch, event.step, event.steps, event.loss)
            yield event

    def _step(self, epoch: int, step: int, steps: int, loss: float) -> None:
        if self._reading is not None:
            self._bars.remove_task(self._reading)
            self._reading = None
        if self._epoch is None:
            self._epoch = self._bars.add_task("", total=steps, note="")
        self._bars.update(
            self._epoch,
            description=f"epoch {epoch}",
            completed=step,
            total=steps,
            note=f"loss {loss:.3f}",
        )


@contextmanager
def training_progress(vectors: Sequence[str]) -> Iterator[TrainingProgress]:
    """Show bars on stderr while the block runs, if stderr is a terminal."""
    with bars() as shown:
        yield TrainingProgress(shown, vectors)


class _WarnOnce(logging.Filter):
    """Pass warnings, each text once: every run would repeat those about the corpus."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide if a message is to be shown."""
        text = record.getMessage()
        new = text not in self._seen
        self._seen.add(text)
        return new and record.levelno >= logging.WARNING


@contextmanager
def brief_messages() -> Iterator[None]:
    """Leave epochs to the log of each run, and show warnings once, while the block runs."""
    handlers, once = [*logging.getLogger("ner").handlers], _WarnOnce()
    for handler in handlers:
        handler.addFilter(once)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(once)
