"""Substrings between whitespace, each cut into tokens once: natural text repeats them.

No token contains whitespace, and with few exceptions a substring is cut alike wherever it stands.
The exceptions are events, and so is all that may end a sentence.
"""

import functools
import re
from collections.abc import Iterable
from typing import NamedTuple

from ner.tokenize.full_stops import BELONGS, ENDS, LONGEST_ORDINAL, LONGEST_WORD, role, word_before
from ner.tokenize.marks import CLOSED, COMPANIES, ENDINGS, UNLESS_LOWER, is_small
from ner.tokenize.outline import UNSPACED, outline
from ner.tokenize.tokens import Range, pattern

_LONGEST = 40  # characters of a substring that is kept; a longer one hardly comes again
MOST = 1 << 15  # substrings kept: some 10 MB


class Part(NamedTuple):
    """Some tokens that follow one another, and how many characters of whitespace before each."""

    tokens: tuple[str, ...]
    gaps: tuple[int, ...]


def _part(substring: str, ranges: Iterable[Range]) -> Part:
    """The tokens of a substring, which stands behind a space."""
    tokens = tuple(substring[start:end] for start, end in ranges)
    return Part(tokens, (1,) + (0,) * (len(tokens) - 1))


class Stop(NamedTuple):
    """The one mark of a substring that may end a sentence; all behind it closes with it."""

    parted: Part
    kept: Part  # if a full stop belongs to `word`
    word: str  # that it may belong to, if any
    before: str  # as `word_before` has it; empty for other marks

    def resolve(self, ahead: str | None) -> tuple[Part, bool]:
        """The tokens before the word `ahead`, and if a sentence ends between; None: it ends."""
        job = role(self.word, " ", ahead) if self.word else ENDS
        part = self.parted if job == ENDS else self.kept
        if ahead is None:
            return part, True
        if ahead in COMPANIES or is_small(ahead):
            return part, False
        if self.before != self.word:
            job = role(self.before, " ", ahead) if self.before else ENDS
        return part, job != BELONGS


BLANK, MARKED = "blank", "marked"
Cut = Part | Stop | str | None
"""The tokens of a substring: it is one (None), or several wherever it stands.

At a `Stop` this, and the end of a sentence, depends on the next word only; if it is ``MARKED``, on
the text around it. ``BLANK``: there is nothing to cut.
"""


class Cuts(dict[str, Cut]):
    """The cuts of the substrings met last, in one style: a table that fills itself.

    It is emptied when it is full, so that text of any kind takes bounded memory.
    """

    def __init__(self, style: str) -> None:
        self._pattern, self._singles = pattern(style), style == "characters"
        self._opens = self._pattern.groups > 0

    def __missing__(self, substring: str) -> Cut:
        if self._singles or len(substring) > _LONGEST:
            return MARKED if substring else BLANK  # not kept, as it hardly comes again
        if len(self) >= MOST:
            self.clear()
        self[substring] = cut = self._cut(substring, outline(substring))
        return cut

    def _cut(self, substring: str, shape: str) -> Cut:
        if UNSPACED in shape:
            return MARKED if len(shape) > 1 else None
        if shape.isalnum():
            return None
        if shape[:-1].isalnum():  # for speed: most of them
            if shape[-1] in ",;:)":
                return Part((substring[:-1], substring[-1]), (1, 0))
            if self._opens and substring[-1] == "." and shape[:-1].isalpha():
                return _word_stop(substring)
        matches = list(self._pattern.finditer(shape))
        if not matches:
            return BLANK
        marks = [
            number
            for number, match in enumerate(matches)
            if match.lastindex or substring[match.end() - 1] in ENDINGS
        ]
        if len(marks) == 1:
            return _stop(substring, matches, *marks)
        if marks or shape.endswith(("-", "-,")) or substring == "»":  # short- and long-term
            return MARKED
        return _part(substring, [m.span() for m in matches]) if len(matches) > 1 else None


def _word_stop(substring: str) -> Stop:
    """The cut of a word of letters with a full stop."""
    word = _abbreviation(substring[:-1])
    return Stop(Part((substring[:-1], "."), (1, 0)), Part((substring,), (1,)), word, word)


def _stop(substring: str, matches: list[re.Match[str]], number: int) -> Stop | str:
    """The cut of a substring whose token of this number may end a sentence."""
    start, end = matches[number].span()
    mark, is_dot = substring[end - 1], substring[end - 1] == "."
    if not (is_dot or mark in UNLESS_LOWER) or not CLOSED.fullmatch(substring, end):
        return MARKED
    before = word_before(substring, end - 1) if is_dot else ""
    word = substring[start : end - 1] if matches[number].lastindex else ""
    if any(len(one) <= LONGEST_ORDINAL and one.isdecimal() for one in (word, before)):
        return MARKED  # what is before a number may matter
    ranges = [match.span() for match in matches]
    kept = _part(substring, ranges)
    if word:
        ranges[number : number + 1] = (start, end - 1), (end - 1, end)
    return Stop(_part(substring, ranges), kept, _abbreviation(word), _abbreviation(before))


def _abbreviation(word: str) -> str:
    """The word, if it may be one: no number, and not too long."""
    return "" if word.isdecimal() or len(word) > LONGEST_WORD else word


@functools.cache
def cuts(style: str) -> Cuts:
    """The table of a style. Raises `UsageError` for an unknown one."""
    return Cuts(style)
