"""The training of a student as a whole: by which teachers, on what, and how it goes on."""

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ner.extensions.distillation
from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus, write_file
from ner.errors import CorpusError, NerError, TrainingError, UsageError
from ner.evaluation import evaluate_spans
from ner.extensions.distillation import student as students
from ner.extensions.distillation.student import StudentFinished, teach, train_events
from ner.features import CountsBatch
from ner.predict.predictions import predict_sentences
from ner.training.loop import Epoch, Step
from ner.training.seeds import SeedsFinished
from tests.extensions.distillation.conftest import NameTeacher

pytestmark = pytest.mark.usefixtures("cache_home")
NONE = Corpus("text")


@pytest.fixture
def lines(tmp_path: Path, tiny_corpus: Corpus) -> Path:
    """All sentences of `tiny_corpus` as text, one a paragraph."""
    path = tmp_path / "lines.txt"
    splits = tiny_corpus.splits().values()
    sentences = [" ".join(s.tokens[:-1]) + s.tokens[-1] for split in splits for s in split]
    path.write_text("\n".join(sentences))
    return path


@pytest.fixture
def answers(tmp_path: Path, tiny_corpus: Corpus) -> Path:
    """The labels of `tiny_corpus` as somebody's predictions."""
    path = tmp_path / "answers.conll"
    write_file(path, [s for split in tiny_corpus.splits().values() for s in split])
    return path


def events(
    out: Path, config: Config, teachers: list[str], text: Path | list[str], corpus: Corpus = NONE,
    settings: dict[str, Any] | None = None, **how: Any,
) -> Iterator[Any]:  # fmt: skip
    config = config.replace({"train.epochs": 2, "data.tokenizer": "words", **(settings or {})})
    how = {"device": "cpu", **how}
    return train_events(corpus, out, config, teachers=teachers, unlabelled=text, **how)


def weights(out: Path) -> bytes:
    return (out / "model" / "weights.safetensors").read_bytes()


def refusal(kind: type[NerError], *given: Any, **how: Any) -> str:
    with pytest.raises(kind) as caught:
        next(events(*given, **how))
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_student_learns_from_text_alone(
    tmp_path: Path, tiny_run: Path, tiny_corpus: Corpus, tiny_config: Config, lines: Path
) -> None:
    out = tmp_path / "run"
    settings = {"train.epochs": 6}
    *_, last = events(out, tiny_config, [str(tiny_run)], lines, settings=settings)
    assert isinstance(last, StudentFinished)
    assert last.compared.agreement.f1 > 0.9
    assert last.scores["valid"].f1 == last.compared.agreement.f1
    bundle = load_bundle(out)
    found = predict_sentences(bundle.model, tiny_corpus.test)
    # A few held-out sentences are soon known: the first epoch is the best one.
    assert evaluate_spans(tiny_corpus.test, found).f1 > 0.5
    assert bundle.config.data.tokenizer == "words"
    assert bundle.labels == ["LOC", "PER"]
    result = json.loads((out / "result.json").read_text())
    assert result == last.to_dict()
    assert result["compared"]["agreement"]["f1"] == last.compared.agreement.f1
    card = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert f"taught by {tiny_run.name}" in card
    assert "sentences of the text, labelled by the teacher" in card
    assert str(tmp_path) not in card
    told = list(last.lines())
    assert told[0].endswith("valid is held-out text, labelled by the teacher\n")
    assert told[1].startswith(f"student against the teacher {tiny_run} on ")
    assert str(last.compared.agreement.sentences) in told[1]


@pytest.mark.slow
def test_gold_sentences_evaluate_and_join_in(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config, lines: Path, answers: Path
) -> None:
    gold = replace(tiny_corpus, train=tiny_corpus.train[:5])
    how = {"settings": {"train.gold_share": 0.5}}
    *_, last = events(tmp_path / "run", tiny_config, [f"file:{answers}"], lines, gold, **how)
    assert isinstance(last, StudentFinished)
    assert last.gold == ["valid", "test"]
    assert last.scores["test"].to_dict()["support"] == 48
    assert last.compared.scores["test"].f1 == 1.0
    assert last.compared.bytes["teacher"] is None
    told = list(last.lines())
    assert told[0].startswith("test scores of the best model")
    assert any("test F1" in row and "100.00" in row for row in told[-1].splitlines())
    assert "5 gold sentences, each 4 times" in (tmp_path / "run/model/README.md").read_text()


