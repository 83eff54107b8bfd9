"""Proposals of a model: its entities and probabilities, and doubts that follow from marginals."""

import numpy as np
import pytest

from ner.corpus import Corpus
from ner.extensions.review.proposals import Proposal, Proposals
from ner.tagger import Tagger
from ner.text import Sentence, Span


def found(tagger: Tagger, sentences: list[Sentence]) -> Proposals:
    proposals = Proposals(tagger, sentences)
    proposals.find()
    return proposals


def test_proposals_are_what_the_model_finds(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    sentences = list(tiny_corpus.test)
    proposals = found(tiny_tagger, sentences)
    assert proposals.ready == len(sentences)
    predictions = tiny_tagger.predictions(sentences)
    marginals = tiny_tagger.marginals(sentences)
    for number, (spans, scores) in enumerate(predictions):
        proposal = proposals[number]
        assert proposal is not None
        assert (proposal.spans, proposal.scores) == (spans, scores)
        assert proposal.doubts == pytest.approx(1 - np.max(marginals[number], axis=1))
        scored = proposals.scored(number)
        assert [entity for entity, _ in scored] == list(proposals.entities(number))
        assert [score for _, score in scored] == list(scores)


def test_many_sentences_are_found_in_their_order(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    sentences = list(tiny_corpus.train) * 20
    proposals = found(tiny_tagger, sentences)
    first = [proposals[number] for number in range(len(tiny_corpus.train))]
    for number in range(len(sentences)):
        proposal, expected = proposals[number], first[number % len(first)]
        assert proposal is not None
        assert expected is not None
        assert proposal.spans == expected.spans


def test_there_are_none_before_they_are_found(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    proposals = Proposals(tiny_tagger, tiny_corpus.test)
    assert proposals[0] is None
    assert proposals.entities(0) == ()
    assert proposals.scored(0) == []
    proposals.start()
    proposals.stop()
    assert not proposals.failed


def test_a_model_that_fails_is_told(
    tiny_tagger: Tagger, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise MemoryError("none left")

    monkeypatch.setattr(Tagger, "marginals", fail)
    proposals = found(tiny_tagger, list(tiny_corpus.test))
    assert proposals.failed == "MemoryError: none left"
    assert proposals.ready == 0


def test_doubts_are_those_of_the_layer_in_most_doubt(
    layered_tagger: Tagger, layered_corpus: Corpus
) -> None:
    proposals = found(layered_tagger, list(layered_corpus.test))
    marginals = layered_tagger.marginals(layered_corpus.test)
    layers = [tag.split(":")[0] for tag in layered_tagger.tags]
    for number, rows in enumerate(marginals):
        proposal = proposals[number]
        assert proposal is not None
        parts = [rows[:, [name == layer for name in layers]] for layer in dict.fromkeys(layers)]
        sums = np.stack([part.sum(axis=1) for part in parts])
        if len(parts) == 2:
            assert sums == pytest.approx(1)
            lowest = np.minimum(*(part.max(axis=1) for part in parts))
            assert proposal.doubts == pytest.approx(1 - lowest)
        assert 0 <= proposal.doubt <= 1


PROPOSAL = Proposal((Span(0, 1, "PER"), Span(2, 3, "LOC")), (0.9, 0.6), (0.1, 0.5, 0.4, 0.2))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ([Span(0, 1, "PER"), Span(2, 3, "LOC")], 0.0),
        ([Span(0, 1, "PER")], 0.6),
        ([Span(2, 3, "LOC")], 0.9),
        ([Span(0, 1, "PER"), Span(2, 3, "LOC"), Span(3, 4, "ORG")], 0.8),
        ([Span(0, 1, "PER"), Span(1, 3, "LOC")], 0.6),
        ([], 0.9),
    ],
)
def test_disagreement_is_the_surest_difference(labels: list[Span], expected: float) -> None:
    assert PROPOSAL.disagreement(labels) == pytest.approx(expected)


def test_the_doubt_about_a_sentence_is_that_about_its_most_doubtful_token() -> None:
    assert PROPOSAL.doubt == 0.5
    assert Proposal((), (), ()).doubt == 0
