"""Full stops: after a word one belongs to it (an abbreviation), ends the sentence, or does both.

Tokens and sentences ask here alike. The word lists are files in ``data/``.
"""

import functools
import re
from pathlib import Path

from ner.tokenize.outline import OUTLINE, WORD

BELONGS, ENDS, BOTH = "belongs", "ends", "both"
LONGEST_WORD = 24  # characters looked at before a full stop, and of the word after it
LONGEST_ORDINAL = 3  # digits


@functools.cache
def words(name: str) -> frozenset[str]:
    """The entries of a word list, ``data/<name>.txt``: one a line, besides comments (``#``).

    Read when first needed: importing stays light.
    """
    text = (Path(__file__).parent / "data" / f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


@functools.cache
def _starters() -> frozenset[str]:
    return words("starters") | words("name_particles")


_ACRONYM = re.compile(r"(?:.*-)?(?:(?:[^\W\d_]\.-?)+[^\W\d_]|(?:[A-Z]{1,2}\.)+[A-Z]{1,2})")
CLOSING = "”’»›)\\]}」』）】》〉〕｝＂"
EITHER = "\"'`“‘„«‹"
_OPENING = "”’»›([{¿¡「『（【《〈〔｛*•\\-–—"
_AHEAD = re.compile(
    rf"[{CLOSING}{EITHER}]*(\s*)(?:[{_OPENING}{EITHER}]\s?){{0,6}}"
    rf"(?:(?<=['’])[stnk]\s)?(\w{{0,{LONGEST_WORD}}})"
)
PARAGRAPH = re.compile(r"(?:\r\n|\n|\r)[^\S\r\n]*(?:\r\n|\n|\r)|\u2029")
_WORD_BACKWARDS = re.compile(f"[{WORD}¨](?:[{WORD}¨.'-]*[{WORD}¨])?")


def keeps_dot(text: str, start: int, dot: int) -> bool:
    """Tell if the full stop at `dot` belongs to the word ``text[start:dot]``."""
    return dot - start <= LONGEST_WORD and _role(text, start, dot) != ENDS


def ends_sentence(text: str, dot: int) -> bool:
    """Tell if the full stop at `dot` ends a sentence, going by the word before it."""
    word = word_before(text, dot)
    return not word or _role(text, dot - len(word), dot) != BELONGS


def word_before(text: str, dot: int) -> str:
    """The word that the full stop at `dot` follows; empty where there is none, or a long one."""
    before = text[max(0, dot - LONGEST_WORD - 1) : dot]
    match = _WORD_BACKWARDS.match(before.translate(OUTLINE)[::-1])
    return before[-match.end() :] if match and match.end() <= LONGEST_WORD else ""


def _role(text: str, start: int, dot: int) -> str:
    """The job of the full stop at `dot` after the word ``text[start:dot]``."""
    word, ahead = text[start:dot], word_ahead(text, dot + 1)
    if word.isdecimal():
        return _role_after_number(text, start, word, ahead)
    return role(word, text[dot + 1 : dot + 2], ahead)


def role(word: str, after: str, ahead: str | None) -> str:
    """The job of a full stop after a word that is no number.

    `after` is the character after it, `ahead` the word that comes next, as of `word_ahead`.
    """
    if "." in word and _ACRONYM.fullmatch(word):
        return BOTH if ahead is None or ahead in _starters() else BELONGS
    if after and after in ",;:":
        return BELONGS
    last = word.rpartition("-")[2]
    word = last if len(last) > 1 else word
    if word in words("titles"):
        return BOTH if ahead is None else BELONGS
    if word in words("last"):
        return BOTH if ahead is None or is_capital(ahead) else BELONGS
    return BELONGS if _needs_dot(word, ahead) else ENDS


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
    if ahead is None or len(number) > LONGEST_ORDINAL:
        return ENDS
    before = text[max(0, start - LONGEST_WORD) : start].rstrip(" \t")
    opens_line = not before.strip() or before[-1] in "\r\n"
    ordinal = len(number) < LONGEST_ORDINAL and (
        ahead[:1].islower() or ahead in words("after_ordinal")
    )
    return BELONGS if opens_line or ordinal else ENDS


def word_ahead(text: str, position: int) -> str | None:
    """The word that comes next; empty where something else does, None at a paragraph's end."""
    match = _AHEAD.match(text, position)
    assert match is not None, "the pattern matches the empty string"
    if match.end() == len(text) and not match[2]:
        return None
    return None if len(match[1]) > 1 and PARAGRAPH.search(match[1]) else match[2]


def is_capital(word: str) -> bool:
    """Tell if a word begins like a sentence: `Paris`, `iPhone`."""
    return word[:1].isupper() or word[:1].istitle() or word[1:2].isupper()
