"""A search: trials of training into one folder, of which the best is kept.

::

    study.sqlite   every trial with its settings and scores: what ``--resume`` needs
    trial/         the run in work; gone when it ends
    best/          the run folder of the best trial so far
    best.toml      its settings: ``ner train --config`` reads them

Trials are evaluated on valid. They never see test. Settings are drawn with ``optuna``, by a
tree-structured Parzen estimator (Bergstra, Bardenet, Bengio and Kégl 2011), the first ones at
random, and a trial is given up by the median rule (Golovin et al. 2017): when its best F1 so far is
below the median of what the finished trials had after as many epochs.
"""

import contextlib
import dataclasses
import functools
import itertools
import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

import torch

from ner.config import Config, chosen
from ner.corpus import Corpus
from ner.errors import NerError, TrainingError, UsageError
from ner.extensions.experiments.space import Choice, Range, Space, require_optuna
from ner.features import VectorsOnce
from ner.files import clear_leftovers, exclusive_lock, inner_locks, swap_folder, write_text
from ner.model import choose_device
from ner.run_folder import check_kind, run_path
from ner.training import (
    Epoch,
    Event,
    Finished,
    PreparedCorpus,
    Run,
    open_resources,
    prepare,
    resolve,
)

if TYPE_CHECKING:
    import optuna

KIND = "search"
FILE, WORK, BEST, BEST_CONFIG = "study.sqlite", "trial", "best", "best.toml"
_NAME, _ABOUT, _NOTE = "ner", "about", "note"

# Trials that are finished before the first one may be given up, and the share of the epochs in
# which none is: models that start slowly may win.
_UNPRUNED_TRIALS = 5
_UNPRUNED_EPOCHS = 5  # one epoch in five

Outcome = Literal["finished", "pruned", "failed"]
_OUTCOMES: dict[str, Outcome] = {"COMPLETE": "finished", "PRUNED": "pruned", "FAIL": "failed"}


@dataclass(frozen=True)
class Trial:
    """One set of settings and its result; stopped trials are left out.

    `number` counts from 1; `f1` is the best on valid, 0 without an epoch; `note`: why it failed.
    """

    number: int
    settings: dict[str, Any]
    outcome: Outcome
    f1: float
    epochs: int
    note: str = ""


