"""The network: embed a character, run recurrent layers, score the next character."""

from torch import Tensor, nn

from ner.extensions.charlm.config import ModelConfig
from ner.model.encoder import CELLS, initialise

State = tuple[tuple[Tensor, ...], ...]
"""The state of each layer: h, and for an LSTM also c, ``[1, B, H]`` each."""


class CharacterNetwork(nn.Module):
    """A recurrent language model; shapes: B texts, S characters, V in the alphabet."""

    def __init__(self, characters: int, config: ModelConfig) -> None:
        super().__init__()
        self.embed = nn.Embedding(characters, config.embedding)
        self.layers = nn.ModuleList(
            CELLS[config.cell](
                config.embedding if layer == 0 else config.hidden, config.hidden, batch_first=True
            )
            for layer in range(config.layers)
        )
        self.dropout = nn.Dropout(config.dropout)
        self.out = nn.Linear(config.hidden, characters)

    def initialise(self) -> None:
        """Draw the weights at which learning starts."""
        nn.init.normal_(self.embed.weight)
        for layer in self.layers:
            assert isinstance(layer, nn.RNNBase)
            initialise(layer)
        nn.init.xavier_uniform_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, numbers: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """Characters ``[B, S]`` → scores of the next ones ``[B, S, V]``, and the final state.

        The `state` to begin with is 0 if there is none.
        """
        x = self.embed(numbers)
        after = []
        for layer, before in zip(self.layers, state or [None] * len(self.layers), strict=True):
            # Torch takes and gives a tuple for an LSTM only.
            x, final = layer(x, before[0] if before and len(before) == 1 else before)
            x = self.dropout(x)
            after.append(final if isinstance(final, tuple) else (final,))
        return self.out(x), tuple(after)


def detached(state: State) -> State:
    """The same state without its history: gradients end here."""
    return tuple(tuple(part.detach() for part in layer) for layer in state)
