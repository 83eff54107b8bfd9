"""Bits per character, against a plain sum for any way to cut the text, and text that is made up."""

import math
from collections import Counter
from collections.abc import Callable

import pytest
import torch

from ner.extensions.charlm import prediction as module
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.prediction import CrossEntropy, generate, measure
from ner.extensions.charlm.text import UNKNOWN, Alphabet
from tests.extensions.charlm.conftest import LINE, codes_of

Build = Callable[..., CharacterNetwork]


def plain(network: CharacterNetwork, alphabet: Alphabet, text: str) -> float:
    """−log₂ p of a text, read in one piece from an end of line on."""
    numbers = torch.tensor([alphabet.start, *alphabet.encode(text)])
    with torch.inference_mode():
        chances = network(numbers[None, :-1])[0][0].double().log_softmax(1)
    costs = -chances[torch.arange(len(text)), numbers[1:]] / math.log(2)
    unknown = sum(c not in alphabet.characters for c in text)
    return float(costs.sum()) + unknown * alphabet.unknown_bits


@pytest.mark.parametrize("text", [LINE, "t", "the ж dog 𝒳\n"])
def test_it_is_minus_the_logarithm_of_the_probability(
    build: Build, alphabet: Alphabet, text: str
) -> None:
    bits = measure(build(layers=2), codes_of(text), alphabet)
    assert bits.total == pytest.approx(plain(build(layers=2), alphabet, text), rel=1e-5)
    assert bits.characters == len(text)
    assert bits.unknown == sum(c in "ж𝒳" for c in text)
    assert bits.per_character == bits.total / len(text)


@pytest.mark.parametrize("batch", [1, 2, 7])
def test_it_does_not_depend_on_what_is_read_together(
    build: Build, alphabet: Alphabet, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    monkeypatch.setattr(module, "WINDOW", 20)
    monkeypatch.setattr(module, "CONTEXT", 8)
    network, codes = build(), codes_of(LINE * 3)
    expected = measure(network, codes, alphabet, batch=100)
    monkeypatch.setattr(module, "_PIECE", 5)
    found = measure(network, codes, alphabet, batch)
    assert found.total == pytest.approx(expected.total, rel=1e-6)
    assert found.characters == expected.characters


def test_windows_are_read_after_their_context(
    build: Build, alphabet: Alphabet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as much context as there is, cutting changes nothing."""
    monkeypatch.setattr(module, "WINDOW", 10)
    monkeypatch.setattr(module, "CONTEXT", 1000)
    bits = measure(build(), codes_of(LINE), alphabet, batch=2)
    assert bits.total == pytest.approx(plain(build(), alphabet, LINE), rel=1e-5)


def test_all_probabilities_together_are_one(build: Build, alphabet: Alphabet) -> None:
    """Of texts of one character, known or not: each unknown one costs the same."""
    known = [measure(build(), codes_of(c), alphabet).total for c in alphabet.characters]
    unknown = measure(build(), codes_of("ж"), alphabet).total
    rest = 0x110000 - 0x800 - len(alphabet.characters)
    assert sum(2**-bits for bits in known) + rest * 2**-unknown == pytest.approx(1.0)


def test_nothing_has_no_bits_per_character() -> None:
    assert CrossEntropy(0.0, 0, 0).per_character == math.inf


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
