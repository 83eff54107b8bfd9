"""Labelled files read, whatever their format, and written in any."""

import contextlib
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, TextIO

from ner.config import DataConfig
from ner.corpus.diagnostics import LOG, Diagnostics
from ner.corpus.formats.base import (
    BinaryWriter,
    FolderFormat,
    FolderWriter,
    Format,
    Input,
    Peekable,
    RecordFormat,
    TextWriter,
    outputs,
)
from ner.corpus.formats.hub_folder import SPLITS, dataset_card, folder_behind
from ner.corpus.formats.json_input import is_jsonl, json_values, looks_like_json
from ner.corpus.formats.registry import (
    FORMATS,
    folder_format_of,
    format_named,
    is_record,
    recognise,
    writer_named,
)
from ner.corpus.lines import LONGEST_JSON, text_lines
from ner.corpus.records import ParseResult
from ner.corpus.tables import is_table, table_rows
from ner.errors import CorpusError, UsageError
from ner.files import open_binary, unpack_errors, write_binary, write_folder, write_text
from ner.text import Sentence, layers_of

Source = str | Path | IO[bytes]
_PEEKED = 4096  # bytes


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
    """`read_file` for a file that is our JSON Lines whatever it looks like."""
    config = config or DataConfig()
    return list(read(file, config, Diagnostics(strict=config.strict), "jsonl").sentences)


def read(
    file: Source, config: DataConfig, diagnostics: Diagnostics, format: str | None = None
) -> ParseResult:
    """Read a labelled file and report to `diagnostics`; `format` is one of `FORMATS`.

    Raises `NerError` as `read_file` does (fewer if `diagnostics` collects them).
    """
    name = format or config.format
    chosen = None if name == "auto" else format_named(name)
    with _opened(file, config, diagnostics, chosen) as given:
        result = (chosen or recognise(given)).read(given)
    notes = [] if diagnostics.collect else diagnostics.summaries()
    for note in notes:
        LOG.warning(note)
    if not result.sentences and not (diagnostics.collect and diagnostics.errors.total):
        raise CorpusError(f"{given.source}: has no sentence; a labelled file cannot be empty")
    return result._replace(notes=tuple(notes))


@contextlib.contextmanager
def _opened(
    file: Source, config: DataConfig, diagnostics: Diagnostics, chosen: Format | None
) -> Iterator[Input]:
    """A file ready to be recognised and read; formats of several files open theirs themselves."""
    path = Path(file) if isinstance(file, str | Path) else None
    if isinstance(chosen, FolderFormat) or (chosen is None and path and folder_format_of(path)):
        none: Peekable[tuple[int, str]] = Peekable(())
        yield Input(str(file), config, diagnostics, path, io.BytesIO(), b"", none)
        return
    with _stream_of(file) as (stream, source):
        start = _start_of(path, stream)
        longest = LONGEST_JSON if start.lstrip()[:1] in (b"[", b"{") else None
        lines = Peekable(text_lines(stream, source, config.encoding, diagnostics, longest))
        given = Input(source, config, diagnostics, path, stream, start, lines)
        if is_table(start):
            given.values = Peekable(table_rows(stream, source))
        elif _is_json(given, chosen) or isinstance(chosen, RecordFormat):
            given.values = Peekable(json_values(lines, source, diagnostics, is_record))
        yield given


def _is_json(given: Input, chosen: Format | None) -> bool:
    """Recognise JSON where nothing is chosen; binary files have no lines to look at."""
    binary = FORMATS["docbin"].recognises(given)
    return chosen is None and not binary and looks_like_json(given.lines, given.source)


@contextlib.contextmanager
def _stream_of(file: Source) -> Iterator[tuple[IO[bytes], str]]:
    """A stream of bytes and its name for messages."""
    if isinstance(file, str | Path):
        with open_binary(file) as stream:
            yield stream, str(file)
    else:
        yield file, str(getattr(file, "name", "<stream>"))


def _start_of(path: Path | None, stream: IO[bytes]) -> bytes:
    """The first bytes of a file, none of them taken from the stream; b"" where they are damaged."""
    with contextlib.suppress(*unpack_errors(), OSError):  # reading says what is wrong
        if path is not None and path.is_file():
            with open_binary(path) as probe:
                return probe.read(_PEEKED)
        if peek := getattr(stream, "peek", None):
            return bytes(peek(_PEEKED)[:_PEEKED])
        position = stream.tell()
        start = stream.read(_PEEKED)
        stream.seek(position)
        return start
    return b""


def is_readable_folder(path: Path) -> bool:
    """Recognise a folder that is one labelled text, as brat has it."""
    return path.is_dir() and folder_format_of(path) is not None


