"""Heads: from encoded tokens to emissions, a loss, legal tags, and probabilities.

Both heads decode with the same recursion under the same constant mask of
forbidden transitions, so their output is always legal. All that is not a loss
is computed in float64 on the CPU, without a gradient.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
import torchcrf
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from ner.model.chain import (
    FORBIDDEN,
    Bools,
    Counts,
    Floats,
    Ints,
    Lattice,
    Path,
    Potentials,
    k_best,
    token_mask,
    viterbi,
)
from ner.tags import Transitions, parse_tag

SpanPlace = tuple[int, int, int]  # sentence of the batch, first token, token after the last

# A larger emission, be it infinite, counts as this one when tags are chosen: the sum over
# any sentence stays below what is forbidden, and small differences are not lost in it.
LARGEST = 1e8


def _floats(x: Tensor) -> Floats:
    """The same numbers in float64 on the CPU (some accelerators have no float64)."""
    array: Floats = x.detach().cpu().double().numpy()
    return array


def _ints(x: Tensor) -> Ints:
    array: Ints = x.cpu().numpy()
    return array


def _finite(emissions: Tensor) -> Floats:
    return np.clip(_floats(emissions), -LARGEST, LARGEST)


class _TagSet:
    """The constants that come from the tag set."""

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        parsed = [parse_tag(tag) for tag in tags]
        labels = [tag.label for tag in parsed]
        inner = np.array([tag.prefix in ("I", "E") for tag in parsed])
        self.forbidden = [~np.array(part) for part in allowed]
        self.types = np.array([labels.index(label) for label in labels])  # [K]
        # [K, K], whether an entity that stands in one tag goes on in the next
        self.continues: Bools = inner & (self.types[:, None] == self.types)

    def forbid(self, scores: Sequence[Floats]) -> Potentials:
        """The scores, with `FORBIDDEN` for what the scheme rules out."""
        pairs = zip(self.forbidden, scores, strict=True)
        return Potentials(*(np.where(mask, FORBIDDEN, part) for mask, part in pairs))

    def rules(self) -> Potentials:
        """What forbids, and 0 everywhere else."""
        return self.forbid([np.zeros(part.shape) for part in self.forbidden])

    def legal(self, moves: Floats) -> Floats:
        """Of moves ``[B, K, K]`` those M that the scheme allows, ``[B, M]``."""
        return moves[:, ~self.forbidden[1]]

    def spread(self, legal: Floats) -> Floats:
        """Legal moves ``[B, M]`` as ``[B, K, K]``: 0 for all others."""
        moves = np.zeros((len(legal), *self.forbidden[1].shape))
        moves[:, ~self.forbidden[1]] = legal
        return moves

    def margins(self, tags: Ints, choices: Bools | None, costs: Floats) -> Floats:
        """What to add to emissions so that mistakes cost what `costs` ``[K]`` says: ``[B, T, K]``.

        Softmax-margin (Gimpel and Smith 2010): where all that a token can be
        is of one type, every other tag gets the cost of that type.
        """
        if choices is None:
            choices = tags[:, :, None] == np.arange(len(costs))
        one = choices.argmax(2)
        sure = ((self.types == self.types[one][:, :, None]) | ~choices).all(2)
        added: Floats = (costs[one] * sure)[:, :, None] * ~choices
        return added


class _Loss(torch.autograd.Function):
    """The difference of two sums over sequences, `every` and `known`: a CRF's loss ``[B]``.

    Where `known` are expected counts, it is a cross-entropy.

    The gradient is the difference of what they expect; the potentials of both
    are those that `start`, `between` and `end` stand for.
    """

    @staticmethod
    def forward(
        ctx: Any,
        emissions: Tensor,
        start: Tensor,
        between: Tensor,
        end: Tensor,
        every: Lattice,
        known: Lattice | Path | Counts,
    ) -> Tensor:
        ctx.sums = every, known
        ctx.likes = [x.new_empty(0) for x in (emissions, start, between, end)]
        value = torch.from_numpy(every.log_z - known.log_z)
        return value.to(emissions.device, torch.promote_types(emissions.dtype, torch.float32))

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        weights = _floats(grads[0])
        (one, ones), (other, others) = (sums.gradient(weights) for sums in ctx.sums)
        pairs = [(one, other), *zip(ones, others, strict=True)]
        arrays = [np.subtract(a, b, order="C") for a, b in pairs]
        return (
            *(torch.from_numpy(x).to(like) for x, like in zip(arrays, ctx.likes, strict=True)),
            None,
            None,
        )


class CRFHead(torchcrf.CRF):  # type: ignore[misc]
    """A linear-chain CRF (Lafferty, McCallum and Pereira 2001) with forbidden transitions.

    Parameters and their names are those of pytorch-crf's `CRF`; what is
    forbidden is a constant in the loss, in decoding and in all probabilities.
    """

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        super().__init__(len(tags), batch_first=True)
        self.tag_set = _TagSet(tags, allowed)

    def _learnt(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.start_transitions, self.transitions, self.end_transitions

    def potentials(self) -> Potentials:
        """The transition scores in use: learnt ones, or what forbids."""
        return self.tag_set.forbid([_floats(part) for part in self._learnt()])

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        choices: Tensor | None = None,
        costs: Tensor | None = None,
    ) -> Tensor:
        """Negative log-likelihood of the tags ``[B, T]``, summed over tokens: ``[B]``.

        With `choices` ``[B, T, K]``, that of all legal sequences of tags which
        are true there (Tsuboi et al. 2008). `costs` ``[K]`` is the log of how
        much a mistake counts where a tag of that type is known. Labels that no
        legal sequence agrees with cost about 1e30, with finite gradients.
        """
        scores = np.maximum(_floats(emissions), FORBIDDEN)  # no infinity, whose sums are NaN
        numbers, sizes, potentials = _ints(tags), _ints(lengths), self.potentials()
        possible: Bools | None = None if choices is None else choices.cpu().numpy()
        if costs is not None:
            scores = scores + self.tag_set.margins(numbers, possible, _floats(costs))
        known: Lattice | Path
        if possible is None:
            known = Path(scores, numbers, sizes, potentials)
        else:
            known = Lattice(np.where(possible, scores, FORBIDDEN), sizes, potentials)
        every = Lattice(scores, sizes, potentials)
        loss: Tensor = _Loss.apply(emissions, *self._learnt(), every, known)  # type: ignore[no-untyped-call]
        return loss

    def taught_loss(
        self, emissions: Tensor, tokens: Tensor, moves: Tensor, lengths: Tensor
    ) -> Tensor:
        """Cross-entropy of whole tag sequences with those that a teacher expects: ``[B]``.

        `tokens` ``[B, T, K]`` and `moves` ``[B, M]`` are what `expected` says
        of the teacher (or averages of several: of their mixture). Its log
        probabilities are linear in these, so no more of it is needed. Where it
        is sure of one sequence, this is `loss`.
        """
        scores = np.maximum(_floats(emissions), FORBIDDEN)
        sizes, potentials = _ints(lengths), self.potentials()
        known = Counts(
            scores, _floats(tokens), self.tag_set.spread(_floats(moves)), sizes, potentials
        )
        every = Lattice(scores, sizes, potentials)
        loss: Tensor = _Loss.apply(emissions, *self._learnt(), every, known)  # type: ignore[no-untyped-call]
        return loss

    def expected(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """How often each tag stands at each token, ``[B, T, K]``, and each legal move, ``[B, M]``.

        With `choices` ``[B, T, K]``, given that the tags are among those that
        are true there. Moves are summed over the sentence, in the order of
        rows and columns of the transitions.
        """
        scores = _chosen(_finite(emissions), choices)
        lattice = Lattice(scores, _ints(lengths), self.potentials())
        moves = self.tag_set.legal(lattice.moves)
        return torch.from_numpy(lattice.marginals), torch.from_numpy(moves)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The best legal tag numbers, ``[B, T]``; 0 beyond a sentence's length."""
        return torch.from_numpy(viterbi(_finite(emissions), _ints(lengths), self.potentials()))

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` most probable legal sequences, best first, and their probabilities.

        Returns tags ``[B, N, T]``, 0 beyond a sentence's length, and ``[B, N]``.
        Probability 0, with tags 0, stands for no sequence: there are fewer.
        """
        scores, sizes, potentials = _finite(emissions), _ints(lengths), self.potentials()
        tags, found = k_best(scores, sizes, potentials, count)
        log_z = Lattice(scores, sizes, potentials).log_z
        return torch.from_numpy(tags), _probabilities(found - log_z[:, None])

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The exact probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        lattice = Lattice(_finite(emissions), _ints(lengths), self.potentials())
        return torch.from_numpy(lattice.marginals)

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPlace]
    ) -> list[float]:
        """The exact probability of each span under the model, given the legal tags that hold it.

        A span's probability is that of all tag sequences that have precisely
        this span: its tags stand there, nothing before them goes on into them,
        and nothing after goes on with them.
        """
        if not spans:
            return []
        b, start, end = np.array(spans).T
        rows, b = np.unique(b, return_inverse=True)  # sentences without a span cost nothing
        sizes, numbers = _ints(lengths)[rows], _ints(tags)[rows]
        lattice = Lattice(_finite(emissions)[rows], sizes, self.potentials())
        first, last = numbers[b, start], numbers[b, end - 1]
        along = lattice.along(numbers)
        inside = np.exp(along[b, end - 1] - along[b, start])
        continues = self.tag_set.continues
        apart = (lattice.before(b, start, first) * ~continues[:, first].T).sum(1)
        following = np.minimum(end, numbers.shape[1] - 1)
        closed = (lattice.after(b, following - 1, last) * ~continues[last]).sum(1)
        closed = np.where(end < sizes[b], closed, lattice.marginals[b, end - 1, last])
        return _listed(np.where(start > 0, apart, 1.0) * inside * closed)


class SoftmaxHead(nn.Module):
    """Each token's tag on its own; forbidden transitions are ruled out when decoding."""

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        super().__init__()
        self.tag_set = _TagSet(tags, allowed)

    def potentials(self) -> Potentials:
        """What forbids, and 0 everywhere else."""
        return self.tag_set.rules()

    def loss(
        self,
        emissions: Tensor,
        tags: Tensor,
        lengths: Tensor,
        choices: Tensor | None = None,
        costs: Tensor | None = None,
    ) -> Tensor:
        """Cross-entropy of the tags ``[B, T]``, summed over tokens: ``[B]``.

        With `choices` ``[B, T, K]``, that of all tags which are true there;
        `costs` ``[K]`` is the log of how much a mistake counts where a tag of
        that type is known.
        """
        emissions = emissions.float()
        if costs is not None:
            possible = None if choices is None else choices.cpu().numpy()
            margins = self.tag_set.margins(_ints(tags), possible, _floats(costs))
            emissions = emissions + torch.from_numpy(margins).to(emissions)
        if choices is None:
            known = emissions.gather(2, tags[:, :, None]).squeeze(2)
        else:
            known = emissions.masked_fill(~choices, FORBIDDEN).logsumexp(2)
        mask = torch.from_numpy(token_mask(_ints(lengths), tags.shape[1]))
        return ((emissions.logsumexp(2) - known) * mask.to(emissions.device)).sum(1)

    def taught_loss(
        self, emissions: Tensor, tokens: Tensor, moves: Tensor, lengths: Tensor
    ) -> Tensor:
        """Cross-entropy with what a teacher expects at each token, summed over tokens: ``[B]``.

        `tokens` ``[B, T, K]`` are what `expected` says; `moves` do not matter.
        Where the teacher is sure, this is `loss`.
        """
        log_p = emissions.float().log_softmax(2)
        mask = torch.from_numpy(token_mask(_ints(lengths), tokens.shape[1])).to(log_p.device)
        return -(tokens.float() * log_p * mask[:, :, None]).sum((1, 2))

    def expected(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """The probability of each tag at each token, ``[B, T, K]``; and no moves, ``[B, 0]``.

        With `choices` ``[B, T, K]``, given that the tags are among those that are true there.
        """
        log_p = _log_p(torch.from_numpy(_chosen(_finite(emissions), choices)))
        mask = token_mask(_ints(lengths), emissions.shape[1])
        return torch.from_numpy(np.exp(log_p) * mask[:, :, None]), torch.zeros(len(lengths), 0)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The most probable legal tag numbers, ``[B, T]``; 0 beyond a sentence's length."""
        return torch.from_numpy(viterbi(_log_p(emissions), _ints(lengths), self.potentials()))

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        """The `count` most probable legal sequences, best first, and their probabilities.

        Returns tags ``[B, N, T]``, 0 beyond a sentence's length, and ``[B, N]``,
        each the product over the sentence's tokens. Probability 0, with tags 0,
        stands for no sequence: there are fewer.
        """
        tags, found = k_best(_log_p(emissions), _ints(lengths), self.potentials(), count)
        return torch.from_numpy(tags), _probabilities(found)

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The probability of each tag at each token, ``[B, T, K]``; 0 beyond the length."""
        mask = token_mask(_ints(lengths), emissions.shape[1])
        return torch.from_numpy(np.exp(_log_p(emissions)) * mask[:, :, None])

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPlace]
    ) -> list[float]:
        """The product of the probabilities of a span's own tags."""
        if not spans:
            return []
        log_p = np.take_along_axis(_log_p(emissions), _ints(tags)[:, :, None], 2)[:, :, 0]
        sums = np.cumsum(np.pad(log_p, ((0, 0), (1, 0))), axis=1)
        b, start, end = np.array(spans).T
        return _listed(np.exp(sums[b, end] - sums[b, start]))


def _chosen(scores: Floats, choices: Tensor | None) -> Floats:
    """Finite scores with all but the chosen tags ruled out."""
    return scores if choices is None else np.where(choices.cpu().numpy(), scores, -LARGEST)


def _log_p(emissions: Tensor) -> Floats:
    return _floats(torch.from_numpy(_finite(emissions)).log_softmax(2))


def _probabilities(log_p: Floats) -> Tensor:
    """exp, at most 1, and above 0 for all that is possible."""
    p = np.maximum(np.exp(np.minimum(log_p, 0.0)), np.finfo(np.float64).tiny)
    return torch.from_numpy(np.where(np.isfinite(log_p), p, 0.0))


def _listed(probabilities: Floats) -> list[float]:
    """As numbers, without what rounding put above 1."""
    result: list[float] = np.minimum(probabilities, 1.0).tolist()
    return result
