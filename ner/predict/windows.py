"""Windows: the overlapping parts of a long sentence that are read at once."""

from collections.abc import Iterable
from typing import NamedTuple

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