class Study:
    """A stored study of one space, one trial at a time."""

    def __init__(self, folder: Path, space: Space, seed: int, epochs: int) -> None:
        """Open the study of a folder that exists, or begin one there.

        `seed` and the trials so far decide what is tried next; `epochs` are those of a whole trial.
        Raises `MissingExtra`, and `NerError` for a file that is not a study.
        """
        self.path = folder / FILE
        self.space = space
        self._seed = seed
        self._optuna = require_optuna()
        self._trial: optuna.Trial  # from the first `ask` on
        # The path goes past the URL of the storage, in which some characters have a meaning.
        creator = functools.partial(sqlite3.connect, self.path)
        with self._reported():
            self._study: optuna.Study = self._optuna.create_study(
                storage=self._optuna.storages.RDBStorage(
                    "sqlite://", engine_kwargs={"creator": creator}
                ),
                study_name=_NAME,
                direction="maximize",
                load_if_exists=True,
                pruner=self._optuna.pruners.MedianPruner(
                    _UNPRUNED_TRIALS, 1 + epochs // _UNPRUNED_EPOCHS
                ),
            )

    @contextlib.contextmanager
    def _reported(self) -> Iterator[None]:
        """Turn trouble with the file into a `NerError` of one line."""
        try:
            yield
        except NerError:
            raise
        except Exception as error:  # the library and those below it raise what they like
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
            raise NerError(
                f"{self.path}: cannot be used as a study ({reason}); choose another --out"
            ) from None

    @property
    def about(self) -> dict[str, Any]:
        """The facts stored by `describe`; empty for a new study."""
        stored: dict[str, Any] = self._study.user_attrs.get(_ABOUT, {})
        return stored

    def describe(self, about: Mapping[str, Any]) -> None:
        """Store facts about the study that fit JSON: corpus, settings, space."""
        with self._reported():
            self._study.set_user_attr(_ABOUT, dict(about))

    def clear_up(self) -> None:
        """Count the trials that a killed process has left as stopped."""
        states = self._optuna.trial.TrialState
        with self._reported():
            for left in self._study.get_trials(deepcopy=False, states=(states.RUNNING,)):
                self._study.tell(left.number, state=states.FAIL)

    def trials(self) -> list[Trial]:
        """The trials that came to an end of some kind, in order."""
        with self._reported():
            stored = [t for t in self._study.get_trials(deepcopy=False) if self._counts(t)]
            return [self._record(number, trial) for number, trial in enumerate(stored, 1)]

    def _counts(self, trial: "optuna.trial.FrozenTrial") -> bool:
        """True for a trial that has ended by itself."""
        states = self._optuna.trial.TrialState
        failed = trial.state == states.FAIL and _NOTE in trial.user_attrs
        return failed or trial.state in (states.COMPLETE, states.PRUNED)

    def _record(self, number: int, trial: "optuna.trial.FrozenTrial") -> Trial:
        reached = trial.intermediate_values
        return Trial(
            number=number,
            settings=self._readable(trial.params),
            outcome=_OUTCOMES[trial.state.name],
            f1=max(reached.values(), default=0.0) if trial.value is None else trial.value,
            epochs=max(reached, default=0),
            note=trial.user_attrs.get(_NOTE, ""),
        )

    def _readable(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        return {
            key: part.readable(settings[key]) if isinstance(part, Range) else settings[key]
            for key, part in self.space.items()
        }

    def ask(self, start: Mapping[str, Any]) -> dict[str, Any]:
        """Begin a trial and return its settings.

        The very first trial is of `start`, as far as the space has its values. The draw depends on
        the seed and the trials that count, and not on whether there were stops between them.
        """
        with self._reported():
            done = len(self.trials())
            seed = random.Random(f"{self._seed} {done}").getrandbits(32)
            self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
            if not done:
                held = {key: start[key] for key, part in self.space.items() if start[key] in part}
                self._study.enqueue_trial(held)
            self._trial = self._study.ask(
                {key: self._distribution(part) for key, part in self.space.items()}
            )
            return self._readable(self._trial.params)

    def _distribution(self, part: Range | Choice) -> "optuna.distributions.BaseDistribution":
        kinds = self._optuna.distributions
        if isinstance(part, Choice):
            chosen: optuna.distributions.BaseDistribution = kinds.CategoricalDistribution(
                part.values
            )
            return chosen
        kind = kinds.IntDistribution if isinstance(part.low, int) else kinds.FloatDistribution
        drawn: optuna.distributions.BaseDistribution = kind(part.low, part.high, log=part.log)
        return drawn

    def report(self, epoch: int, f1: float) -> bool:
        """F1 on valid after an epoch of the trial; returns whether to give it up."""
        with self._reported():
            self._trial.report(f1, epoch)
            return self._trial.should_prune()

    def end(self, outcome: Outcome, f1: float | None = None, note: str = "") -> Trial:
        """The trial came to its end; returns it as stored. A note says why it failed."""
        state = next(state for state, name in _OUTCOMES.items() if name == outcome)
        with self._reported():
            if outcome == "failed":
                self._trial.set_user_attr(_NOTE, note)
            self._study.tell(self._trial, f1, self._optuna.trial.TrialState[state])
        return self.trials()[-1]

    def stop(self) -> None:
        """Somebody stopped the trial: it does not count, and its settings are tried again."""
        with self._reported():
            self._study.tell(self._trial, state=self._optuna.trial.TrialState.FAIL)


def best_of(trials: list[Trial]) -> Trial | None:
    """The finished trial with the highest F1, the first of equals; None without one."""
    finished = [trial for trial in trials if trial.outcome == "finished"]
    return max(finished, key=lambda trial: trial.f1, default=None)


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
    prepared = dataclasses.replace(prepare(corpus, config.data), read_vectors=VectorsOnce())
    search = _Search(prepared, run_path(out), config, space, choose_device(device), progress)
    with search.opened(resume=resume):
        if len(search.study.trials()) < trials:
            open_resources(search.resolved(), prepared)
        while len(search.study.trials()) < trials:
            yield from search.trial()
        yield search.finished()


@dataclass
class _Search:
    corpus: PreparedCorpus
    out: Path
    config: Config
    space: Space
    device: torch.device
    progress: Callable[[int], None]

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
            with inner_locks(self.out, (self.out / WORK, self.out / BEST)):
                shutil.rmtree(self.out / WORK, ignore_errors=True)  # of a search that was killed
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

    def trial(self) -> Iterator[Event | TrialFinished]:
        """Train once; what is stopped on the way leaves no trace and is tried again."""
        settings = self.study.ask({key: self.config[key] for key in self.space})
        ended: Trial | None = None
        try:
            ended = yield from self._train(self.config.replace(settings))
        except TrainingError as error:
            ended = self.study.end("failed", note=str(error))
        finally:
            if ended is None:
                self.study.stop()
            shutil.rmtree(self.out / WORK, ignore_errors=True)
        yield TrialFinished(ended, best_of(self.study.trials()))

    def _train(self, config: Config) -> Generator[Event, None, Trial]:
        """A run that ends early when it does not look well; returns the trial."""
        run = Run(self.corpus, config, self.out / WORK, self.device, self.progress)
        with (
            inner_locks(self.out, (run.out,)),
            contextlib.closing(cast("Generator[Event, None, None]", run.events())) as events,
        ):
            for event in events:
                yield event
                if isinstance(event, Epoch) and self.study.report(event.number, event.valid.f1):
                    return self.study.end("pruned")
        assert isinstance(event, Finished), "a run ends with its scores"
        f1 = event.scores["valid"].f1
        best = best_of(self.study.trials())
        if best is None or f1 > best.f1:
            text = self._text(config, len(self.study.trials()) + 1, f1)
            with inner_locks(self.out, (self.out / BEST,)):
                swap_folder(self.out / WORK, self.out / BEST)
            with write_text(self.out / BEST_CONFIG) as file:
                file.write(text)
        return self.study.end("finished", f1)  # last: one that is listed as best is there

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
