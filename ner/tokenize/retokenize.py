"""Corpora cut otherwise than raw text will be: measured, and cut again with their entities.

A tagger meets the tokens of its tokenizer. Where a corpus has others, such as the words of a
language written without spaces, its test score says nothing about raw text. Tokens are only ever
split, so each entity keeps its borders and each token has a place to return to.
"""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ner.frozen import frozen
from ner.text import PartialLabel, Sentence, Span
from ner.tokenize.outline import is_unspaced
from ner.tokenize.tokens import tokenize

_CLOSING = frozenset(".,;:!?)]}»”’%…")
_OPENING = frozenset("([{«“‘¿¡$£€#@")
_CLITICS = ("'", "’", "n't", "n’t")
_UNSPACED_SHARE = 0.1  # of all tokens
_WORDS_SHARE = 0.1  # of the tokens of unspaced scripts; in a corpus of characters next to none


@frozen()
class Agreement:
    """The share of a corpus's segmentation that the tokenizer reproduces, from 0 to 1."""

    tokens: float
    borders: float  # of entities

    def __str__(self) -> str:
        return f"{self.tokens:.1%} of tokens, {self.borders:.1%} of entity borders"


def written(tokens: Sequence[str]) -> tuple[str, list[tuple[int, int]]]:
    """Join tokens as their script writes them; returns the text and the range of each token.

    Closing punctuation and English clitics follow without a space, opening punctuation is followed
    by none, and there is none on either side of a character of a script without spaces.
    """
    pieces: list[str] = []
    ranges: list[tuple[int, int]] = []
    end = 0
    for before, token in itertools.pairwise(["", *tokens]):
        if before and not _touch(before, token):
            pieces.append(" ")
            end += 1
        pieces.append(token)
        ranges.append((end, end + len(token)))
        end += len(token)
    return "".join(pieces), ranges


def joined(sentence: Sentence) -> list[int]:
    """The tokens that the next one follows without a gap, by offsets or as `written`."""
    ranges = sentence.offsets or written(sentence.tokens)[1]
    return [n for n, (one, other) in enumerate(itertools.pairwise(ranges)) if one[1] == other[0]]


def _touch(before: str, token: str) -> bool:
    return (
        before[-1] in _OPENING
        or token[0] in _CLOSING
        or token.lower().startswith(_CLITICS)
        or is_unspaced(before[-1])
        or is_unspaced(token[0])
    )


def measure_agreement(sentences: Iterable[Sentence], style: str) -> Agreement:
    """Write the sentences as text, cut it by a style of tokenizer, and compare.

    A token is reproduced if it is a token of the text, too; an entity's start (its end) if some
    token starts (ends) there.
    """
    tokens = kept_tokens = borders = kept_borders = 0
    for sentence in sentences:
        text, ranges = written(sentence.tokens)
        cut = tokenize(text, style)
        starts, ends = {start for start, _ in cut}, {end for _, end in cut}
        tokens += len(ranges)
        kept_tokens += len({*ranges} & {*cut})
        for span in sentence.spans:
            borders += 2
            kept_borders += ranges[span.start][0] in starts
            kept_borders += ranges[span.end - 1][1] in ends
    return Agreement(kept_tokens / max(tokens, 1), kept_borders / borders if borders else 1.0)


def has_unspaced_words(tokens: Iterable[str]) -> bool:
    """Tell if tokens are words of a script without spaces, which raw text does not show.

    A few of them among others do not make a corpus one of such words.
    """
    unspaced = words = total = 0
    for token in tokens:
        total += 1
        if not token.isascii() and is_unspaced(token[0]):
            unspaced += 1
            words += len(tokenize(token, "words")) > 1
    return unspaced > _UNSPACED_SHARE * total and words > _WORDS_SHARE * unspaced


def retokenize(sentence: Sentence, style: str) -> tuple[Sentence, list[int]]:
    """Split the tokens of a sentence as raw text is cut; its entities stay where they are.

    Returns the sentence and, for each old token and for the end, the position of its first new
    one. `style` is a style of tokenizer.
    """
    cuts = [tokenize(token, style) if len(token) > 1 else [(0, 1)] for token in sentence.tokens]
    starts = [0, *itertools.accumulate(map(len, cuts))]
    if starts[-1] == len(sentence):
        return sentence, starts
    tokens = tuple(
        token[start:end]
        for token, ranges in zip(sentence.tokens, cuts, strict=True)
        for start, end in ranges
    )
    offsets = sentence.offsets and tuple(
        (first + start, first + end)
        for (first, _), ranges in zip(sentence.offsets, cuts, strict=True)
        for start, end in ranges
    )
    spans = tuple(Span(starts[s.start], starts[s.end], s.label, s.layer) for s in sentence.spans)
    partial = tuple(
        label if i == 0 else _inside(label)
        for label, ranges in zip(sentence.partial, cuts, strict=False)
        for i in range(len(ranges))
    )
    cut = replace(sentence, tokens=tokens, spans=spans, offsets=offsets, partial=partial)
    return cut, starts


def _inside(label: PartialLabel) -> PartialLabel:
    """The partial label of the parts of a token behind its first."""
    if label.label is None:
        return label._replace(continues="open")
    return label._replace(continues="yes" if label.label else "no")


def restore_spans(spans: Iterable[Span], starts: Sequence[int]) -> dict[Span, Span]:
    """Find for spans of new tokens those of the old tokens that they touch.

    `starts` are those of `retokenize`. Of two spans of a layer that touch one token the second has
    none.
    """
    old = [token for token, (a, b) in enumerate(itertools.pairwise(starts)) for _ in range(a, b)]
    restored: dict[Span, Span] = {}
    free: dict[str, int] = {}
    for span in spans:
        start, end = old[span.start], old[span.end - 1] + 1
        if start >= free.get(span.layer, 0):
            restored[span] = Span(start, end, span.label, span.layer)
            free[span.layer] = end
    return restored
