"""The result of reading a labelled file, whatever its format."""

from typing import NamedTuple

from ner.text import Sentence


class ParseResult(NamedTuple):
    """The sentences of a file, the scheme of its tags ("" where no tag shows one), and notes."""

    sentences: tuple[Sentence, ...]
    scheme: str
    notes: tuple[str, ...] = ()
