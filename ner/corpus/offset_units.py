"""Units of character offsets: turned into code points, and guessed from the evidence in the text.

==============  ===============================================================================
``characters``  Unicode code points, half-open, as in Python
``utf16``       UTF-16 code units, half-open, as in JavaScript and Java
``bytes``       bytes of UTF-8, half-open
``inclusive``   code points, and the end is the last character of the entity
==============  ===============================================================================

An entity *fits* if it lies in the text, is what the record quotes, begins and ends with a character
that is not blank, and cuts no word.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from itertools import accumulate

from ner.tokenize import is_unspaced

CHARACTERS, UTF16, BYTES, INCLUSIVE = "characters", "utf16", "bytes", "inclusive"
UNITS = (CHARACTERS, UTF16, BYTES, INCLUSIVE)
Range = tuple[int, int]
_NAMES = {CHARACTERS: "characters", UTF16: "UTF-16 units", BYTES: "bytes"}
_NAMES[INCLUSIVE] = "characters with inclusive ends"
_MARGIN = 4
"""Entities that fit in another unit only, for each that fits in the chosen one only."""


def converter(text: str, unit: str) -> Callable[[int, int], Range]:
    """The function from a range in a unit to one in code points; -1 for an end within one."""
    if unit == INCLUSIVE:
        return lambda start, end: (start, end + 1)
    if unit == CHARACTERS or text.isascii() or (unit == UTF16 and max(text) <= "\uffff"):
        return lambda start, end: (start, end)
    widths = (
        1 + (char > "\uffff") if unit == UTF16 else len(char.encode(errors="surrogatepass"))
        for char in text
    )
    index = {offset: number for number, offset in enumerate(accumulate(widths, initial=0))}
    return lambda start, end: (index.get(start, -1), index.get(end, -1))


class OffsetEvidence:
    """Evidence, from the entities of a file, that another unit fits where the chosen does not."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._for: Counter[str] = Counter()
        self._against: Counter[str] = Counter()

    def add(self, text: str, ranges: Iterable[tuple[int, int, str | None]]) -> None:
        """Count the entities of a text: start, end and quoted text, if there is one."""
        convert = {unit: converter(text, unit) for unit in UNITS}
        for start, end, quoted in ranges:
            own = convert[self._unit](start, end)
            fits = _fits(text, *own, quoted)
            for unit, to_characters in convert.items():
                other = to_characters(start, end)
                if other != own and fits != _fits(text, *other, quoted):
                    (self._against if fits else self._for)[unit] += 1

    def better(self) -> str:
        """The unit that fits better by far, "" if none does."""
        unit, wins = max(self._for.items(), key=lambda item: item[1], default=("", 0))
        return unit if wins > _MARGIN * self._against[unit] else ""

    def advice(self) -> str:
        """A clause that names the option for a better unit, or ""."""
        unit = self.better()
        return f"the offsets fit as {_NAMES[unit]}: give --offsets {unit}" if unit else ""


def _fits(text: str, start: int, end: int, quoted: str | None) -> bool:
    if not 0 <= start < end <= len(text):
        return False
    if quoted is not None:
        return text[start:end] == quoted
    blank = text[start].isspace() or text[end - 1].isspace()
    return not (blank or _cuts_word(text, start) or _cuts_word(text, end))


def _cuts_word(text: str, position: int) -> bool:
    """Recognise a position between letters or digits of one word, or before a combining mark."""
    before, after = text[position - 1 : position], text[position : position + 1]
    if not before or not after:
        return False
    if unicodedata.combining(after):
        return True
    return before.isalnum() and after.isalnum() and not (is_unspaced(before) or is_unspaced(after))
