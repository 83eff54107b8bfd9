"""A search: trials of training into one folder, of which the best is kept.

::

    study.sqlite   every trial with its settings and scores: what ``--resume`` needs
    trial/         the run in work; gone when it ends
    best/          the run folder of the best trial so far
    best.toml      its settings: ``ner train --config`` reads them

Trials are evaluated on valid. They never see test.
"""

import contextlib
import dataclasses
import shutil
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import torch

from ner.config import Config, chosen
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.extensions.experiments.search.study import (
    FILE,
    Study,
    Trial,
    best_of,
    plain,
    require_optuna,
)
from ner.extensions.experiments.space import Space
from ner.files import clear_leftovers, exclusive_lock, swap_folder, write_text
from ner.model import choose_device
from ner.training import Epoch, Event, Finished, PreparedCorpus, Run, prepare, resolve

WORK, BEST, BEST_CONFIG = "trial", "best", "best.toml"


@dataclass(frozen=True)
class TrialFinished:
    """A trial has ended; `best` is the best one so far, None until one is finished."""

    trial: Trial
    best: Trial | None


@dataclass(frozen=True)
class SearchFinished:
    """As many trials as were wanted have ended; `config` has the settings of the best."""

    out: Path
    best: Trial
    trials: int
    config: Config
    text: str  # what best.toml holds


def search_events(
    corpus: Corpus,
    out: str | Path,
    config: Config,
    space: Space,
    *,
    trials: int,
    device: str = "auto",
    resume: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Generator[Event | TrialFinished | SearchFinished, None, None]:
    """Search a space of settings around a configuration; a generator, to be run to its end.

    Yields the events of each trial's training, `TrialFinished` at its end, and at last
    `SearchFinished`. `trials` is how many there are to be in all, those of before `resume`
    included, and the pruned and failed ones, too. Closed or interrupted, it goes on with `resume`.
    A trial whose loss is not a number any more is failed and the search goes on; raises `NerError`
    when there is something wrong with all of them, or none of them finished.
    """
    require_optuna()
    if not space:
        raise UsageError("no setting is left to be searched; name some with --range")
    corpus = dataclasses.replace(corpus, test=())  # nothing is chosen by what is on test
    search = _Search(prepare(corpus), Path(out), config, space, choose_device(device), progress)
    with search.opened(resume=resume):
        while len(search.study.trials()) < trials:
            yield from search.trial()
        yield search.finished()


class _Search:
    def __init__(
        self,
        corpus: PreparedCorpus,
        out: Path,
        config: Config,
        space: Space,
        device: torch.device,
        progress: Callable[[int], None],
    ) -> None:
        self.prepared, self.corpus = corpus, corpus.corpus
        self.out, self.config, self.space = out, config, space
        self.device, self.progress = device, progress

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Open the study, and keep other processes out of the folder while the block runs.

        Raises `UsageError` for an unsuitable folder, `NerError` where none can be made.
        """
        if resume and not (self.out / FILE).is_file():
            raise UsageError(f"{self.out}: holds no search to go on with; leave --resume out")
        with exclusive_lock(self.out):  # first: what another process has begun must not be touched
            self._open(resume=resume)
            self.study.clear_up()
            shutil.rmtree(self.out / WORK, ignore_errors=True)  # of a search that was killed
            clear_leftovers(self.out, (BEST, BEST_CONFIG))
            yield

    def _open(self, *, resume: bool) -> None:
        if not (self.out / FILE).is_file() and any(self.out.iterdir()):
            raise UsageError(f"{self.out}: is not empty, and holds no search; choose another --out")
        train = resolve(self.config, self.corpus).train
        self.study = Study(self.out, self.space, train.seed, chosen(train.epochs))
        if not self.study.trials():
            self.study.describe(self._about())  # one without a trial may change
        elif not resume:
            raise UsageError(
                f"{self.out}: holds a search already; go on with --resume, or choose another --out"
            )
        elif other := self._differences(self.study.about):
            raise UsageError(
                f"{self.out}: was started otherwise ({', '.join(other)}); resume with the same "
                "options, or start anew with another --out"
            )

    def _about(self) -> dict[str, Any]:
        """The facts that must be the same when a search goes on."""
        settings = self.config.to_dict().items()
        about = {f"{section}.{key}": v for section, part in settings for key, v in part.items()}
        about |= {f"--range {key}": str(part) for key, part in self.space.items()}
        about["the corpus"] = self.prepared.checksums
        values: dict[str, Any] = plain(about)
        return values

    def _differences(self, before: dict[str, Any]) -> list[str]:
        now = self._about()
        return [key for key in {**before, **now} if before.get(key) != now.get(key)]

    def trial(self) -> Iterator[Event | TrialFinished]:
        """Train once; what is stopped on the way leaves no trace and is tried again."""
        start = self.config.to_dict()
        values = {key: start[key.partition(".")[0]][key.partition(".")[2]] for key in self.space}
        settings = self.study.ask(values)
        ended: Trial | None = None
        try:
            ended = yield from self._train(self.config.replace(settings))
        except TrainingError as error:
            ended = self.study.fail(str(error))
        finally:
            if ended is None:
                self.study.stop()
            shutil.rmtree(self.out / WORK, ignore_errors=True)
        yield TrialFinished(ended, best_of(self.study.trials()))

    def _train(self, config: Config) -> Generator[Event, None, Trial]:
        """A run that ends early when it does not look well; returns the trial."""
        run = Run(self.prepared, config, self.out / WORK, self.device, self.progress)
        with contextlib.closing(cast("Generator[Event, None, None]", run.events())) as events:
            for event in events:
                yield event
                if isinstance(event, Epoch) and self.study.report(event.number, event.valid.f1):
                    return self.study.prune()
        assert isinstance(event, Finished), "a run ends with its scores"
        f1 = event.scores["valid"].f1
        best = best_of(self.study.trials())
        if best is None or f1 > best.f1:
            self._keep(config, len(self.study.trials()) + 1, f1)
        return self.study.finish(f1)  # last: one that is listed as best is there

    def _keep(self, config: Config, number: int, f1: float) -> None:
        """Make the run in work the best one."""
        swap_folder(self.out / WORK, self.out / BEST)
        with write_text(self.out / BEST_CONFIG) as file:
            file.write(self._text(config, number, f1))

    def _text(self, config: Config, number: int, f1: float) -> str:
        name = " ".join(self.corpus.name.split())
        return f"# valid F1 {100 * f1:.2f} on {name}: trial {number}\n\n{config.to_toml()}"

    def finished(self) -> SearchFinished:
        """The result of the search. Raises `NerError` if no trial is finished."""
        trials = self.study.trials()
        best = best_of(trials)
        if best is None:
            raise NerError(
                f"{self.out}: none of {len(trials)} trials came to its end; the last one: "
                f"{trials[-1].note}"
            )
        config = self.config.replace(best.settings)
        text = self._text(config, best.number, best.f1)
        return SearchFinished(self.out, best, len(trials), config, text)
