"""Heads: from encoded tokens to emissions, a loss, legal tags, and probabilities of spans.

Both heads decode with the same Viterbi recursion under the same constant mask
of forbidden transitions, so their output is always legal.
"""

from collections.abc import Sequence

import torch
import torchcrf
from torch import Tensor, nn

from ner.model.chain import (
    FORBIDDEN,
    Potentials,
    backward_scores,
    forward_scores,
    last_scores,
    log_partition,
    path_scores,
    token_mask,
    viterbi,
)
from ner.tags import Transitions, parse_tag

SpanPlace = tuple[int, int, int]  # sentence of the batch, first token, token after the last


def _penalties(allowed: Transitions) -> Potentials:
    """0 where a transition is allowed, `FORBIDDEN` where it is not."""
    return Potentials(*(torch.where(torch.tensor(part), 0.0, FORBIDDEN) for part in allowed))


def _continuations(tags: Sequence[str]) -> Tensor:
    """``[K, K]``: whether an entity that stands in one tag goes on in the next."""
    parsed = [parse_tag(tag) for tag in tags]
    return torch.tensor(
        [[b.prefix in ("I", "E") and a.label == b.label for b in parsed] for a in parsed]
    )


class _Mask(nn.Module):
    """The constants that come from the tag set; not part of the weights."""

    start: Tensor
    between: Tensor
    end: Tensor
    continues: Tensor

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        super().__init__()
        for name, value in _penalties(allowed)._asdict().items():
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("continues", _continuations(tags), persistent=False)


class CRFHead(torchcrf.CRF):  # type: ignore[misc]
    """A linear-chain CRF (Lafferty, McCallum and Pereira 2001) with forbidden transitions.

    Parameters and their names are those of pytorch-crf's `CRF`; what is
    forbidden is added as a constant in the loss, in decoding and in scores.
    """

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        super().__init__(len(tags), batch_first=True)
        self.mask = _Mask(tags, allowed)

    def potentials(self) -> Potentials:
        """The transition scores in use: learnt ones plus constant penalties."""
        return Potentials(
            self.start_transitions + self.mask.start,
            self.transitions + self.mask.between,
            self.end_transitions + self.mask.end,
        )

    def loss(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Negative log-likelihood of the tags ``[B, T]``, summed over tokens: ``[B]``."""
        lengths = lengths.to(emissions.device)
        potentials = self.potentials()
        emissions = emissions.float()
        log_z = log_partition(emissions, lengths, potentials)
        return log_z - path_scores(emissions, tags, lengths, potentials)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The best legal tag numbers, ``[B, T]``; 0 beyond a sentence's length."""
        return viterbi(emissions.float(), lengths.to(emissions.device), self.potentials())

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPlace]
    ) -> list[float]:
        """The exact probability of each span under the model, given the tags that hold it.

        A span's probability is that of all tag sequences that have precisely
        this span: everything before it that does not go on into it, times the
        path through it, times everything after it that does not go on with it,
        over everything.
        """
        if not spans:
            return []
        emissions, potentials = emissions.cpu().double(), self.potentials().exact()
        lengths, tags = lengths.cpu(), tags.cpu()
        alpha = forward_scores(emissions, potentials)
        beta = backward_scores(emissions, lengths, potentials)
        log_z = last_scores(alpha, lengths, potentials)
        b, start, end = torch.tensor(spans).T
        sums = _path_sums(emissions, tags, potentials.between)
        first, last = tags[b, start], tags[b, end - 1]
        inside = emissions[b, start, first] + sums[b, end - 1] - sums[b, start]
        # Elsewhere but inside the span, nothing may continue it.
        between = potentials.between.masked_fill(self.mask.continues.cpu(), FORBIDDEN)
        outer = potentials._replace(between=between)
        before = _ways_before(alpha, outer, b, start, first)
        after = _ways_after(emissions + beta, lengths, outer, b, end, last)
        log_p = before + inside + after - log_z[b]
        result: list[float] = log_p.exp().clamp(0.0, 1.0).tolist()
        return result


def _ways_before(
    alpha: Tensor, potentials: Potentials, b: Tensor, start: Tensor, first: Tensor
) -> Tensor:
    """Log of the sum over all ways to a span that starts with the tag `first`, ``[N]``."""
    arriving = alpha[b, (start - 1).clamp(min=0)] + potentials.between[:, first].T
    return torch.where(start > 0, torch.logsumexp(arriving, dim=1), potentials.start[first])


def _ways_after(
    ahead: Tensor, lengths: Tensor, potentials: Potentials, b: Tensor, end: Tensor, last: Tensor
) -> Tensor:
    """Log of the sum over all ways on from a span that ends with the tag `last`, ``[N]``."""
    following = end.clamp(max=ahead.shape[1] - 1)
    leaving = potentials.between[last] + ahead[b, following]
    return torch.where(end < lengths[b], torch.logsumexp(leaving, dim=1), potentials.end[last])


def _path_sums(emissions: Tensor, tags: Tensor, between: Tensor) -> Tensor:
    """Running sums ``[B, T]`` of emissions and transitions along given tags."""
    emitted = emissions.gather(2, tags[:, :, None]).squeeze(2)
    moved = between[tags[:, :-1], tags[:, 1:]]
    return torch.cat([emitted[:, :1], emitted[:, 1:] + moved], dim=1).cumsum(1)


class SoftmaxHead(nn.Module):
    """Each token's tag on its own; forbidden transitions are ruled out when decoding."""

    def __init__(self, tags: Sequence[str], allowed: Transitions) -> None:
        super().__init__()
        self.mask = _Mask(tags, allowed)

    def loss(self, emissions: Tensor, tags: Tensor, lengths: Tensor) -> Tensor:
        """Cross-entropy of the tags ``[B, T]``, summed over tokens: ``[B]``."""
        mask = token_mask(lengths.to(emissions.device), tags.shape[1])
        log_p = emissions.float().log_softmax(2).gather(2, tags[:, :, None]).squeeze(2)
        return -(log_p * mask).sum(1)

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        """The most probable legal tag numbers, ``[B, T]``; 0 beyond a sentence's length."""
        potentials = Potentials(self.mask.start, self.mask.between, self.mask.end)
        return viterbi(emissions.float().log_softmax(2), lengths.to(emissions.device), potentials)

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPlace]
    ) -> list[float]:
        """The product of the probabilities of a span's own tags."""
        if not spans:
            return []
        log_p = emissions.cpu().double().log_softmax(2)
        log_p = log_p.gather(2, tags.cpu()[:, :, None]).squeeze(2)
        b, start, end = torch.tensor(spans).T
        sums = torch.cat([torch.zeros_like(log_p[:, :1]), log_p.cumsum(1)], dim=1)
        result: list[float] = (sums[b, end] - sums[b, start]).exp().clamp(0.0, 1.0).tolist()
        return result
