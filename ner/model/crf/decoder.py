"""Decoders: from emissions to legal tags and exact probabilities, in NumPy and without a network.

Both decode under the same constant mask of forbidden transitions, so their output is legal. All is
computed in float64, whatever the type of the emissions ``[B, T, K]``.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ner.model.crf.arrays import Bools, Floats, Ints, Potentials, token_mask
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
    """Tag sequences and probabilities under given transition scores."""

    def __init__(
        self, constraints: TagConstraints, potentials: Potentials, compiled: MakeChain | None = None
    ) -> None:
        self._constraints = constraints
        self._potentials = potentials
        self._chain = compiled(*potentials) if compiled else None

    @abstractmethod
    def _scores(self, emissions: NDArray[Any]) -> Floats:
        """Return what a token adds to the score of a sequence, by tag: ``[B, T, K]``, finite."""

    def _unclipped(self, emissions: NDArray[Any]) -> NDArray[Any]:
        """Return `_scores`, or float32 that compiled code turns into these."""
        return self._scores(emissions)

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
        scores = self._scores(emissions)
        tags, found = k_best(scores, lengths, self._potentials, count)
        log_p = found - self._log_z(scores, lengths)[:, None]
        # At most 1, and above 0 for all that is possible.
        p = np.maximum(np.exp(np.minimum(log_p, 0.0)), np.finfo(np.float64).tiny)
        return tags, np.where(np.isfinite(log_p), p, 0.0)

    def log_probabilities(self, emissions: NDArray[Any], lengths: Ints, tags: Ints) -> Floats:
        """Log probability of one legal tag sequence ``[B, T]`` of each sentence: ``[B]``."""
        scores = self._scores(emissions)
        gold = GoldScore(scores, tags, lengths, self._potentials)
        return np.minimum(gold.log_z - self._log_z(scores, lengths), 0.0)


class CRFDecoder(Decoder):
    """Exact probabilities of a linear-chain CRF."""

    def _scores(self, emissions: NDArray[Any]) -> Floats:
        return finite(emissions)

    def _unclipped(self, emissions: NDArray[Any]) -> NDArray[Any]:
        return emissions if emissions.dtype == np.float32 else finite(emissions)

    def _lattice(self, scores: Floats, lengths: Ints) -> Lattice:
        return Lattice(scores, lengths, self._potentials)

    def _log_z(self, scores: Floats, lengths: Ints) -> Floats:
        return self._lattice(scores, lengths).log_z

    def expected_counts(
        self, emissions: NDArray[Any], lengths: Ints, choices: Bools | None = None
    ) -> tuple[Floats, Floats]:
        """Expected counts as `Decoder.expected_counts` states."""
        lattice = self._lattice(_chosen(finite(emissions), choices), lengths)
        return lattice.marginals, self._constraints.pack(lattice.transitions)

    def marginals(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Exact probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        found = self._chain and self._chain.sums(self._unclipped(emissions), lengths)
        return found[1] if found else self._lattice(finite(emissions), lengths).marginals

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
        if self._chain:
            scores = self._unclipped(emissions)
            found = self._chain.span_probabilities(scores, lengths, tags, spans, continues)
            if found is not None:
                return _listed(found)
        b, start, end = np.array(spans).T  # [N] each
        rows, b = np.unique(b, return_inverse=True)  # sentences without a span cost nothing
        sizes, numbers = lengths[rows], tags[rows]
        lattice = self._lattice(finite(emissions[rows]), sizes)
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

    def _scores(self, emissions: NDArray[Any]) -> Floats:
        scores = finite(emissions)
        scores = scores - scores.max(2, keepdims=True)
        normalised: Floats = scores - np.log(np.exp(scores).sum(2, keepdims=True))
        return normalised

    def _log_z(self, scores: Floats, lengths: Ints) -> Floats:
        return np.zeros(len(lengths))

    def expected_counts(
        self, emissions: NDArray[Any], lengths: Ints, choices: Bools | None = None
    ) -> tuple[Floats, Floats]:
        """Probability of each tag at each token, ``[B, T, K]``; no pairwise counts, ``[B, 0]``."""
        log_p = self._scores(_chosen(finite(emissions), choices))
        mask = token_mask(lengths, emissions.shape[1])
        return np.exp(log_p) * mask[:, :, None], np.zeros((len(lengths), 0))

    def marginals(self, emissions: NDArray[Any], lengths: Ints) -> Floats:
        """Probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        return self.expected_counts(emissions, lengths)[0]

    def span_scores(
        self, emissions: NDArray[Any], lengths: Ints, tags: Ints, spans: Sequence[SpanPosition]
    ) -> list[float]:
        """Product of the probabilities of each span's own tags."""
        if not spans:
            return []
        log_p = np.take_along_axis(self._scores(emissions), tags[:, :, None], 2)[:, :, 0]  # [B, T]
        sums = np.cumsum(np.pad(log_p, ((0, 0), (1, 0))), axis=1)  # [B, T + 1]
        b, start, end = np.array(spans).T
        return _listed(np.exp(sums[b, end] - sums[b, start]))


def decoder_of(
    head: str,
    tags: Sequence[str],
    scheme: str,
    weights: Arrays,
    compiled: MakeChain | None = None,
) -> Decoder:
    """The decoder of a head (``crf`` or ``softmax``) with `WEIGHTS` ``[K]``, ``[K, K]``, ``[K]``.

    A softmax has none.
    """
    constraints = TagConstraints(tags, scheme)
    if head == "softmax":
        return SoftmaxDecoder(constraints, constraints.potentials(), compiled)
    learnt = [weights[name].astype(np.float64) for name in WEIGHTS]
    return CRFDecoder(constraints, constraints.constrain(learnt), compiled)


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
