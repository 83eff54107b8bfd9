"""What the recursions must give, by writing down every tag sequence there is."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ner.model import Decoder
from ner.model.crf.arrays import FORBIDDEN, Floats, Ints, Potentials
from ner.model.crf.decoder import SpanPosition
from ner.model.crf.head import CRFHead, SoftmaxHead
from ner.tags import allowed_transitions, illegal_positions, parse_tag, tag_set


class Case(NamedTuple):
    """A tag set small enough for brute force."""

    name: str
    scheme: str
    tags: list[str]


CASES = [
    Case(name, scheme, tag_set(labels, scheme))
    for name, scheme, labels in [
        ("outside-only", "iobes", []),  # a single tag
        ("iobes", "iobes", ["X"]),
        ("iob2", "iob2", ["X", "Y"]),
        ("io", "io", ["X", "Y"]),
    ]
]
IDS = [case.name for case in CASES]
LENGTHS = [4, 1, 3, 2]

Weights = tuple[Tensor, Tensor, Tensor]  # scores of starting, of moving on and of ending


def all_paths(tags: int, length: int) -> Tensor:
    """Every sequence of `length` tag numbers, ``[N, T]``, in alphabetical order."""
    return torch.tensor(list(itertools.product(range(tags), repeat=length)))


def all_scores(paths: Tensor, emissions: Tensor, weights: Weights) -> Tensor:
    """The score of each path ``[N, T]`` under emissions ``[T, K]``; autograd goes through."""
    start, between, end = weights
    emitted = emissions[torch.arange(paths.shape[1]), paths].sum(1)
    moved = between[paths[:, :-1], paths[:, 1:]].sum(1)
    return start[paths[:, 0]] + emitted + moved + end[paths[:, -1]]


def legal_paths(case: Case, length: int) -> Tensor:
    """The sequences that `ner.tags` finds nothing wrong with, ``[N, T]``."""
    paths = all_paths(len(case.tags), length)
    return paths[torch.tensor([is_legal(case, path) for path in paths.tolist()])]


def is_legal(case: Case, path: Sequence[int]) -> bool:
    return not illegal_positions([parse_tag(case.tags[k]) for k in path], case.scheme)


def random_weights(case: Case, forbid: bool = False, scale: float = 1.0) -> Weights:
    """Random scores in float64, with `FORBIDDEN` for what the scheme does not allow."""
    size = len(case.tags)
    shapes = (size,), (size, size), (size,)
    free = [scale * torch.randn(shape, dtype=torch.float64) for shape in shapes]
    if forbid:
        allowed = allowed_transitions(case.tags, case.scheme)
        free = [
            x.masked_fill(~torch.tensor(part), FORBIDDEN)
            for x, part in zip(free, allowed, strict=True)
        ]
    return free[0], free[1], free[2]


def arrays(weights: Weights) -> Potentials:
    return Potentials(*(part.detach().double().numpy() for part in weights))


def random_emissions(case: Case, lengths: Sequence[int] = LENGTHS, scale: float = 2.0) -> Tensor:
    """Float64 emissions ``[B, T, K]`` with one wild value at all padding."""
    shape = len(lengths), max(lengths), len(case.tags)
    padding = torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None]
    emissions = scale * torch.randn(shape, dtype=torch.float64)
    return emissions.masked_fill(padding[:, :, None], 1234.5)


def numbers(lengths: Sequence[int] = LENGTHS) -> np.ndarray:
    return np.array(lengths)


def random_chain(types: int, sentences: int, size: int) -> tuple[Floats, Ints, Potentials]:
    """Random emissions, lengths and potentials of a tag set with so many types."""
    tags = tag_set([f"T{number}" for number in range(types)], "iobes")
    draw = np.random.default_rng(7)
    allowed = [np.array(part) for part in allowed_transitions(tags, "iobes")]
    potentials = [np.where(may, draw.normal(size=may.shape), FORBIDDEN) for may in allowed]
    emissions = draw.normal(size=(sentences, size, len(tags)))
    return emissions, draw.integers(1, size + 1, sentences), Potentials(*potentials)


class Decoding:
    """The decoder of a head, with tensors in and out."""

    def __init__(self, head: CRFHead | SoftmaxHead) -> None:
        self._decoder: Decoder = head.decoder()

    def decode(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        return torch.from_numpy(self._decoder.decode(floats(emissions), lengths.numpy()))

    def nbest(self, emissions: Tensor, lengths: Tensor, count: int) -> tuple[Tensor, Tensor]:
        tags, found = self._decoder.nbest(floats(emissions), lengths.numpy(), count)
        return torch.from_numpy(tags), torch.from_numpy(found)

    def log_probabilities(self, emissions: Tensor, lengths: Tensor, tags: Tensor) -> Tensor:
        arrays = floats(emissions), lengths.numpy(), tags.numpy()
        return torch.from_numpy(self._decoder.log_probabilities(*arrays))

    def marginals(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        return torch.from_numpy(self._decoder.marginals(floats(emissions), lengths.numpy()))

    def entropy(self, emissions: Tensor, lengths: Tensor) -> Tensor:
        return torch.from_numpy(self._decoder.entropy(floats(emissions), lengths.numpy()))

    def expected_counts(
        self, emissions: Tensor, lengths: Tensor, choices: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        known = None if choices is None else choices.numpy()
        counts = self._decoder.expected_counts(floats(emissions), lengths.numpy(), known)
        unary, pairwise = map(torch.from_numpy, counts)
        return unary, pairwise

    def span_scores(
        self, emissions: Tensor, lengths: Tensor, tags: Tensor, spans: Sequence[SpanPosition]
    ) -> list[float]:
        return self._decoder.span_scores(floats(emissions), lengths.numpy(), tags.numpy(), spans)


def floats(emissions: Tensor) -> Floats:
    found: Floats = emissions.detach().double().numpy()
    return found
