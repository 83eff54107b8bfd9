"""Sentences: tokens grouped by the marks that end a sentence, and by blank lines."""

import re
from collections.abc import Sequence

from ner.errors import UsageError
from ner.text import SURROGATE, Sentence
from ner.tokenize.full_stops import (
    CLOSING,
    EITHER,
    PARAGRAPH,
    ends_sentence,
    is_capital,
    word_ahead,
)
from ner.tokenize.outline import is_unspaced
from ner.tokenize.tokens import tokenize

_FULL_STOPS = ".．"
_UNLESS_LOWER = "!?…"
_ALWAYS = "。！？｡।॥؟۔։።"
_ENDINGS = frozenset(_FULL_STOPS + _UNLESS_LOWER + _ALWAYS)
# More endings and whatever closes a quotation or bracket right after them.
_REST = re.compile(
    rf"(?:[{_FULL_STOPS}{_UNLESS_LOWER}{_ALWAYS}{CLOSING}]|[{EITHER}]+(?=[\s{CLOSING}]|\Z))*(?:\s»(?!\S))?"
)
_GOES_ON = re.compile(r"\s*(?:[,;:，；：、]|(?:Inc|Corp|Ltd)\b)")


def split_sentences(text: str, tokens: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Group tokens into sentences: token ranges ``[first, last)`` that leave none out.

    `tokens` are character ranges of `text`, of any style. Quotation marks and
    brackets that close right after a full stop go with its sentence; a blank
    line always ends one, a single line end does not.
    """
    sentences: list[tuple[int, int]] = []
    first = position = 0
    while position < len(tokens):
        last, ends = _end_at(text, tokens, position)
        if ends or last == len(tokens):
            sentences.append((first, last))
            first = last
        position = last
    return sentences


def _end_at(text: str, tokens: Sequence[tuple[int, int]], position: int) -> tuple[int, bool]:
    """The position after a token and what closes with it; True if a sentence ends there."""
    end, last, ends = tokens[position][1], position + 1, False
    if text[end - 1] in _ENDINGS:
        match = _REST.match(text, end)
        assert match is not None, "the pattern matches the empty string"
        while last < len(tokens) and tokens[last][1] <= match.end():
            last += 1
        ends = _is_end(text, end - 1, match.end())
    if last < len(tokens):
        gap_start, gap_end = tokens[last - 1][1], tokens[last][0]
        if gap_end - gap_start > 1 and PARAGRAPH.search(text, gap_start, gap_end):
            return last, True
    return last, ends


def _is_end(text: str, mark: int, rest: int) -> bool:
    """Tell if the mark at `mark` ends a sentence whose closing quotes end at `rest`."""
    if _GOES_ON.match(text, rest):
        return False
    if text[mark] in _ALWAYS:
        return True
    ahead = word_ahead(text, rest)
    if ahead is not None and ahead[:1].islower() and not is_capital(ahead):
        return False
    touches = rest < len(text) and not text[rest].isspace()
    if touches and not _may_touch(text, mark, rest):
        return False
    return (
        text[mark] in _UNLESS_LOWER
        or text[mark + 1 : mark + 2] in _ENDINGS
        or ends_sentence(text, mark)
    )


def _may_touch(text: str, mark: int, rest: int) -> bool:
    """Tell if a sentence may start at `rest` although no space parts it from the mark."""
    if is_unspaced(text[rest]):
        return True
    before, here, after = text[mark - 1 : mark], text[rest], text[rest + 1 : rest + 2]
    return before.islower() and here.isupper() and after.islower()


def sentences_of(
    text: str, style: str, *, source: str = "", line: int = 0, document: int = 0
) -> list[Sentence]:
    """Tokenize a text and split it into sentences with their offsets in it.

    `line` is the line of `source` on which the text starts; each sentence gets
    the one of its first token (0, unknown, stays 0). A text without tokens has
    no sentences. Raises `UsageError` for an unknown style and for half a surrogate pair.
    """
    if not text.isascii() and (half := SURROGATE.search(text)):
        raise UsageError(
            f"the text has half a surrogate pair ({half[0]!a}) at offset {half.start()}, which is "
            "no character; decode it anew, or put U+FFFD in its place"
        )
    ranges = tokenize(text, style)
    sentences: list[Sentence] = []
    counted = 0
    for first, last in split_sentences(text, ranges):
        offsets = tuple(ranges[first:last])
        if line:
            line += text.count("\n", counted, offsets[0][0])
            counted = offsets[0][0]
        tokens = tuple(text[start:end] for start, end in offsets)
        sentences.append(
            Sentence(tokens, offsets=offsets, source=source, line=line, document=document)
        )
    return sentences
