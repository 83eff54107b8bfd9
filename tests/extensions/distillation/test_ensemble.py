"""Several models as one: what they expect of sentences, and the targets that they give."""

import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ner.bundle.format import load_bundle
from ner.config import Config
from ner.corpus import Corpus
from ner.extensions.distillation.ensemble import Ensemble
from ner.features import ExpectedCounts
from ner.predict.predictions import predict_expected, predict_marginals
from ner.tags import allowed_transitions, illegal_positions, parse_tag, tags_of
from ner.text import PartialLabel, Sentence
from ner.training.examples import SoftLabelExample
from tests.extensions.distillation.conftest import CPU, taught


def counts_of(example: SoftLabelExample) -> ExpectedCounts:
    """The soft labels of an example."""
    assert isinstance(example.expected, ExpectedCounts)
    return example.expected


def softened(expected: ExpectedCounts) -> float:
    """How much of the tags is in doubt."""
    return float(1 - expected.unary.max(1).mean())


def test_an_ensemble_expects_what_its_members_do_on_average(
    members: list[Path], tiny_corpus: Corpus
) -> None:
    sentences = [s.tokens for s in tiny_corpus.test]
    ensemble = Ensemble(members, CPU).expected(sentences)
    models = [load_bundle(folder).model for folder in members]
    tables = [predict_marginals(model, sentences) for model in models]
    differ = 0.0
    for found, one, other in zip(ensemble, *tables, strict=True):
        np.testing.assert_allclose(found.unary, (one + other) / 2, atol=1e-6)
        differ = max(differ, float(np.abs(one - other).max()))
    assert differ > 0.01
    moves = [predict_expected(model, sentences) for model in models]
    for found, a, b in zip(ensemble, *moves, strict=True):
        np.testing.assert_allclose(found.pairwise, (a.pairwise + b.pairwise) / 2, atol=1e-5)
        assert found.pairwise.sum() == pytest.approx(len(found.unary) - 1, abs=1e-4)


def test_an_ensemble_predicts_the_legal_tags_of_which_most_are_expected_to_be_right(
    members: list[Path], tiny_corpus: Corpus
) -> None:
    ensemble = Ensemble(members, CPU)
    tags, scheme = load_bundle(members[0]).model.outputs, "iobes"
    sentences = [replace(s, tokens=s.tokens[:4], spans=()) for s in tiny_corpus.test[:6]]
    for sentence, expected in zip(
        ensemble.predict(sentences),
        ensemble.expected([s.tokens for s in sentences]),
        strict=True,
    ):
        best = max(
            sum(float(expected.unary[t, k]) for t, k in enumerate(path))
            for path in itertools.product(range(len(tags)), repeat=len(sentence))
            if not illegal_positions([parse_tag(tags[k]) for k in path], scheme)
        )
        found = tags_of(sentence.spans, len(sentence), scheme)
        right = sum(float(expected.unary[t, tags.index(tag)]) for t, tag in enumerate(found))
        assert right == pytest.approx(best, abs=1e-5)


def test_labels_and_the_ensemble_are_mixed(
    members: list[Path], tiny_corpus: Corpus, tiny_config: Config
) -> None:
    labels, half, free = (
        taught(members, tiny_corpus, tiny_config, distill_weight=share).examples
        for share in (0.0, 0.25, 1.0)
    )
    assert [lesson.tokens for lesson in labels] == [s.tokens for s in tiny_corpus.train]
    tags = load_bundle(members[0]).model.outputs
    legal = np.array(allowed_transitions(tags, "iobes").between)
    by_members = Ensemble(members, CPU).expected([s.tokens for s in tiny_corpus.train])
    columns = (map(counts_of, examples) for examples in (labels, half, free))
    for sentence, one, mixed, other, ensemble in zip(
        tiny_corpus.train, *columns, by_members, strict=True
    ):
        numbers = [tags.index(tag) for tag in tags_of(sentence.spans, len(sentence), "iobes")]
        np.testing.assert_allclose(one.unary, np.eye(len(tags))[numbers], atol=1e-6)
        moves = np.zeros(legal.shape)
        np.add.at(moves, (numbers[:-1], numbers[1:]), 1)
        np.testing.assert_allclose(one.pairwise, moves[legal], atol=1e-6)
        for part in ("unary", "pairwise"):
            a, m, b, e = (getattr(x, part) for x in (one, mixed, other, ensemble))
            np.testing.assert_allclose(m, 0.75 * a + 0.25 * b, atol=1e-6)
            np.testing.assert_allclose(b, e, atol=1e-6)
    assert max(softened(counts_of(lesson)) for lesson in free) > 0.01


