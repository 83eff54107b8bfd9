"""Tokens and sentences in plain words: the slow reference that `ner.tokenize` must agree with.

One pattern runs over the outline of a whole text, each full stop is decided where it stands, and
sentences are gathered from the list of all tokens: nothing is kept from one substring to the next.
"""

import functools
import re
from collections.abc import Sequence

from ner.text import Sentence
from ner.tokenize.full_stops import words
from ner.tokenize.outline import OUTLINE, is_unspaced
from ner.tokenize.outline import WORD as _X

_BELONGS, _ENDS, _BOTH = "belongs", "ends", "both"
_LONGEST_WORD = 24  # characters looked at before a full stop, and of the word after it


@functools.cache
def _starters() -> frozenset[str]:
    return words("starters") | words("name_particles")


_ACRONYM = re.compile(r"(?:.*-)?(?:(?:[^\W\d_]\.-?)+[^\W\d_]|(?:[A-Z]{1,2}\.)+[A-Z]{1,2})")
_CLOSING = "”’»›)\\]}」』）】》〉〕｝＂"
_EITHER = "\"'`“‘„«‹"
_OPENING = "”’»›([{¿¡「『（【《〈〔｛*•\\-–—"
_AHEAD = re.compile(
    rf"[{_CLOSING}{_EITHER}]*(\s*)(?:[{_OPENING}{_EITHER}]\s?){{0,6}}"
    rf"(?:(?<=['’])[stnk]\s)?(\w{{0,{_LONGEST_WORD}}})"
)
_PARAGRAPH = re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)|\u2029")
_WORD_BACKWARDS = re.compile(f"[{_X}¨](?:[{_X}¨.'-]*[{_X}¨])?")


def _keeps_dot(text: str, start: int, dot: int) -> bool:
    """Tell if the full stop at `dot` belongs to the word ``text[start:dot]``."""
    return dot - start <= _LONGEST_WORD and _role(text, start, dot) != _ENDS


def _ends_sentence(text: str, dot: int) -> bool:
    """Tell if the full stop at `dot` ends a sentence, going by the word before it."""
    before = text[max(0, dot - _LONGEST_WORD - 1) : dot]
    match = _WORD_BACKWARDS.match(before.translate(OUTLINE)[::-1])
    length = match.end() if match else 0
    return not 0 < length <= _LONGEST_WORD or _role(text, dot - length, dot) != _BELONGS


def _role(text: str, start: int, dot: int) -> str:
    """The job of the full stop at `dot` after the word ``text[start:dot]``."""
    word, after = text[start:dot], text[dot + 1 : dot + 2]
    ahead = _word_ahead(text, dot + 1)
    if word.isdecimal():
        return _role_after_number(text, start, word, ahead)
    if _ACRONYM.fullmatch(word):
        return _BOTH if ahead is None or ahead in _starters() else _BELONGS
    if after and after in ",;:":
        return _BELONGS
    last = word.rpartition("-")[2]
    word = last if len(last) > 1 else word
    if word in words("titles"):
        return _BOTH if ahead is None else _BELONGS
    if word in words("last"):
        return _BOTH if ahead is None or _is_capital(ahead) else _BELONGS
    return _BELONGS if _needs_dot(word, ahead) else _ENDS


def _needs_dot(word: str, ahead: str | None) -> bool:
    """Tell if a word that may stand without a full stop is an abbreviation before `ahead`."""
    if ahead is None:
        return False
    if word in words("soft"):
        return ahead not in _starters()
    if word in words("before_number"):
        return ahead[:1].isdecimal()
    if word in words("months"):
        return ahead[:1].isdecimal() or ahead[:1].islower()
    if len(word) > 1 or word in words("small_words"):
        return False
    if word.isupper():
        return ahead not in _starters() or ahead in words("name_particles")
    return ahead[:1].isdecimal() or ahead[:1].islower()


