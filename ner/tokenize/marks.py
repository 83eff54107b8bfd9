"""Marks that end sentences, and what decides whether they do."""

import re
from collections.abc import Iterable, Iterator

from ner.tokenize.full_stops import (
    CLOSING,
    EITHER,
    PARAGRAPH,
    ends_sentence,
    is_capital,
    word_ahead,
)
from ner.tokenize.outline import is_unspaced
from ner.tokenize.tokens import Range

_FULL_STOPS = ".．"
UNLESS_LOWER = "!?…"
_ALWAYS = "。！？｡।॥؟۔։።"
ENDINGS = frozenset(_FULL_STOPS + UNLESS_LOWER + _ALWAYS)
COMPANIES = ("Inc", "Corp", "Ltd")
"""Words before which no sentence ends: ``Yahoo! Inc``."""

CLOSED = re.compile(rf"[{CLOSING}{EITHER}]*")
# More endings and whatever closes a quotation or bracket right after them.
_REST = re.compile(
    rf"(?:[{_FULL_STOPS}{UNLESS_LOWER}{_ALWAYS}{CLOSING}]|[{EITHER}]+(?=[\s{CLOSING}]|\Z))*(?:\s»(?!\S))?"
)
_GOES_ON = re.compile(rf"\s*(?:[,;:，；：、]|(?:{'|'.join(COMPANIES)})\b)")


def grouped(text: str, tokens: Iterable[Range]) -> Iterator[tuple[list[Range], int]]:
    """Group tokens of `text` into sentences, each as soon as it is complete.

    With each comes where its mark and all that closes with it end, or 0 if a blank line or the last
    token ends it.
    """
    group: list[Range] = []
    stream = iter(tokens)
    token = next(stream, None)
    while token:
        group.append(token)
        mark, ends = token[1] - 1, 0
        token = next(stream, None)
        if text[mark] in ENDINGS:
            rest = _rest(text, mark)
            while token and token[1] <= rest:
                group.append(token)
                token = next(stream, None)
            ends = rest if _is_end(text, mark, rest) else 0
        if (
            ends
            or token is None
            or (token[0] - group[-1][1] > 1 and is_paragraph(text, group[-1][1], token[0]))
        ):
            yield group, ends
            group = []


def is_paragraph(text: str, start: int, end: int) -> bool:
    """Tell if the whitespace between two tokens has a blank line."""
    return end - start > 1 and PARAGRAPH.search(text, start, end) is not None


def _rest(text: str, mark: int) -> int:
    """The end of what closes with the mark at `mark`."""
    match = _REST.match(text, mark + 1)
    assert match is not None, "the pattern matches the empty string"
    return match.end()


def _is_end(text: str, mark: int, rest: int) -> bool:
    """Tell if the mark at `mark` ends a sentence whose closing quotes end at `rest`."""
    if _GOES_ON.match(text, rest):
        return False
    if text[mark] in _ALWAYS:
        return True
    ahead = word_ahead(text, rest)
    if ahead is not None and is_small(ahead):
        return False
    touches = rest < len(text) and not text[rest].isspace()
    if touches and not _may_touch(text, mark, rest):
        return False
    return (
        text[mark] in UNLESS_LOWER
        or text[mark + 1 : mark + 2] in ENDINGS
        or ends_sentence(text, mark)
    )


def is_small(word: str) -> bool:
    """Tell if a word begins no sentence, as it begins with a small letter."""
    return word[:1].islower() and not is_capital(word)


def _may_touch(text: str, mark: int, rest: int) -> bool:
    """Tell if a sentence may start at `rest` although no space parts it from the mark."""
    if is_unspaced(text[rest]):
        return True
    before, here, after = text[mark - 1 : mark], text[rest], text[rest + 1 : rest + 2]
    return before.islower() and here.isupper() and after.islower()
