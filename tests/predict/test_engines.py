"""The native engine gives what torch's gives, in bounded memory, whatever the weights."""

import dataclasses
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.bundle import tagger_network
from ner.config import Config, PredictConfig
from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.features import Words, WordTable, plans
from ner.features.bigrams import Bigrams
from ner.features.clusters import Clusters
from ner.features.gazetteers import BEGIN, END, NONE, SINGLE, Gazetteers
from ner.features.word_lists import WordList
from ner.model import Inputs, Model, Network
from ner.model.engine import TorchEngine
from ner.predict import engine_of
from ner.runtime import NativeEngine, StoredModel, cache
from ner.text import Sentence, Span
from ner.training.build import build_model
from tests.features.making import vectors_of, with_features

Floats = np.ndarray[Any, np.dtype[np.float32]]

WORDS = ("Anna", "visited", "New", "York", ".", "1999", "a")
LEARNT = [Sentence(WORDS, (Span(0, 1, "PER"), Span(2, 4, "LOC")))]
SMALL = {"model.hidden": 6, "model.word_dim": 5, "model.char_hidden": 4, "model.char_dim": 4}
KINDS: dict[str, dict[str, Any]] = {
    "lstm": {},
    "gru, two layers, character lstm": {"cell": "gru", "layers": 2, "chars": "lstm"},
    "one way, words alone": {"cell": "rnn", "bidirectional": False, "chars": "none"},
    "three layers, one way": {"layers": 3, "bidirectional": False, "casing_dim": 0},
}
sentences = st.lists(
    st.lists(st.sampled_from([*WORDS, "Unseen", "中", "x" * 60]), min_size=1, max_size=9),
    min_size=1,
    max_size=9,
)


def a_model(**changes: Any) -> Model[Network]:
    """An untrained model."""
    config = Config().replace({**SMALL, **{f"model.{k}": v for k, v in changes.items()}})
    model = build_model(LEARNT, config, torch.device("cpu")).model
    model.network.eval()
    return model


GAZETTEERS = (
    WordList.build("LOC", [["New", "York"], ["York"], ["a", "New", "York", "."]]),
    WordList.build("PER", [["Anna", "York"], ["Unseen"]]),
)
CLUSTERS = Clusters(("010", "0110101", "11"), {"Anna": 0, "york": 1, "visited": 2, "中": 1})


def a_full_model(mode: str = "tuned", **changes: Any) -> Model[Network]:
    """An untrained model with two tables of vectors, clusters and word lists."""
    plain = a_model(vectors=mode, **changes)
    config = Config().replace({**SMALL, "model.vectors": mode}).model
    config = dataclasses.replace(config, **changes)
    tables = (
        WordTable.count(["york", "a"], 1, fold_case=True, fold_digits=True),
        WordTable.count(["New"], 1, fold_case=False, fold_digits=False),
    )
    known = vectors_of("unseen", "0000", dim=3), vectors_of("York", "YORK", dim=4)
    words = Words(tuple(t.with_vectors(v) for t, v in zip(tables, known, strict=True)))
    indexer = with_features(plain.indexer, words, CLUSTERS, Gazetteers(GAZETTEERS))
    torch.manual_seed(3)
    network = Network(config, plain.outputs, Inputs(indexer)).eval()
    for table in network.embedder.tables:
        size = table.size
        rows = torch.randn(size.trained, size.dim)
        table.load_vectors(rows, torch.randn(size.frozen, size.dim))
        if table.projection is not None:  # as it may be after training
            torch.nn.init.normal_(table.projection.weight)
    return Model(indexer, plain.outputs, network)


def stored(model: Model[Network]) -> StoredModel:
    """The same model as a bundle gives it."""
    return StoredModel(
        model.indexer, model.outputs, model.config, model.weights, tagger_network, model.contextual
    )


def native(model: Model[Network], cache_bytes: int = 1 << 20) -> NativeEngine:
    weights = model.config, model.indexer, model.weights
    return NativeEngine(*weights, int8=False, cache_bytes=cache_bytes)


def assert_alike(one: Floats, other: Floats, texts: list[list[str]]) -> None:
    """Emissions that agree at every token."""
    assert one.shape == other.shape
    for row, tokens in enumerate(texts):
        size = len(tokens)
        assert one[row, :size] == pytest.approx(other[row, :size], abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=25)
@given(texts=sentences)
def test_both_engines_give_the_same_emissions(kind: str, texts: list[list[str]]) -> None:
    model = a_model(**KINDS[kind])
    plain = TorchEngine(model.network, model.indexer).emissions(texts)
    engine = native(model)
    for _ in range(2):  # with words that are new, and with words that are kept
        assert_alike(engine.emissions(texts), plain, texts)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=15)
