"""Features of words that are kept: those of the network, in bounded memory."""

import threading

import numpy as np
import pytest
import torch

from ner.features import Batch
from ner.model import Embedder, Model, Network, inference, kept_rows
from ner.model.kept_rows import KeptRows
from tests.predict.models import random_model

WORDS = ["Anna", "visited", "New", "York", "Unseen", "x" * 60, "中"]


@pytest.fixture(scope="module")
def model() -> Model[Network]:
    return random_model()


def features(rows: KeptRows, words: list[str]) -> torch.Tensor:
    with torch.inference_mode():
        table, numbers = rows(words)
        return table[numbers].clone()


def test_rows_are_the_features_of_the_network(model: Model[Network]) -> None:
    rows = KeptRows(model.network.embedder, model.indexer)
    alone = torch.cat(
        [features(KeptRows(model.network.embedder, model.indexer), [w]) for w in WORDS]
    )
    for _ in range(2):
        torch.testing.assert_close(features(rows, WORDS), alone)
    assert len(rows) == len(WORDS)
    torch.testing.assert_close(features(rows, WORDS[::-1] + WORDS[:2])[-2:], alone[:2])
    assert len(rows) == len(WORDS)


def test_a_word_is_computed_once(model: Model[Network], monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    of_words = type(model.network.embedder).of_words

    def counted(embedder: Embedder, batch: Batch) -> torch.Tensor:
        asked.append(batch.forms.numel())
        return of_words(embedder, batch)

    monkeypatch.setattr(type(model.network.embedder), "of_words", counted)
    rows = KeptRows(model.network.embedder, model.indexer)
    for words in (["a", "b", "a"], ["b", "c"], ["a", "b", "c"]):
        features(rows, words)
    assert asked == [2, 1]


def test_memory_is_bounded(model: Model[Network], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = KeptRows(model.network.embedder, model.indexer, limit=5)
    expected = features(KeptRows(model.network.embedder, model.indexer), ["w1", "w7"])
    for start in range(8):
        found = features(rows, [f"w{number}" for number in range(start, start + 3)])
        assert len(rows) <= 5
        for name, row in zip(("w1", "w7"), expected, strict=True):
            if start <= int(name[1:]) < start + 3:
                torch.testing.assert_close(found[int(name[1:]) - start], row)
    assert len(features(rows, [f"w{number}" for number in range(9)])) == 9, "one call may have more"
    monkeypatch.setattr(kept_rows, "MOST_CHARACTERS", 3)
    features(rows, ["long", "words"])
    features(rows, ["a"])
    assert len(rows) == 1


def test_words_are_computed_in_chunks(
    model: Model[Network], monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = features(KeptRows(model.network.embedder, model.indexer), WORDS)
    monkeypatch.setattr(kept_rows, "FILL_WORDS", 2)
    torch.testing.assert_close(
        features(KeptRows(model.network.embedder, model.indexer), WORDS), expected
    )


def test_changed_weights_make_new_rows() -> None:
    model = random_model()
    rows = KeptRows(model.network.embedder, model.indexer)
    before = features(rows, WORDS)
    with torch.no_grad():
        model.network.embedder.tables[0].trained.weight.add_(1.0)
    after = features(rows, WORDS)
    assert not torch.equal(before, after)
    torch.testing.assert_close(
        after, features(KeptRows(model.network.embedder, model.indexer), WORDS)
    )
    model.network.load_state_dict(random_model().network.state_dict(), assign=True)
    assert not torch.equal(features(rows, WORDS), after)


def test_threads_share_rows(model: Model[Network]) -> None:
    rows = KeptRows(model.network.embedder, model.indexer, limit=40)
    words = [f"word{number}" for number in range(60)]
    expected = features(KeptRows(model.network.embedder, model.indexer), words)
    wrong: list[int] = []

    def look(seed: int) -> None:
        draw = np.random.default_rng(seed)
        for _ in range(20):
            chosen = draw.integers(0, 60, 9)
            with inference(model.network):
                found = features(rows, [words[i] for i in chosen])
            if not torch.allclose(found, expected[chosen], atol=1e-6):
                wrong.append(seed)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
