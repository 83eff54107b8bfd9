"""One pass: legal output, the network as it was found, threads."""

import copy
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from ner.config import PredictConfig
from ner.predict.engines import engine_of, tag_decoder
from ner.predict.passes import stitched_emissions
from ner.predict.predictions import predict
from ner.predict.windows import windows
from ner.tags import illegal_positions, parse_tag
from tests.predict.models import WORDS, predict_settings, random_model, whole


@pytest.mark.parametrize("engine", ["native", "torch"])
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was_found(training: bool, engine: str) -> None:
    model, settings = random_model(dropout=0.9), predict_settings(engine=engine)
    expected = predict(copy.deepcopy(model), [list(WORDS)] * 3, settings=settings)
    model.network.train(training)
    assert predict(model, [list(WORDS)] * 3, settings=settings) == expected, "dropout must be off"
    assert all(module.training is training for module in model.network.modules())


def test_the_network_is_left_as_it_was_found_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    model = random_model()
    model.network.train()
    monkeypatch.setattr(model.network, "emissions", stop)
    with pytest.raises(KeyboardInterrupt):
        predict(model, [["Anna"]], settings=predict_settings(engine="torch"))
    assert model.network.training


@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
@pytest.mark.parametrize("weight", [1.0, 1e4])
def test_decoded_tags_are_always_legal(head: str, scheme: str, weight: float) -> None:
    model = random_model(head=head, scheme=scheme)
    with torch.no_grad():
        model.network.projection.weight.mul_(weight)
    sentences = [(WORDS * 3)[i : i + 1 + i % 9] for i in range(14)]
    lengths = np.array([len(tokens) for tokens in sentences])
    emissions = engine_of(model, PredictConfig()).emissions(sentences)
    decoded = tag_decoder(model).decode(emissions, lengths)
    used = set()
    for row, length in zip(decoded.tolist(), lengths.tolist(), strict=True):
        tags = [model.outputs[number] for number in row[:length]]
        assert illegal_positions([parse_tag(tag) for tag in tags], scheme) == []
        used.update(tags)
    assert len(used) > 2, "a model that always says the same proves nothing"


@pytest.mark.parametrize("engine", ["native", "torch"])
def test_several_threads_may_share_a_model(engine: str) -> None:
    model = random_model(dropout=0.5)
    work = [[list(WORDS[: 1 + i % 7]), [f"word{i}"] * (1 + i % 4)] for i in range(40)]
    settings = predict_settings(engine=engine)
    fresh = copy.deepcopy(model)  # one that has kept no word yet
    alone = [predict(model, sentences, settings=settings) for sentences in work]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda part: predict(fresh, part, settings=settings), work))
    assert any(prediction.spans for part in alone for prediction in part)
    for one, other in zip(alone, shared, strict=True):
        assert [p.spans for p in one] == [p.spans for p in other]
        scores = [[score for p in part for score in p.scores] for part in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)


def test_far_from_a_cut_a_window_sees_what_the_whole_sentence_shows() -> None:
    model = random_model()
    tokens = [WORDS[(i * i + i // 5) % len(WORDS)] for i in range(1500)]
    expected = whole(model, tokens)
    stitched = stitched_emissions(model, engine_of(model, PredictConfig()), tokens)
    assert stitched.shape == expected.shape
    cuts = [w.keep_end for w in windows(len(tokens))[:-1]]
    assert len(cuts) == 3
    far = [i for i in range(1500) if all(abs(i - cut) > 100 for cut in cuts)]
    assert np.allclose(stitched[0, far], expected[0, far], atol=1e-3)