def test_partial_labels_stay_true(
    members: list[Path], tiny_corpus: Corpus, tiny_config: Config
) -> None:
    """What is known is certain; of the rest the ensemble has its opinion."""
    sentence = tiny_corpus.train[0]  # Anna visited Rome .
    partial = (
        PartialLabel("LOC", "no"),
        PartialLabel(None, "open"),
        PartialLabel(None, "open"),
        PartialLabel("", "no"),
    )
    corpus = replace(tiny_corpus, train=(replace(sentence, spans=(), partial=partial),))
    lesson = taught(members, corpus, tiny_config, distill_weight=0.0).examples[0]
    tags = load_bundle(members[0]).model.outputs
    by_type = {label: [tag.endswith(label) for tag in tags] for label in ("LOC", "PER")}
    tokens = counts_of(lesson).unary
    assert tokens[0][by_type["LOC"]].sum() == pytest.approx(1.0, abs=1e-5)
    assert tokens[3, 0] == pytest.approx(1.0, abs=1e-5)
    assert 0.001 < tokens[1:3].max() < 0.999
    np.testing.assert_allclose(tokens.sum(1), 1.0, atol=1e-5)


def test_the_ensemble_tells_what_a_corpus_does_not_label(
    members: list[Path], tiny_corpus: Corpus, tiny_config: Config
) -> None:
    sentence = tiny_corpus.train[0]  # Anna visited Rome .
    lacking = replace(sentence, spans=sentence.spans[:1], unannotated=frozenset({"LOC"}))
    corpus = replace(tiny_corpus, train=(lacking,))
    lesson = taught(members, corpus, tiny_config, distill_weight=0.0).examples[0]
    tags = load_bundle(members[0]).model.outputs
    assert isinstance(lesson.expected, ExpectedCounts)
    tokens = lesson.expected.unary
    assert tokens[0, tags.index("S-PER")] == pytest.approx(1.0, abs=1e-5)
    places = tokens[:, [tag.endswith("LOC") for tag in tags]].sum(1)
    np.testing.assert_allclose(tokens[1:, 0] + places[1:], 1.0, atol=1e-5)
    assert 0.1 < places[2] < 0.9


def plain(*tokens: str) -> Sentence:
    return Sentence(tokens, source="folder/text.txt")


SURE = [
    plain("Anna", "left", "New", "York", "."),
    plain("Dora", "visited", "Paris", "."),
    plain("Carl", "Maria", "left", "Rome", "."),
]
NONE = [plain("visited", "visited", "."), plain("left", "visited", "."), plain("left", ".")]


def test_confident_sentences_join_and_those_without_entities_in_proportion(
    tiny_run: Path, tiny_corpus: Corpus, tiny_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    tagger = [tiny_run]
    confident = [
        float(e.unary.max(1).min())
        for e in Ensemble(tagger, CPU).expected([s.tokens for s in [*SURE, *NONE]])
    ]
    assert min(confident) > 0.2, "a model that knows these words"
    empty = tuple(replace(s, spans=()) for s in tiny_corpus.train)
    for more, none in ((0, 0), (12, 1), (24, 3)):
        train = tiny_corpus.train if not more else tiny_corpus.train + empty[:more]
        corpus = replace(tiny_corpus, train=train)
        teaching = taught(tagger, corpus, tiny_config, [*SURE, *NONE], unlabelled_confidence=0.2)
        lessons = teaching.examples[len(train) :]
        kept = [lesson.tokens for lesson in lessons]
        assert {s.tokens for s in SURE} < {*kept} or none == 0
        assert len(kept) == 3 + none, f"{more} of {24 + more} labelled sentences have no entity"
        said = f"text.txt: 6 unlabelled sentences drawn, 6 sure ones, {3 + none} kept (3 with"
        assert teaching.notes[-1].startswith(said)


def test_what_the_ensemble_doubts_does_not_join(
    members: list[Path], tiny_corpus: Corpus, tiny_config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    expected = Ensemble(members, CPU).expected([s.tokens for s in SURE])
    levels = sorted(float(e.unary.max(1).min()) for e in expected)
    assert levels[0] < levels[1] < levels[2] < 0.99
    for left, level in enumerate([0.0, (levels[0] + levels[1]) / 2, (levels[1] + levels[2]) / 2]):
        teaching = taught(members, tiny_corpus, tiny_config, SURE, unlabelled_confidence=level)
        assert len(teaching.examples) == len(tiny_corpus.train) + 3 - left
    assert "train.unlabelled_confidence" not in caplog.text
    teaching = taught(members, tiny_corpus, tiny_config, SURE, unlabelled_confidence=0.99)
    assert len(teaching.examples) == len(tiny_corpus.train)
    assert "no unlabelled sentence teaches anything; with a lower" in caplog.text
