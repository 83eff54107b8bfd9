"""Text that is made up: greedy at temperature 0, the same for the same seed."""

from collections import Counter
from collections.abc import Callable

import pytest
import torch

from ner.extensions.charlm.alphabet import UNKNOWN, Alphabet
from ner.extensions.charlm.generation import generate
from ner.extensions.charlm.network import CharacterNetwork

Build = Callable[..., CharacterNetwork]


def made(network: CharacterNetwork, alphabet: Alphabet, prompt: str = "the ", **how: float) -> str:
    return "".join(generate(network, alphabet, prompt, 40, **how))  # type: ignore[arg-type]


def greedy(network: CharacterNetwork, alphabet: Alphabet, prompt: str, length: int) -> str:
    """The most probable character, again and again, all read anew each time."""
    text = prompt
    for _ in range(length):
        numbers = torch.tensor([[alphabet.start, *alphabet.encode(text)]])
        scores = network(numbers)[0][0, -1].detach()
        scores[UNKNOWN] = float("-inf")
        text += alphabet.characters[int(scores.argmax()) - 1]
    return text[len(prompt) :]


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("temperature", [0.0, 1e-300, 1e-4])
def test_towards_temperature_0_it_is_greedy(
    build: Build, alphabet: Alphabet, cell: str, temperature: float
) -> None:
    network = build(cell=cell, layers=2)
    assert made(network, alphabet, temperature=temperature) == greedy(network, alphabet, "the ", 40)


def test_a_seed_tells_what_comes(build: Build, alphabet: Alphabet) -> None:
    network = build()
    first = made(network, alphabet, seed=1)
    torch.manual_seed(99)  # chance of other kinds does not matter
    assert made(network, alphabet, seed=1) == first != made(network, alphabet, seed=2)


def test_characters_are_drawn_by_their_probability(build: Build, alphabet: Alphabet) -> None:
    """The unknown character has the highest score of all, and never comes."""
    network = build()
    with torch.no_grad():
        network.out.weight.zero_()
        network.out.bias.fill_(float("-inf"))
        a, b = alphabet.encode("at").tolist()
        network.out.bias[[UNKNOWN, a, b]] = torch.tensor([9.0, 0.0, 1.0])
    drawn = Counter("".join(generate(network, alphabet, "", 1000, temperature=0.5)))
    assert drawn.keys() == {"a", "t"}
    share = 1 / (1 + torch.tensor(-2.0).exp().item())  # of e² and e⁰
    assert drawn["t"] / 1000 == pytest.approx(share, abs=0.04)


def test_unknown_characters_of_a_prompt_are_read_as_such(build: Build, alphabet: Alphabet) -> None:
    network = build()
    assert made(network, alphabet, "жж") == made(network, alphabet, "中中")
    assert made(network, alphabet, "") == made(network, alphabet, "")
