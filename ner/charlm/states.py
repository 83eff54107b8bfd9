"""The hidden states of texts: what a model has made of all that it has read so far."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ner.charlm.alphabet import Alphabet
from ner.charlm.network import CharacterNetwork
from ner.model.recurrence import Steps, plan_steps, recurrence_of

BATCH_CHARACTERS = 1 << 14  # read together: bounds the memory


class StateReader:
    """A network prepared for reading many texts on a CPU; it must not change any more.

    What a character adds to the gates of the first layer depends on nothing
    else: it is computed once for the whole alphabet, and only the recurrent
    product is left.
    """

    @torch.inference_mode()
    def __init__(self, network: CharacterNetwork, alphabet: Alphabet, *, backward: bool) -> None:
        self.hidden = network.out.in_features
        self._alphabet = alphabet
        self._backward = backward
        self._layers = [recurrence_of(layer) for layer in network.layers]
        self._table = self._layers[0].project(network.embed.weight.detach())  # [V, G · H]

    @torch.inference_mode()
    def read(self, texts: Sequence[str]) -> list[Tensor]:
        """The states of the last layer, ``[characters, H]`` for each text.

        Row i is the state after character i has been read: by a forward model
        from the start of the text, by a backward one from its end. Each text is
        read by itself, as if a line had just ended.
        """
        found: list[Tensor] = [torch.empty(0, self.hidden)] * len(texts)
        order = sorted((i for i, text in enumerate(texts) if text), key=lambda i: -len(texts[i]))
        while order:
            size = max(1, BATCH_CHARACTERS // (len(texts[order[0]]) + 1))
            batch, order = order[:size], order[size:]
            for index, states in zip(batch, self._read([texts[i] for i in batch]), strict=True):
                found[index] = states
        return found

    def _read(self, texts: Sequence[str]) -> list[Tensor]:
        """Texts that are not empty, the longest first."""
        lengths = np.array([len(text) + 1 for text in texts])
        numbers = np.full((len(texts), lengths[0]), self._alphabet.start)  # [B, T]
        for row, text in zip(numbers, texts, strict=True):
            row[1 : len(text) + 1] = self._in_order(self._alphabet.encode(text))
        steps = plan_steps(lengths, directions=1)
        outputs = self._outputs(torch.from_numpy(numbers).flatten(), steps)
        outputs = outputs.view(len(texts), lengths[0], self.hidden)
        pairs = zip(outputs, texts, strict=True)
        return [self._as_read(states[1 : len(text) + 1]) for states, text in pairs]

    def _outputs(self, numbers: Tensor, steps: Steps) -> Tensor:
        """States of the last layer, ``[B · T, H]``; what stands at padding means nothing."""
        first, *others = self._layers
        states = first.run(self._table, numbers[steps.positions], steps.counts)
        outputs = self._by_position(states[0] * first.scale, steps, len(numbers))
        for layer in others:
            states = layer.run(layer.project(outputs), steps.positions, steps.counts)
            outputs = self._by_position(states[0] * layer.scale, steps, len(numbers))
        return outputs

    def _by_position(self, states: Tensor, steps: Steps, positions: int) -> Tensor:
        outputs = states.new_zeros(positions, self.hidden)
        outputs[steps.positions[0]] = states
        return outputs

    def _in_order(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        return numbers[::-1] if self._backward else numbers

    def _as_read(self, states: Tensor) -> Tensor:
        return states.flip(0) if self._backward else states.clone()
