"""A search: trials of training into one folder, of which the best is kept.

::

    study.sqlite   every trial with its settings and scores: what ``--resume`` needs
    trial/         the run in work; gone when it ends
    best/          the run folder of the best trial so far
    best.toml      its settings: ``ner train --config`` reads them

Trials are evaluated on valid. They never see test. Where several are trained at once, the others
work in ``trial-2/`` and so on.
"""

import contextlib
import dataclasses
import itertools
import json
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ner.config import Config, chosen
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.extensions.experiments.search.study import FILE, AskedTrial, Study, Trial, best_of
from ner.extensions.experiments.space import Choice, Space, require_optuna
from ner.features import VectorsOnce
from ner.files import clear_leftovers, exclusive_lock, inner_locks, swap_folder, write_text
from ner.run_folder import check_kind, run_path
from ner.training import (
    Begun,
    Done,
    Epoch,
    Event,
    Failed,
    Job,
    PreparedCorpus,
    Runner,
    RunWork,
    open_resources,
    open_runner,
    prepare,
    resolve,
)

KIND = "search"
WORK, BEST, BEST_CONFIG = "trial", "best", "best.toml"


@dataclass(frozen=True)
class TrialFinished:
    """A trial has ended; `best` is the best one so far, None until one is finished."""

    trial: Trial
    best: Trial | None


@dataclass(frozen=True)
class SearchFinished:
    """As many trials as were wanted have ended; `config` has the settings of the best."""

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
    on: str = "",
) -> Generator[Event | TrialFinished | SearchFinished, None, None]:
    """Search a space of settings around a configuration; a generator, to be run to its end.

    Yields the events of each trial's training, `TrialFinished` at its end, and at last
    `SearchFinished`. `trials` is how many there are to be in all, those of before `resume`
    included, and the pruned and failed ones, too. `on` the runner at that address as many
    are trained at once as there is room for. Closed or interrupted, it goes on with `resume`.
    A trial whose loss is not a number any more is failed and the search goes on; raises `NerError`
    when there is something wrong with all of them, or none of them finished.
    """
    require_optuna()
    if not space:
        raise UsageError("no setting is left to be searched; name some with --range")
    corpus = dataclasses.replace(corpus, test=())  # nothing is chosen by what is on test
    prepared = dataclasses.replace(prepare(corpus, config.data), read_vectors=VectorsOnce())
    search = _Search(prepared, run_path(out), config, space)
    with search.opened(resume=resume):
        if len(search.study.trials()) < trials:
            open_resources(search.resolved(), prepared)
            with open_runner(on, device, progress, config) as runner:
                yield from search.events(runner, trials)
        yield search.finished()


