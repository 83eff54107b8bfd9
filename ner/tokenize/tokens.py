"""Raw text to tokens: one pattern for each style, run over the outline of the text."""

import functools
import re
from collections.abc import Iterator

from ner.errors import UsageError
from ner.tokenize.full_stops import keeps_dot
from ner.tokenize.outline import OUTLINE, UNSPACED, outline
from ner.tokenize.outline import WORD as _X

STYLES = ("words", "words-en", "pieces", "characters")

_ENTITY = r"&(?:amp|lt|gt|quot|apos|nbsp|\#[0-9]{1,7});"
_URL = r"[!\#-&(-;=?-Z\[\]_a-z~Àà¨]*[A-Za-z0-9/_=&\#~Àà¨-]"
_CLITIC = f"'(?i:s|m|d|re|ve|ll)(?![{_X}])"
_NOT = f"(?i:n't)(?![{_X}])"
# tuin- en landbouw, short- and long-term, Vor- oder Nachteil, varkens-, pluimvee-
_SUSPENDED = rf"-(?=\s(?:and|or|to|en|of|tot|und|oder|bis|och|eller|og)\s|,\s[{_X}]{{1,40}}-[,\s])"


@functools.cache
def _words(english: bool) -> re.Pattern[str]:
    """One alternation that cuts an outline into tokens; group 1 is a full stop after a word.

    Compiled when first needed: `import ner` stays light.
    """
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
        | Ø+(?=Ø)                                                 # a token each
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


PIECES = re.compile(f"[{_X}][{_X}¨¬]*(?<!¬)|Ø+(?=Ø)|Ø¨*|¤¨*(?:¬+¤¨*)*|¬+|\\S¨*")
_CHARACTERS = re.compile(r"Ø+|\S")
_AHEAD = 48  # characters behind a text that its last token may depend on: see _SUSPENDED

Range = tuple[int, int]
"""Characters or tokens ``[start, end)``."""


def pattern(style: str) -> re.Pattern[str]:
    """The pattern that cuts an outline in a style; group 1 is a full stop after a word.

    Characters without spaces, which are a token each, come several at once: see `singles`.
    Raises `UsageError` for an unknown style.
    """
    if style not in STYLES:
        raise UsageError(f"unknown tokenizer {style!r}; choose one of {', '.join(STYLES)}")
    if style == "characters":
        return _CHARACTERS
    return PIECES if style == "pieces" else _words(english=style == "words-en")


def tokenize(text: str, style: str = "words-en") -> list[Range]:
    """Cut a text into tokens: their character ranges ``[start, end)``, in order.

    `style` is one of `STYLES`. Raises `UsageError` for another one.
    """
    ranges: list[Range] = []
    for start, end in tokens_within(text, style, 0, len(text)):
        if are_singles(text, start, end):
            ranges += zip(range(start, end), range(start + 1, end + 1), strict=True)
        else:
            ranges.append((start, end))
    return ranges


def tokens_within(text: str, style: str, start: int, end: int) -> Iterator[Range]:
    """The tokens of ``text[start:end]``, which whitespace or the ends of the text enclose.

    Those that `are_singles` come in one range.
    """
    for match in pattern(style).finditer(outline(text[start : end + _AHEAD])):
        first, last = match.start() + start, match.end() + start
        if first >= end:
            return
        if match.lastindex and not keeps_dot(text, first, last - 1):
            yield first, last - 1
            first = last - 1
        yield first, last


def are_singles(text: str, start: int, end: int) -> bool:
    """Tell if a range of `tokens_within` is of characters that are a token each."""
    return end - start > 1 and OUTLINE[ord(text[end - 1])] == UNSPACED
