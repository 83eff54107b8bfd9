"""Distillation as a training: models of several seeds, and a student that learns from them all.

Sentences that are drawn at random from unlabelled text of any size may join in.
"""

import random
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Corpus, Diagnostics, text_lines
from ner.errors import CorpusError, UsageError
from ner.evaluation import Report, evaluate_spans
from ner.extensions.distillation.ensemble import Ensemble
from ner.files import open_binary
from ner.tagger import Tagger
from ner.text import Sentence
from ner.tokenize import sentences_of
from ner.training import (
    Event,
    Finished,
    SeedsFinished,
    TaggerTraining,
    resolve,
    seed_folder,
    split_long,
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
    unlabelled: str | Path | None = None,
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
    unlabelled: str | Path | None = None,
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Event | SeedsFinished]:
    """`train` as a generator that yields what happens; to be run to its end.

    `progress` is called with the number of bytes of vectors files that have been read.
    """
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"seeds": seeds, "unlabelled": unlabelled, "progress": progress}
    yield from Distillation(corpus, out, config, **how).events()


class Distillation(TaggerTraining):
    """The training of teachers, one for each seed, and of their student."""

    option = "distill"

    def __init__(
        self,
        corpus: Corpus,
        out: str | Path,
        config: Config | None = None,
        *,
        seeds: Sequence[int],
        unlabelled: str | Path | None = None,
        **how: Any,
    ) -> None:
        """`how` are arguments of any training. Raises `UsageError` for fewer than two seeds."""
        if len(seeds) < 2:
            raise UsageError("--distill needs the models of several seeds; add --seeds 1,2,3,4,5")
        super().__init__(corpus, out, config, seeds=seeds, **how)
        self._unlabelled = unlabelled

    def _prepare(self) -> None:
        """Draw the unlabelled text. Raises `UsageError` or `CorpusError`."""
        self._resolved, text = resolve(self.config, self.prepared), self._unlabelled
        corpus = self.prepared.corpus
        self._text = () if text is None else draw_sentences(text, corpus, self._resolved)

    def _member(self) -> Config:
        """Teachers read single sentences, whatever document context their student has."""
        return self.config.replace({"model.context": "sentence"})

    def _close(self, runs: Mapping[int, Finished]) -> Generator[Event, None, SeedsFinished]:
        """Train the student."""
        ensemble = Ensemble([seed_folder(self.out, seed) for seed in runs], self.device)
        targets = ensemble.targets(self.prepared, self._text, self._resolved)
        run = self.run(self.config, self.out / "student", targets)
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


def draw_sentences(path: str | Path, corpus: Corpus, config: Config) -> list[Sentence]:
    """Sentences of a text with a paragraph on each line, drawn by the seed of training.

    Paragraphs are drawn with equal chances, and cut by `data.tokenizer`, until there are
    `train.unlabelled_sentences`, all different, and none of them in the corpus. The text is read as
    a stream. Raises `UsageError` for a file that is not there, and `CorpusError` for one that is
    not in `data.encoding` (with ``file:line``) or holds no text, or none but that of the corpus.
    """
    most, rng = config.train.unlabelled_sentences, random.Random(config.train.seed)
    with open_binary(path) as stream:
        lines = text_lines(stream, str(path), config.data.encoding, Diagnostics())
        drawn = draw_lines(((n, line) for n, line in lines if line.strip()), most, rng)
    if not drawn:
        raise CorpusError(f"{path}: holds no text; name a file with a paragraph on each line")
    known = {sentence.tokens for split in corpus.splits().values() for sentence in split}
    found: dict[tuple[str, ...], Sentence] = {}
    for number, line in drawn:
        cut = sentences_of(line, config.data.tokenizer, source=str(path), line=number)
        found |= {s.tokens: s for s in split_long(cut) if s.tokens not in known}
        if len(found) >= most:
            break
    if not found:
        raise CorpusError(f"{path}: holds no sentence that the corpus lacks; name another text")
    return list(found.values())[:most]


def draw_lines(
    lines: Iterable[tuple[int, str]], most: int, rng: random.Random
) -> list[tuple[int, str]]:
    """Up to `most` lines in random order, each with the same chance (Waterman's algorithm R)."""
    drawn: list[tuple[int, str]] = []
    for seen, line in enumerate(lines):
        if seen < most:
            drawn.append(line)
        elif (place := rng.randrange(seen + 1)) < most:
            drawn[place] = line
    rng.shuffle(drawn)
    return drawn
