"""The constraints that a tag set and its scheme put on transition potentials."""

from collections.abc import Sequence

import numpy as np

from ner.model.crf.arrays import FORBIDDEN, Bools, Floats, Ints, Potentials
from ner.tags import allowed_transitions, parse_tag


class TagConstraints:
    """Constants of a tag set: entity types and forbidden transitions.

    `types` ``[K]`` numbers the types of the tags; `continues` ``[K, K]`` is true
    where an entity that stands in one tag goes on in the next.
    """

    def __init__(self, tags: Sequence[str], scheme: str) -> None:
        parsed = [parse_tag(tag) for tag in tags]
        labels = [tag.label for tag in parsed]
        inner = np.array([tag.prefix in ("I", "E") for tag in parsed])
        self.forbidden = [~np.array(part) for part in allowed_transitions(tags, scheme)]
        self.types = np.array([labels.index(label) for label in labels])  # [K]
        self.continues: Bools = inner & (self.types[:, None] == self.types)  # [K, K]

    def constrain(self, scores: Sequence[Floats]) -> Potentials:
        """Put `FORBIDDEN` into the scores for what the scheme rules out."""
        pairs = zip(self.forbidden, scores, strict=True)
        return Potentials(*(np.where(mask, FORBIDDEN, part) for mask, part in pairs))

    def potentials(self) -> Potentials:
        """Return the constraints alone: `FORBIDDEN`, and 0 everywhere else."""
        return self.constrain([np.zeros(part.shape) for part in self.forbidden])

    def pack(self, transitions: Floats) -> Floats:
        """Take the M legal ones out of transitions ``[B, K, K]``: ``[B, M]``."""
        return transitions[:, ~self.forbidden[1]]

    def unpack(self, legal: Floats) -> Floats:
        """Put M legal transitions ``[B, M]`` into ``[B, K, K]``, with 0 for all others."""
        transitions = np.zeros((len(legal), *self.forbidden[1].shape))  # [B, K, K]
        transitions[:, ~self.forbidden[1]] = legal
        return transitions

    def cost_augmentation(self, tags: Ints, choices: Bools | None, costs: Floats) -> Floats:
        """Softmax-margin (Gimpel and Smith 2010): ``[B, T, K]`` to add to the emissions.

        Where all that a token can be (`tags` ``[B, T]``, or `choices` ``[B, T, K]``) is of one
        type, every other tag gets the cost of that type out of `costs` ``[K]``.
        """
        if choices is None:
            choices = tags[:, :, None] == np.arange(len(costs))
        # [B, T], any of the tags that a token can be
        one = choices.argmax(2)
        sure = ((self.types == self.types[one][:, :, None]) | ~choices).all(2)  # [B, T]
        added: Floats = (costs[one] * sure)[:, :, None] * ~choices
        return added
