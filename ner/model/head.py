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
        this span: everything before, times the path through the span, times
        everything after it that does not go on with it, over everything.
        """
        if not spans:
            return []
        emissions, potentials = emissions.double(), self.potentials().double()
        lengths = lengths.to(emissions.device)
        alpha = forward_scores(emissions, potentials)
        beta = backward_scores(emissions, lengths, potentials)
        log_z = last_scores(alpha, lengths, potentials)
        b, start, end = torch.tensor(spans, device=emissions.device).T
        inside = _path_sums(emissions, tags, potentials.between)
        first, last = tags[b, start], tags[b, end - 1]
        after = self._after(emissions, beta, lengths, potentials, (b, end, last))
        path = inside[b, end - 1] - inside[b, start]
        log_p = alpha[b, start, first] + path + after - log_z[b]
        result: list[float] = log_p.exp().clamp(0.0, 1.0).tolist()
        return result

    def _after(
        self,
        emissions: Tensor,
        beta: Tensor,
        lengths: Tensor,
        potentials: Potentials,
        place: tuple[Tensor, Tensor, Tensor],
    ) -> Tensor:
        """Log of the sum over all ways on after a span that do not continue it, ``[N]``."""
        b, end, last = place
        following = end.clamp(max=emissions.shape[1] - 1)
        moved = potentials.between[last].masked_fill(self.mask.continues[last], FORBIDDEN)
        onward = torch.logsumexp(moved + (emissions + beta)[b, following], dim=1)
        return torch.where(end < lengths[b], onward, potentials.end[last])


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
        log_p = emissions.double().log_softmax(2).gather(2, tags[:, :, None]).squeeze(2)
        b, start, end = torch.tensor(spans, device=emissions.device).T
        sums = torch.cat([torch.zeros_like(log_p[:, :1]), log_p.cumsum(1)], dim=1)
        result: list[float] = (sums[b, end] - sums[b, start]).exp().clamp(0.0, 1.0).tolist()
        return result
