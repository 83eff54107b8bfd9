"""The outline of a text: what kind of character stands where.

The patterns of this package run over an outline: as long as the text, ASCII as it is, every other
character replaced by one that stands for its kind. That keeps the patterns small and quick, and
one set of rules for all scripts.
"""

import unicodedata
from bisect import bisect_right

_UPPER, _LETTER, UNSPACED = "À", "à", "Ø"
_MARK, _FORMAT, _SYMBOL, _OTHER = "¨", "¬", "¤", "¶"

_ALIKE = dict.fromkeys("’ʼ׳״", "'") | dict.fromkeys("‐‑−", "-") | {"٫": ".", "٬": ","}
_ZERO_WIDTH_SPACE = "\u200b"
_THEMSELVES = frozenset("·–—…")

# Scripts written without spaces: first and last code point of their blocks.
_UNSPACED_BLOCKS = (
    (0x0E00, 0x109F),  # Thai, Lao, Tibetan, Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x1AAF),  # Tai Le, New Tai Lue, Khmer symbols, Buginese, Tai Tham
    (0x1B00, 0x1B7F),  # Balinese
    (0x2E80, 0x312F),  # radicals, kana, Bopomofo
    (0x3190, 0x31FF),  # Kanbun, Bopomofo and katakana extensions
    (0x3400, 0xA4CF),  # Han, Yi
    (0xA980, 0xA9FF),  # Javanese, Myanmar extensions
    (0xAA60, 0xAADF),  # Myanmar extensions, Tai Viet
    (0xF900, 0xFAFF),  # Han for compatibility
    (0xFF66, 0xFF9D),  # half-width katakana
    (0x16FE0, 0x1B2FF),  # Tangut, Khitan, kana extensions, Nüshu
    (0x20000, 0x3FFFF),  # Han extensions
)
_BLOCK_STARTS = [first for first, _ in _UNSPACED_BLOCKS]
_FIRST_UNSPACED = chr(_BLOCK_STARTS[0])
# Marks by use, though not by category: half-width (semi-)voiced signs, skin tones.
_MARKS_BY_USE = frozenset([0xFF9E, 0xFF9F, *range(0x1F3FB, 0x1F400)])


class _Outline(dict[int, str]):
    """A table for `str.translate` that fills itself."""

    def __missing__(self, code: int) -> str:
        self[code] = kind = _kind(chr(code))
        return kind


OUTLINE = _Outline()


def outline(text: str) -> str:
    """The outline of a text."""
    return text if text.isascii() else text.translate(OUTLINE)


WORD = "A-Za-z0-9Àà"
"""The characters of words in an outline: the inside of a character class."""


def _kind(char: str) -> str:
    """The character that stands for `char` in an outline."""
    if char.isascii() or char in _THEMSELVES:
        return char
    if char in _ALIKE:
        return _ALIKE[char]
    if char.isspace():
        return " "
    category = unicodedata.category(char)
    if category[0] == "M" or ord(char) in _MARKS_BY_USE:
        return _MARK
    if category == "Nd":
        return "0"
    if category[0] in "LN":
        if is_unspaced(char):
            return UNSPACED
        return _UPPER if category in ("Lu", "Lt") else _LETTER
    if category == "Cf" and char != _ZERO_WIDTH_SPACE:
        return _FORMAT
    return _SYMBOL if category == "So" else _OTHER


def is_unspaced(char: str) -> bool:
    """Tell if a character lies in a block of a script written without spaces."""
    if char < _FIRST_UNSPACED:  # most characters: at once
        return False
    block = bisect_right(_BLOCK_STARTS, ord(char)) - 1
    return ord(char) <= _UNSPACED_BLOCKS[block][1]
