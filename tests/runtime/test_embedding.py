"""The features of tokens in the engine without torch, against the modules that learn."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ner.config import ModelConfig
from ner.features import Indexer, TableSize
from ner.features.modules import WordEmbedding
from ner.runtime.embedding import Embedding, WordRows, embedded_columns
from ner.tensors import to_arrays
from tests.features.making import an_indexer
from tests.predict.models import WORDS, random_model

TRAINED, FROZEN, DIM = 6, 3, 5


def module_of(mode: str, frozen: int = FROZEN) -> WordEmbedding:
    torch.manual_seed(4)
    module = WordEmbedding(TableSize(TRAINED, frozen, DIM, pretrained=True), mode)
    module.load_vectors(torch.randn(TRAINED, DIM), torch.randn(frozen, DIM))
    if module.projection is not None:
        torch.nn.init.uniform_(module.projection.weight)
    return module.eval()


def rows_of(module: WordEmbedding) -> WordRows:
    return WordRows(to_arrays({f"x.{name}": t for name, t in module.state_dict().items()}), "x")


@pytest.mark.parametrize("mode", ["tuned", "frozen", "projected"])
@given(ids=st.lists(st.integers(0, TRAINED + FROZEN - 1), max_size=9))
def test_words_have_the_vectors_of_the_module(mode: str, ids: list[int]) -> None:
    """Those that learn and those that are kept in half precision."""
    module = module_of(mode)
    rows = rows_of(module)
    out = np.full((len(ids), rows.dim), np.nan, np.float32)
    rows.write(np.array(ids, np.int64), out)
    with torch.no_grad():
        expected = module(torch.tensor(ids, dtype=torch.long))
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_a_table_without_frozen_rows() -> None:
    module = module_of("tuned", 0)
    out = np.empty((2, DIM), np.float32)
    rows_of(module).write(np.array([0, TRAINED - 1]), out)
    np.testing.assert_array_equal(out, module.trained.weight.detach()[[0, TRAINED - 1]])


@pytest.mark.parametrize("chars", ["cnn", "lstm", "none"])
def test_a_token_has_the_features_of_the_network(chars: str) -> None:
    """Those of words, characters and casing, in this order, whatever else is asked for."""
    model = random_model(chars=chars)
    embedding = Embedding(model.config, model.indexer, model.weights, int8=False)
    keys = model.indexer.keys([*WORDS, "Unseen", "ünseen", ""], None)
    together = embedding(keys)
    assert together.shape == (len(WORDS) + 3, embedding.dim)
    assert np.isfinite(together).all()
    for key, row in zip(keys, together, strict=True):
        np.testing.assert_array_equal(embedding([key])[0], row)
    table = model.weights["embedder.words.0.trained.weight"]
    known = [model.indexer.ids(key).words[0] for key in keys]
    np.testing.assert_array_equal(together[:, : table.shape[1]], table[known])


def test_columns_that_have_an_embedding() -> None:
    indexer: Indexer = an_indexer([["Anna"]])
    assert embedded_columns(indexer, ModelConfig()) == [0]  # that of casing
    assert embedded_columns(indexer, ModelConfig(casing_dim=0)) == []
