"""States read fast and contextual string embeddings: against the networks, and from a bundle."""

import dataclasses
import json
import logging
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.errors import TrainingError, UsageError
from ner.extensions.charlm import embeddings as module
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.embeddings import (
    DESCRIPTION,
    MOST_MODELS,
    Floats,
    StateReader,
    StringEmbeddings,
)
from ner.extensions.charlm.folder import LanguageModel, load_model
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import Alphabet
from ner.stored import StoredFolder, ValidationError, write_stored
from ner.tensors import to_arrays
from tests.extensions.charlm.conftest import LINE

Build = Callable[..., CharacterNetwork]


def reader_of(network: CharacterNetwork, alphabet: Alphabet, *, backward: bool) -> StateReader:
    direction = "backward" if backward else "forward"
    first = network.layers[0]
    assert isinstance(first, torch.nn.RNNBase)
    config = CharLMConfig().replace(
        {
            "model.cell": first.mode.partition("_")[0].lower(),
            "model.layers": len(network.layers),
            "model.hidden": first.hidden_size,
            "model.embedding": network.embed.embedding_dim,
        }
    )
    weights = {direction: to_arrays(network.state_dict())}
    return StateReader(LanguageModel(alphabet, weights, config, {}), direction)


def read(reader: StateReader, texts: Sequence[str]) -> list[Tensor]:
    """The states after all characters."""
    found = reader.read_at(texts, [range(len(text)) for text in texts])
    return [torch.from_numpy(states) for states in found]


