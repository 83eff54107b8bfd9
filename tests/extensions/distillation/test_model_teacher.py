"""Models of ours as teachers: what one says is what it predicts, and several are averaged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ner.api import train
from ner.bundle.export import export_bundle
from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import UsageError
from ner.extensions.distillation.ensemble import Ensemble
from ner.extensions.distillation.model_teacher import ModelTeacher
from ner.extensions.distillation.teacher import Circumstances
from ner.predict.predictions import predict_expected, predict_marginals, predict_sentences
from ner.text import SegmentedText
from tests.extensions.distillation.conftest import CPU

WHERE = Circumstances(CPU, Config())


def documents(corpus: Corpus) -> list[SegmentedText]:
    return [(" ".join(s.tokens), [s]) for s in corpus.test]


def test_one_model_says_what_it_expects(members: list[Path], tiny_corpus: Corpus) -> None:
    teacher = ModelTeacher(members[:1], WHERE)
    model = load_bundle(members[0]).model
    assert teacher.tags == model.outputs
    assert teacher.tokenizer == "words"
    expected = predict_expected(model, [s.tokens for s in tiny_corpus.test])
    for labels, counts in zip(teacher.label(documents(tiny_corpus)), expected, strict=True):
        assert labels.expected is not None
        assert labels.expected.unary.tolist() == counts.unary.tolist()
        assert labels.expected.pairwise.tolist() == counts.pairwise.tolist()


def test_several_models_are_an_ensemble(members: list[Path], tiny_corpus: Corpus) -> None:
    labels = list(ModelTeacher(members, WHERE).label(documents(tiny_corpus)))
    together = Ensemble(members, CPU).predict(tiny_corpus.test)
    assert [each.spans for each in labels] == [s.spans for s in together]


def test_a_sure_model_labels_as_it_tags(tiny_run: Path, tiny_corpus: Corpus) -> None:
    labels = ModelTeacher([tiny_run], WHERE).label(documents(tiny_corpus))
    tagged = predict_sentences(load_bundle(tiny_run).model, tiny_corpus.test)
    assert [each.spans for each in labels] == [s.spans for s in tagged]


def test_a_packed_model_teaches_too(tmp_path: Path, members: list[Path]) -> None:
    packed = tmp_path / "model.ner"
    export_bundle(members[0], packed)
    teacher = ModelTeacher([packed], WHERE)
    assert teacher.size == packed.stat().st_size
    assert teacher.tags == ModelTeacher(members[:1], WHERE).tags


@pytest.mark.slow
def test_the_tags_of_a_softmax_get_legal_transitions(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    config = tiny_config.replace({"train.epochs": 2, "model.head": "softmax"})
    train(tiny_corpus, tmp_path / "run", config, device="cpu")
    model = load_bundle(tmp_path / "run").model
    tokens = [s.tokens for s in tiny_corpus.test]
    labels = list(ModelTeacher([tmp_path / "run"], WHERE).label(documents(tiny_corpus)))
    for each, marginals, sentence in zip(
        labels, predict_marginals(model, tokens), tokens, strict=True
    ):
        assert each.expected is not None
        assert each.expected.pairwise.sum() == pytest.approx(len(sentence) - 1, abs=1e-4)
        np.testing.assert_allclose(each.expected.unary.sum(1), 1.0, atol=1e-5)
        assert (each.expected.unary.argmax(1) == marginals.argmax(1)).mean() > 0.5


@pytest.mark.slow
def test_models_that_cannot_teach_together(
    tmp_path: Path, members: list[Path], tiny_corpus: Corpus, tiny_config: Config
) -> None:
    def other(name: str, corpus: Corpus = tiny_corpus, **model: str) -> Path:
        settings = {f"model.{key}": value for key, value in model.items()}
        config = tiny_config.replace({"train.epochs": 1, **settings})
        train(corpus, tmp_path / name, config, device="cpu")
        return tmp_path / name

    renamed = tuple(
        replace(s, spans=tuple(replace(x, label=x.label.lower()) for x in s.spans))
        for s in tiny_corpus.train
    )
    for path, said in (
        (
            other("iob2", scheme="iob2"),
            "its tags are of iob2, those of the student of iobes; give ",
        ),
        (other("softmax", head="softmax"), "is a softmax, unlike"),
        (other("types", replace(tiny_corpus, train=renamed)), r"has other types \(loc, per\) than"),
    ):
        with pytest.raises(UsageError, match=f"^--teacher {path}: {said}"):
            ModelTeacher([members[0], path], WHERE)
    student = Circumstances(torch.device("cpu"), Config().replace({"model.scheme": "iob2"}))
    assert len(ModelTeacher([tmp_path / "iob2"], student).tags) == 5


def test_a_missing_model(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such model folder"):
        ModelTeacher([tmp_path / "none"], WHERE)
