"""Distillation as a whole: what is drawn, what a student learns and leaves, and how it goes on."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ner.api
from ner.api import train as train_teacher
from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import CorpusError, NerError, TrainingError, UsageError
from ner.evaluation import evaluate_spans
from ner.extensions.charlm.embeddings import States, StringEmbeddings
from ner.extensions.distillation.ensemble import Ensemble
from ner.extensions.distillation.training import (
    DistillationFinished,
    train,
    train_events,
)
from ner.predict.predictions import predict_expected, predict_sentences
from ner.text import Sentence, Span
from ner.training.loop import Epoch, Step
from ner.training.preparation import prepare
from ner.training.run import CONTEXTS, Event, Finished, Run
from ner.training.seeds import SeedsFinished
from tests.extensions.distillation.conftest import CPU, taught

# --- what is learnt from it ---------------------------------------------------------------------


def losses(run: Run) -> list[float]:
    return [event.loss for event in run.events() if isinstance(event, Step)]


@pytest.mark.slow
@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_labels_alone_teach_what_training_does(
    tmp_path: Path, members: list[Path], tiny_corpus: Corpus, tiny_config: Config, head: str
) -> None:
    """The same losses, batch by batch, as without a teacher."""
    config = tiny_config.replace({"train.epochs": 2, "model.head": head})
    train_teacher(tiny_corpus, tmp_path / "teacher", config, device="cpu")
    teaching = taught([tmp_path / "teacher"], tiny_corpus, config, distill_weight=0.0)
    ours = losses(Run(prepare(tiny_corpus), config, tmp_path / "taught", CPU, soft_labels=teaching))
    theirs = losses(Run(prepare(tiny_corpus), config, tmp_path / "plain", CPU))
    assert len(ours) == 12
    assert ours == pytest.approx(theirs, rel=1e-3, abs=1e-4)


def swapped(sentence: Sentence) -> Sentence:
    other = {"PER": "LOC", "LOC": "PER"}
    spans = tuple(Span(s.start, s.end, other[s.label]) for s in sentence.spans)
    return replace(sentence, spans=spans)


@pytest.mark.slow
def test_a_student_learns_from_its_teacher_and_not_from_labels(
    tmp_path: Path, tiny_run: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    """Labels of the other type: with all weight on the teacher, they do not matter."""
    wrong = replace(tiny_corpus, train=tuple(map(swapped, tiny_corpus.train)))
    scores = {}
    for share in (1.0, 0.0):
        teaching = taught([tiny_run], wrong, tiny_config, distill_weight=share)
        out = tmp_path / str(share)
        list(Run(prepare(wrong), tiny_config, out, CPU, soft_labels=teaching).events())
        found = predict_sentences(load_bundle(out).model, tiny_corpus.test)
        scores[share] = evaluate_spans(tiny_corpus.test, found).f1
    assert scores[1.0] > 0.95
    assert scores[0.0] < 0.3


@pytest.mark.slow
def test_unlabelled_text_teaches_what_labels_lack(
    tmp_path: Path, tiny_run: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    """A few labels, and a teacher (of all labels) that reads the rest."""
    few = replace(tiny_corpus, train=tiny_corpus.train[::5])  # all names occur, once or twice
    rest = [replace(s, spans=()) for s in tiny_corpus.train if s not in few.train]
    assert {t for s in few.train for t in s.tokens} == {t for s in rest for t in s.tokens}
    settings = {"train.distill_weight": 0.0, "train.unlabelled_confidence": 0.1}
    config = tiny_config.replace({**settings, "train.epochs": 6})
    scores = []
    for unlabelled in ([], rest):
        teaching = taught([tiny_run], few, config, unlabelled)
        out = tmp_path / str(len(unlabelled))
        *_, last = Run(prepare(few), config, out, CPU, soft_labels=teaching).events()
        assert isinstance(last, Finished)
        scores.append(last.scores["test"].f1)
    assert scores[1] > scores[0] + 0.2


# --- the whole of it -----------------------------------------------------------------------------

Events = Callable[..., Iterator[Event | SeedsFinished]]


@pytest.fixture
def events(tiny_corpus: Corpus, tiny_config: Config) -> Events:
    """`train_events` over two seeds, two epochs each, and a student, with some settings changed."""

    def make(out: Path, settings: dict[str, Any] | None = None, **how: Any) -> Any:
        config = tiny_config.replace(
            {"train.epochs": 2, "train.unlabelled_confidence": 0.1, **(settings or {})}
        )
        how = {"seeds": [1, 2], "device": "cpu", **how}
        distill = how.pop("distill", True)
        return (train_events if distill else ner.api.train_events)(tiny_corpus, out, config, **how)

    return make


def student_weights(out: Path) -> bytes:
    return (out / "student" / "model" / "weights.safetensors").read_bytes()


def epochs(told: list[Any]) -> list[int]:
    return [event.number for event in told if isinstance(event, Epoch)]


def refusal(events: Iterator[Any], kind: type[NerError]) -> str:
    with pytest.raises(kind) as caught:
        next(events)
    return str(caught.value)


@pytest.mark.slow
def test_the_student_becomes_the_model(
    events: Events, tmp_path: Path, text: Path, tiny_corpus: Corpus
) -> None:
    out = tmp_path / "run"
    told = list(events(out, unlabelled=text))
    assert epochs(told) == [1, 2, 1, 2, 1, 2]
    last = told[-1]
    assert isinstance(last, DistillationFinished)
    names = {"seed-1", "seed-2", "student", "model", "log.txt", "result.json"}
    assert {path.name for path in out.iterdir()} == names
    for path in (out / "student" / "model").iterdir():
        assert (out / "model" / path.name).read_bytes() == path.read_bytes()
    card = (out / "model" / "README.md").read_text(encoding="utf-8")
    assert "taught by the models of seed-1, seed-2" in card
    assert "text.txt: 4 unlabelled sentences drawn" in card
    assert str(tmp_path) not in card
    kept = json.loads((out / "result.json").read_text())
    assert kept == last.to_dict()
    ensemble = Ensemble([out / "seed-1", out / "seed-2"], CPU)
    for split in ("valid", "test"):
        gold = getattr(tiny_corpus, split)
        together = evaluate_spans(gold, ensemble.predict(gold)).f1
        assert kept["ensemble"][split]["f1"] == together
        student = predict_sentences(load_bundle(out).model, gold)
        assert kept["student"]["scores"][split]["f1"] == evaluate_spans(gold, student).f1
        assert set(kept["f1"][split]) == {"mean", "sd"}


@pytest.mark.slow
def test_a_student_goes_on_where_it_was_stopped_and_the_seeds_rest(
    events: Events, tmp_path: Path, text: Path
) -> None:
    list(events(tmp_path / "straight", unlabelled=text))
    out = tmp_path / "stopped"
    going = events(out, unlabelled=text)
    seen = [0]
    for event in going:
        seen += [event.number] if isinstance(event, Epoch) else []
        if len(seen) == 1 + 5:
            next(going)  # in the student's second epoch
            break
    going.close()  # type: ignore[attr-defined]
    done = {seed: (out / f"seed-{seed}/model/weights.safetensors").read_bytes() for seed in (1, 2)}
    assert epochs(list(events(out, unlabelled=text, resume=True))) == [2]
    for seed, weights in done.items():
        assert (out / f"seed-{seed}/model/weights.safetensors").read_bytes() == weights
    assert student_weights(out) == student_weights(tmp_path / "straight")


@pytest.mark.slow
def test_finished_seeds_may_teach_later(events: Events, tmp_path: Path) -> None:
    list(events(tmp_path / "later", distill=False))
    told = list(events(tmp_path / "later", {"train.distill_weight": 0.9}, resume=True))
    assert epochs(told) == [1, 2], "the seeds' models do not depend on how they will teach"
    list(events(tmp_path / "once", {"train.distill_weight": 0.9}))
    assert student_weights(tmp_path / "later") == student_weights(tmp_path / "once")


@pytest.mark.slow
def test_only_the_student_hears_documents(events: Events, tmp_path: Path, text: Path) -> None:
    """Its teachers are those of a student that does not, and unlabelled text is read once."""
    document = {"model.context": "document"}
    out = tmp_path / "run"
    list(events(out, distill=False))
    assert epochs(list(events(out, document, unlabelled=text, resume=True))) == [1, 2]
    contexts = {
        name: load_bundle(out / name).config.model.context for name in ("seed-1", "student")
    }
    assert contexts == {"seed-1": "sentence", "student": "document"}
    assert (out / "student" / CONTEXTS).exists()
    list(events(tmp_path / "at-once", document, unlabelled=text))
    assert student_weights(tmp_path / "at-once") == student_weights(out)


@pytest.mark.slow
def test_teachers_with_language_models_read_each_sentence_once(
    events: Events,
    tmp_path: Path,
    tiny_corpus: Corpus,
    tiny_charlm: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    out = tmp_path / "run"
    list(events(out, {"resources.token_embedders": (f"charlm={tiny_charlm}",)}))
    assert load_bundle(out / "student").model.contextual is not None
    tokens = [sentence.tokens for sentence in tiny_corpus.valid]
    read: list[int] = []
    once = StringEmbeddings.embed

    def counted(embeddings: StringEmbeddings, sentences: Sequence[Sequence[str]]) -> list[States]:
        read.append(len(sentences))
        return once(embeddings, sentences)

    monkeypatch.setattr(StringEmbeddings, "embed", counted)
    folders = [out / "seed-1", out / "seed-2"]
    found = Ensemble(folders, torch.device("cpu")).expected(tokens)
    assert sum(read) == 0, "the run has kept what it read"
    members = [predict_expected(load_bundle(folder).model, tokens) for folder in folders]
    for mixed, one, other in zip(found, *members, strict=True):
        expected = (one.unary + other.unary) / 2
        np.testing.assert_allclose(mixed.unary, expected, atol=1e-3)


@pytest.mark.slow
def test_another_teaching_is_no_resuming(
    events: Events, tmp_path: Path, text: Path, tiny_config: Config
) -> None:
    out = tmp_path / "run"
    list(events(out, unlabelled=text))
    weights = student_weights(out)

    def refused(settings: dict[str, Any] | None = None, **how: Any) -> str:
        with pytest.raises((TrainingError, UsageError)) as caught:
            list(events(out, settings, resume=True, **how))
        assert student_weights(out) == weights
        return str(caught.value)

    assert "(the unlabelled text)" in refused()
    assert "(train.distill_weight)" in refused({"train.distill_weight": 0.9}, unlabelled=text)
    assert "(the teachers)" in refused(seeds=[2, 1, 3], unlabelled=text)
    assert "holds a run with --distill; resume it with that, too" in refused(distill=False)
    text.write_text("Dora left Carl.\n")
    assert "student: was started with other settings (the unlabelled text)" in refused(
        unlabelled=text
    )


def test_what_distilling_needs_is_said_before_anything_is_written(
    events: Events, tmp_path: Path, text: Path
) -> None:
    out = tmp_path / "run"
    for seeds in ([], [1]):
        said = refusal(events(out, seeds=seeds), UsageError)
        assert said == "--distill needs the models of several seeds; add --seeds 1,2,3,4,5"
    text.write_bytes(b"a\n\xff\n")
    said = refusal(events(out, unlabelled=text), CorpusError)
    assert said.startswith(f"{text}:2: byte 0xFF")
    assert not out.exists()


@pytest.mark.slow
def test_a_student_is_overwritten_only_if_asked(events: Events, tmp_path: Path) -> None:
    out = tmp_path / "run"
    list(events(out))
    (out / "student" / "notes.txt").write_text("mine")
    assert "holds a run already" in refusal(events(out), UsageError)
    list(events(out, distill=False, overwrite=True))
    assert [path.name for path in (out / "student").iterdir()] == ["notes.txt"]
    assert "student" not in json.loads((out / "result.json").read_text())


@pytest.mark.slow
def test_the_library_returns_the_student(
    tmp_path: Path, text: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    config = tiny_config.replace({"train.seed": 7, "train.unlabelled_sentences": 2})
    how: dict[str, Any] = {"unlabelled": text, "device": "cpu"}
    assert ner.extensions.distillation.train is train
    tagger = train(tiny_corpus, tmp_path / "run", config, seeds=[1, 2], **how)
    assert tagger.config.train.seed == 7
    found = tagger.predict(tiny_corpus.test)
    assert evaluate_spans(tiny_corpus.test, found).f1 > 0.95
