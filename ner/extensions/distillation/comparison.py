"""Student and teacher compared: where they agree, how good, fast and large each of them is."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ner.corpus import Corpus
from ner.evaluation import Report, evaluate_spans, format_columns, format_report
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.labels import TagMap, joined
from ner.extensions.distillation.teacher import Teacher
from ner.tagger import Tagger
from ner.text import SegmentedText, Sentence
from ner.tokenize import written

_TIMED = 500  # sentences
_WARM_UP = 20


@dataclass(frozen=True)
class Compared:
    """The figures of the teacher and its student.

    `agreement` is of the student with the teacher's labels of held-out text; `scores` are those of
    the teacher by split of the gold labels. The teacher has neither speed nor size if it does not
    run.
    """

    agreement: Report
    scores: Mapping[str, Report]
    tokens_per_second: Mapping[str, float | None]  # of "teacher" and "student"
    bytes: Mapping[str, int | None]

    def to_dict(self) -> dict[str, Any]:
        """Give its part of ``result.json``."""
        return {
            "agreement": self.agreement.to_dict(),
            "teacher": {split: report.to_dict() for split, report in self.scores.items()},
            "tokens_per_second": {**self.tokens_per_second},
            "bytes": {**self.bytes},
        }

    def lines(self, name: str, student: Mapping[str, float]) -> Iterator[str]:
        """Report to people; `student` has the student's F1 by split."""
        yield (
            f"student against the teacher {name} on {self.agreement.sentences:,} held-out "
            "sentences of the text:\n"
        )
        yield format_report(self.agreement)
        rows = [["", "teacher", "student"]]
        for split, report in self.scores.items():
            rows.append([f"{split} F1", f"{100 * report.f1:.2f}", f"{100 * student[split]:.2f}"])
        rows.append(["tokens/s", *_cells(self.tokens_per_second, 1, 0)])
        rows.append(["MB", *_cells(self.bytes, 1e6, 1)])
        yield format_columns(rows, (0,))


def _cells(values: Mapping[str, float | None], unit: float, digits: int) -> Iterator[str]:
    for who in ("teacher", "student"):
        value = values[who]
        yield "-" if value is None else f"{value / unit:,.{digits}f}"


class Comparison:
    """The basis on which students are compared: teacher, held-out text, and splits with gold."""

    def __init__(
        self,
        cache: LabelCache,
        teacher: Teacher,
        tags: TagMap,
        held_out: Sequence[Sentence],
        gold: Corpus,
    ) -> None:
        self.teacher = teacher
        self._cache, self._tags = cache, tags
        self._held_out = held_out
        self.gold = gold

    def of(self, folder: Path) -> Compared:
        """Compare the model in a run folder."""
        student = Tagger.load(folder, "cpu")
        timed = [_document(sentence) for sentence in self._held_out[:_TIMED]]
        size = sum(file.stat().st_size for file in (folder / "model").iterdir())
        own = self.teacher.size
        return Compared(
            evaluate_spans(self._held_out, student.predict(self._held_out)),
            self._scores(),
            {
                "teacher": own and _speed(lambda some: [*self.teacher.label(some)], timed),
                "student": _speed(lambda some: [*student.pipe(text for text, _ in some)], timed),
            },
            {"teacher": own, "student": size},
        )

    def _scores(self) -> dict[str, Report]:
        """The scores of the teacher on splits with gold labels, where it has labels for them."""
        found = {}
        for split in ("valid", "test"):
            gold = self.gold.splits()[split]
            if gold and (predicted := self._predicted(gold)):
                found[split] = evaluate_spans(gold, predicted)
        return found

    def _predicted(self, gold: Sequence[Sentence]) -> list[Sentence]:
        """Sentences with the teacher's spans; nothing if it has labels for none of them."""
        labels = joined(part.labels for part in self._cache.label(map(_document, gold)))
        if not labels.lengths.any():
            return []
        pairs = zip(gold, self._tags.spans(labels), strict=True)
        return [replace(sentence, spans=spans, partial=()) for sentence, spans in pairs]


def _document(sentence: Sentence) -> SegmentedText:
    """A sentence as a text by itself."""
    text, offsets = written(sentence.tokens)
    return text, [replace(sentence, offsets=tuple(offsets))]


def _speed(
    label: Callable[[Sequence[SegmentedText]], Any], documents: Sequence[SegmentedText]
) -> float:
    """Tokens a second."""
    label(documents[:_WARM_UP])
    started = time.perf_counter()
    label(documents)
    tokens = sum(len(sentence) for _, sentences in documents for sentence in sentences)
    return tokens / (time.perf_counter() - started)