def plain(network: CharacterNetwork, alphabet: Alphabet, text: str, backward: bool) -> Tensor:
    """The states ``[C, H]`` of one text, by torch's layers."""
    order = text[::-1] if backward else text
    x = network.embed(torch.tensor([[alphabet.start, *alphabet.encode(order)]]))
    with torch.inference_mode():
        for layer in network.layers:
            x = layer(x)[0]
    states: Tensor = x[0, 1:]
    return states.flip(0) if backward else states


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("backward", [False, True])
@settings(
    max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(texts=st.lists(st.text(LINE + "ж", max_size=12), max_size=5), layers=st.integers(1, 2))
def test_states_are_those_of_the_network(
    build: Build, alphabet: Alphabet, cell: str, backward: bool, texts: list[str], layers: int
) -> None:
    network = build(cell=cell, layers=layers)
    found = read(reader_of(network, alphabet, backward=backward), texts)
    assert len(found) == len(texts)
    for states, text in zip(found, texts, strict=True):
        assert states.shape == (len(text), 6)
        expected = plain(network, alphabet, text, backward)
        torch.testing.assert_close(states, expected, atol=1e-5, rtol=0.0)


@pytest.mark.parametrize("backward", [False, True])
def test_some_states_are_those_of_all(build: Build, alphabet: Alphabet, backward: bool) -> None:
    reader = reader_of(build(), alphabet, backward=backward)
    texts, places = ["the cat", "", "a dog", LINE], [[6, 0, 3], [], [], [10, 10, len(LINE) - 1]]
    some = map(torch.from_numpy, reader.read_at(texts, places))
    every = read(reader, texts)
    for part, whole, chosen in zip(some, every, places, strict=True):
        assert part.shape == (len(chosen), 6)
        torch.testing.assert_close(part, whole[chosen], atol=1e-6, rtol=0.0)


def test_a_text_does_not_depend_on_those_beside_it(
    build: Build, alphabet: Alphabet, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts = [LINE, "the", "", LINE[:20], "a cat"]
    reader = reader_of(build(), alphabet, backward=True)
    together = read(reader, texts)
    monkeypatch.setattr(module, "BATCH_CHARACTERS", 25)  # one or two at a time
    for one, other in zip(together, read(reader, texts), strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0.0)


def test_a_forward_state_has_seen_what_is_before_and_a_backward_one_what_is_behind(
    build: Build, alphabet: Alphabet
) -> None:
    for backward in (False, True):
        reader = reader_of(build(), alphabet, backward=backward)
        one, other = read(reader, ["the cat", "the dog"])
        same = [bool(torch.isclose(a, b, atol=1e-6).all()) for a, b in zip(one, other, strict=True)]
        assert same == ([False] * 7 if backward else [True] * 4 + [False] * 3)


tokens = st.text("Anverisom中\u0301 ", min_size=1, max_size=9)
sentences = st.lists(st.lists(tokens, max_size=5), max_size=4)


@pytest.fixture(scope="session")
def model(tiny_charlm: Path) -> LanguageModel:
    """A language model of both directions, 7 units each."""
    return load_model(tiny_charlm)


def state_after(model: LanguageModel, direction: str, text: str) -> torch.Tensor:
    """The state ``[H]`` of a network whose weights are rounded, behind a text read from a line's
    end.
    """
    network = model.network(direction)
    lstm, embed = torch.nn.LSTM(5, 7, batch_first=True), network.embed.weight.half().float()
    lstm.load_state_dict({k: v.half().float() for k, v in network.layers[0].state_dict().items()})
    numbers = torch.tensor([[model.alphabet.start, *model.alphabet.encode(text)]])
    with torch.inference_mode():
        states: torch.Tensor = lstm(embed[numbers])[0]
    return states[0, -1]


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["", " "])
@pytest.mark.parametrize("int8", [False, True])
@settings(max_examples=15)
@given(texts=sentences)
def test_a_token_is_what_has_been_read_up_to_its_end_and_down_to_its_start(
    model: LanguageModel, int8: bool, separator: str, texts: list[list[str]]
) -> None:
    found = StringEmbeddings([model], separator, int8=int8).embed(texts)
    near = 0.03 if int8 else 1e-3
    assert len(found) == len(texts)
    for states, words in zip(found, texts, strict=True):
        assert states.shape == (len(words), 14)
        assert states.dtype == np.float16
        for number, row in enumerate(torch.from_numpy(states).float()):
            before = separator.join(words[: number + 1])
            behind = separator.join(words[number:])
            expected = torch.cat(
                [
                    state_after(model, "forward", before),
                    state_after(model, "backward", behind[::-1]),
                ]
            )
            torch.testing.assert_close(row, expected, atol=near, rtol=0.0)


def test_several_models_stand_side_by_side(model: LanguageModel) -> None:
    forward = dataclasses.replace(model, weights={"forward": model.weights["forward"]})
    both = StringEmbeddings([forward, model], " ")
    one, other = StringEmbeddings([forward], " "), StringEmbeddings([model], " ")
    assert (one.dim, other.dim, both.dim) == (7, 14, 21)
    text = [["Anna", "visited", "Rome", "."]]
    expected = np.concatenate([one.embed(text)[0], other.embed(text)[0]], axis=1)
    assert np.array_equal(both.embed(text)[0], expected)


def test_of_a_long_word_the_ends_are_read(model: LanguageModel) -> None:
    embeddings = StringEmbeddings([model], " ")
    long, short = "n" * 20 + "o" * 1_000_000 + "e" * 20, "n" * 20 + "e" * 20
    one, other = embeddings.embed([["Anna", long, "."], ["Anna", short, "."]])
    np.testing.assert_allclose(one.astype(float), other.astype(float), atol=1e-3)


def test_threads_read_the_same(model: LanguageModel) -> None:
    embeddings = StringEmbeddings([model], " ")
    texts = [["Anna"] * (number % 7 + 1) for number in range(40)]
    expected = embeddings.embed(texts)
    found: list[list[Any]] = []
    threads = [
        threading.Thread(target=lambda: found.append(embeddings.embed(texts))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    for read in found:
        assert all(np.array_equal(a, b) for a, b in zip(read, expected, strict=True))


def test_what_was_read_lately_is_not_read_again(
    model: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    embeddings = StringEmbeddings([model], " ")
    read: list[int] = []
    once = StateReader.read_at

    def counted(
        reader: StateReader, texts: Sequence[str], positions: Sequence[Sequence[int]]
    ) -> list[Floats]:
        read.append(len(texts))
        return once(reader, texts, positions)

    monkeypatch.setattr(StateReader, "read_at", counted)
    one, other = ["Anna", "left"], ["Dora"]
    first = embeddings.embed([one, other, one])
    assert first[0] is first[2]
    again = embeddings.embed([other, ["Rome"], one])
    assert (again[0] is first[1], again[2] is first[0]) == (True, True)
    assert read == [2, 2, 1, 1], "in both directions"
    monkeypatch.setattr(module, "MOST_RECENT", 14 * 4 - 1)  # less than is kept
    embeddings.embed([["Berta"]])
    # Reached into: the bound of this cache shows in memory alone.
    assert list(embeddings._recent) == [("Berta",)]


def test_a_sentence_without_a_character_has_its_rows(tiny_charlm: Path) -> None:
    embeddings = StringEmbeddings.load([str(tiny_charlm)], "characters")
    (states,) = embeddings.embed([["", ""]])
    assert states.shape == (2, embeddings.dim)
    assert not states.any()


def test_folders_are_named(tiny_charlm: Path, tmp_path: Path) -> None:
    assert StringEmbeddings.load([str(tiny_charlm)] * 2, "words").dim == 28
    with pytest.raises(UsageError, match="is no model folder"):
        StringEmbeddings.load([str(tmp_path)], "words")
    with pytest.raises(UsageError, match="at most 8"):
        StringEmbeddings.load([str(tiny_charlm)] * (MOST_MODELS + 1), "words")


def test_the_checksum_tells_models_and_separators_apart(model: LanguageModel) -> None:
    forward = dataclasses.replace(model, weights={"forward": model.weights["forward"]})
    kinds: list[tuple[Sequence[LanguageModel], str]] = [
        ([model], " "), ([model], ""), ([forward], " "), ([model, forward], " ")
    ]  # fmt: skip
    sums = [StringEmbeddings(models, separator).checksum() for models, separator in kinds]
    assert len({*sums}) == 4
    assert sums[0] == StringEmbeddings([model], " ").checksum()


# --- in a bundle --------------------------------------------------------------------------------


def stored(folder: Path, files: dict[str, bytes]) -> StoredFolder:
    """A folder with these files, whose checksums fit."""
    folder.mkdir(exist_ok=True)
    write_stored(folder, files)
    found = StoredFolder(folder)
    found.check(files.keys())
    return found


@pytest.mark.parametrize("separator", ["", " "])
def test_what_is_loaded_reads_as_what_was_saved(
    model: LanguageModel, separator: str, tmp_path: Path
) -> None:
    embeddings = StringEmbeddings([model, model], separator)
    loaded = StringEmbeddings.from_files(stored(tmp_path, embeddings.files()))
    assert loaded.separator == separator
    assert loaded.files() == embeddings.files()
    text = [["Anna", "left", "Rome", "."], ["Dora"]]
    pairs = zip(embeddings.embed(text), loaded.embed(text), strict=True)
    assert all(np.array_equal(one, other) for one, other in pairs)


Harm = Callable[[dict[str, Any]], object]
HARMS: dict[str, Harm] = {
    "no separator": lambda d: d.pop("separator"),
    "another separator": lambda d: d.update(separator="\n"),
    "no models": lambda d: d.update(models=[]),
    "models that are none": lambda d: d.update(models=[3]),
    "too many models": lambda d: d.update(models=d["models"] * 9),
    "one model too many": lambda d: d.update(models=d["models"] * 2),
    "no directions": lambda d: d["models"][0].update(directions=[]),
    "a direction twice": lambda d: d["models"][0].update(directions=["forward", "forward"]),
    "an unknown direction": lambda d: d["models"][0].update(directions=["upward"]),
    "a missing direction": lambda d: d["models"][0].update(directions=["forward"]),
    "another alphabet": lambda d: d["models"][0]["alphabet"].append("ж"),
    "no alphabet": lambda d: d["models"][0].update(alphabet=["ab"]),
    "no letters": lambda d: d["models"][0].update(alphabet=[1, 2]),
    "many units": lambda d: d["models"][0]["config"]["model"].update(hidden=10**9),
    "many layers": lambda d: d["models"][0]["config"]["model"].update(layers=10**9),
    "unknown settings": lambda d: d["models"][0]["config"].update(other={"a": 1}),
    "another cell": lambda d: d["models"][0]["config"]["model"].update(cell="gru"),
}


@pytest.mark.parametrize("harm", HARMS.values(), ids=HARMS)
def test_what_does_not_fit_together_is_refused(
    model: LanguageModel, harm: Harm, tmp_path: Path
) -> None:
    files = StringEmbeddings([model], " ").files()
    described = json.loads(files[DESCRIPTION])
    harm(described)
    found = stored(tmp_path, {**files, DESCRIPTION: json.dumps(described).encode()})
    with pytest.raises(ValidationError, match=r"charlm\.(json|safetensors): is damaged") as refused:
        StringEmbeddings.from_files(found)
    assert "\n" not in str(refused.value)


# --- alphabets ----------------------------------------------------------------------------------


def test_another_alphabet_is_refused_and_some_unknown_letters_told(
    tiny_charlm: Path, caplog: pytest.LogCaptureFixture
) -> None:
    models = StringEmbeddings.load([str(tiny_charlm)], "words")
    with pytest.raises(TrainingError, match=r"does not know 100 % .* of another alphabet"):
        models.check_tokens(["жуж", "ж"])
    with caplog.at_level(logging.WARNING, "ner"):
        models.check_tokens(["Anna"] * 99)
        assert not caplog.text
        models.check_tokens(["Anna"] * 9 + ["ж"])
    assert "does not know 2.7 % of the characters of the training split: 'ж'" in caplog.text
