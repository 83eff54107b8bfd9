"""Prediction of characters: the bits that a text costs a model, and text that it makes up."""

import itertools
import logging
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pad_sequence

from ner.errors import NerError
from ner.extensions.charlm.folder import LanguageModel
from ner.extensions.charlm.network import CharacterNetwork
from ner.extensions.charlm.text import UNKNOWN, Alphabet, Codes, in_order, read_text

_log = logging.getLogger("ner")

WINDOW = 2048  # characters that are predicted one after the other
CONTEXT = 256  # characters read before them, to come into the text
BATCH = 32  # windows read together
_PIECE = 128  # characters of each that are scored at once: bounds the memory
_IGNORED = -100


class CrossEntropy(NamedTuple):
    """The cross-entropy of a text under a model: `total` bits over all characters."""

    total: float
    characters: int
    unknown: int  # characters among them that are not in the alphabet

    @property
    def per_character(self) -> float:
        """Bits per character; `math.inf` for no characters."""
        return self.total / self.characters if self.characters else math.inf

    def to_dict(self) -> dict[str, float]:
        """Plain values, ready for JSON."""
        counts = {"characters": self.characters, "unknown": self.unknown}
        return {"bits_per_character": self.per_character, **counts}


def evaluate_text(
    model: LanguageModel, paths: Sequence[Path], encoding: str, device: str = "cpu"
) -> dict[str, CrossEntropy]:
    """The cross-entropy of text files by direction, cut into tokens as the training text was.

    The log names characters that the model does not know. Raises `NerError` where they are most of
    the text: that is written in another alphabet.
    """
    text = read_text(paths, encoding, model.config.data.tokenizer)
    unknown = model.alphabet.unknown_counts(text.counts)
    count = sum(unknown.values())
    if 2 * count > len(text.codes):
        raise NerError(
            f"{', '.join(map(str, paths))}: the model does not know {count:,} of "
            f"{len(text.codes):,} characters, so this is of another alphabet; name another text "
            "or model"
        )
    if unknown:
        shown = ", ".join(f"{c!r} ({count:,})" for c, count in list(unknown.items())[:10])
        _log.warning("characters that the model does not know: %s", shown)
    return {
        direction: measure(
            model.network(direction, device), in_order(text.codes, direction), model.alphabet
        )
        for direction in model.weights
    }


@torch.inference_mode()
def measure(
    network: CharacterNetwork, codes: Codes, alphabet: Alphabet, batch: int = BATCH
) -> CrossEntropy:
    """The cross-entropy of a text, each character predicted from those before it.

    The text is cut into windows of `WINDOW` characters, and each is read after the `CONTEXT`
    characters before it, the first one after an end of line; `batch` are read together. An unknown
    character costs the bits of the unknown under the model, and `Alphabet.unknown_bits`.
    """
    network.eval()
    nats, unknown = 0.0, 0
    for numbers, targets in _windows(codes, alphabet, batch):
        unknown += int((targets == UNKNOWN).sum())
        nats += _cost(network, numbers, targets)
    bits = nats / math.log(2) + unknown * alphabet.unknown_bits
    return CrossEntropy(bits, len(codes), unknown)


def _windows(codes: Codes, alphabet: Alphabet, batch: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Characters and those that follow, ``[B, CONTEXT + WINDOW]``; context is no target."""
    starts = range(0, len(codes), WINDOW)
    for first in range(0, len(starts), batch):
        rows = [_window(codes, alphabet, start) for start in starts[first : first + batch]]
        numbers, targets = ([row[side] for row in rows] for side in (0, 1))
        yield (
            pad_sequence(numbers, batch_first=True),
            pad_sequence(targets, batch_first=True, padding_value=_IGNORED),
        )


def _window(codes: Codes, alphabet: Alphabet, start: int) -> tuple[Tensor, Tensor]:
    read = max(0, start - CONTEXT)
    targets = alphabet.numbers(codes[read : start + WINDOW])
    before = alphabet.numbers(codes[read - 1 : read]) if read else [alphabet.start]
    numbers = np.concatenate([before, targets[:-1]])
    targets[: start - read] = _IGNORED
    return torch.from_numpy(numbers), torch.from_numpy(targets)


def _cost(network: CharacterNetwork, numbers: Tensor, targets: Tensor) -> float:
    """The sum of −ln p over all targets, in nats."""
    device = network.out.bias.device
    total, state = 0.0, None
    for start in range(0, numbers.shape[1], _PIECE):
        piece = slice(start, start + _PIECE)
        scores, state = network(numbers[:, piece].to(device), state)
        costs = nn.functional.cross_entropy(
            scores.flatten(0, 1),
            targets[:, piece].to(device).flatten(),
            ignore_index=_IGNORED,
            reduction="none",
        )
        total += costs.cpu().double().sum().item()  # not every device has float64
    return total


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
