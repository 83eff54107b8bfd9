"""From streams of bytes to tagged text: what ``ner tag`` does.

Lines are read and cut into chunks in one place; all else (tokenising, tagging,
writing) happens where a chunk is, in this process or in a worker. Chunks are
the same however many workers there are, and so is every byte that comes out:
each process has one thread, as sums depend on how many take part in them. Only
input that lets its reader wait is cut where it stops for a while.
"""

import functools
import logging
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from dataclasses import field
from itertools import chain, groupby, islice
from pathlib import Path
from typing import IO, Any, NamedTuple

from ner.config import Auto, Config
from ner.corpus import LAYOUTS, Chunk, Passage, cut_lines, number_note, record_fields
from ner.errors import NerError
from ner.files import open_binary
from ner.frozen import frozen
from ner.render import Renderer, output, renderer, renderer_class
from ner.scale.jobs import Job
from ner.scale.live import ready, watched
from ner.scale.workers import available_cores, ordered_map

_log = logging.getLogger("ner")

CHUNK = 1 << 16  # characters: some 12,000 tokens of English
FIRST_CHUNK = 1 << 10  # the first chunk is small and each next one twice as big: output soon begins
WORTHWHILE = 1 << 17  # characters; with fewer, workers would start for longer than they work


@frozen()
class Work:
    """A text, a model and how to tag; can be pickled for workers.

    `settings` are dotted keys of section `predict`, `reading` those of `data` (of which the
    tokenizer is else the model's own); `layout` is one of `ner.corpus.plain.LAYOUTS`. With `nbest`,
    each document gets that many alternatives for each sentence. `force` are word lists, as
    `Tagger.load` takes them. With `together`, the text is one document (in chunks, if it is long),
    not each of its lines. The text of records is their field `text_column`.
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
    text_column: str = "text"


class Input(NamedTuple):
    """A text: the number of its job, name, layout, and the fields of its first record."""

    job: int
    source: str
    layout: str
    fields: tuple[str, ...] = ()


BEGIN, END = "begin", "end"
Content = Chunk | NerError | str
Part = tuple[Input, Content]


class Piece(NamedTuple):
    """The output that belongs to a part of a job, or what is wrong there, and notes on it."""

    job: int
    text: str = ""
    error: NerError | None = None
    documents: bool = False
    note: str | None = None  # for the log, once in all


class _Failed(Exception):
    """The error of one file among several."""

    def __init__(self, error: NerError) -> None:
        self.error = error


def tag_stream(
    work: Work, stream: IO[bytes], workers: int | Auto = 1
) -> Generator[str, None, None]:
    """Tag a text and yield the output, piece by piece, in bounded memory.

    `workers` processes do it; auto: one for each core. A text that is too short for that to pay is
    tagged in this process. Programs that ask for more than one must guard their main module (``if
    __name__ == "__main__":``), as `multiprocessing` demands. Raises `NerError` where something is
    wrong; the output before that does not depend on the workers, either. The first sentence that is
    too long for one window is noted in the log. What a pipe or terminal has brought is tagged as
    soon as nothing follows for a moment.
    """
    stream = stream if work.together else watched(stream)
    is_ready = functools.partial(ready, stream)
    source = Input(0, work.source, work.layout)
    parts = _parts(work, source, lambda: nullcontext(stream), is_ready)
    with closing(_pieces(work, parts, workers, is_ready)) as pieces:
        for piece in pieces:
            if piece.error:
                raise piece.error
            yield piece.text


def tag_files(
    work: Work, jobs: Sequence[Job], workers: int | Auto = 1
) -> Generator[tuple[Job, NerError | None], None, None]:
    """Tag files like `tag_stream`, each into an output of its own, with one loading of the model.

    Yields each as it is done, with the error that kept it from an output; the layout and source of
    `work` do not matter. Raises `NerError` for what concerns all: the model, a full disk.
    """
    failed: set[int] = set()
    parts = (
        part
        for number, job in enumerate(jobs)
        for part in _parts(
            work,
            Input(number, str(job.source), job.layout),
            functools.partial(open_binary, job.source),
        )
        if number not in failed
    )
    with closing(_pieces(work, parts, workers)) as pieces:
        for number, own in groupby(pieces, key=lambda piece: piece.job):
            error = _write(work.format, jobs[number].out, own)
            if error:
                failed.add(number)
            yield jobs[number], error


def _write(format: str, out: Path, pieces: Iterable[Piece]) -> NerError | None:
    """Write the output of one file, whole or not at all; returns what was wrong with the file."""
    try:
        with output(format, out) as write:
            for piece in pieces:
                if piece.error:
                    raise _Failed(piece.error)
                write(piece.text)
    except _Failed as failed:
        with suppress(OSError):
            out.parent.rmdir()  # if nothing else is in it
        return failed.error
    return None


def _parts(
    work: Work,
    source: Input,
    opened: Callable[[], AbstractContextManager[IO[bytes]]],
    is_ready: Callable[[], bool] = lambda: True,
) -> Iterator[Part]:
    """A file in parts; an error in reading it comes last, behind what was read before."""
    layout = LAYOUTS[source.layout]
    encoding = Config().replace(work.reading).data.encoding
    try:
        with opened() as stream:
            lines = layout.lines(stream, source.source, encoding)
            early = list(islice(lines, 1)) if layout.records else []
            names = (record_fields(line, work.text_column) for _, line in early)
            source = source._replace(fields=next(names, ()))
            yield source, BEGIN
            first = CHUNK if work.together else FIRST_CHUNK
            for chunk in cut_lines(chain(early, lines), layout, first, CHUNK, is_ready):
                yield source, chunk
            yield source, END
    except NerError as error:
        yield source, error


def _pieces(
    work: Work,
    parts: Iterator[Part],
    workers: int | Auto,
    is_ready: Callable[[], bool] = lambda: True,
) -> Generator[Piece, None, None]:
    """The output of all parts, in order and with what separates documents; a note is logged."""
    workers = available_cores() if workers == "auto" else workers
    early, all_of_them = _until_worthwhile(parts, is_ready) if workers > 1 else ([], True)
    make = functools.partial(_Pipeline, work)
    every = chain(early, parts)
    mapped = _map(make, every) if all_of_them else ordered_map(make, every, workers, is_ready)
    separator = renderer_class(work.format).separator
    logged, open_job = False, -1
    with closing(mapped):
        for piece in mapped:
            if piece.note and not logged:
                _log.info("%s", piece.note)
                logged = True
            if piece.documents:
                yield piece._replace(text=separator * (piece.job == open_job) + piece.text)
                open_job = piece.job
            else:
                yield piece


def _map(make: Callable[[], "_Pipeline"], parts: Iterable[Part]) -> Generator[Piece, None, None]:
    """`ordered_map` in this process."""
    yield from map(make(), parts)


def _until_worthwhile(
    parts: Iterator[Part], is_ready: Callable[[], bool]
) -> tuple[list[Part], bool]:
    """Parts until there is enough for several workers, or no more for now; and if that is all."""
    early: list[Part] = []
    size = 0
    for part in parts:
        early.append(part)
        size += _size(part[1])
        if size >= WORTHWHILE or not is_ready():
            return early, False
    return early, True


def _size(content: Content) -> int:
    """Characters to tag."""
    return sum(map(len, content.lines)) if isinstance(content, Chunk) else 0


class _Pipeline:
    """A tagger and renderers in one process: lines in, tagged text out."""

    def __init__(self, work: Work) -> None:
        # Only now: NumPy takes a while, and a process that has workers can do without.
        from ner.predict import window_note
        from ner.tagger import Tagger

        self._work = work
        self._note = window_note
        self._tagger = Tagger.load(
            work.model,
            work.device,
            work.settings,
            force=work.force,
            tokenizer=work.reading.get("data.tokenizer"),
        )
        self._watch = self._tagger.watch()
        # Of how the training files were read, only the tokenizer matters to other text.
        style = {"data.tokenizer": self._tagger.config.data.tokenizer}
        self._config = Config().replace(style | dict(work.reading)).data
        self._renderer(Input(0, "", work.layout))  # refuses types that its format cannot hold

    def _renderer(self, source: Input) -> Renderer:
        title = f"Entities in {source.source}"
        tagger = self._tagger
        return renderer(self._work.format, tagger.labels, title, source.fields, tagger.layers)

    def __call__(self, part: Part) -> Piece:
        """The output that belongs to a part."""
        source, content = part
        try:
            if isinstance(content, NerError):
                return Piece(source.job, error=content)
            if isinstance(content, Chunk):
                return self._tag(source, content)
        except NerError as error:
            return Piece(source.job, error=error)
        rendering = self._renderer(source)
        return Piece(source.job, rendering.begin() if content == BEGIN else rendering.end())

    def _tag(self, source: Input, chunk: Chunk) -> Piece:
        """The output that belongs to a chunk. Raises `NerError` for what does not fit."""
        passages = list(self._read(source.layout)(chunk.numbered(), source.source, self._config))
        tagged = self._tagger.tag_sentences(
            [(text, cut) for text, cut, _ in passages],
            self._work.nbest,
            together=self._work.together,
        )
        rendering = self._renderer(source)
        origins = (passage.origin for passage in passages)
        texts = list(map(rendering.document, tagged, origins))
        sentences = (sentence for passage in passages for sentence in passage.sentences)
        note = number_note(passages) or self._note(sentences)
        if self._watch and not note:
            note = self._watch.note(tagged)
        text = rendering.separator.join(texts)
        return Piece(source.job, text, documents=bool(texts), note=note)

    def _read(self, name: str) -> Callable[..., Iterator[Passage]]:
        layout = LAYOUTS[name]
        if layout.records:
            return functools.partial(layout.read, column=self._work.text_column)
        return layout.read
