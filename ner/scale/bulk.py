"""From a stream of bytes to a stream of tagged text: what ``ner tag`` does.

Lines are read and cut into chunks in one place; all else (tokenising, tagging,
writing) happens where a chunk is, in this process or in a worker. Chunks are
the same however many workers there are, and so is every byte that comes out:
each process has one thread, as sums depend on how many take part in them.
"""

import functools
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from typing import IO, Any, NamedTuple

from ner.config import Auto, Config
from ner.corpus import LAYOUTS, Chunk, Diagnostics, cut_lines, text_lines
from ner.errors import NerError
from ner.render import renderer
from ner.scale.workers import available_cores, ordered_map

_log = logging.getLogger("ner")

CHUNK = 1 << 16  # characters: some 12,000 tokens of English
FIRST_CHUNK = 1 << 10  # the first chunk is small and each next one twice as big: output soon begins
WORTHWHILE = 1 << 17  # characters; with fewer, workers would start for longer than they work


@dataclass(frozen=True)
class Work:
    """A text, a model and how to tag; can be pickled for workers.

    `settings` are dotted keys of section `predict`, `reading` those of `data` (of which the
    tokenizer is else the model's own); `layout` is one of `ner.corpus.plain.LAYOUTS`. With `nbest`,
    each document gets that many alternatives for each sentence. `force` are word lists, as
    `Tagger.load` takes them. With `together`, the text is one document (in chunks, if it is long),
    not each of its lines.
    """

    source: str
    model: str | None = None
    device: str = "auto"
    settings: Mapping[str, Any] = field(default_factory=dict)
    reading: Mapping[str, Any] = field(default_factory=dict)
    layout: str = "text"
    format: str = "text"
    nbest: int = 0
    force: tuple[str, ...] = ()
    together: bool = False


BEGIN, END = "begin", "end"
Part = Chunk | NerError | str


class Piece(NamedTuple):
    """The output that belongs to a part, and a note for the log."""

    text: str
    note: str | None = None  # once in the whole text


def tag_stream(
    work: Work, stream: IO[bytes], workers: int | Auto = 1
) -> Generator[str, None, None]:
    """Tag a text and yield the output, piece by piece, in bounded memory.

    `workers` processes do it; auto: one for each core. A text that is too short for that to pay is
    tagged in this process. Programs that ask for more than one must guard their main module (``if
    __name__ == "__main__":``), as `multiprocessing` demands. Raises `NerError` where something is
    wrong; the output before that does not depend on the workers, either. The first sentence that is
    too long for one window is noted in the log.
    """
    workers = available_cores() if workers == "auto" else workers
    encoding = Config().replace(work.reading).data.encoding
    lines = text_lines(stream, work.source, encoding, Diagnostics())
    first = CHUNK if work.together else FIRST_CHUNK
    chunks = _guarded(cut_lines(lines, LAYOUTS[work.layout], first, CHUNK))
    early = list(_until_worthwhile(chunks)) if workers > 1 else []
    parts: Iterator[Part] = chain([BEGIN], early, chunks, [END])
    make = functools.partial(_Pipeline, work)
    short = sum(map(_size, early)) < WORTHWHILE
    pieces = _map(make, parts) if short else ordered_map(make, parts, workers)
    logged = False
    with closing(pieces):
        for piece in pieces:
            if piece.note and not logged:
                _log.info("%s", piece.note)
                logged = True
            yield piece.text


def _map(make: Callable[[], "_Pipeline"], parts: Iterable[Part]) -> Generator[Piece, None, None]:
    """`ordered_map` in this process."""
    yield from map(make(), parts)


def _guarded(chunks: Iterable[Chunk]) -> Iterator[Chunk | NerError]:
    """Chunks; an error in reading them comes last, so that it stands behind what was read."""
    try:
        yield from chunks
    except NerError as error:
        yield error


def _until_worthwhile(parts: Iterable[Chunk | NerError]) -> Iterator[Chunk | NerError]:
    """Parts from the first until there is enough for several workers."""
    size = 0
    for part in parts:
        yield part
        size += _size(part)
        if size >= WORTHWHILE:
            return


def _size(part: Part) -> int:
    """Characters to tag."""
    return sum(map(len, part.lines)) if isinstance(part, Chunk) else 0


class _Pipeline:
    """A tagger and a renderer in one process: lines in, tagged text out."""

    def __init__(self, work: Work) -> None:
        # Only now: torch takes a while, and a process that has workers can do without.
        from ner.model import use_one_thread
        from ner.predict import window_note
        from ner.tagger import Tagger

        use_one_thread()
        self._work = work
        self._note = window_note
        self._tagger = Tagger.load(
            work.model,
            work.device,
            work.settings,
            force=work.force,
            tokenizer=work.reading.get("data.tokenizer"),
        )
        # Of how the training files were read, only the tokenizer matters to other text.
        style = {"data.tokenizer": self._tagger.config.data.tokenizer}
        self._config = Config().replace(style | dict(work.reading)).data
        self._read = LAYOUTS[work.layout].read
        title = f"Entities in {work.source}"
        self._renderer = renderer(work.format, self._tagger.labels, title=title)

    def __call__(self, part: Part) -> Piece:
        """The output that belongs to a part. Raises the part if it is an error."""
        if isinstance(part, NerError):
            raise part
        if part == BEGIN:
            return Piece(self._renderer.begin())
        if not isinstance(part, Chunk):
            return Piece(self._renderer.end())
        documents = list(self._read(part.numbered(), self._work.source, self._config))
        tagged = self._tagger.tag_sentences(
            documents, self._work.nbest, together=self._work.together
        )
        note = self._note(sentence for _, cut in documents for sentence in cut)
        return Piece("".join(map(self._renderer.document, tagged)), note)
