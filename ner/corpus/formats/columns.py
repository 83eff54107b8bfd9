"""Columns: a token and its tag on a line; see `ner.corpus.columns`."""

import itertools
from collections.abc import Sequence
from typing import TextIO

from ner.corpus.columns import parse_columns, write_columns
from ner.corpus.diagnostics import LOG
from ner.corpus.formats.base import Format, Input, TextWriter
from ner.corpus.parsed import ParseResult
from ner.corpus.partial import count_lost_labels
from ner.tags import scheme_named
from ner.text import Sentence


class Columns(Format, TextWriter):
    """A token and its tag on a line; what nothing else recognises."""

    name = "columns"
    makers = "CoNLL and most public corpora"

    def __init__(self, scheme: str = "iob2") -> None:
        """Write tags of a scheme. Raises `UsageError` for an unknown one."""
        self._scheme = scheme_named(scheme).name

    def recognises(self, given: Input) -> bool:
        """Take any file that holds no values."""
        return given.values is None

    def read(self, given: Input) -> ParseResult:
        """Read token and tag of each line."""
        return parse_columns(given.lines, given.config, given.source, given.diagnostics)

    def write(self, sentences: Sequence[Sentence], stream: TextIO, unknown: str) -> None:
        """Write token and tag, with a tab between; a warning counts what the scheme cannot say."""
        scheme = self._scheme
        write_columns(sentences, stream, scheme, unknown)
        merged = sum(_touching(sentence) for sentence in sentences) if scheme == "io" else 0
        if merged:
            LOG.warning(
                "entities merged with an adjacent one of their type, as in any IO file: %d", merged
            )
        partly = [sentence for sentence in sentences if sentence.partial]
        lost = sum(count_lost_labels(sentence, scheme) for sentence in partly)
        if lost:
            LOG.warning(
                "tokens of which %s tags with gaps say less than was known: %d", scheme, lost
            )


def _touching(sentence: Sentence) -> int:
    """Count the entities that begin where another of their type ends."""
    return sum(
        one.end == other.start and one.label == other.label
        for one, other in itertools.pairwise(sentence.spans)
    )