@pytest.mark.slow
@pytest.mark.parametrize("soft", [True, False])
def test_a_student_goes_on_where_it_was_killed(
    tmp_path: Path, tiny_run: Path, tiny_config: Config, lines: Path, answers: Path, soft: bool
) -> None:
    teacher = [str(tiny_run) if soft else f"file:{answers}"]
    every = {"train.checkpoint_minutes": 0.0}
    list(events(tmp_path / "straight", tiny_config, teacher, lines, settings=every))
    out = tmp_path / "killed"
    going = events(out, tiny_config, teacher, lines, settings=every)
    seen = 0
    for event in going:
        seen += isinstance(event, Step)
        if seen == 20:  # in the second epoch
            break
    going.close()  # type: ignore[attr-defined]
    if soft:
        shutil.rmtree(tmp_path / "cache")  # all is labelled again, and alike
    told = list(events(out, tiny_config, teacher, lines, settings=every, resume=True))
    assert [event.number for event in told if isinstance(event, Epoch)] == [2]
    assert weights(out) == weights(tmp_path / "straight")


@pytest.mark.slow
def test_another_lesson_is_no_resuming(
    tmp_path: Path, tiny_run: Path, tiny_config: Config, lines: Path, answers: Path
) -> None:
    out = tmp_path / "run"
    list(events(out, tiny_config, [str(tiny_run)], lines))
    kept = weights(out)

    def refused(teacher: str = str(tiny_run), **how: Any) -> str:
        given = out, tiny_config, [teacher], lines
        with pytest.raises(TrainingError) as caught:
            list(events(*given, resume=True, **how))
        assert weights(out) == kept
        return str(caught.value)

    assert "the teacher)" in refused(f"file:{answers}")
    assert "(the corpus, --teacher-types)" in refused(types="PER=PERSON")
    assert "(train.doubt_discount)" in refused(settings={"train.doubt_discount": 0.0})
    assert "the corpus" in refused(settings={"train.unlabelled_sentences": 9})
    with pytest.raises(UsageError, match="holds a run already"):
        list(events(out, tiny_config, [str(tiny_run)], lines))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("model.head", "softmax"),
        ("model.scheme", "iob2"),
        ("model.scheme", "io"),
        ("model.context", "document"),
    ],
)
def test_students_of_any_kind(
    tmp_path: Path, tiny_config: Config, lines: Path, answers: Path, key: str, value: str
) -> None:
    settings = {key: value, "train.epochs": 6, "train.ema": 0.0}
    out = tmp_path / "run"
    *_, last = events(out, tiny_config, [f"file:{answers}"], lines, settings=settings)
    assert isinstance(last, StudentFinished)
    assert last.compared.agreement.f1 > 0.9
    assert load_bundle(out).config[key] == value


