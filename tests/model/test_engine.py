"""Torch's engine: with words kept as on a GPU it gives what the network gives."""

import gc
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config
from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.features import plans
from ner.model import TorchEngine
from ner.training.build import build_model
from tests.predict.models import LEARNT, MODELS, SMALL, random_model, sentence

texts = st.lists(sentence.filter(bool), min_size=1, max_size=6)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25, deadline=None)
@given(given_texts=texts)
def test_kept_words_give_the_same_emissions(name: str, given_texts: list[list[str]]) -> None:
    model = MODELS[name]
    plain = TorchEngine(model.network, model.indexer).emissions(given_texts)
    for _ in range(2):  # with words that are new, and with words that are kept
        kept = TorchEngine(model.network, model.indexer, keeps_rows=True)
        found = kept.emissions(given_texts)
        assert found.dtype == plain.dtype
        for row, tokens in enumerate(given_texts):
            n = len(tokens)
            np.testing.assert_allclose(found[row, :n], plain[row, :n], atol=2e-4)


def test_kept_words_with_first_pass_labels() -> None:
    model = random_model(context="document")
    size = model.indexer.context_columns
    assert size
    given_texts = [["Anna", "visited"], ["York"]]
    for table in model.network.embedder.kinds:  # of these labels it is 0 before training
        torch.nn.init.normal_(next(table.parameters()))
    contexts = [[(1,) * size, (0,) * size], None]
    engines = [TorchEngine(model.network, model.indexer, keeps_rows=keep) for keep in (False, True)]
    one, other = (engine.emissions(given_texts, contexts) for engine in engines)
    np.testing.assert_allclose(one[0], other[0], atol=1e-4)
    assert not np.allclose(one[0], engines[1].emissions(given_texts)[0], atol=1e-4)


def test_kept_words_with_contextual_embeddings(tiny_charlm: Path) -> None:
    contextual = StringEmbeddings.load([str(tiny_charlm)], "words")
    model = build_model(
        LEARNT, Config().replace(SMALL), torch.device("cpu"), contextual=contextual
    ).model
    model.network.eval()
    given_texts = [["Anna", "visited", "York"], ["a"]]
    embedded = contextual.embed(given_texts)
    engines = [TorchEngine(model.network, model.indexer, keeps_rows=keep) for keep in (False, True)]
    one, other = (engine.emissions(given_texts, None, embedded) for engine in engines)
    np.testing.assert_allclose(one[0], other[0], atol=1e-5)
    np.testing.assert_allclose(one[1, :1], other[1, :1], atol=1e-5)


def test_words_are_kept_as_long_as_their_network() -> None:
    model = random_model()
    TorchEngine(model.network, model.indexer, keeps_rows=True).emissions([["Anna"]])
    gone = weakref.ref(model.network)
    del model
    gc.collect()
    assert gone() is None


def test_a_network_in_training_goes_on_in_training() -> None:
    model = random_model()
    model.network.train()
    engine = TorchEngine(model.network, model.indexer, keeps_rows=True)
    assert np.array_equal(engine.emissions([["Anna"]]), engine.emissions([["Anna"]])), "no dropout"
    assert model.network.training


def test_a_plan_is_bounded_by_tokens_and_has_each_sentence_once() -> None:
    model = MODELS["crf"]
    lengths = [3, 700, 3, 1, *[20] * 500]
    plan = TorchEngine(model.network, model.indexer).plan(lengths)
    assert sorted(number for batch in plan for number in batch) == list(range(len(lengths)))
    for batch in plan:
        assert len(batch) <= plans.BATCH_SENTENCES
        assert len(batch) * max(lengths[number] for number in batch) <= plans.BATCH_TOKENS