@given(texts=sentences)
def test_both_engines_read_contextual_embeddings(
    tiny_charlm: Path, kind: str, texts: list[list[str]]
) -> None:
    contextual = StringEmbeddings.load([str(tiny_charlm)], "words")
    config = Config().replace({**SMALL, **{f"model.{k}": v for k, v in KINDS[kind].items()}})
    model = build_model(LEARNT, config, torch.device("cpu"), contextual=contextual).model
    model.network.eval()
    plain, own = (engine_of(model, PredictConfig(engine=name)) for name in ("torch", "native"))
    embedded = contextual.embed(texts)
    expected = plain.emissions(texts, None, embedded)
    for _ in range(2):
        assert_alike(own.emissions(texts, None, embedded), expected, texts)
    others = [np.zeros_like(states) for states in embedded]
    assert not np.allclose(own.emissions(texts, None, others), expected, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["tuned", "frozen", "projected"])
@settings(max_examples=25)
@given(texts=sentences)
def test_both_engines_know_vectors_clusters_and_word_lists(
    mode: str, texts: list[list[str]]
) -> None:
    model = a_full_model(mode)
    plain = TorchEngine(model.network, model.indexer).emissions(texts)
    engine = native(model)
    for _ in range(2):
        assert_alike(engine.emissions(texts), plain, texts)


def test_a_word_is_kept_once_for_each_place_in_an_entry() -> None:
    engine = native(a_full_model())
    engine.emissions([["New", "York", "."], ["York", "."], ["New", "."], ["York"]])
    assert set(engine.words) == {
        ("New", (BEGIN, NONE)),
        ("York", (END, NONE)),
        (".", (NONE, NONE)),
        ("York", (SINGLE, NONE)),
        ("New", (NONE, NONE)),
    }
    as_end, alone = engine.words.rows([("York", (END, NONE)), ("York", (SINGLE, NONE))])
    assert not np.allclose(engine.words.table[as_end], engine.words.table[alone])
    assert len(engine.words) == 5


def test_words_with_places_are_kept_within_their_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "BATCH_TOKENS", 8)
    monkeypatch.setattr(cache, "MOST_CHARACTERS", 200)
    model = a_full_model()
    engine = native(model, cache_bytes=1)
    plain = TorchEngine(model.network, model.indexer)
    for start in range(0, 60, 3):
        texts = [["New", "York", *(f"w{n}" * 20 for n in range(start, start + 4))], ["York", "."]]
        assert_alike(engine.emissions(texts), plain.emissions(texts), texts)
        assert len(engine.words) <= 16
        words = [key[0] for key in engine.words if isinstance(key, tuple)]
        assert len(words) == len(engine.words)
        assert sum(map(len, words)) <= 200 + 4 * 60 + 8


@pytest.mark.slow
@pytest.mark.parametrize("name", ["native", "torch"])
@given(lengths=st.lists(st.integers(1, 40), max_size=200))
def test_every_sentence_is_planned_once(name: str, lengths: list[int]) -> None:
    model = a_model()
    batches = engine_of(model, PredictConfig(engine=name)).plan(lengths)
    assert sorted(index for batch in batches for index in batch) == list(range(len(lengths)))
    for batch in batches:
        assert 1 <= len(batch) <= plans.BATCH_SENTENCES
        padded = len(batch) * max(lengths[index] for index in batch)
        assert len(batch) == 1 or padded <= plans.BATCH_TOKENS


def test_words_are_kept_within_their_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "BATCH_TOKENS", 8)
    model = a_model()
    engine = native(model, cache_bytes=1)  # so the bound is two batches
    plain = TorchEngine(model.network, model.indexer)
    for start in range(0, 60, 3):
        texts = [[f"w{number}" for number in range(start, start + 6)], ["Anna", "."]]
        assert_alike(engine.emissions(texts), plain.emissions(texts), texts)
        assert len(engine.words) <= 16
        assert len(engine.words.table) == 16


def test_early_words_outlive_a_full_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "BATCH_TOKENS", 8)
    engine = native(a_model(), cache_bytes=1)
    for number in range(17):
        engine.emissions([[f"w{number}"]])
    assert "w0" in engine.words
    assert "w15" not in engine.words
    assert "w16" in engine.words


def test_endless_words_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "MOST_CHARACTERS", 1000)
    engine = native(a_model())
    for number in range(20):
        engine.emissions([[f"{number}" * 300, "Anna"]])
        assert sum(map(len, engine.words)) <= 1000 + 2 * 300 + 4
    assert "Anna" in engine.words


