"""The training of a student by any teacher, on text that has no labels."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.evaluation import check_labelled
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.comparison import Compared, Comparison
from ner.extensions.distillation.labelled_text import check_types, distillation_set, label_text
from ner.extensions.distillation.labels import TagMap
from ner.extensions.distillation.teacher import (
    Circumstances,
    Teacher,
    load_teacher,
    parse_types,
)
from ner.extensions.distillation.texts import Texts, draw_documents, style_of_text, text_files
from ner.tagger import Tagger
from ner.training import (
    Event,
    Finished,
    Run,
    RunWork,
    SeedsFinished,
    Slot,
    SoftLabels,
    TaggerTraining,
    prepare,
)

_log = logging.getLogger("ner")


@dataclass(frozen=True)
class StudentFinished(Finished):
    """The end of the run of a student."""

    teacher: str
    compared: Compared
    gold: Sequence[str]  # splits with gold labels; valid, if it has none, has the teacher's

    def to_dict(self) -> dict[str, Any]:
        """Give the content of ``result.json``."""
        return {**super().to_dict(), "compared": self.compared.to_dict()}

    def lines(self) -> Iterator[str]:
        """Report the scores, and how the student compares with its teacher."""
        if self.gold:
            yield from super().lines()
        if "valid" not in self.gold:
            yield f"best epoch {self.best_epoch}: valid is held-out text, labelled by the teacher\n"
        f1 = {split: scores.f1 for split, scores in self.scores.items()}
        yield from self.compared.lines(self.teacher, f1)


class StudentRun(Run):
    """The run of a student, which is compared with its teacher in the end."""

    comparison: Comparison

    def _finish(self) -> StudentFinished:
        finished = super()._finish()
        comparison = self.comparison
        return StudentFinished(
            **vars(finished),
            teacher=comparison.teacher.name,
            compared=comparison.of(self.out),
            gold=[split for split in ("valid", "test") if comparison.gold.splits()[split]],
        )


def teach(
    out: str | Path,
    teachers: str | Sequence[str],
    unlabelled: Texts,
    corpus: Corpus | None = None,
    config: Config | None = None,
    *,
    types: str = "",
    seeds: Sequence[int] = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
) -> Tagger:
    """Train a tagger on text that a teacher labels, and return it.

    `teachers` are as for ``--teacher``: a model of ours or several, ``spacy:NAME``, ``hf:NAME`` or
    ``file:PATH``; `unlabelled` are files with a paragraph on each line, or ``0.3=FILE`` for one
    with a share. Sentences of a `corpus` join in, and evaluate. `types` renames or drops types of
    the teacher, as ``PERSON=PER,DATE=``. Raises `NerError` for anything that will not do.
    """
    names = [teachers] if isinstance(teachers, str) else teachers
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"teachers": names, "unlabelled": unlabelled, "types": types, "seeds": seeds}
    for _ in train_events(corpus or Corpus("text"), out, config, **how):
        pass
    return Tagger.load(out, device)


def train_events(
    corpus: Corpus,
    out: str | Path,
    config: Config | None = None,
    *,
    teachers: Sequence[str],
    unlabelled: Texts,
    types: str = "",
    seeds: Sequence[int] = (),
    device: str = "auto",
    resume: bool = False,
    overwrite: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> Iterator[Event | SeedsFinished]:
    """`teach` as a generator that yields what happens; to be run to its end.

    The corpus may be empty. `progress` is called with the number of bytes of vectors files that
    have been read.
    """
    how: dict[str, Any] = {"device": device, "resume": resume, "overwrite": overwrite}
    how |= {"seeds": seeds, "progress": progress}
    how |= {"teachers": teachers, "unlabelled": unlabelled, "types": types}
    yield from StudentTraining(corpus, out, config, **how).events()


class StudentTraining(TaggerTraining):
    """The training of a student by a teacher, or of one for each seed."""

    one_layer = "--teacher"
    soft_labels: SoftLabels  # with its corpus, once text is labelled
    _comparison: Comparison

    def __init__(
        self,
        corpus: Corpus,
        out: str | Path,
        config: Config | None = None,
        *,
        teachers: Sequence[str],
        unlabelled: Texts,
        types: str = "",
        **how: Any,
    ) -> None:
        """`how` are arguments of any training. Raises `UsageError` for what does not go with it."""
        super().__init__(corpus, out, config, **how)
        self._teachers, self._types = teachers, types
        self._files = text_files(unlabelled)
        if not self._files:
            raise UsageError("--teacher labels text; name it with --unlabelled FILE")
        if self.config.train.type_weights:
            raise UsageError(
                "train.type_weights does not go with --teacher, whose labels are learnt as they "
                "are; leave it out"
            )

    def _prepare(self) -> None:
        """Have text labelled, and make the student's corpus of it and of gold sentences."""
        gold = self._gold()
        teacher = self._load_teacher()
        types = parse_types(self._types, teacher)
        check_types(gold, teacher, types)
        known = {sentence.tokens for split in gold.splits().values() for sentence in split}
        cache = LabelCache(teacher, self.config.model.scheme)
        documents = draw_documents(self._files, known, self.config)
        text = label_text(cache, teacher.name, documents)
        made = distillation_set(text, gold, teacher, types, self.config)
        self.prepared, self.soft_labels, held_out = made
        labels, scheme = self.prepared.corpus.labels, self.config.model.scheme
        tags = TagMap(teacher.tags, types, labels, scheme)
        self._comparison = Comparison(cache, teacher, tags, held_out, gold)

    def _gold(self) -> Corpus:
        """The labelled sentences; with any to learn from, they decide how text is cut."""
        if self._corpus.train:
            prepared = prepare(self._corpus, self.config.data)
            self._cut_by(prepared.data.tokenizer, prepared.data.retokenize)
            return prepared.corpus
        check_labelled(self._corpus.valid)
        check_labelled(self._corpus.test)
        return self._corpus

    def _cut_by(self, tokenizer: str, retokenize: str = "no") -> None:
        cut = {"data.tokenizer": tokenizer, "data.retokenize": retokenize}
        self.config = self.config.replace(cut)

    def _load_teacher(self) -> Teacher:
        """The teacher; where neither user nor corpus choose a tokenizer, it has its own."""
        auto = self.config.data.tokenizer == "auto"
        if auto:
            self._cut_by(style_of_text(self._files, self.config.data.encoding))
        teacher = load_teacher(self._teachers, Circumstances(self.device, self.config))
        ours, theirs = self.config.data.tokenizer, teacher.tokenizer
        if auto and theirs:
            self._cut_by(theirs)
        elif theirs not in ("", ours):
            _log.warning(
                "text is cut as `%s`, and the teacher knows tokens as `%s`: it may label worse; "
                "--tokenizer %s cuts text its way", ours, theirs, theirs,
            )  # fmt: skip
        return teacher

    def _work(self) -> RunWork:
        """The training of each student."""
        return _StudentWork(self.prepared, None, self.soft_labels, comparison=self._comparison)


@dataclass(frozen=True)
class _StudentWork(RunWork):
    comparison: Comparison = field(kw_only=True)

    def run(self, config: Config, slot: Slot) -> Run:
        """The run of a student."""
        run = StudentRun(
            self.corpus, config, slot.out, slot.device, slot.progress, self.soft_labels
        )
        run.comparison = self.comparison
        return run
