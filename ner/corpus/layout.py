"""The layout of a column file: its separator and width, its columns, header and comments.

The first lines (`HEAD`) show it. A comment is a line that begins like one, stands before a sentence
and does not fit the columns; a header names them; a column that counts 1, 2, 3 … holds numbers of
tokens and never tokens.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ner.config import SEPARATORS, Column, DataConfig
from ner.corpus.spelling import is_plausible, not_a_tag
from ner.errors import CorpusError, shorten
from ner.tags import parse_tag

DOCSTART = "-DOCSTART-"
HEAD = 2000
"""Lines that show the layout of a file."""

TOKEN, BLANK, DOCUMENT, COMMENT, WRONG = "token", "blank", "document", "comment", "wrong"
Line = tuple[int, str]
Cells = tuple[int, list[str]]
"""The number of a line, from 1, and its cells."""

_COMMENT = re.compile(r"#(?:[ \t]|$|(?:begin|end) document\b|[A-Za-z_]+=)")
_NUMBER = re.compile(r"(?:(\d+)[-.])?(\d+)", re.ASCII)  # 3, 4-5, 8.1, and 1-3 of WebAnno
_TOKEN_NAMES = frozenset({"word", "words", "token", "tokens", "form", "text", "wordform"})
_TAG_NAMES = frozenset(
    {"tag", "tags", "ner", "ner_tag", "ner_tags", "ner-tag", "nertag", "ner_label", "ne", "label"}
    | {"labels", "entity", "entities", "named_entity", "bio", "iob", "iob2"}
)
_CHUNKS = frozenset(
    {"NP", "VP", "PP", "ADVP", "ADJP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"}
)


def is_comment(line: str) -> bool:
    """Recognise a line that begins as metadata does: ``# sent_id = 1``, ``#begin document``."""
    return line.startswith("#") and _COMMENT.match(line) is not None


def cells_of(line: str, separator: str) -> list[str]:
    """The cells of a line, none if it is blank; "" separates by runs of spaces and tabs."""
    if not separator:
        cells = line.replace("\t", " ").split(" ")
        return [cell for cell in cells if cell] if "" in cells else cells
    cells = [cell.strip(" \t") for cell in line.split(separator)]
    return cells if any(cells) else []


class Row(NamedTuple):
    """A line taken apart: its kind, with token and tag, or a message where it is wrong."""

    kind: str
    token: str = ""
    tag: str = ""
    message: str = ""