def change_in_place(model: Model[Network]) -> None:
    with torch.no_grad():
        model.network.embedder.tables[0].trained.weight.mul_(2.0)


def load_others(model: Model[Network]) -> None:
    other = a_model().network.state_dict()
    model.network.load_state_dict({name: value * 1.5 for name, value in other.items()})


def learn(model: Model[Network]) -> None:
    optimizer = torch.optim.AdamW(model.network.parameters(), lr=0.1)
    for weight in model.network.parameters():
        weight.grad = torch.ones_like(weight)
    optimizer.step()
    with torch.no_grad():  # padding learns nothing
        model.network.embedder.characters.embed.weight[0] = 0.0


@pytest.mark.parametrize("change", [change_in_place, load_others, learn])
def test_changed_weights_are_noticed(change: Any) -> None:
    model, texts = a_model(), [["Anna", "visited", "Unseen"]]
    before = engine_of(model, PredictConfig()).emissions(texts).copy()
    change(model)
    after = engine_of(model, PredictConfig()).emissions(texts)
    assert_alike(after, TorchEngine(model.network, model.indexer).emissions(texts), texts)
    assert not np.allclose(before, after, atol=1e-3)


def test_a_model_of_inference_mode_tags_too() -> None:
    with torch.inference_mode():
        model = a_model()
        assert native(model).emissions([["Anna"]]).shape[1] == 1


def test_a_stored_model_keeps_its_words() -> None:
    model = stored(a_model())
    engine = engine_of(model, PredictConfig())
    assert isinstance(engine, NativeEngine)
    engine.emissions([["Anna"]])
    assert engine_of(model, PredictConfig()) is engine
    assert "Anna" in engine.words


def test_threads_do_not_disturb_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "BATCH_TOKENS", 8)
    model = a_model()
    engine = native(model, cache_bytes=1)
    texts = [[[f"w{thread}{number}" for number in range(7)]] for thread in range(8)]
    alone = [engine.emissions(text).copy() for text in texts]
    wrong: list[int] = []

    def work(thread: int) -> None:
        for _ in range(20):
            if not np.allclose(engine.emissions(texts[thread]), alone[thread], atol=1e-6):
                wrong.append(thread)

    workers = [threading.Thread(target=work, args=(thread,)) for thread in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert not wrong


def test_settings_choose_the_engine() -> None:
    model = stored(a_model())
    usual = engine_of(model, PredictConfig())
    assert isinstance(usual, NativeEngine)
    assert engine_of(model, PredictConfig(o_bias=1.0)) is usual
    assert engine_of(model, PredictConfig(cache_mb=1)) is not usual
    assert engine_of(model, PredictConfig(precision="int8")) is not usual
    in_int8 = dataclasses.replace(model, int8=True)
    assert engine_of(in_int8, PredictConfig()) is engine_of(
        in_int8, PredictConfig(precision="int8")
    )
    assert isinstance(engine_of(model, PredictConfig(engine="torch")), TorchEngine)
    assert isinstance(engine_of(a_model(), PredictConfig(engine="torch")), TorchEngine)


def test_a_stored_model_and_its_network_give_the_same() -> None:
    model, texts = a_full_model("projected"), [["Anna", "York", "."], ["Unseen"]]
    expected = TorchEngine(model.network, model.indexer).emissions(texts)
    found = engine_of(stored(model), PredictConfig(engine="torch")).emissions(texts)
    assert found.tolist() == expected.tolist()


def test_what_is_kept_of_a_word_does_not_depend_on_others() -> None:
    model = a_model()
    alone, among = native(model), native(model)
    texts = [["Anna"], ["Unseen", "New", "York"], [f"w{number}" for number in range(40)]]
    among.emissions([[word for text in texts for word in text]])
    for text in texts:
        assert alone.emissions([text]).tolist() == among.emissions([text]).tolist()


@pytest.mark.slow
@settings(max_examples=25)
@given(texts=sentences)
def test_both_engines_know_token_bigrams(texts: list[list[str]]) -> None:
    model = a_model(bigrams="yes", chars="none")
    assert model.indexer.find(Bigrams) is not None
    torch.manual_seed(3)
    for table in model.network.embedder.kinds:  # bigrams start at zero
        torch.nn.init.normal_(table.get_parameter("weight"))
    plain = TorchEngine(model.network, model.indexer).emissions(texts)
    engine = native(model)
    for _ in range(2):
        assert_alike(engine.emissions(texts), plain, texts)