@pytest.mark.slow
def test_several_seeds_learn_from_the_same_labels(
    tmp_path: Path, tiny_config: Config, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher = NameTeacher()
    monkeypatch.setattr(students, "load_teacher", lambda specs, where: teacher)
    *_, last = events(tmp_path / "run", tiny_config, ["names"], lines, seeds=[1, 2])
    assert isinstance(last, SeedsFinished)
    assert all(isinstance(run, StudentFinished) for run in last.runs.values())
    results = [tmp_path / f"run/seed-{seed}/result.json" for seed in (1, 2)]
    assert all("compared" in json.loads(path.read_text()) for path in results)


def test_sentences_weigh_by_the_doubt_of_the_teacher(
    tmp_path: Path, tiny_run: Path, tiny_config: Config, lines: Path
) -> None:
    """The targets that a student gets, without training it."""
    weighed = {}
    for discount in (0.0, 1.0):
        training = students.StudentTraining(
            NONE, tmp_path / "run", tiny_config.replace({"train.doubt_discount": discount}),
            teachers=[str(tiny_run)], unlabelled=lines, device="cpu",
        )  # fmt: skip
        going = training.events()
        list(islice(going, 1))
        examples = training.soft_labels.examples
        targets = [example.expected for example in examples]
        mask = np.arange(9) < np.array([[len(example.tokens)] for example in examples])
        batch = targets[0].collate(targets, mask)
        assert isinstance(batch, CountsBatch)
        assert batch.weights is not None
        weighed[discount] = batch.weights.tolist()
        going.close()  # type: ignore[attr-defined]
        shutil.rmtree(tmp_path / "run", ignore_errors=True)
    assert set(weighed[0.0]) == {1.0}
    assert all(0 < weight < 1 for weight in weighed[1.0])


def test_what_will_not_do_is_said_before_anything_is_written(
    tmp_path: Path, tiny_run: Path, tiny_corpus: Corpus, tiny_config: Config, lines: Path
) -> None:
    out, model = tmp_path / "run", str(tiny_run)
    how: dict[str, Any] = {"settings": {"train.type_weights": "PER=2"}}
    given = out, tiny_config, [model], lines
    assert "train.type_weights does not go with --teacher" in refusal(UsageError, *given, **how)
    assert "labels text; name it with --unlabelled" in refusal(UsageError, *given[:3], [])
    assert "write OLD=NEW" in refusal(UsageError, *given, types="ORG=X")
    none = str(tmp_path / "none")
    assert "no such model folder" in refusal(UsageError, out, tiny_config, [none], lines)
    assert "no such file" in refusal(UsageError, *given[:3], Path(none))
    assert "lacks types of the teacher (P)" in refusal(
        UsageError, *given, tiny_corpus, types="PER=P"
    )
    other = tmp_path / "other.conll"
    other.write_text("Emma B-PER\nleft O\n")
    assert "has no labels for any of 60 sentences" in refusal(
        TrainingError, out, tiny_config, [f"file:{other}"], lines
    )
    lines.write_bytes(b"fine\n\xff\n")
    assert "lines.txt:2: byte 0xFF" in refusal(CorpusError, *given)
    assert not out.exists()


def test_what_was_labelled_before_a_failure_is_kept(
    tmp_path: Path, tiny_config: Config, lines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ner.extensions.distillation.cache.PART_TOKENS", 2)
    lines.write_text("Anna came.\n" * 3 + "Berta came.\nAnna left.\nBerta left.\nDora left.\n")
    teacher = NameTeacher(fails_at="Dora")
    monkeypatch.setattr(students, "load_teacher", lambda specs, where: teacher)
    given = tmp_path / "run", tiny_config, ["names"], lines
    assert "the teacher names fails on text from here on" in refusal(TrainingError, *given)
    assert not (tmp_path / "run").exists()
    asked, teacher.asked = teacher.asked, 0
    refusal(TrainingError, *given)
    assert teacher.asked < asked


def test_text_is_cut_as_the_teacher_or_the_user_wants(
    tmp_path: Path, tiny_config: Config, lines: Path, caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(NameTeacher, "tokenizer", "pieces")
    monkeypatch.setattr(students, "load_teacher", lambda specs, where: NameTeacher())
    for style, cut in (("auto", "pieces"), ("words", "words")):
        how: dict[str, Any] = {"teachers": ["names"], "unlabelled": lines, "device": "cpu"}
        config = tiny_config.replace({"data.tokenizer": style})
        training = students.StudentTraining(NONE, tmp_path / style, config, **how)
        going = training.events()
        next(going)
        going.close()  # type: ignore[attr-defined]
        assert training.prepared.data.tokenizer == cut
    assert "text is cut as `words`, and the teacher knows tokens as `pieces`" in caplog.text


@pytest.mark.slow
def test_the_library_returns_the_student(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config, lines: Path, answers: Path
) -> None:
    assert ner.extensions.distillation.teach is teach
    config = tiny_config.replace({"data.tokenizer": "words"})
    out, how = tmp_path / "run", {"types": "PER=PERSON", "device": "cpu"}
    half = tmp_path / "half.txt"
    half.write_text("\n".join(lines.read_text().splitlines()[::2]))
    text: list[str | Path] = [f"0.001={half}", lines]
    tagger = teach(out, f"file:{answers}", text, None, config, **how)
    assert tagger.labels == ["LOC", "PERSON"]
    assert tagger("Anna visited Rome.").entities
