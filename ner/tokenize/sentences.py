"""Sentences: tokens grouped by the marks that end a sentence, and by blank lines."""

import re
from array import array
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, compress, count, islice, pairwise
from operator import add
from typing import Any, overload

from ner.errors import UsageError
from ner.text import Offsets, Sentence, Span
from ner.tokenize.full_stops import LONGEST_WORD
from ner.tokenize.marks import grouped, is_paragraph
from ner.tokenize.substrings import BLANK, Part, Stop, cuts
from ner.tokenize.tokens import Range, are_singles, pattern, tokens_within

LONG = 1 << 18  # characters of a text whose sentences are not kept
BLOCK = 1 << 14  # characters that are cut at once
_SPACE = re.compile(r"\s")
_SPACES = re.compile(r"\s*")
_ASCII_SPACES = "\n\r\t\v\f\x1c\x1d\x1e\x1f"
_OTHER_SPACES = "\x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(
    map(chr, range(0x2000, 0x200B))
)
_FIRST_WORD = re.compile(rf"\w{{0,{LONGEST_WORD}}}")


def split_sentences(text: str, tokens: Sequence[Range]) -> list[Range]:
    """Group tokens into sentences: token ranges ``[first, last)`` that leave none out.

    `tokens` are character ranges of `text`, of any style. Quotation marks and
    brackets that close right after a full stop go with its sentence; a blank
    line always ends one, a single line end does not.
    """
    ends = accumulate((len(group) for group, _ in grouped(text, tokens)), initial=0)
    return list(pairwise(ends))


def sentences_of(
    text: str, style: str, *, source: str = "", line: int = 0, document: int = 0
) -> Sequence[Sentence]:
    """Tokenize a text and split it into sentences with their offsets in it.

    `line` is the line of `source` on which the text starts; each sentence gets
    the one of its first token (0, unknown, stays 0). A text without tokens has
    no sentences. A long text is cut anew whenever its sentences are read, so that they take no
    memory. Raises `UsageError` for an unknown style and for half a surrogate pair.
    """
    pattern(style)  # refuses an unknown one
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise UsageError(
            f"the text has half a surrogate pair ({text[error.start]!a}) at offset {error.start}, "
            "which is no character; decode it anew, or put U+FFFD in its place"
        ) from None
    if len(text) > LONG:
        return StreamedSentences(text, style, source, line, document)
    return list(_Splitter(text, style, source, line, document).sentences())