@dataclass
class _Search:
    corpus: PreparedCorpus
    out: Path
    config: Config
    space: Space
    _running: dict[Job[Config], AskedTrial] = field(default_factory=dict)
    _locks: dict[Job[Config], contextlib.ExitStack] = field(default_factory=dict)

    @contextlib.contextmanager
    def opened(self, *, resume: bool) -> Iterator[None]:
        """Open the study, and keep other processes out of the folder while the block runs.

        Raises `UsageError` for an unsuitable folder, `NerError` where none can be made.
        """
        check_kind(self.out, KIND)
        if resume and not (self.out / FILE).is_file():
            raise UsageError(f"{self.out}: holds no search to go on with; leave --resume out")
        with exclusive_lock(self.out):  # first: what another process has begun must not be touched
            if (self.out / FILE).is_symlink():
                raise UsageError(f"{self.out / FILE}: is a link; put the study in its place")
            self._open(resume=resume)
            self.study.clear_up()
            left = [self.out / WORK, *self.out.glob(f"{WORK}-*")]  # of a search that was killed
            with inner_locks(self.out, (*left, self.out / BEST)):
                for folder in left:
                    shutil.rmtree(folder, ignore_errors=True)
            clear_leftovers(self.out, (BEST, BEST_CONFIG))
            yield

    def _open(self, *, resume: bool) -> None:
        if not (self.out / FILE).is_file() and any(self.out.iterdir()):
            raise UsageError(f"{self.out}: is not empty, and holds no search; choose another --out")
        train = resolve(self.config, self.corpus).train
        self.study = Study(self.out, self.space, train.seed, chosen(train.epochs))
        now, before = self._about(), self.study.about
        other = [key for key in {**before, **now} if before.get(key) != now.get(key)]
        if not self.study.trials():
            self.study.describe(now)  # one without a trial may change
        elif not resume:
            raise UsageError(
                f"{self.out}: holds a search already; go on with --resume, or choose another --out"
            )
        elif other:
            raise UsageError(
                f"{self.out}: was started otherwise ({', '.join(other)}); resume with the same "
                "options, or start anew with another --out"
            )

    def _about(self) -> dict[str, Any]:
        """The facts that must be the same when a search goes on."""
        about = {key: self.config[key] for key in self.config.fields()}
        about |= {f"--range {key}": str(part) for key, part in self.space.items()}
        about["the corpus"] = self.corpus.checksums
        values: dict[str, Any] = json.loads(json.dumps(about))  # as they come back when stored
        return values

    def resolved(self) -> Iterator[Config]:
        """A configuration for each combination of resources that trials may need."""
        files = {
            key: part.values
            for key, part in self.space.items()
            if key.startswith("resources.") and isinstance(part, Choice)
        }
        for values in itertools.product(*files.values()):
            config = self.config.replace(dict(zip(files, values, strict=True)))
            yield resolve(config, self.corpus)

    def events(self, runner: Runner, trials: int) -> Iterator[Event | TrialFinished]:
        """Train trials; what is stopped on the way leaves no trace and is tried again."""
        try:
            with closing(runner.run(RunWork(self.corpus), self._jobs(trials))) as events:
                for job, event in events:
                    yield from self._follow(runner, job, event)
        finally:
            for job, asked in [*self._running.items()]:
                asked.stop()
                self._leave(job)

    def _jobs(self, trials: int) -> Iterator[Job[Config]]:
        """Begin trials, as long as some are lacking; each has a folder of its own."""
        while (number := len(self.study.trials()) + len(self._running) + 1) <= trials:
            names = [WORK, *(f"{WORK}-{place}" for place in range(2, trials + 1))]
            taken = {job.out for job in self._running}
            out = next(self.out / name for name in names if self.out / name not in taken)
            asked = self.study.ask({key: self.config[key] for key in self.space})
            job = Job(f"trial {number}", self.config.replace(asked.settings), out)
            self._running[job] = asked
            self._locks[job] = contextlib.ExitStack()
            self._locks[job].enter_context(inner_locks(self.out, (out,)))
            yield job

    def _leave(self, job: Job[Config]) -> None:
        """Remove what a trial that has ended has left."""
        del self._running[job]
        self._locks.pop(job).close()
        shutil.rmtree(_folder(job), ignore_errors=True)

    def _follow(
        self, runner: Runner, job: Job[Config], event: Any
    ) -> Iterator[Event | TrialFinished]:
        """Hand on what happens in a trial, and end it if it is over or does not look well."""
        asked = self._running[job]
        match event:
            case Begun():
                return
            case Failed(TrainingError() as error):
                yield self._ended(job, asked.end("failed", note=str(error)))
            case Failed(error):
                raise error
            case Done(last):
                f1 = last.scores["valid"].f1
                self._keep_best(job, f1)
                yield self._ended(job, asked.end("finished", f1))  # the best one is there by now
            case Epoch():
                yield event
                if asked.report(event.number, event.valid.f1):
                    runner.stop(job)
                    yield self._ended(job, asked.end("pruned"))
            case _:
                yield event

    def _ended(self, job: Job[Config], trial: Trial) -> TrialFinished:
        self._leave(job)
        return TrialFinished(trial, best_of(self.study.trials()))

    def _keep_best(self, job: Job[Config], f1: float) -> None:
        """Put the run of a finished trial in the place of the best one, if it is better."""
        trials = self.study.trials()
        best = best_of(trials)
        if best is not None and f1 <= best.f1:
            return
        with inner_locks(self.out, (self.out / BEST,)):
            swap_folder(_folder(job), self.out / BEST)
        with write_text(self.out / BEST_CONFIG) as file:
            file.write(self._text(job.task, len(trials) + 1, f1))

    def _text(self, config: Config, number: int, f1: float) -> str:
        name = " ".join(self.corpus.corpus.name.split())
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
        return SearchFinished(best, len(trials), config, text)


def _folder(job: Job[Config]) -> Path:
    assert job.out is not None, "trials have folders"
    return job.out