def _role_after_number(text: str, start: int, number: str, ahead: str | None) -> str:
    """A full stop after digits: it belongs to an ordinal number (`3. Oktober`, `1. Name`)."""
    if ahead is None or len(number) > 3:
        return _ENDS
    before = text[max(0, start - _LONGEST_WORD) : start].rstrip(" \t")
    opens_line = not before.strip() or before[-1] in "\r\n"
    ordinal = len(number) < 3 and (ahead[:1].islower() or ahead in words("after_ordinal"))
    return _BELONGS if opens_line or ordinal else _ENDS


def _word_ahead(text: str, position: int) -> str | None:
    """The word that comes next; empty where something else does, None at a paragraph's end."""
    match = _AHEAD.match(text, position)
    assert match is not None, "the pattern matches the empty string"
    if match.end() == len(text) and not match[2]:
        return None
    return None if len(match[1]) > 1 and _PARAGRAPH.search(match[1]) else match[2]


def _is_capital(word: str) -> bool:
    """Tell if a word begins like a sentence: `Paris`, `iPhone`."""
    return word[:1].isupper() or word[:1].istitle() or word[1:2].isupper()


_ENTITY = r"&(?:amp|lt|gt|quot|apos|nbsp|\#[0-9]{1,7});"
_URL = r"[!\#-&(-;=?-Z\[\]_a-z~Àà¨]*[A-Za-z0-9/_=&\#~Àà¨-]"
_CLITIC = f"'(?i:s|m|d|re|ve|ll)(?![{_X}])"
_NOT = f"(?i:n't)(?![{_X}])"
# tuin- en landbouw, short- and long-term, Vor- oder Nachteil, varkens-, pluimvee-
_SUSPENDED = rf"-(?=\s(?:and|or|to|en|of|tot|und|oder|bis|och|eller|og)\s|,\s[{_X}]{{1,40}}-[,\s])"


@functools.cache
def _pattern(english: bool) -> re.Pattern[str]:
    """One alternation that cuts an outline into tokens; group 1 is a full stop after a word."""
    # In English a word stops before n't (by giving back its last n) and before 's.
    stop = f"(?!(?<=[nN])'[tT](?![{_X}]))" if english else ""
    run = f"[{_X}][{_X}¨¬]*(?<!¬){stop}"
    apostrophe = f"(?!{_CLITIC})'" if english else "'"
    return re.compile(
        rf"""
          (?:(?i:https?|ftp)://|(?i:www)\.) {_URL}
        | (?<![{_X}_.+-]) [{_X}_][{_X}_.+-]{{0,63}} @ (?:[{_X}_-]{{1,63}}\.){{1,8}} [{_X}]{{2,24}}
        | [A-Z]{{1,3}}\$ (?![A-Za-z])                             # US$
        {"| " + _NOT if english else ""}
        | (?: (?: (?<![^\s(\["'=:$/¶]) [-+]\.? | (?<![{_X}.])\. ) (?=[0-9]) )?  # -1  +44  .5
          {run}
          (?: (?: -'? | {apostrophe} | _+ | · | \.- | \.(?![A-ZÀ][a-zà])
                | (?<=[A-Za-zÀà])(?!{_ENTITY})&(?=[A-Za-zÀà])
                | (?<=[0-9])[,:/–](?=[0-9])
              ) {run} )*
          (?: (?:(?<=\.[a-z]{{2}})|(?<=\.[a-z]{{3}})|(?<=\.[a-z]{{4}})) / {_URL}
            | {_SUSPENDED}
            | \+{{1,2}}(?![{_X}+])                                # C++  AA+  18+
            | (\.)(?!\.)
          )?
        | Ø¨*
        | (?<!\S) (?: [:;=]['o-]?(?:[()\[\]]+|[DPpOo/\\|*](?!\S)) | <3+ | -_+- | \^_*\^ ) (?!\S)
        | {_CLITIC}
        | (?<![{_X}]) '(?i:[0-9][0-9]s?|n'|[stnkr]|t?is|twas|em|til|cause)(?![{_X}'])  # '98  'n'
        | (?<![{_X}]) [@\#][{_X}_][{_X}_¨¬]*(?<!¬)
        | {_ENTITY}
        | (?: \.+ | -+ | –+ | —+ | …+ | =+ | \*+ | _+ | ~+ | \++ | \#+ | /+ | [!?]+ | '' | `` ) ¨*
        | ¤¨*(?:¬+¤¨*)*                                           # emoji and their sequences
        | ¬+
        | \S¨*
        """,
        re.VERBOSE,
    )


