"""The doubt of a model in sentences: in each as a whole, and in each of its tokens."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.config import PredictConfig
from ner.predict.engines import tag_decoder, tag_decoders
from ner.predict.passes import emission_batches, of_layer, predictions
from ner.predict.predictions import DEFAULTS
from ner.predict.spans import NO_SPANS, Prediction
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


def predict_with_inside(
    model: AnyModel, sentences: Sequence[Sequence[str]], settings: PredictConfig = DEFAULTS
) -> tuple[list[Prediction], float]:
    """Find spans, and how many tokens are expected inside of any, with one tag layer.

    As with n-best analyses, a bias of O and a lowest score do not matter, and each sentence is read
    by itself, once.
    """
    found, inside = [NO_SPANS] * len(sentences), 0.0
    decoder = tag_decoder(model, settings.temperature)
    for numbers, emissions, lengths in emission_batches(model, sentences, settings):
        tags = decoder.decode(emissions, lengths)
        for row, own in predictions(decoder, model.outputs, emissions, lengths, tags).items():
            found[numbers[row]] = own
        marginals = decoder.marginals(emissions, lengths)  # [B, T, K]
        for own_marginals, length in zip(marginals, lengths.tolist(), strict=True):
            inside += float((1.0 - own_marginals[:length, 0]).sum())
    return found, inside
