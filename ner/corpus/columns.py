"""Column files: a token and its tag on a line, an empty line after each sentence.

Columns are separated by runs of spaces or tabs and nothing else, so a no-break space, an
ideographic space or a zero-width character stays in its token; or by a separator of one character.
``-DOCSTART-`` lines start a new document (CoNLL-2003). The first lines show the layout
(`ner.corpus.layout`), the whole file decides the spelling of the tags (`ner.corpus.spelling`) and
their scheme. A tag may be unknown (``?``): `ner.corpus.partial` reads what the others tell.
"""

import functools
import itertools
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, TextIO

from ner.config import DataConfig
from ner.corpus.diagnostics import Diagnostics, shorten
from ner.corpus.layout import (
    BLANK,
    COMMENT,
    DOCSTART,
    DOCUMENT,
    HEAD,
    TOKEN,
    ColumnLayout,
    Line,
    Row,
)
from ner.corpus.parsed import ParseResult
from ner.corpus.partial import known_tags, read_partial_labels, with_partial_labels
from ner.corpus.spelling import read_spelling
from ner.errors import CorpusError
from ner.tags import (
    OUTSIDE,
    TAG_UNKNOWN,
    SchemeCounts,
    illegal_positions,
    parse_tag,
    scheme_named,
    spans_of,
)
from ner.text import Sentence, Span
from ner.tokenize import split_sentences

_ROWS = 1 << 16  # distinct lines that are remembered; most lines of a corpus come again


class Block(NamedTuple):
    """The lines of one sentence: document, tokens, tags and the numbers of the lines."""

    document: int
    tokens: Sequence[str]
    tags: tuple[str, ...]
    lines: Sequence[int]

    def part(self, start: int, end: int) -> "Block":
        """The block of some of its lines."""
        rows = (self.tokens[start:end], self.tags[start:end], self.lines[start:end])
        return Block(self.document, *rows)