class StreamedSentences(Sequence[Sentence]):
    """The sentences of a text, cut anew whenever they are read: they take no memory.

    To count them takes a reading, and so does every index. Equal to other sequences of the same.
    """

    def __init__(
        self,
        text: str,
        style: str,
        source: str,
        line: int,
        document: int,
        spans: Mapping[int, tuple[Span, ...]] = {},
    ) -> None:
        self._given = text, style, source, line, document
        self._spans = spans

    def with_spans(self, spans: Mapping[int, tuple[Span, ...]]) -> "StreamedSentences":
        """The same with the spans of those sentences, by their numbers, that have any."""
        return StreamedSentences(*self._given, spans)

    def __iter__(self) -> Iterator[Sentence]:
        for number, sentence in enumerate(_Splitter(*self._given).sentences()):
            spans = self._spans.get(number)
            yield sentence.with_spans(spans) if spans else sentence

    def __len__(self) -> int:
        return sum(1 for _ in self)

    @overload
    def __getitem__(self, index: int) -> Sentence: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[Sentence, ...]: ...

    def __getitem__(self, index: Any) -> Any:
        return tuple(iter(self))[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and [*iter(self)] == [*iter(other)]

    def __hash__(self) -> int:
        return hash(tuple(iter(self)))


class _Splitter:
    """The sentences of a text, gathered from its substrings; `sentences` may be called once."""

    def __init__(self, text: str, style: str, source: str, line: int, document: int) -> None:
        self._text, self._style, self._cuts = text, style, cuts(style)
        self._source, self._line, self._document = source, line, document
        self._counted = 0  # characters whose line ends are counted
        self._tokens: list[str] = []  # that have not come out
        self._gaps: list[int] = []  # characters before each
        self._wide: list[tuple[int, int]] = []  # tokens with more of them, and how many more
        self._position = -1  # the end of the last token that has come out
        self._ends: list[int] = []  # of sentences among the tokens
        self._blank = 0  # the end of the last whitespace of several characters
        self._closing = 0  # the end of a sentence that the next substring belongs to
        self._code = "I" if len(text) < 1 << 32 else "q"

    def sentences(self) -> Iterator[Sentence]:
        """The sentences, some time after they are complete."""
        for start, substrings in _blocks(self._text):
            yield from self._cut(start, substrings)
            yield from self._complete()
        self._end()
        yield from self._complete()

    def _cut(self, start: int, substrings: list[str]) -> Iterator[Sentence]:
        """Take substrings that begin at `start`, with a space after each."""
        tokens, gaps = self._tokens, self._gaps
        found = list(map(self._cuts.__getitem__, substrings))
        done = counted = 0
        for number in compress(count(), found):
            tokens += substrings[done:number]
            gaps += [1] * (number - done)
            done = number + 1
            cut = found[number]
            if isinstance(cut, Part):
                tokens += cut.tokens
                gaps += cut.gaps
                continue
            if isinstance(cut, Stop) and done < len(found) and (ahead := _word(substrings[done])):
                self._stop(cut, ahead)
                continue
            start += sum(map(len, substrings[counted:number])) + number - counted
            counted = number
            end = start + len(substrings[number])
            if isinstance(cut, Stop) and end == len(self._text):
                self._stop(cut, None)
            elif cut is BLANK:
                self._take_blank(start)
            else:
                yield from self._take_marked(start, end)
        tokens += substrings[done:]
        gaps += [1] * (len(substrings) - done)

    def _stop(self, stop: Stop, ahead: str | None) -> None:
        """Take a substring that depends on the next word."""
        part, ends = stop.resolve(ahead)
        self._tokens += part.tokens
        self._gaps += part.gaps
        if ends:
            self._end()

    def _take_blank(self, start: int) -> None:
        """Take the whitespace before and behind an empty substring, once."""
        if start < self._blank:
            return
        match = _SPACES.match(self._text, start)
        assert match is not None, "the pattern matches the empty string"
        self._blank = match.end()
        if is_paragraph(self._text, start - 1, match.end()):
            self._end()
        self._wide.append((len(self._tokens), match.end() - start))

    def _take_marked(self, begin: int, stop: int) -> Iterator[Sentence]:
        """Cut a substring by what stands around it; of a long one, sentences come out."""
        closes = begin < self._closing
        before = begin - 1
        for group, ends in grouped(self._text, tokens_within(self._text, self._style, begin, stop)):
            first = len(self._tokens)
            for start, end in group:
                if are_singles(self._text, start, end):
                    self._tokens += self._text[start:end]
                else:
                    self._tokens.append(self._text[start:end])
            self._gaps += [0] * (len(self._tokens) - first)
            self._gaps[first] = group[0][0] - before
            before = group[-1][1]
            if ends > stop:
                self._closing = ends
            elif ends:
                self._end()
            if len(self._tokens) > BLOCK:
                yield from self._complete()
        if closes:
            self._end()

    def _end(self) -> None:
        """End a sentence behind the tokens so far."""
        if len(self._tokens) > (self._ends[-1] if self._ends else 0):
            self._ends.append(len(self._tokens))

    def _complete(self) -> Iterator[Sentence]:
        """The sentences that are complete."""
        if not self._ends:
            return
        last = self._ends[-1]
        for number, width in self._wide:
            if number < last:
                self._gaps[number] += width
        lengths = map(len, islice(self._tokens, last))
        ends = array(
            self._code,
            islice(accumulate(map(add, lengths, self._gaps), initial=self._position), 1, None),
        )
        for a, b in pairwise([0, *self._ends]):
            yield self._sentence(tuple(self._tokens[a:b]), ends[a:b])
        del self._tokens[:last], self._gaps[:last]
        self._wide = [(number - last, width) for number, width in self._wide if number >= last]
        self._ends, self._position = [], ends[-1]

    def _sentence(self, tokens: tuple[str, ...], ends: "array[int]") -> Sentence:
        if self._line:
            first = ends[0] - len(tokens[0])
            self._line += self._text.count("\n", self._counted, first)
            self._counted = first
        return Sentence(
            tokens,
            offsets=Offsets(tokens, ends),
            source=self._source,
            line=self._line,
            document=self._document,
        )


def _word(substring: str) -> str:
    """The word that a substring begins with, if it does."""
    match = _FIRST_WORD.match(substring)
    assert match is not None, "the pattern matches the empty string"
    return match[0]


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Cut a text at whitespace: the substrings of some 16,000 characters, and where these start."""
    start = 0
    while start <= len(text):
        match = _SPACE.search(text, start + BLOCK)
        end = match.start() if match else len(text)
        yield start, _evenly_spaced(text[start:end]).split(" ")
        start = end + 1


def _evenly_spaced(text: str) -> str:
    """The text with a space in place of each other character that is whitespace."""
    for space in _ASCII_SPACES if text.isascii() else _ASCII_SPACES + _OTHER_SPACES:
        if space in text:
            text = text.replace(space, " ")
    return text