class ColumnLayout:
    """The layout of one file, as its first lines show it.

    Raises `CorpusError` with ``source:line`` where token or tag have no column.
    """

    def __init__(self, config: DataConfig, head: Sequence[Line], source: str) -> None:
        self._separator = SEPARATORS.get(config.separator, config.separator)
        self._unknown, self._bare = config.unknown_tag, config.scheme == "io"
        self._numbered = bool(config.labels)
        self._source, self._comments = source, config.comments
        self.notes: list[str] = []
        data = self._data(head)
        names = _header(data, config)
        self.header = data[0][0] if names else 0
        if names:
            shown = shorten(" ".join(data.pop(0)[1]))
            self.notes.append(f"line {self.header} is read as the names of the columns: {shown}")
        widths = Counter(len(cells) for _, cells in data if len(cells) > 1)
        self.width = widths.most_common(1)[0][0] if widths else 1
        data = [(number, cells) for number, cells in data if len(cells) == self.width]
        self._first = data[0][0] if data else 1
        self.token, self.tag = self._columns(config, names, data)
        self._pass_numbers(head)
        others = {*range(self.width)} - {self.token} if config.tag_column == -1 else set()
        self._layers: dict[int, set[str]] = {column: set() for column in others}
        self._fitting: set[str] = set()  # tags that were looked at
        self._suspect = self._odd_first(data)

    def _data(self, head: Sequence[Line]) -> list[Cells]:
        """The lines that are neither blank nor marks of documents nor, if others are, comments."""
        cut = [(number, cells_of(line, self._separator)) for number, line in head]
        rows = [(number, cells) for number, cells in cut if cells and cells[0] != DOCSTART]
        return [(number, cells) for number, cells in rows if cells[0][:1] != "#"] or rows

    def row(self, line: str) -> Row:
        """Take a line apart. Equal lines give equal rows."""
        cells = cells_of(line, self._separator)
        if len(cells) == self.width and cells[self.tag] in self._fitting and line[0] != "#":
            token = cells[self.token]  # the short way of nearly every line
            if token and cells[0] != DOCSTART and "\r" not in line:
                return self._token_row(cells)
        if not cells:
            return Row(BLANK)
        if cells[0] == DOCSTART:
            return Row(DOCUMENT)
        message = self._misfit(cells, line) or self._unfit(line, cells)
        if is_comment(line) and (message or self._is_remark(cells)):
            return Row(COMMENT, message=message)
        if message:
            return Row(WRONG, message=message)
        self._fitting.add(cells[self.tag])
        return self._token_row(cells)

    def _token_row(self, cells: list[str]) -> Row:
        for column in [c for c, seen in self._layers.items() if cells[c] not in seen]:
            self._look_for_tags(column, cells[column])
        return Row(TOKEN, sys.intern(cells[self.token]), sys.intern(cells[self.tag]))

    def _is_remark(self, cells: list[str]) -> bool:
        """True for words in place of a tag where any may be one, and comments are asked for."""
        return self._comments and self._bare and not is_plausible(cells[self.tag], bare=False)

    def _misfit(self, cells: list[str], line: str) -> str:
        """A message about a wrong number of columns, or ""."""
        width, text = len(cells), shorten(" ".join(cells))
        if width == 1:
            return f"one column only ({text}); {self._missing_separator(line)}"
        if width == self.width:
            return ""
        wrong = f"{width} columns where line {self._first} has {self.width} ({text}); "
        if self._separator:
            return f"{wrong}each separator ends a column, so no token can hold one"
        if "\t" in line:
            return f"{wrong}if tabs alone separate columns, give --separator tab"
        return f"{wrong}spaces and tabs separate columns, so no token can hold one"

    def _missing_separator(self, line: str) -> str:
        """The remedy for a line of one column."""
        for name, separator in SEPARATORS.items():
            if separator in line.strip() and separator not in ("", self._separator):
                return f"if each {name} separates columns, give --separator {name}"
        return "a line is a token and a tag with a space between"

    def _unfit(self, line: str, cells: list[str]) -> str:
        """A message about a wrong character, an empty cell or a malformed tag, or ""."""
        token, tag = cells[self.token], cells[self.tag]
        if "\r" in line:
            return f"a carriage return within the line ({shorten(line)}); end lines with \\n"
        if not token or not tag:
            empty = "token" if tag else "tag"
            return f"the {empty} is empty ({shorten(line)}); each column of a line holds something"
        if self._has_tag(cells):
            return ""
        if cells == self._suspect:
            return (
                f"{shorten(tag)} is not a tag; if this line is a header, remove it, or choose "
                f"columns by its names: --token-column {token!r:.60} --tag-column {tag!r:.60}"
            )
        return not_a_tag(tag)

    # --- columns -------------------------------------------------------------------

    def _columns(self, config: DataConfig, names: list[str], data: list[Cells]) -> tuple[int, int]:
        """The columns of token and tag. Raises `CorpusError`."""
        place = f"{self._source}:{self.header or self._first}"
        text = shorten(" ".join(data[0][1] if data else names))
        chosen = []
        for option, column in (("token", config.token_column), ("tag", config.tag_column)):
            number = _number_of(column, names)
            if number is None:
                raise CorpusError(
                    f"{place}: the first line names no column {column!r} "
                    f"({shorten(' '.join(names)) if names else text}); "
                    f"choose --{option}-column by its number, from 0"
                )
            if self.width > 1 and not -self.width <= number < self.width:
                raise CorpusError(
                    f"{place}: no column {number} among {self.width} ({text}); "
                    f"choose --{option}-column from {-self.width} to {self.width - 1}"
                )
            chosen.append(number % self.width)
        token, tag = chosen
        if token == tag and self.width > 1:
            raise CorpusError(
                f"{place}: token and tag are both column {tag} ({text}); see --tag-column"
            )
        return token, tag

    def _pass_numbers(self, head: Iterable[Line]) -> None:
        """Take tokens from the next column where theirs only counts them."""
        rows = [cells_of(line, self._separator) for number, line in head if number != self.header]
        fitting = [cells for cells in rows if len(cells) == self.width]
        if not counts_up(cells[self.token] for cells in fitting):
            return
        column = self.token + 1
        while column < self.width and all(_NUMBER.fullmatch(cells[column]) for cells in fitting):
            column += 1  # a second number: of the sentence, or offsets
        if column < self.width and column != self.tag:
            self.notes.append(
                f"column {self.token} counts the tokens (1, 2, 3 …); "
                f"they are read from column {column}, as with --token-column {column}"
            )
            self.token = column

    def _odd_first(self, data: Sequence[Cells]) -> list[str]:
        """The first line if it alone has no tag: a header, it seems, of names unheard of."""
        odd = [cells for _, cells in data if not self._has_tag(cells)]
        return odd[0] if len(odd) == 1 and len(data) > 3 and odd[0] is data[0][1] else []

    def _has_tag(self, cells: list[str]) -> bool:
        tag = cells[self.tag]
        numbered = self._numbered and tag.isdecimal()
        return numbered or tag == self._unknown or is_plausible(tag, self._bare)

    # --- layers --------------------------------------------------------------------

    def _look_for_tags(self, column: int, cell: str) -> None:
        """Collect the cells of a column as long as they are tags."""
        if not_a_tag(cell):
            del self._layers[column]
        else:
            self._layers[column].add(cell)

    def layers(self) -> list[int]:
        """The columns that hold entity tags, if they are several."""
        found = []
        for column, cells in self._layers.items():
            labels = {parse_tag(cell).label for cell in cells} - {""}
            if labels and not labels <= _CHUNKS:
                found.append(column)
        return found if len(found) > 1 else []


def _header(data: Sequence[Cells], config: DataConfig) -> list[str]:
    """The names of the columns, folded, if the first line has them."""
    columns = (config.token_column, config.tag_column)
    wanted = {column.casefold() for column in columns if isinstance(column, str)}
    names = [cell.casefold() for cell in data[0][1]] if data else []
    known = not _TOKEN_NAMES.isdisjoint(names) and not _TAG_NAMES.isdisjoint(names)
    return names if known or (wanted and wanted <= {*names}) else []


def _number_of(column: Column, names: Sequence[str]) -> int | None:
    """The number of a column given by number or name; None for a name that there is not."""
    if isinstance(column, int):
        return column
    name = column.casefold()
    return names.index(name) if name in names else None


def counts_up(cells: Iterable[str]) -> bool:
    """True if all cells are numbers, and nearly each goes on from the one before or starts anew.

    A range (``4-5`` before ``4``, as CoNLL-U has it) is passed over.
    """
    total = rising = before = 0
    for cell in cells:
        match = _NUMBER.fullmatch(cell)
        if match is None or len(cell) > 12:
            return False
        total += 1
        if match[1] and int(match[1]) in (1, before + 1) and int(match[1]) < int(match[2]):
            rising += 1
            continue
        number = int(match[2])
        rising += number in (0, 1, before, before + 1)
        before = number
    return total > 1 and rising >= 0.9 * total
