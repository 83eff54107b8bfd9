"""Decoders: from emissions to legal tags and exact probabilities, in NumPy and without a network.

Both decode under the same constant mask of forbidden transitions, so their output is legal. All is
computed in float64, whatever the type of the emissions ``[B, T, K]``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ner.model.crf.arrays import (
    FORBIDDEN,
    IMPOSSIBLE,
    Bools,
    Floats,
    Ints,
    Potentials,
    token_mask,
)
from ner.model.crf.constraints import TagConstraints
from ner.model.crf.forward_backward import GoldScore, Lattice
from ner.model.crf.viterbi import k_best, viterbi
from ner.stored import Arrays

SpanPosition = tuple[int, int, int]
"""Sentence of the batch, first token, token after the last."""

# Emissions are clipped to this in decoding: the sum over any sentence stays below what is
# forbidden, with small differences intact.
LARGEST = 1e8
WEIGHTS = ("start_transitions", "transitions", "end_transitions")
"""Names of the transition scores of a CRF, as pytorch-crf has them."""


class Chain(Protocol):
    """Compiled code for the same, several times as fast; where it has no answer, NumPy has.

    Emissions in float32 are clipped to `LARGEST`, as `finite` does.
    """

    def viterbi(self, emissions: NDArray[Any], lengths: Ints) -> Ints:
        """Find what `viterbi` finds: ``[B, T]``."""

    def sums(self, emissions: NDArray[Any], lengths: Ints) -> tuple[Floats, Floats] | None:
        """Compute `log_z` ``[B]`` and marginals ``[B, T, K]``; None where they underflow."""

    def span_probabilities(
        self,
        emissions: NDArray[Any],
        lengths: Ints,
        tags: Ints,
        spans: Sequence[SpanPosition],
        continues: Bools,
    ) -> Floats | None:
        """Compute the probability of each span, ``[N]``; None where it underflows."""


MakeChain = Callable[[Floats, Floats, Floats], Chain | None]
"""From potentials to compiled code for them, or None where there is none."""


class Decoder(ABC):
    """Tag sequences and probabilities under given transition scores.

    Probabilities are those at a temperature (Guo et al. 2017), by which all scores are divided
    before they are summed: above 1 they are less sure, and what is decoded is the same.
    """

    def __init__(
        self,
        constraints: TagConstraints,
        potentials: Potentials,
        compiled: MakeChain | None = None,
        temperature: float = 1.0,
    ) -> None:
        self._constraints = constraints
        self._potentials = self._tempered = potentials
        self._chain = self._sums = compiled(*potentials) if compiled else None
        self._temperature = temperature
        if temperature != 1:
            self._tempered = _tempered(potentials, temperature)
            self._sums = compiled(*self._tempered) if compiled else None

    @abstractmethod
    def _scores(self, emissions: NDArray[Any], temperature: float = 1.0) -> Floats:
        """Return what a token adds to the score of a sequence, by tag: ``[B, T, K]``, finite."""

    def _unclipped(self, emissions: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
        """Return `_scores`, or float32 that compiled code turns into these."""
        return self._scores(emissions, temperature)

    @abstractmethod
    def _log_z(self, scores: Floats, lengths: Ints) -> Floats:
        """Return the log of the sum over all sequences, ``[B]``."""

    @abstractmethod
    def expected_counts(
        self, emissions: NDArray[Any], lengths: Ints, choices: Bools | None = None
    ) -> tuple[Floats, Floats]:
        """Expected unary counts ``[B, T, K]`` and legal pairwise counts ``[B, M]``.

        With `choices` ``[B, T, K]``, given that the tags are among those that are true there.
        Pairwise counts are summed over the sentence, in the order of rows and columns of the
        transitions.
        """

    @abstractmethod
    def span_scores(
        self, emissions: NDArray[Any], lengths: Ints, tags: Ints, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Probability of each span, given the legal tags ``[B, T]`` that hold it."""

    @abstractmethod
    def marginals(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""

    @abstractmethod
    def entropy(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Entropy of the distribution over tag sequences, in nats: ``[B]``."""

    def decode(self, emissions: NDArray[Any], lengths: Ints) -> Ints:
        """Find the best legal tag numbers: ``[B, T]``, 0 beyond a sentence's length."""
        if self._chain:
            return self._chain.viterbi(self._unclipped(emissions), lengths)
        return viterbi(self._scores(emissions), lengths, self._potentials)

    def nbest(self, emissions: NDArray[Any], lengths: Ints, count: int) -> tuple[Ints, Floats]:
        """Find the `count` most probable legal sequences, best first, and their probabilities.

        Returns tags ``[B, N, T]``, 0 beyond a sentence's length, and ``[B, N]``.
        Probability 0, with tags 0, stands for no sequence: there are fewer.
        """
        scores = self._scores(emissions, self._temperature)
        tags, found = k_best(scores, lengths, self._tempered, count)
        log_p = found - self._log_z(scores, lengths)[:, None]
        # At most 1, and above 0 for all that is possible.
        p = np.maximum(np.exp(np.minimum(log_p, 0.0)), np.finfo(np.float64).tiny)
        return tags, np.where(np.isfinite(log_p), p, 0.0)

    def log_probabilities(self, emissions: NDArray[Any], lengths: Ints, tags: Ints) -> Floats:
        """Log probability of one legal tag sequence ``[B, T]`` of each sentence: ``[B]``."""
        scores = self._scores(emissions, self._temperature)
        gold = GoldScore(scores, tags, lengths, self._tempered)
        return np.minimum(gold.log_z - self._log_z(scores, lengths), 0.0)


class CRFDecoder(Decoder):
    """Exact probabilities of a linear-chain CRF."""

    def _scores(self, emissions: NDArray[Any], temperature: float = 1.0) -> Floats:
        scores = finite(emissions)
        return scores if temperature == 1 else np.divide(scores, temperature, out=scores)

    def _unclipped(self, emissions: NDArray[Any], temperature: float = 1.0) -> NDArray[Any]:
        untouched = temperature == 1 and emissions.dtype == np.float32
        return emissions if untouched else self._scores(emissions, temperature)

    def _lattice(self, scores: Floats, lengths: Ints) -> Lattice:
        return Lattice(scores, lengths, self._tempered)

    def _log_z(self, scores: Floats, lengths: Ints) -> Floats:
        return self._lattice(scores, lengths).log_z

    def expected_counts(
        self, emissions: NDArray[Any], lengths: Ints, choices: Bools | None = None
    ) -> tuple[Floats, Floats]:
        """Expected counts as `Decoder.expected_counts` states."""
        scores = self._scores(emissions, self._temperature)
        lattice = self._lattice(_chosen(scores, choices), lengths)
        return lattice.marginals, self._constraints.pack(lattice.transitions)

    def marginals(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Exact probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        scores = self._unclipped(emissions, self._temperature)
        found = self._sums and self._sums.sums(scores, lengths)
        return found[1] if found else self._lattice(finite(scores), lengths).marginals

    def entropy(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Exact entropy of the distribution over legal tag sequences, in nats: ``[B]``."""
        return self._lattice(self._scores(emissions, self._temperature), lengths).entropy

    def span_scores(
        self, emissions: NDArray[Any], lengths: Ints, tags: Ints, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Exact probability of each span under the model, given the legal tags that hold it.

        It is that of all tag sequences with precisely this span: its tags stand there, and no
        entity goes on into them or from them.
        """
        if not spans:
            return []
        continues = self._constraints.continues
        scores = self._unclipped(emissions, self._temperature)
        if self._sums:
            found = self._sums.span_probabilities(scores, lengths, tags, spans, continues)
            if found is not None:
                return _listed(found)
        b, start, end = np.array(spans).T  # [N] each
        rows, b = np.unique(b, return_inverse=True)  # sentences without a span cost nothing
        sizes, numbers = lengths[rows], tags[rows]
        lattice = self._lattice(finite(scores[rows]), sizes)
        first, last = numbers[b, start], numbers[b, end - 1]
        path = lattice.path_scores(numbers)  # [B, T]
        # [N] each: the span's own tags, that it begins with the first, that it ends with the last
        inside = np.exp(path[b, end - 1] - path[b, start])
        previous = lattice.previous_posterior(b, start, first)
        opened = (previous * ~continues[:, first].T).sum(1)
        following = np.minimum(end, numbers.shape[1] - 1)
        closed = (lattice.next_joint(b, following - 1, last) * ~continues[last]).sum(1)
        closed = np.where(end < sizes[b], closed, lattice.marginals[b, end - 1, last])
        return _listed(np.where(start > 0, opened, 1.0) * inside * closed)


class SoftmaxDecoder(Decoder):
    """Tags that are independent of one another, apart from what is forbidden."""

    def _scores(self, emissions: NDArray[Any], temperature: float = 1.0) -> Floats:
        scores = finite(emissions) / temperature
        scores = scores - scores.max(2, keepdims=True)
        normalised: Floats = scores - np.log(np.exp(scores).sum(2, keepdims=True))
        return normalised

    def _log_z(self, scores: Floats, lengths: Ints) -> Floats:
        return np.zeros(len(lengths))

    def expected_counts(
        self, emissions: NDArray[Any], lengths: Ints, choices: Bools | None = None
    ) -> tuple[Floats, Floats]:
        """Probability of each tag at each token, ``[B, T, K]``; no pairwise counts, ``[B, 0]``."""
        log_p = self._scores(_chosen(finite(emissions), choices), self._temperature)
        mask = token_mask(lengths, emissions.shape[1])
        return np.exp(log_p) * mask[:, :, None], np.zeros((len(lengths), 0))

    def marginals(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.expected_counts(emissions, lengths)[0]

    def entropy(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Sum of the entropies of all tokens, whose tags are independent, in nats: ``[B]``."""
        log_p = self._scores(emissions, self._temperature)
        mask = token_mask(lengths, emissions.shape[1])
        entropy: Floats = -(np.exp(log_p) * log_p * mask[:, :, None]).sum((1, 2))
        return entropy

    def span_scores(
        self, emissions: NDArray[Any], lengths: Ints, tags: Ints, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Product of the probabilities of each span's own tags."""
        if not spans:
            return []
        scores = self._scores(emissions, self._temperature)
        log_p = np.take_along_axis(scores, tags[:, :, None], 2)[:, :, 0]  # [B, T]
        sums = np.cumsum(np.pad(log_p, ((0, 0), (1, 0))), axis=1)  # [B, T + 1]
        b, start, end = np.array(spans).T
        return _listed(np.exp(sums[b, end] - sums[b, start]))


def decoder_of(
    head: str,
    tags: Sequence[str],
    scheme: str,
    weights: Arrays,
    compiled: MakeChain | None = None,
    temperature: float = 1.0,
) -> Decoder:
    """The decoder of a head (``crf`` or ``softmax``) with `WEIGHTS` ``[K]``, ``[K, K]``, ``[K]``.

    A softmax has none. Probabilities are those at the `temperature`.
    """
    constraints = TagConstraints(tags, scheme)
    if head == "softmax":
        return SoftmaxDecoder(constraints, constraints.potentials(), compiled, temperature)
    learnt = [weights[name].astype(np.float64) for name in WEIGHTS]
    return CRFDecoder(constraints, constraints.constrain(learnt), compiled, temperature)


def _tempered(potentials: Potentials, temperature: float) -> Potentials:
    """Potentials at a temperature; what is forbidden stays so."""
    return Potentials(*(np.where(x > IMPOSSIBLE, x / temperature, FORBIDDEN) for x in potentials))


def finite(emissions: NDArray[Any]) -> Floats:
    """Emissions in float64, clipped to `LARGEST`."""
    scores: Floats = emissions.astype(np.float64)
    np.minimum(scores, LARGEST, out=scores)  # `clip` takes several times as long for a sentence
    return np.maximum(scores, -LARGEST, out=scores)


def _chosen(scores: Floats, choices: Bools | None) -> Floats:
    """Rule out all but the chosen tags in finite scores."""
    return scores if choices is None else np.where(choices, scores, -LARGEST)


def _listed(probabilities: Floats) -> list[float]:
    """Turn into numbers, without what rounding put above 1."""
    return [min(probability, 1.0) for probability in probabilities.tolist()]
