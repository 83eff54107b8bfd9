"""Hidden states of a language model after each character of a text."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ner.extensions.charlm.folder import LanguageModel
from ner.model import Steps, plan_steps, recurrence_of

BATCH_CHARACTERS = 1 << 14  # read together: bounds the memory


class StateReader:
    """A network prepared for reading many texts on a CPU; it must not change any more.

    The input product of the first layer is computed once for the whole alphabet.
    """

    @torch.inference_mode()
    def __init__(self, model: LanguageModel, direction: str) -> None:
        """Raise `UsageError` for a model without that direction."""
        network = model.network(direction)
        self.hidden = network.out.in_features
        self._alphabet = model.alphabet
        self._backward = direction == "backward"
        self._layers = [recurrence_of(layer) for layer in network.layers]
        self._table = self._layers[0].project(network.embed.weight.detach())  # [V, G · H]

    @torch.inference_mode()
    def read_at(self, texts: Sequence[str], positions: Sequence[Sequence[int]]) -> list[Tensor]:
        """The states of the last layer at some characters of each text, ``[positions, H]``.

        A forward model has read the text from its start to the end of the character there, a
        backward one from its end. Each text is read by itself, as if a line had just ended.
        """
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
            row[1 : len(text) + 1] = self._alphabet.encode(text)[:: -1 if self._backward else 1]
        steps = plan_steps(lengths, directions=1)
        states = self._states(torch.from_numpy(numbers).flatten(), steps)
        step_of = np.empty(numbers.size, dtype=np.int64)
        step_of[steps.positions[0].numpy()] = np.arange(len(states))
        starts = range(1, numbers.size, int(lengths[0]))  # behind the start of each text
        wanted = []
        for start, text, chosen in zip(starts, texts, positions, strict=True):
            places = np.array(chosen, np.int64)
            read_before = len(text) - 1 - places if self._backward else places  # characters
            wanted.append(step_of[start + read_before])
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
