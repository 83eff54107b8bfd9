"""Distillation as a training: models of several seeds, and a student that learns from them all.

Sentences that are drawn at random from unlabelled text of any size may join in.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.evaluation import Report, evaluate_spans
from ner.extensions.distillation.ensemble import Ensemble
from ner.extensions.distillation.texts import Texts, draw_documents, text_files
from ner.tagger import Tagger
from ner.training import (
    Event,
    Finished,
    SeedsFinished,
    Slot,
    TaggerTraining,
    resolve,
    seed_folder,
)


@dataclass(frozen=True)
class DistillationFinished(SeedsFinished):
    """Several runs, and that of their student, have come to their end."""

    ensemble: Mapping[str, Report]  # by split
    student: Finished

    @property
    def chosen(self) -> Path:
        """The run of the student."""
        return self.student.out

    def to_dict(self) -> dict[str, Any]:
        """Give the content of ``result.json``."""
        return {
            **super().to_dict(),
            "ensemble": {split: report.to_dict() for split, report in self.ensemble.items()},
            "student": self.student.to_dict(),
        }

    def lines(self) -> Iterator[str]:
        """Report the scores, those of the student and the ensemble of its teachers at last."""
        yield from super().lines()
        for split, report in self.ensemble.items():
            student = self.student.scores[split]
            yield (
                f"{split} F1 of the ensemble {100 * report.f1:.2f}, of the student "
                f"{100 * student.f1:.2f}"
            )


def train(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: Sequence[int],
    unlabelled: Texts = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
) -> Tagger:
    """Distil the models of several seeds into one of the same size, and return it.

    Sentences of the text in the file `unlabelled`, a paragraph on each line, of which the teachers
    are sure join in. Raises `NerError` for a corpus, text, setting or folder that will not do.
    """
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    for _ in train_events(corpus, out, config, seeds=seeds, unlabelled=unlabelled, **how):
        pass
    return Tagger.load(out, device)


def train_events(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    seeds: Sequence[int],
    unlabelled: Texts = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
    on: str = "",
) -> Iterator[Event | SeedsFinished]:
    """`train` as a generator that yields what happens; to be run to its end.

    `progress` is called with the number of bytes of vectors files that have been read. Teachers are
    trained `on` the runner at that address.
    """
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"seeds": seeds, "unlabelled": unlabelled, "progress": progress, "on": on}
    yield from Distillation(corpus, out, config, **how).events()


class Distillation(TaggerTraining):
    """The training of teachers, one for each seed, and of their student."""

    option = "distill"
    one_layer = "--distill"

    def __init__(
        self,
        corpus: Corpus,
        out: str | Path,
        config: Config | None = None,
        *,
        seeds: Sequence[int],
        unlabelled: Texts = (),
        **how: Any,
    ) -> None:
        """`how` are arguments of any training. Raises `UsageError` for fewer than two seeds."""
        if len(seeds) < 2:
            raise UsageError("--distill needs the models of several seeds; add --seeds 1,2,3,4,5")
        super().__init__(corpus, out, config, seeds=seeds, **how)
        self._unlabelled = unlabelled

    def _prepare(self) -> None:
        """Draw the unlabelled text. Raises `UsageError` or `CorpusError`."""
        super()._prepare()
        self._resolved = resolve(self.config, self.prepared)
        known = {s.tokens for split in self.prepared.corpus.splits().values() for s in split}
        files = text_files(self._unlabelled)
        drawn = draw_documents(files, known, self._resolved) if files else ()
        self._text = [sentence for _, sentences in drawn for sentence in sentences]

    def _member(self) -> Config:
        """Teachers read single sentences, whatever document context their student has."""
        return self.config.replace({"model.context": "sentence"})

    def _close(self, runs: Mapping[int, Finished]) -> Generator[Event, None, SeedsFinished]:
        """Train the student."""
        ensemble = Ensemble([seed_folder(self.out, seed) for seed in runs], self.device)
        targets = ensemble.targets(self.prepared, self._text, self._resolved)
        work = replace(self._work(), soft_labels=targets)
        slot = Slot(self.device, self.out / "student", progress=self._progress)
        run = work.run(self.config, slot)
        if self.resume and run.has_begun:
            run.resume()
        splits = {"valid": self.prepared.corpus.valid, "test": self.prepared.corpus.test}
        scores = {
            name: evaluate_spans(gold, ensemble.predict(gold))
            for name, gold in splits.items()
            if gold
        }
        student = yield from run.events()
        return DistillationFinished(self.out, runs, scores, student)
