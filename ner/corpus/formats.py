"""Labelled files read and written, whatever their format.

JSON Lines is known by its name (``.jsonl``) or by a first line in braces;
everything else is columns. ``.gz`` is unpacked and packed on the way.
"""

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, TextIO

from ner.config import DataConfig
from ner.corpus.columns import parse_columns, write_columns
from ner.corpus.diagnostics import LOG, Diagnostics
from ner.corpus.jsonl import parse_jsonl, write_jsonl
from ner.corpus.lines import text_lines
from ner.corpus.parsed import ParseResult
from ner.corpus.partial import count_lost_labels
from ner.errors import CorpusError, UsageError
from ner.files import open_binary, write_text
from ner.tags import scheme_named
from ner.text import Sentence

Source = str | Path | IO[bytes]
JSONL = "jsonl"


def read_file(file: Source, config: DataConfig | None = None) -> list[Sentence]:
    """Read the sentences of a labelled file, a path or a binary stream.

    Illegal tag sequences are repaired, with one warning in the log. Raises `NerError` with
    ``file:line`` for what cannot be read, and for a file without a sentence.
    """
    config = config or DataConfig()
    return list(read(file, config, Diagnostics(strict=config.strict)).sentences)


def read_columns(file: Source, config: DataConfig | None = None) -> list[Sentence]:
    """`read_file` for a file that is columns whatever it looks like."""
    config = config or DataConfig()
    return list(read(file, config, Diagnostics(strict=config.strict), "columns").sentences)


def read_jsonl(file: Source, config: DataConfig | None = None) -> list[Sentence]:
    """`read_file` for a file that is JSON Lines whatever it looks like."""
    config = config or DataConfig()
    return list(read(file, config, Diagnostics(strict=config.strict), JSONL).sentences)


def read(
    file: Source, config: DataConfig, diagnostics: Diagnostics, format: str | None = None
) -> ParseResult:
    """Read a labelled file and report to `diagnostics`; `format` is ``columns`` or ``jsonl``.

    Raises `NerError` as `read_file` does (fewer if `diagnostics` collects them).
    """
    with _stream_of(file) as (stream, source):
        lines = text_lines(stream, source, config.encoding, diagnostics)
        first = list(itertools.islice(lines, 1))
        chosen = format or _format_of(source, first)
        parse = parse_jsonl if chosen == JSONL else parse_columns
        result = parse(itertools.chain(first, lines), config, source, diagnostics)
    notes = [] if diagnostics.collect else diagnostics.summaries()
    for note in notes:
        LOG.warning(note)
    if not result.sentences and not diagnostics.errors.total:
        raise CorpusError(f"{source}: has no sentence; a labelled file cannot be empty")
    return result._replace(notes=tuple(notes))


@contextlib.contextmanager
def _stream_of(file: Source) -> Iterator[tuple[IO[bytes], str]]:
    """A stream of bytes and its name for messages."""
    if isinstance(file, str | Path):
        with open_binary(file) as stream:
            yield stream, str(file)
    else:
        yield file, str(getattr(file, "name", "<stream>"))


def _format_of(source: str, first: list[tuple[int, str]]) -> str:
    """The format of a file, from its name or its first line."""
    line = first[0][1] if first else ""
    return JSONL if in_braces(line) or is_jsonl(source) else "columns"


def in_braces(line: str) -> bool:
    """Recognise a line that looks like a JSON object."""
    line = line.strip(" \t\r")
    return line.startswith("{") and line.endswith("}")


def is_jsonl(name: str) -> bool:
    """Recognise JSON Lines by the name of a file."""
    return name.removesuffix(".gz").endswith(".jsonl")


def write_file(
    path: str | Path, sentences: Iterable[Sentence], format: str = "iob2", unknown: str = "?"
) -> None:
    """Write a labelled file, whole or not at all; `format` is a tag scheme or ``jsonl``.

    In IO, neighbours of one type become one entity; a warning counts them. Tokens of partly
    labelled sentences get the tag `unknown` where no tag is certain; where less of a token is known
    in a scheme than before, as of an IOBES tag without an end, a warning counts that. Raises
    `NerError` where `path` cannot be written, `CorpusError` for what the format cannot hold (JSON
    Lines: partly labelled sentences), and `UsageError` for an unknown scheme or columns in a file
    that is called ``.jsonl``.
    """
    if format != JSONL and is_jsonl(str(path)):
        raise UsageError(f"{path}: columns do not go into a .jsonl file; name it .conll")
    with write_text(path) as stream:
        write_stream(stream, sentences, format, unknown)


def write_stream(
    stream: TextIO, sentences: Iterable[Sentence], format: str = "iob2", unknown: str = "?"
) -> None:
    """`write_file` for a stream of text that is open already."""
    sentences = list(sentences)
    if format == JSONL:
        write_jsonl(sentences, stream)
        return
    scheme = scheme_named(format).name
    write_columns(sentences, stream, scheme, unknown)
    merged = sum(_touching(sentence) for sentence in sentences) if scheme == "io" else 0
    if merged:
        LOG.warning(
            "entities merged with an adjacent one of their type, as in any IO file: %d", merged
        )
    lost = sum(count_lost_labels(sentence, scheme) for sentence in sentences if sentence.partial)
    if lost:
        LOG.warning("tokens of which %s tags with gaps say less than was known: %d", scheme, lost)


def _touching(sentence: Sentence) -> int:
    """Count the entities that begin where another of their type ends."""
    return sum(
        one.end == other.start and one.label == other.label
        for one, other in itertools.pairwise(sentence.spans)
    )
