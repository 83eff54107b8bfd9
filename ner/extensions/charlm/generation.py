"""Generation of text with a language model."""

import itertools
from collections.abc import Iterator

import torch
from torch import Tensor

from ner.extensions.charlm.alphabet import UNKNOWN, Alphabet
from ner.extensions.charlm.network import CharacterNetwork


def generate(
    network: CharacterNetwork,
    alphabet: Alphabet,
    prompt: str,
    length: int,
    *,
    temperature: float = 1.0,
    seed: int = 1,
) -> Iterator[str]:
    """Yield `length` characters that go on after `prompt`, one by one.

    They are drawn with probabilities ``p ** (1 / temperature)``, normalised; at 0 the most probable
    character is always taken. The unknown character is never drawn.
    """
    network.eval()
    device = network.out.bias.device
    chance = torch.Generator().manual_seed(seed)
    numbers = torch.tensor([[alphabet.start, *alphabet.encode(prompt).tolist()]], device=device)
    state = None
    for _ in itertools.repeat(None, length):
        with torch.inference_mode():
            scores, state = network(numbers, state)
            drawn = _draw(scores[0, -1].cpu().double(), temperature, chance)
        yield alphabet.characters[drawn - 1]
        numbers = torch.tensor([[drawn]], device=device)


def _draw(scores: Tensor, temperature: float, chance: torch.Generator) -> int:
    """A number, by its score ``[V]``."""
    scores[UNKNOWN] = float("-inf")
    if temperature == 0:
        return int(scores.argmax())
    # From the highest score down: however small the temperature, nothing overflows.
    weights = ((scores - scores.max()) / temperature).exp()
    return int(torch.multinomial(weights, 1, generator=chance))
