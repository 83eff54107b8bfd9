"""Student and teacher compared."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Corpus
from ner.evaluation import evaluate_spans
from ner.extensions.distillation.cache import LabelCache
from ner.extensions.distillation.comparison import Compared, Comparison
from ner.extensions.distillation.labels import TagMap
from ner.tagger import Tagger
from tests.extensions.distillation.conftest import NameTeacher

pytestmark = pytest.mark.usefixtures("cache_home")


def compared(run: Path, corpus: Corpus, teacher: NameTeacher, **gold: bool) -> Compared:
    tags = TagMap(teacher.tags, {}, ["LOC", "PER"], "iobes")
    splits: dict[str, Any] = {split: corpus.splits()[split] for split in gold}
    known = Corpus("gold", **splits)
    of = Comparison(LabelCache(teacher, "iobes"), teacher, tags, corpus.valid, known)
    return of.of(run)


def test_agreement_is_with_the_labels_of_held_out_text(tiny_run: Path, tiny_corpus: Corpus) -> None:
    found = compared(tiny_run, tiny_corpus, NameTeacher(), test=True)
    student = Tagger.load(tiny_run).predict(tiny_corpus.valid)
    assert found.agreement == evaluate_spans(tiny_corpus.valid, student)
    known = {("Dora",), ("Carl", "Maria"), ("New", "York")}
    right = [
        replace(
            s,
            spans=tuple(x for x in s.spans if s.tokens[x.start : x.end] not in known)
            if "Dora" not in s.tokens
            else (),
        )
        for s in tiny_corpus.test
    ]
    assert set(found.scores) == {"test"}
    assert found.scores["test"].correct == sum(len(s.spans) for s in right)
    assert found.bytes["teacher"] == 1000
    assert found.bytes["student"] == sum(f.stat().st_size for f in (tiny_run / "model").iterdir())
    assert all(speed and speed > 0 for speed in found.tokens_per_second.values())
    assert found.to_dict()["teacher"]["test"]["f1"] == found.scores["test"].f1
    lines = list(found.lines("names", {"test": 0.5}))
    assert lines[0].startswith("student against the teacher names on 12 held-out sentences")
    rows = [row.split() for row in lines[-1].splitlines()]
    assert rows[0] == ["teacher", "student"]
    assert rows[1] == ["test", "F1", f"{100 * found.scores['test'].f1:.2f}", "50.00"]
    assert [row[0] for row in rows[2:]] == ["tokens/s", "MB"]


def test_what_does_not_run_has_no_speed(tiny_run: Path, tiny_corpus: Corpus) -> None:
    teacher = NameTeacher()
    teacher.size = None
    found = compared(tiny_run, tiny_corpus, teacher)
    assert found.tokens_per_second["teacher"] is None
    assert not found.scores
    *_, table = found.lines("names", {})
    assert [row.split()[1] for row in table.splitlines()[1:]] == ["-", "-"]


def test_a_teacher_without_labels_for_gold_has_no_scores_there(
    tiny_run: Path, tiny_corpus: Corpus
) -> None:
    unknown = tuple(s for s in tiny_corpus.test if "Dora" in s.tokens)
    teacher = NameTeacher()
    assert not compared(tiny_run, replace(tiny_corpus, test=unknown), teacher, test=True).scores
