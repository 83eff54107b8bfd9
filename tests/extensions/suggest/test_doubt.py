"""The doubt of one model and of a committee."""

import numpy as np
import pytest

from ner.extensions.suggest import doubt as module
from ner.extensions.suggest.doubt import doubts
from ner.predict import predict_uncertainty
from tests.predict.models import WORDS, random_model

SENTENCES = [WORDS, WORDS[2:5], WORDS[:1]]


def test_of_one_model_it_is_the_exact_entropy_shared_out_among_the_tokens() -> None:
    model = random_model()
    expected = predict_uncertainty(model, SENTENCES)
    for found, known in zip(doubts([model], SENTENCES), expected, strict=True):
        assert found.entropy == pytest.approx(known.entropy)
        assert found.disagreement == 0.0
        assert found.tokens.sum() == pytest.approx(known.entropy)
        assert found.total == found.entropy


def test_models_that_agree_are_as_one() -> None:
    model = random_model()
    for one, two in zip(doubts([model], SENTENCES), doubts([model, model], SENTENCES), strict=True):
        assert two.entropy == pytest.approx(one.entropy)
        assert two.disagreement == pytest.approx(0.0, abs=1e-12)
        np.testing.assert_allclose(two.tokens, one.tokens, atol=1e-12)


def test_disagreement_lies_between_0_and_that_of_sure_models() -> None:
    """Two models can be apart by log 2 at each token."""
    committee = [random_model(), random_model(head="softmax", cell="gru")]
    for sentence, found in zip(SENTENCES, doubts(committee, SENTENCES), strict=True):
        assert 0 < found.disagreement <= len(sentence) * np.log(2) + 1e-9
        assert found.tokens.sum() == pytest.approx(found.total)


def test_a_committee_may_have_other_schemes() -> None:
    """Types are compared, not tags."""
    committee = [random_model(scheme="iobes"), random_model(scheme="io")]
    assert all(found.disagreement > 0 for found in doubts(committee, SENTENCES))


def test_a_committee_has_no_order() -> None:
    one, other = random_model(), random_model(cell="gru")
    pairs = zip(doubts([one, other], SENTENCES), doubts([other, one], SENTENCES), strict=True)
    for first, second in pairs:
        assert first.total == pytest.approx(second.total)


def test_parts_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    model = random_model()
    whole = [found.entropy for found in doubts([model], SENTENCES)]
    monkeypatch.setattr(module, "AT_ONCE", 1)
    assert [found.entropy for found in doubts([model], SENTENCES)] == pytest.approx(whole, rel=1e-5)


def test_no_sentences_no_doubt() -> None:
    assert doubts([random_model()], []) == []
