"""Hidden states of a language model after each character of a text."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.extensions.charlm.alphabet import Alphabet
from ner.extensions.charlm.network import CharacterNetwork
from ner.model import Steps, plan_steps, recurrence_of

BATCH_CHARACTERS = 1 << 14  # read together: bounds the memory


class StateReader:
    """A network prepared for reading many texts on a CPU; it must not change any more.

    What a character adds to the gates of the first layer depends on nothing else: it is computed
    once for the whole alphabet, and only the recurrent product is left.
    """

    @torch.inference_mode()
    def __init__(self, network: CharacterNetwork, alphabet: Alphabet, *, backward: bool) -> None:
        self.hidden = network.out.in_features
        self._alphabet = alphabet
        self._backward = backward
        self._layers = [recurrence_of(layer) for layer in network.layers]
        self._table = self._layers[0].project(network.embed.weight.detach())  # [V, G · H]

    def read(self, texts: Sequence[str]) -> list[Tensor]:
        """The states of the last layer, ``[characters, H]`` for each text.

        Row i is the state after character i has been read: by a forward model
        from the start of the text, by a backward one from its end. Each text is
        read by itself, as if a line had just ended.
        """
        return self.read_at(texts, [range(len(text)) for text in texts])

    @torch.inference_mode()
    def read_at(self, texts: Sequence[str], positions: Sequence[Sequence[int]]) -> list[Tensor]:
        """The same of some characters of each text only, ``[positions, H]``."""
        found = [torch.zeros(len(chosen), self.hidden) for chosen in positions]  # of an empty text
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: -len(texts[i]))
        while order:
            size = max(1, BATCH_CHARACTERS // (len(texts[order[0]]) + 1))
            batch, order = order[:size], order[size:]
            states = self._states_at([texts[i] for i in batch], [positions[i] for i in batch])
            for index, part in zip(batch, states, strict=True):
                found[index] = part
        return found

    def _states_at(
        self, texts: Sequence[str], positions: Sequence[Sequence[int]]
    ) -> Sequence[Tensor]:
        """Texts that are not empty, the longest first."""
        lengths = np.array([len(text) + 1 for text in texts])
        numbers = np.full((len(texts), lengths[0]), self._alphabet.start)  # [B, T]
        for row, text in zip(numbers, texts, strict=True):
            row[1 : len(text) + 1] = self._in_order(self._alphabet.encode(text))
        steps = plan_steps(lengths, directions=1)
        states = self._states(torch.from_numpy(numbers).flatten(), steps)
        step_of = np.empty(numbers.size, dtype=np.int64)
        step_of[steps.positions[0].numpy()] = np.arange(len(states))
        starts = range(1, numbers.size, int(lengths[0]))  # behind the start of each text
        wanted = [
            step_of[start + self._steps_before(np.array(chosen, np.int64), len(text))]
            for start, text, chosen in zip(starts, texts, positions, strict=True)
        ]
        found = states[torch.from_numpy(np.concatenate(wanted))]
        parts: Sequence[Tensor] = found.split_with_sizes([len(part) for part in wanted])
        return parts

    def _states(self, numbers: Tensor, steps: Steps) -> Tensor:
        """States of the last layer, ``[N, H]``, in the order of the steps."""
        first, *others = self._layers
        states = first.run(self._table, numbers[steps.positions], steps.counts)
        scale = first.scale
        for layer in others:
            outputs = states.new_zeros(len(numbers), self.hidden)
            outputs[steps.positions[0]] = states[0] * scale
            states = layer.run(layer.project(outputs), steps.positions, steps.counts)
            scale = layer.scale
        return states[0] * scale

    def _in_order(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers[::-1] if self._backward else numbers

    def _steps_before(self, positions: NDArray[np.int64], length: int) -> NDArray[np.int64]:
        """Count the characters that have been read before those at `positions`."""
        return length - 1 - positions if self._backward else positions
