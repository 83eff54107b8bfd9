"""The doubt of a model in sentences: in each as a whole, and in each of its tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.config import PredictConfig
from ner.predict.engines import tag_decoders
from ner.predict.passes import emission_batches, of_layer
from ner.predict.predictions import DEFAULTS
from ner.runtime import AnyModel

_TINY = float(np.finfo(np.float64).tiny)


class Uncertainty(NamedTuple):
    """The doubt of a sentence of T tokens.

    `entropy` is that of the distribution over its whole labellings, in nats, exact under a CRF;
    `marginals` ``[T, K]`` are the probabilities of the tags of each token.
    """

    entropy: float
    marginals: NDArray[np.float64]

    @property
    def tokens(self) -> NDArray[np.float64]:
        """The entropy of the tag of each token by itself, in nats: ``[T]``.

        Their sum is at least the entropy of the whole: tags of one entity are in doubt together.
        """
        return entropies(self.marginals)


def entropies(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """The entropy of each distribution along the last axis, in nats; of two tag layers, the sum."""
    logs = np.log(np.maximum(probabilities, _TINY))
    found: NDArray[np.float64] = -(probabilities * logs).sum(-1)
    return np.maximum(found, 0.0)


def predict_uncertainty(
    model: AnyModel, sentences: Sequence[Sequence[str]], settings: PredictConfig = DEFAULTS
) -> list[Uncertainty]:
    """Measure the doubt of each sentence: none of one without tokens.

    Of several tag layers, entropies are summed. A bias of O does not matter, and each sentence is
    read by itself, once.
    """
    found = [Uncertainty(0.0, np.zeros((0, len(model.outputs))))] * len(sentences)
    decoders = tag_decoders(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        layers = [(decoder, of_layer(emissions, layer)) for layer, decoder in decoders]
        parts = [decoder.marginals(own, lengths) for decoder, own in layers]
        marginals = np.concatenate(parts, axis=2)  # [B, T, K]
        entropy = sum(decoder.entropy(own, lengths) for decoder, own in layers)  # [B]
        rows = zip(numbers, np.asarray(entropy).tolist(), marginals, lengths.tolist(), strict=True)
        for number, whole, row, length in rows:
            found[number] = Uncertainty(whole, row[:length].copy())
    return found
