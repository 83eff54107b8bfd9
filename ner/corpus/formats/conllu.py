"""CoNLL-U: ten columns with tabs, tags in MISC (``NER=B-PER``) or in a column.

::

    # sent_id = 1
    1	Anna	Anna	PROPN	_	_	2	nsubj	_	NER=B-PER
    4-5	Rome.	_	_	_	_	_	_	_	_

Range lines (``4-5``) give the spelling of several words, empty nodes (``5.1``) no text: neither is
a token. ``SpaceAfter=No`` joins a word to the next. If no MISC has a tag, ``--tag-column`` says
where they are; ``# newdoc`` begins a document. The names of ``# global.columns`` (CoNLL-U Plus) are
understood.
"""

import functools
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TextIO

from ner.corpus.formats.base import Format, Input, Output, TextWriter, parse_records
from ner.corpus.records import ParseResult, TaggedRecord
from ner.errors import CorpusError, shorten
from ner.interchange import conllu_line, fits_conllu

_ID = re.compile(r"[1-9][0-9]*(?:-[0-9]+|\.[0-9]+)?")
_KEYS = ("NER", "NE", "Ner", "ner", "BIO")
_TAG = re.compile(rf"(?:^|\|)(?:{'|'.join(_KEYS)})=([^|]*)")
_TEN = 10
_SHOWN = 50


class _Word(NamedTuple):
    line: int
    form: str
    misc: str | None  # the tag in MISC
    cell: str  # the tag in its own column
    joined: bool  # to the next


class Conllu(Format, TextWriter):
    """Ten columns with tabs, tags in MISC."""

    name = "conllu"
    extension = ".conllu"
    makers = "Universal Dependencies, Stanza, UDPipe (CoNLL-U, CoNLL-U Plus)"

    def recognises(self, given: Input) -> bool:
        """Tell if the first line that is no comment has an index and ten columns, or named ones."""
        shown = [line for _, line in given.lines.peek(_SHOWN) if line.strip()]
        if shown and shown[0].startswith("# global.columns"):
            return True
        first = next((line for line in shown if not line.startswith("#")), "").split("\t")
        return len(first) == _TEN and bool(_ID.fullmatch(first[0]))

    def read(self, given: Input) -> ParseResult:
        """Read all sentences; the whole file decides where the tags are."""
        sentences = list(_sentences(given))
        in_misc = any(word.misc is not None for _, words in sentences for word in words)
        makers = (
            (words[0].line, functools.partial(_record, document, words, in_misc))
            for document, words in sentences
        )
        return parse_records(given, makers)

    def write(self, sentences: Sequence[Output], stream: TextIO) -> None:
        """Write ten columns: index, form, and MISC with the tag; documents by ``# newdoc``."""
        document = None
        for number, sentence in enumerate(sentences, 1):
            if sentence.document != document:
                stream.write(f"# newdoc id = {sentence.document}\n")
            document = sentence.document
            stream.write(f"# sent_id = {number}\n")
            words = zip(sentence.tokens, sentence.tags(), sentence.joined(), strict=True)
            for index, (token, tag, joined) in enumerate(words, 1):
                _check(token, tag, sentence.place)
                stream.write(conllu_line(index, token, tag, joined=joined))
            stream.write("\n")


def _sentences(given: Input) -> Iterator[tuple[int, list[_Word]]]:
    """The words of each sentence, with the number of its document."""
    layout = _Layout(given)
    document, words = 0, list[_Word]()
    begun = False
    for number, line in given.lines:
        if not line.strip(" \t\r"):
            if words:
                yield document, words
                words, begun = [], True
        elif line.startswith("#") and not words and "\t" not in line:
            document += layout.comment(line) and begun
        else:
            word = layout.word(number, line)
            words += [word] if word else []
    if words:
        yield document, words


@functools.lru_cache(maxsize=1 << 14)
def _read_misc(misc: str) -> tuple[str | None, bool]:
    """The tag in MISC, if there is one, and if the word is joined to the next."""
    tag = None if misc == "_" else _TAG.search(misc)
    return tag[1] if tag else None, "SpaceAfter=No" in misc.split("|")


class _Layout:
    """The columns of a file, and the range of words that a line has spelt out."""

    def __init__(self, given: Input) -> None:
        self._given = given
        self._width, self._form, self._misc = _TEN, 1, _TEN - 1
        column = given.config.tag_column
        self._tag, self._name = (column, "") if isinstance(column, int) else (-1, column)
        self._last, self._range_joined = "", False
        self._ready = False  # where a line has shown that the columns are there

    def comment(self, line: str) -> bool:
        """Take note of a comment; True if it begins a document."""
        name, _, value = line[1:].partition("=")
        if name.strip() == "global.columns":
            columns, self._ready = value.split(), False
            self._width = len(columns)
            self._form = columns.index("FORM") if "FORM" in columns else 1
            self._misc = columns.index("MISC") if "MISC" in columns else -1
            wanted = (self._name,) if self._name else _KEYS
            named = [i for i, column in enumerate(columns) if column.split(":")[-1] in wanted]
            if named and self._tag == -1:
                self._tag, self._name = named[0], ""
        return line[1:].split()[:1] == ["newdoc"]

    def word(self, number: int, line: str) -> _Word | None:
        """The word on a line; None for a range, an empty node, and what is reported as wrong."""
        cells = line.split("\t")
        index = cells[0]
        plain = index.isdecimal() and index.isascii() and index[0] != "0"
        if not (plain and self._ready and len(cells) == self._width):
            if fault := self._fault(cells):
                self._given.error(number, fault)
                return None
            self._ready = True
        tag, joined = _read_misc(cells[self._misc]) if self._misc >= 0 else (None, False)
        if not plain:
            if "-" in index:
                self._last, self._range_joined = index.partition("-")[2], joined
            return None
        joined = joined or (self._range_joined and index == self._last)
        return _Word(number, cells[self._form], tag, cells[self._tag], joined)

    def _fault(self, cells: list[str]) -> str:
        if len(cells) != self._width:
            shown = shorten(" ".join(cells))
            return f"{len(cells)} columns, not {self._width} with tabs between ({shown})"
        if self._name:
            return f"no line names a column {self._name!r:.40}; choose --tag-column by its number"
        if not _ID.fullmatch(cells[0]) and not cells[0].startswith("0."):
            return f"the index of a word is {cells[0]!r:.40}; it counts from 1"
        if not -self._width <= self._tag < self._width:
            return f"no column {self._tag} among {self._width}; choose another --tag-column"
        return ""


def _record(document: int, words: list[_Word], in_misc: bool) -> TaggedRecord:
    tags = [(word.misc if in_misc else word.cell) or "O" for word in words]
    offsets, position = [], 0
    for word in words:
        offsets.append((position, position + len(word.form)))
        position += len(word.form) + (not word.joined)
    return TaggedRecord(
        [word.form for word in words],
        ["O" if tag == "_" else tag for tag in tags],
        [word.line for word in words],
        document,
        tuple(offsets),
    )


def _check(token: str, tag: str, place: str) -> None:
    """Refuse what would be read back as something else. Raises `CorpusError`."""
    if not token.strip() or not fits_conllu(token, tag):
        raise CorpusError(
            f"{place}: {shorten(token)} or its tag {shorten(tag)} cannot stand in "
            "CoNLL-U (empty, or a tab, line end or | in it); write JSON Lines instead"
        )
