"""The texts to choose from: files of any layout that is tagged, as sentences."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from ner.config import DataConfig
from ner.corpus import LAYOUTS, Passage, layout_of
from ner.errors import CorpusError
from ner.files import open_binary
from ner.text import Origin, Sentence


class Candidate(NamedTuple):
    """A sentence that may be labelled: its text, itself with offsets into that, its origin."""

    text: str
    sentence: Sentence
    origin: Origin


def read_texts(
    files: Sequence[str], config: DataConfig, layout: str = "", column: str = "text"
) -> list[Candidate]:
    """Read the sentences of files, each once: of the same tokens the first stays.

    A `layout` of `LAYOUTS` holds for all files, else names tell it; `column` is the text of
    records. Raises `UsageError` or `CorpusError` for what cannot be read, and for no text at all.
    """
    found: dict[tuple[str, ...], Candidate] = {}
    for file in files:
        for passage in _passages(file, config, layout or layout_of(file), column):
            for candidate in _candidates(passage):
                found.setdefault(candidate.sentence.tokens, candidate)
    if not found:
        raise CorpusError(f"{files[0]}: holds no text; name a file with a paragraph on each line")
    return list(found.values())


def without(candidates: Iterable[Candidate], labelled: Iterable[Sentence]) -> list[Candidate]:
    """The candidates that are not among labelled sentences."""
    known = {sentence.tokens for sentence in labelled}
    return [candidate for candidate in candidates if candidate.sentence.tokens not in known]


def _passages(file: str, config: DataConfig, layout: str, column: str) -> Iterator[Passage]:
    kind = LAYOUTS[layout]
    with open_binary(file) as stream:
        lines = kind.lines(stream, file, config.encoding)
        how = {"column": column} if kind.records else {}
        yield from kind.read(lines, file, config, **how)


def _candidates(passage: Passage) -> Iterator[Candidate]:
    """The sentences of a passage that have a token, each with a text of its own."""
    for sentence in passage.sentences:
        if sentence.offsets:
            first, last = sentence.offsets[0][0], sentence.offsets[-1][1]
            moved = tuple((start - first, end - first) for start, end in sentence.offsets)
            origin = passage.origin._replace(line=sentence.line)
            yield Candidate(passage.text[first:last], replace(sentence, offsets=moved), origin)