def write_file(
    path: str | Path,
    sentences: Iterable[Sentence],
    format: str = "iob2",
    unknown: str = "?",
    layers: Sequence[str] = (),
) -> None:
    """Write a labelled file, whole or not at all; `format` is a tag scheme or one of `FORMATS`.

    In IO, neighbours of one type become one entity; a warning counts them. Tokens of partly
    labelled sentences get the tag `unknown` where no tag is certain; where less of a token is known
    in a scheme than before, as of an IOBES tag without an end, a warning counts that. Another says
    what a format cannot hold. `layers` are tag layers in the order of their columns; without, that
    of their first entities counts. Raises `NerError` where `path` cannot be written, `CorpusError`
    for sentences that the format cannot hold (texts with offsets: partly labelled ones), and
    `UsageError` for an unknown format, one without place for layers, or columns in a file that is
    called ``.jsonl``.
    """
    writer, sentences = writer_named(format), list(sentences)
    if folder_behind(path):
        write_splits(path, {"train": sentences}, format, unknown, layers)
        return
    if writer.name == "columns" and is_jsonl(str(path)):
        raise UsageError(f"{path}: columns do not go into a .jsonl file; name it .conll")
    _refuse_partial(writer, sentences)
    _refuse_layers(writer, sentences)
    ready = outputs(sentences, unknown, layers)
    if isinstance(writer, FolderWriter):
        if not (isinstance(writer, FolderFormat) and writer.holds(Path(path))):
            _check_free(Path(path))  # else, it is replaced
        with write_folder(path) as folder:
            writer.write(ready, folder)
    elif isinstance(writer, BinaryWriter):
        with write_binary(path) as file:
            writer.write(ready, file)
    elif isinstance(writer, TextWriter):
        with write_text(path) as stream:
            writer.write(ready, stream)
    _warn_of_losses(writer, sentences)


def write_splits(
    folder: str | Path,
    splits: Mapping[str, Sequence[Sentence]],
    format: str = "iob2",
    unknown: str = "?",
    layers: Sequence[str] = (),
) -> None:
    """`write_file` for each split that is not empty, all into a new folder, whole or not at all.

    The folder of ``hf:FOLDER`` is a data set for the Hugging Face Hub: Parquet and a card. Raises
    `UsageError` for a folder that holds something, and for such a data set in another format.
    """
    extension = writer_named(format).extension
    behind = folder_behind(folder)
    if behind and format != "parquet":
        raise UsageError(f"{folder}: a data set of the Hub is Parquet; write it --to parquet")
    target = behind or Path(folder)
    _check_free(target)
    with write_folder(target) as part:
        for split, sentences in splits.items():
            if sentences:
                name = SPLITS.get(split, split) if behind else split
                write_file(part / f"{name}{extension}", sentences, format, unknown, layers)
        if behind:
            with write_text(part / "README.md") as card:
                card.write(dataset_card(splits))


def _check_free(folder: Path) -> None:
    """Raise `UsageError` for a folder that would be lost: one that holds something."""
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder}: is a folder that holds something; name a new one")


def write_stream(
    stream: TextIO, sentences: Iterable[Sentence], format: str = "iob2", unknown: str = "?"
) -> None:
    """`write_file` for a stream of text that is open already."""
    writer, sentences = writer_named(format), list(sentences)
    if not isinstance(writer, TextWriter):
        raise UsageError(f"{writer.name} is no stream of text; name an output to write it to")
    _refuse_partial(writer, sentences)
    _refuse_layers(writer, sentences)
    writer.write(outputs(sentences, unknown), stream)
    _warn_of_losses(writer, sentences)


def _refuse_partial(writer: Format, sentences: Sequence[Sentence]) -> None:
    """Refuse partly labelled sentences where there are no tags, and those of merged corpora.

    Raises `CorpusError`.
    """
    if lacking := next((sentence for sentence in sentences if sentence.unannotated), None):
        raise CorpusError(
            f"{lacking.place}: {lacking.corpus} does not label "
            f"{', '.join(sorted(lacking.unannotated))}, which no file can tell; write each corpus "
            "before it is merged"
        )
    partly = [sentence for sentence in sentences if sentence.partial] if writer.by_offsets else []
    if partly:
        title = writer.title or writer.name
        raise CorpusError(
            f"{partly[0].place}: has tokens with an unknown tag, which {title} cannot hold; "
            "write columns instead, or label them"
        )


def _refuse_layers(writer: Format, sentences: Sequence[Sentence]) -> None:
    """Refuse several tag layers where there is place for one. Raises `UsageError`."""
    if len(layers := layers_of(sentences)) > 1 and not writer.holds_layers:
        raise UsageError(
            f"{writer.title or writer.name} has place for one tag layer, not for "
            f"{', '.join(layers)}; write JSON Lines or columns, or each layer by itself"
        )


def _warn_of_losses(writer: Format, sentences: Sequence[Sentence]) -> None:
    several = any(sentence.document != sentences[0].document for sentence in sentences)
    lost = [what for what in writer.loses if several or what != "documents"]
    if lost:
        LOG.warning("%s has no place for %s", writer.name, " and ".join(lost))
