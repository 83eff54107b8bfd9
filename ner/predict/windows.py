"""Long sentences: overlapping windows whose emissions are stitched together."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from ner.features import FirstPass
from ner.model import Engine
from ner.text import Sentence

WINDOW = 512  # tokens read at once
OVERLAP = 64  # tokens that two neighbouring windows share


class Window(NamedTuple):
    """Tokens ``[start, end)`` are read; the results of ``[keep_start, keep_end)`` are used."""

    start: int
    end: int
    keep_start: int
    keep_end: int


def windows(length: int, size: int = WINDOW, overlap: int = OVERLAP) -> list[Window]:
    """Cut `length` tokens into windows of at most `size` that share `overlap` tokens.

    The kept ranges follow one another without a gap: each token's result comes
    from the window in which it is farther from the edge.
    """
    if length <= size:
        return [Window(0, length, 0, length)]
    starts = list(range(0, length - overlap, size - overlap))
    cuts = [0, *(start + overlap // 2 for start in starts[1:]), length]
    return [
        Window(start, min(start + size, length), cuts[i], cuts[i + 1])
        for i, start in enumerate(starts)
    ]


def window_note(sentences: Iterable[Sentence]) -> str | None:
    """Say in words where the first sentence stands that is read in windows; None without one."""
    for sentence in sentences:
        if len(sentence) > WINDOW:
            return (
                f"{sentence.place}: a sentence of {len(sentence):,} tokens is read in windows of "
                f"{WINDOW} that overlap by {OVERLAP}, as any that is longer than {WINDOW}"
            )
    return None


def stitched_emissions(engine: Engine, tokens: Sequence[str], context: FirstPass = None) -> Tensor:
    """Compute emissions ``[1, T, K]`` of a sentence in windows, with its document context."""
    cut = windows(len(tokens))
    parts: list[Tensor] = [torch.empty(0)] * len(cut)  # [T of the window, K] each
    for batch in engine.plan([w.end - w.start for w in cut]):
        emissions = engine.emissions(
            [tokens[cut[i].start : cut[i].end] for i in batch],
            [context and context[cut[i].start : cut[i].end] for i in batch],
        )
        for row, number in enumerate(batch):
            w = cut[number]
            parts[number] = emissions[row, w.keep_start - w.start : w.keep_end - w.start]
    return torch.cat(parts)[None]
