"""The models of an audit: small ones of folds and seeds, trained quickly, and models at hand."""

import math
from collections.abc import Collection, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from ner.bundle import load_bundle
from ner.config import Config, ModelConfig
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.extensions.audit.folds import folds_of
from ner.extensions.audit.judgements import Judgements, judge
from ner.features import Vectors, VectorsOnce, feature_sizes
from ner.text import Sentence
from ner.training import (
    Job,
    PreparedCorpus,
    Slot,
    Step,
    Trainer,
    build_model,
    resolve,
    split_long,
)

QUICK: Mapping[str, int] = {"model.hidden": 100} | {
    key: size.small for key, size in feature_sizes(ModelConfig()).items()
}
"""Settings of the models of folds where nothing else is asked for: they rank as well."""
LEAST_STEPS, LEAST_EPOCHS = 1500, 6
"""Steps and epochs of a training, where ``train.epochs`` is ``auto``."""


@dataclass(frozen=True)
class Member:
    """A model of one seed that learns from all folds but one, and judges that one."""

    seed: int
    fold: int
    folds: int

    @property
    def name(self) -> str:
        """Its name, as that of its file."""
        return f"seed-{self.seed}-fold-{self.fold + 1}"


@dataclass(frozen=True)
class MemberStep:
    """A step of the training of a member, of so many in all."""

    member: Member
    step: int
    steps: int


def members_of(folds: int, seeds: int) -> list[Member]:
    """The members of an audit, all folds of a seed before the next seed."""
    return [Member(seed, fold, folds) for seed in range(1, seeds + 1) for fold in range(folds)]


class FoldTraining:
    """The training of members on the sentences of a corpus: the work of jobs, each of a member."""

    ticks: ClassVar[tuple[type, ...]] = (MemberStep,)

    def __init__(self, sentences: Sequence[Sentence], config: Config) -> None:
        self._sentences, self._config = sentences, config
        self._vectors = VectorsOnce()
        self._tokens = {token for sentence in sentences for token in sentence.tokens}
        self._data = replace(config.data, retokenize="no")  # places are those of the file

    def __call__(
        self, job: Job[Member], slot: Slot, /
    ) -> Generator[MemberStep | Judgements, None, None]:
        """Train a member; yields its steps, and at last its judgements. Raises `NerError`."""
        member = job.task
        folds = folds_of(self._sentences, member.folds, member.seed)
        held_out = {
            number: sentence
            for number, (sentence, fold) in enumerate(zip(self._sentences, folds, strict=True))
            if fold == member.fold
        }
        known = {sentence.tokens for sentence in held_out.values()}
        learnt = tuple(s for s in self._sentences if s.tokens not in known)
        judged = {number: s for number, s in held_out.items() if is_judged(s)}
        if not judged or not any(sentence.labels for sentence in learnt):
            yield {}
            return
        prepared = PreparedCorpus.of(Corpus("", train=learnt), split_long(learnt), self._data)
        config = self._settings(member, prepared)
        untrained = build_model(
            prepared.segments, config, slot.device, slot.progress, read=self._read_vectors
        )
        training_set = untrained.training_set(prepared.segments, config)
        trainer = Trainer(untrained.model, training_set, (), config.train)
        step, steps = 0, training_set.count() * int(config.train.epochs)
        for event in trainer.run():
            if isinstance(event, Step):
                step += 1
                yield MemberStep(member, step, max(step, steps))
        yield judge(trainer.evaluated_model, judged)

    def _read_vectors(self, path: str | Path, tokens: Collection[str], **how: Any) -> Vectors:
        """The vectors of a file for all words of the corpus, read once for all members."""
        return self._vectors(path, self._tokens.union(tokens), **how)

    def _settings(self, member: Member, prepared: PreparedCorpus) -> Config:
        """The settings of a member, with epochs for it."""
        config = self._config.replace({"train.seed": member.seed})
        if config.train.epochs == "auto":
            steps = max(1, math.ceil(len(prepared.segments) / config.train.batch_sentences))
            epochs = max(LEAST_EPOCHS, math.ceil(LEAST_STEPS / steps))
            config = config.replace({"train.epochs": epochs})
        return resolve(config.replace({"train.patience": config.train.epochs}), prepared)


def quick(config: Config, fixed: Sequence[str]) -> Config:
    """The settings of members: `QUICK`, where the user has not chosen otherwise."""
    default = Config()
    free = {k: v for k, v in QUICK.items() if k not in fixed and config[k] == default[k]}
    return config.replace({"model.context": "sentence", **free})


def is_judged(sentence: Sentence) -> bool:
    """True for a sentence with all its labels: those that are partly known are only learnt."""
    return not sentence.partial and not sentence.unannotated


def judge_by_model(place: Path, sentences: Sequence[Sentence]) -> Judgements:
    """The judgements of a model at hand on the sentences that it has not learnt from.

    Raises `NerError` for a model that cannot be read, has tag layers, or has other types.
    """
    bundle = load_bundle(place)
    types = sorted({label for sentence in sentences for label in sentence.labels})
    if bundle.model.layers:
        raise UsageError(f"{place}: has tag layers; name a model of one layer with --model")
    if unknown := [label for label in types if label not in bundle.labels]:
        raise UsageError(
            f"{place}: does not know the types {', '.join(unknown)} of the corpus, so it cannot "
            "judge them; name a model that was trained with the types of the corpus"
        )
    known = bundle.seen.known(sentences)
    unseen = {
        number: sentence
        for number, (sentence, seen) in enumerate(zip(sentences, known, strict=True))
        if is_judged(sentence) and not seen
    }
    return judge(bundle.model, unseen)
