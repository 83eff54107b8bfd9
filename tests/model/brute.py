"""What the recursions must give, by writing down every tag sequence there is."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ner.model.chain import Potentials
from ner.tags import illegal_positions, parse_tag, tag_set


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


def all_paths(tags: int, length: int) -> Tensor:
    """Every sequence of `length` tag numbers, ``[N, T]``, in alphabetical order."""
    return torch.tensor(list(itertools.product(range(tags), repeat=length)))


def all_scores(paths: Tensor, emissions: Tensor, potentials: Potentials) -> Tensor:
    """The score of each path ``[N, T]`` under emissions ``[T, K]``; autograd goes through."""
    emitted = emissions[torch.arange(paths.shape[1]), paths].sum(1)
    moved = potentials.between[paths[:, :-1], paths[:, 1:]].sum(1)
    return potentials.start[paths[:, 0]] + emitted + moved + potentials.end[paths[:, -1]]


def legal_paths(case: Case, length: int) -> Tensor:
    """The sequences that `ner.tags` finds nothing wrong with, ``[N, T]``."""
    paths = all_paths(len(case.tags), length)
    return paths[torch.tensor([is_legal(case, path) for path in paths.tolist()])]


def is_legal(case: Case, path: Sequence[int]) -> bool:
    return not illegal_positions([parse_tag(case.tags[k]) for k in path], case.scheme)


def random_potentials(tags: int, **options: torch.dtype) -> Potentials:
    return Potentials(*(torch.randn(s, **options) for s in [(tags,), (tags, tags), (tags,)]))
