"""Best paths and exact sums over chains of tags, by the compiled kernels.

`ner.model.crf` computes the same in NumPy, for any machine and any scores. What does not fit raises
`ValueError`: types, shapes and lengths are checked here, places of spans and tags by the kernel.

Shapes: ``B`` sentences of at most ``T`` tokens, ``K`` tags, ``N`` spans. Emissions ``[B, T, K]``
are in float64, or in float32: then they are clipped as `ner.model.crf` does.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ner.runtime.checks import integers, require
from ner.runtime.library import ChainPotentials, Compiled, level

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Emissions = NDArray[np.float32 | np.float64]


class Chain:
    """Tag sequences under given potentials; safe for threads."""

    def __init__(self, compiled: Compiled, start: Floats, between: Floats, end: Floats) -> None:
        """Potentials are ``[K]``, ``[K, K]`` (from row to column) and ``[K]``, without NaN."""
        self._compiled = compiled
        tags = self._tags = len(start)
        shapes = start.shape, between.shape, end.shape
        require(tags > 0 and shapes == ((tags,), (tags, tags), (tags,)), "potentials {}", shapes)
        parts = [np.asarray(part, np.float64) for part in (start, between, end)]
        require(not any(np.isnan(part).any() for part in parts), "potentials hold NaN")
        self._largest = np.array([part.max() for part in parts])
        require(np.isfinite(self._largest).all(), "potentials are not finite")
        relative = [np.exp(part - top) for part, top in zip(parts, self._largest, strict=True)]
        self._scores = ChainPotentials.of(parts, compiled.doubles)
        self._powers = ChainPotentials.of(relative, compiled.doubles)

    def _checked(self, emissions: Emissions, lengths: Ints) -> tuple[Emissions, Ints]:
        dtype = np.float32 if emissions.dtype == np.float32 else np.float64
        emissions = np.ascontiguousarray(emissions, dtype)
        fits = emissions.ndim == 3 and emissions.shape[2] == self._tags
        require(fits, "emissions have shape {}, not [B, T, {}]", emissions.shape, self._tags)
        batch, size, _ = emissions.shape
        lengths = integers(lengths, (batch,), "lengths")
        fits = all(0 < length <= size for length in lengths.tolist())
        require(fits, "lengths are not 1 to {}", size)
        return emissions, lengths

    def viterbi(self, emissions: Emissions, lengths: Ints) -> Ints:
        """Find the best tag sequence of each sentence: ``[B, T]``, 0 beyond its length.

        Of equally good sequences, the one with lower tag numbers at the end wins.
        """
        emissions, lengths = self._checked(emissions, lengths)
        path = np.empty(emissions.shape[:2], np.int64)
        if path.size:
            self._compiled.viterbi(self._scores, emissions, lengths, path)
        return path

    def sums(self, emissions: Emissions, lengths: Ints) -> tuple[Floats, Floats] | None:
        """Compute log partition functions ``[B]`` and marginals ``[B, T, K]``, 0 beyond a length.

        None stands for scores so far apart that scaled probabilities underflow.
        """
        emissions, lengths = self._checked(emissions, lengths)
        log_z, marginals = np.empty(len(emissions)), np.empty(emissions.shape)
        potentials = self._scores, self._powers, self._largest
        done = not emissions.size or self._compiled.sums(
            potentials, emissions, lengths, log_z=log_z, marginals=marginals
        )
        return (log_z, marginals) if done else None

    def span_probabilities(
        self,
        emissions: Emissions,
        lengths: Ints,
        tags: Ints,
        spans: Sequence[tuple[int, int, int]],
        continues: NDArray[np.bool_],
    ) -> Floats | None:
        """Compute the probability of each span ``(b, start, end)``: ``[N]``; None as in `sums`.

        It is that of all sequences in which its `tags` ``[B, T]`` stand there, the first does not
        go on with an entity, and none goes on with the last. `continues` ``[K, K]`` is true where
        the second of two tags goes on with an entity of the first.
        """
        emissions, lengths = self._checked(emissions, lengths)
        batch, size, count = emissions.shape
        tags = integers(tags, (batch, size), "tags")
        continues = np.ascontiguousarray(continues, np.bool_)
        require(continues.shape == (count, count), "continues has shape {}", continues.shape)
        places, found = np.array(spans, np.int64), np.empty(len(spans))
        potentials = self._scores, self._powers, self._largest
        done = not len(spans) or self._compiled.sums(
            potentials, emissions, lengths, spans=(places, tags, continues, found)
        )
        return found if done else None


def compiled_chain(start: Floats, between: Floats, end: Floats) -> Chain | None:
    """A chain for the kernels, or None where NumPy runs. Raises `UsageError`."""
    found = level()
    return Chain(found, start, between, end) if isinstance(found, Compiled) else None