def parse_columns(
    lines: Iterable[Line], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Read numbered lines as sentences with spans.

    Raises `CorpusError` (through `diagnostics`) with ``source:line`` for lines
    that do not fit and, if strict, for illegal tag sequences.
    """
    blocks = _read(lines, config, source, diagnostics)
    return parse_blocks(blocks, config, source, diagnostics)


def parse_blocks(
    blocks: list[Block], config: DataConfig, source: str, diagnostics: Diagnostics
) -> ParseResult:
    """Turn tokens with tags into sentences; the whole file decides spelling and scheme of the tags.

    Raises `CorpusError` (through `diagnostics`) for what is no tag and, if strict, for illegal
    sequences.
    """
    scheme = "" if config.scheme == "auto" else scheme_named(config.scheme).name
    blocks = _spelled(blocks, config, source, diagnostics)
    if config.split_sentences:
        blocks = [part for block in blocks for part in _split(block)]
    scheme = scheme or _detect(blocks, config.unknown_tag or None)
    sentences = (
        _partial_sentence(block, source, scheme, config.unknown_tag, diagnostics)
        if config.unknown_tag in block.tags
        else _sentence(block, source, scheme, diagnostics)
        for block in blocks
    )
    return ParseResult(tuple(sentences), scheme)


def _read(
    lines: Iterable[Line], config: DataConfig, source: str, diagnostics: Diagnostics
) -> list[Block]:
    """Read the lines by the layout that the first of them show; notes say what is odd about it."""
    lines = iter(lines)
    head = list(itertools.islice(lines, HEAD))
    layout = ColumnLayout(config, head, source)
    reader = _BlockReader(layout, config.comments, source, diagnostics)
    body = [line for line in head if line[0] != layout.header]
    blocks = list(reader.blocks(itertools.chain(body, lines)))
    for note in layout.notes:
        diagnostics.note(source, note)
    if reader.comments:
        first = f"first on line {reader.first_comment}"
        diagnostics.note(source, f"lines read as comments: {reader.comments:,} ({first})")
    if layers := layout.layers():
        listed = " and ".join(map(str, layers))
        diagnostics.note(
            source,
            f"columns {listed} hold entity tags, of which {layout.tag} is read; "
            f"choose with --tag-column {layers[0]}",
        )
    return blocks


class _BlockReader:
    """Lines grouped into sentences; counts comments, reports lines that are wrong."""

    def __init__(
        self, layout: ColumnLayout, everywhere: bool, source: str, diagnostics: Diagnostics
    ) -> None:
        self._layout, self._everywhere = layout, everywhere
        self._source, self._diagnostics = source, diagnostics
        self.comments, self.first_comment = 0, 0

    def blocks(self, lines: Iterable[Line]) -> Iterator[Block]:
        """Yield sentences; a document gets its number with its first one."""
        rows: dict[str, Row] = {}
        document, filled = 0, False
        tokens: list[str] = []
        tags: list[str] = []
        numbers: list[int] = []
        for number, line in lines:
            row = rows.get(line)
            if row is None:
                row = self._layout.row(line)
                if len(rows) < _ROWS:
                    rows[line] = row
            kind, token, tag, message = row
            if kind is TOKEN:
                tokens.append(token)
                tags.append(tag)
                numbers.append(number)
            elif kind is BLANK or kind is DOCUMENT:
                if tokens:
                    yield _block(document, tokens, tags, numbers)
                    tokens, tags, numbers, filled = [], [], [], True
                if kind is DOCUMENT and filled:
                    document, filled = document + 1, False
            else:
                self._put_aside(number, kind, message, within=bool(tokens))
        if tokens:
            yield _block(document, tokens, tags, numbers)

    def _put_aside(self, number: int, kind: str, message: str, *, within: bool) -> None:
        """Count a comment, report anything else."""
        if kind is COMMENT and (self._everywhere or not within):
            self.comments += 1
            self.first_comment = self.first_comment or number
            return
        remedy = "; if it is a comment, give --comments" if kind is COMMENT else ""
        self._diagnostics.error(f"{self._source}:{number}", message + remedy)


def _block(document: int, tokens: list[str], tags: list[str], numbers: list[int]) -> Block:
    unbroken = numbers[-1] - numbers[0] == len(numbers) - 1
    lines = range(numbers[0], numbers[-1] + 1) if unbroken else numbers
    return Block(document, tokens, tuple(tags), lines)


def _spelled(
    blocks: list[Block], config: DataConfig, source: str, diagnostics: Diagnostics
) -> list[Block]:
    """The blocks with their tags in the usual spelling; lines without a tag are reported."""
    tags = {tag for block in blocks for tag in block.tags} - {config.unknown_tag}
    spelling = read_spelling(tags, config.scheme, config.label)
    if spelling.note:
        diagnostics.note(source, spelling.note)
    if spelling.wrong:
        blocks = [_without(block, spelling.wrong, source, diagnostics) for block in blocks]
    if spelling.reads_as:
        usual = spelling.reads_as
        blocks = [b._replace(tags=tuple(usual.get(tag, tag) for tag in b.tags)) for b in blocks]
    return [block for block in blocks if block.tokens]


def _without(
    block: Block, wrong: Mapping[str, str], source: str, diagnostics: Diagnostics
) -> Block:
    """A block without its lines of wrong tags, each of which is reported."""
    kept = []
    for position, tag in enumerate(block.tags):
        if tag in wrong:
            diagnostics.error(f"{source}:{block.lines[position]}", wrong[tag])
        else:
            kept.append(position)
    tokens, lines = [block.tokens[i] for i in kept], [block.lines[i] for i in kept]
    return Block(block.document, tokens, tuple(block.tags[i] for i in kept), lines)


def _split(block: Block) -> Iterator[Block]:
    """Split a block into sentences as raw text is split, never within an entity."""
    ends = list(itertools.accumulate(len(token) + 1 for token in block.tokens))
    offsets = [
        (end - len(token) - 1, end - 1) for end, token in zip(ends, block.tokens, strict=True)
    ]
    start = 0
    for _, end in split_sentences(" ".join(block.tokens), offsets):
        if end == len(block.tags) or OUTSIDE in block.tags[end - 1 : end + 1]:
            yield block.part(start, end)
            start = end


def _runs(tags: Sequence[str]) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The stretches between ``O`` tags: where each starts and its tags.

    ``O`` ends whatever stands before it, so each stretch can be read alone;
    there are few different ones in a corpus.
    """
    inside = [position for position, tag in enumerate(tags) if tag != OUTSIDE]
    first = 0
    for i, position in enumerate(inside, 1):
        if i == len(inside) or inside[i] != position + 1:
            start = inside[first]
            yield start, tuple(tags[start : position + 1])
            first = i


def _detect(blocks: Iterable[Block], unknown: str | None) -> str:
    """The scheme of a file, or "" if it has no entity."""
    times = Counter(run for block in blocks for _, run in _runs(block.tags))
    counts = SchemeCounts(unknown)
    for run, number in times.items():
        counts.add(run, number)
    return counts.scheme() if any({*run} != {unknown} for run in times) else ""


@functools.lru_cache(maxsize=16384)
def _read_run(run: tuple[str, ...], scheme: str) -> tuple[tuple[Span, ...], tuple[int, ...]]:
    """The spans of a stretch of tags, and its positions that are illegal in the scheme."""
    tags = [parse_tag(tag, scheme == "io") for tag in run]
    return tuple(spans_of(tags)), tuple(illegal_positions(tags, scheme))


def _sentence(block: Block, source: str, scheme: str, diagnostics: Diagnostics) -> Sentence:
    spans: list[Span] = []
    for start, run in _runs(block.tags):
        found, illegal = _read_run(run, scheme)
        spans.extend(Span(start + s.start, start + s.end, s.label) for s in found)
        for position in illegal:
            _repair(block, start + position, source, scheme, diagnostics)
    return Sentence(
        tuple(block.tokens),
        tuple(spans),
        document=block.document,
        source=source,
        line=block.lines[0],
    )


def _partial_sentence(
    block: Block, source: str, scheme: str, unknown: str, diagnostics: Diagnostics
) -> Sentence:
    tags = [TAG_UNKNOWN if t == unknown else parse_tag(t, scheme == "io") for t in block.tags]
    annotation = read_partial_labels(tags, scheme or "iob2")
    for position in annotation.illegal:
        _repair(block, position, source, scheme, diagnostics)
    sentence = Sentence(
        tuple(block.tokens), document=block.document, source=source, line=block.lines[0]
    )
    return with_partial_labels(sentence, annotation.labels)


def _repair(
    block: Block, position: int, source: str, scheme: str, diagnostics: Diagnostics
) -> None:
    location = f"{source}:{block.lines[position]}"
    diagnostics.repair(location, _illegal(block.tags, position, scheme))


def _illegal(tags: Sequence[str], position: int, scheme: str) -> str:
    """Describe an illegal place with its neighbours."""
    before = shorten(tags[position - 1]) if position else "the start"
    after = shorten(tags[position + 1]) if position + 1 < len(tags) else "the end"
    return f"{shorten(tags[position])} between {before} and {after} is illegal in {scheme}"


_UNWRITABLE = re.compile("[ \t\r\n\0]")


def write_columns(
    sentences: Iterable[Sentence], stream: TextIO, scheme: str = "iob2", unknown: str = "?"
) -> None:
    """Write sentences as two columns, token and tag, with a tab between.

    A tag is `unknown` where more than one agrees with what is known. A tab and not a space, so that
    the token ``#`` never looks like a comment. Documents, if there are several, start with a
    ``-DOCSTART-`` line. Raises `CorpusError` for a token or type that a column file cannot hold.
    """
    sentences = list(sentences)
    several = any(sentence.document != sentences[0].document for sentence in sentences)
    document: int | None = None
    if sentences and sentences[0].tokens[0].startswith("\ufeff"):
        stream.write("\n")  # else the reader would take it for a byte order mark
    for sentence in sentences:
        if several and sentence.document != document:
            stream.write(f"{DOCSTART}\t{OUTSIDE}\n\n")
        document = sentence.document
        _check_writable(sentence)
        pairs = zip(sentence.tokens, known_tags(sentence, scheme), strict=True)
        stream.write("".join(f"{token}\t{tag or unknown}\n" for token, tag in pairs))
        stream.write("\n")


def _check_writable(sentence: Sentence) -> None:
    """Refuse what would be read back as something else. Raises `CorpusError`."""
    for text in (*sentence.tokens, *sorted(sentence.labels)):
        if not text or text == DOCSTART or _UNWRITABLE.search(text):
            raise CorpusError(
                f"{sentence.place}: {shorten(text)} cannot stand in a column file "
                "(empty, a separator in it, or a document mark); write JSON Lines instead"
            )