_PIECES = re.compile(f"[{_X}][{_X}¨¬]*(?<!¬)|Ø¨*|¤¨*(?:¬+¤¨*)*|¬+|\\S¨*")


def tokenize(text: str, style: str = "words-en") -> list[tuple[int, int]]:
    """Cut a text into tokens: their character ranges ``[start, end)``, in order."""
    if style == "characters":
        return [(i, i + 1) for i, char in enumerate(text) if not char.isspace()]
    outline = text if text.isascii() else text.translate(OUTLINE)
    if style == "pieces":
        return [match.span() for match in _PIECES.finditer(outline)]
    ranges: list[tuple[int, int]] = []
    for match in _pattern(english=style == "words-en").finditer(outline):
        start, end = match.span()
        if match.lastindex and not _keeps_dot(text, start, end - 1):
            ranges.append((start, end - 1))
            start = end - 1
        ranges.append((start, end))
    return ranges


_FULL_STOPS = ".．"
_UNLESS_LOWER = "!?…"
_ALWAYS = "。！？｡।॥؟۔։።"
_ENDINGS = frozenset(_FULL_STOPS + _UNLESS_LOWER + _ALWAYS)
# More endings and whatever closes a quotation or bracket right after them.
_REST = re.compile(
    rf"(?:[{_FULL_STOPS}{_UNLESS_LOWER}{_ALWAYS}{_CLOSING}]|[{_EITHER}]+(?=[\s{_CLOSING}]|\Z))*(?:\s»(?!\S))?"
)
_GOES_ON = re.compile(r"\s*(?:[,;:，；：、]|(?:Inc|Corp|Ltd)\b)")


def split_sentences(text: str, tokens: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Group tokens into sentences: token ranges ``[first, last)`` that leave none out."""
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
        if gap_end - gap_start > 1 and _PARAGRAPH.search(text, gap_start, gap_end):
            return last, True
    return last, ends


def _is_end(text: str, mark: int, rest: int) -> bool:
    """Tell if the mark at `mark` ends a sentence whose closing quotes end at `rest`."""
    if _GOES_ON.match(text, rest):
        return False
    if text[mark] in _ALWAYS:
        return True
    ahead = _word_ahead(text, rest)
    if ahead is not None and ahead[:1].islower() and not _is_capital(ahead):
        return False
    touches = rest < len(text) and not text[rest].isspace()
    if touches and not _may_touch(text, mark, rest):
        return False
    return (
        text[mark] in _UNLESS_LOWER
        or text[mark + 1 : mark + 2] in _ENDINGS
        or _ends_sentence(text, mark)
    )


def _may_touch(text: str, mark: int, rest: int) -> bool:
    """Tell if a sentence may start at `rest` although no space parts it from the mark."""
    if is_unspaced(text[rest]):
        return True
    before, here, after = text[mark - 1 : mark], text[rest], text[rest + 1 : rest + 2]
    return before.islower() and here.isupper() and after.islower()


def sentences_of(text: str, style: str, *, line: int = 0) -> list[Sentence]:
    """Tokenize a text and split it into sentences with their offsets in it."""
    ranges = tokenize(text, style)
    sentences: list[Sentence] = []
    counted = 0
    for first, last in split_sentences(text, ranges):
        offsets = tuple(ranges[first:last])
        if line:
            line += text.count("\n", counted, offsets[0][0])
            counted = offsets[0][0]
        tokens = tuple(text[start:end] for start, end in offsets)
        sentences.append(Sentence(tokens, offsets=offsets, line=line))
    return sentences
