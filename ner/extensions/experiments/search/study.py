"""The study of a search: what was tried, what came of it, and what is tried next.

Settings are drawn with ``optuna``, by a tree-structured Parzen estimator (Bergstra, Bardenet,
Bengio and Kégl 2011), the first ones at random, and a trial is given up by the median rule (Golovin
et al. 2017): when its best F1 so far is below the median of what the finished trials had after as
many epochs.
"""

import contextlib
import functools
import random
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ner.errors import NerError, reason_of
from ner.extensions.experiments.space import Choice, Range, Space, require_optuna

if TYPE_CHECKING:
    import optuna

FILE = "study.sqlite"
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
    """A stored study of one space."""

    def __init__(self, folder: Path, space: Space, seed: int, epochs: int) -> None:
        """Open the study of a folder that exists, or begin one there.

        `seed` and the trials so far decide what is tried next; `epochs` are those of a whole trial.
        Raises `MissingExtra`, and `NerError` for a file that is not a study.
        """
        self.path = folder / FILE
        self.space = space
        self._seed = seed
        self._optuna = require_optuna()
        self._running = 0
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
            reason = reason_of(error)
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
        """The trials that came to an end of some kind, in the order of their ends."""
        with self._reported():
            stored = [t for t in self._study.get_trials(deepcopy=False) if self._counts(t)]
            stored.sort(key=lambda trial: trial.datetime_complete or datetime.max)
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

    def ask(self, start: Mapping[str, Any]) -> "AskedTrial":
        """Begin a trial.

        The very first trial is of `start`, as far as the space has its values. The draw depends on
        the seed and the trials that count or are running, and not on whether there were stops
        between them.
        """
        with self._reported():
            before = len(self.trials()) + self._running
            seed = random.Random(f"{self._seed} {before}").getrandbits(32)
            self._study.sampler = self._optuna.samplers.TPESampler(seed=seed)
            if not before:
                held = {key: start[key] for key, part in self.space.items() if start[key] in part}
                self._study.enqueue_trial(held)
            trial = self._study.ask(
                {key: self._distribution(part) for key, part in self.space.items()}
            )
        self._running += 1
        return AskedTrial(self, trial, self._readable(trial.params))

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

    def tell(self, trial: "optuna.Trial", outcome: Outcome, f1: float | None, note: str) -> Trial:
        """Store the end of a trial, and give it as stored."""
        state = next(state for state, name in _OUTCOMES.items() if name == outcome)
        with self._reported():
            if outcome == "failed":
                trial.set_user_attr(_NOTE, note)
            self._study.tell(trial, f1, self._optuna.trial.TrialState[state])
        self._running -= 1
        return self.trials()[-1]

    def forget(self, trial: "optuna.Trial") -> None:
        """Store that a trial was stopped, so that it does not count."""
        with self._reported():
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        self._running -= 1

    def should_prune(self, trial: "optuna.Trial", epoch: int, f1: float) -> bool:
        """Store F1 on valid after an epoch; tells if the trial is to be given up."""
        with self._reported():
            trial.report(f1, epoch)
            return trial.should_prune()


@dataclass(frozen=True, eq=False)
class AskedTrial:
    """A trial that is running; exactly one of `end` and `stop` closes it."""

    study: Study
    trial: "optuna.Trial"
    settings: dict[str, Any]

    def report(self, epoch: int, f1: float) -> bool:
        """F1 on valid after an epoch; tells if the trial is to be given up."""
        return self.study.should_prune(self.trial, epoch, f1)

    def end(self, outcome: Outcome, f1: float | None = None, note: str = "") -> Trial:
        """The trial came to its end; returns it as stored. A note says why it failed."""
        return self.study.tell(self.trial, outcome, f1, note)

    def stop(self) -> None:
        """Somebody stopped the trial: it does not count, and its settings are tried again."""
        self.study.forget(self.trial)


def best_of(trials: list[Trial]) -> Trial | None:
    """The finished trial with the highest F1, the first of equals; None without one."""
    finished = [trial for trial in trials if trial.outcome == "finished"]
    return max(finished, key=lambda trial: trial.f1, default=None)
