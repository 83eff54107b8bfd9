"""Progress of training: bars on a terminal, nothing elsewhere; what is kept if it stops."""

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
        self.last: Any = None
        """The last event so far."""
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

    def follow(
        self, events: Iterator[Any], show: Callable[[Any], None] = lambda event: None
    ) -> Any:
        """Run a generator of events to its end, and move the bar; returns the last event."""
        from ner.training import Step

        with closing(cast("Generator[Any]", events)):
            for event in events:
                self.last = event
                if isinstance(event, Step):
                    self._step(event.epoch, event.step, event.steps, event.loss)
                show(event)
        return self.last

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
def training_progress(
    vectors: Sequence[str], kept: Callable[[Any], str] = lambda last: ""
) -> Iterator[TrainingProgress]:
    """Show bars on stderr while the block runs, if stderr is a terminal.

    Where it is stopped, `kept` says what is left of the work, by the last event before.
    """
    try:
        with bars() as shown:
            progress = TrainingProgress(shown, vectors)
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
