"""Hidden states, read fast, against the network itself."""

from collections.abc import Callable, Sequence

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

from ner.extensions.charlm import states as module
from ner.extensions.charlm.alphabet import Alphabet
from ner.extensions.charlm.config import CharLMConfig
from ner.extensions.charlm.folder import LanguageModel
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.states import StateReader
from tests.extensions.charlm.conftest import LINE

Build = Callable[..., CharacterNetwork]


def reader_of(network: CharacterNetwork, alphabet: Alphabet, *, backward: bool) -> StateReader:
    direction = "backward" if backward else "forward"
    return StateReader(LanguageModel(alphabet, {direction: network}, CharLMConfig(), {}), direction)


def read(reader: StateReader, texts: Sequence[str]) -> list[Tensor]:
    """The states after all characters."""
    return reader.read_at(texts, [range(len(text)) for text in texts])


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
    some, every = reader.read_at(texts, places), read(reader, texts)
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
