"""Word lists: entries of one type, and their matches in a text.

As *features* (``--gazetteer`` in training) matches are hints that the network learns to weigh, and
needs again whenever it tags. As *rules* (``--force`` in tagging) they are entities whatever the
network predicts, and stand outside any model.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from ner.config import ModelConfig, ResourcesConfig
from ner.errors import ConfigError, NerError
from ner.features.feature import FirstPass, SentenceFeature, TrainingData
from ner.features.lines import word_lines
from ner.stored import StoredFolder, damaged, member
from ner.text import Span
from ner.tokenize import tokenize

FILE = "gazetteers.json"

NONE, SINGLE, BEGIN, INSIDE, END = range(5)
MATCH_TAGS = 5
"""The number of match tags (BIOES): no match, all of one, its first token, inside, its last."""

LONGEST_ENTRY = 20
"""Tokens; a longer line of a list is a sentence rather than a name, and is dropped."""

Entry = tuple[str, ...]
Node = dict[str | None, Any]
"""Tokens of entries and the nodes behind them; has the key None where an entry ends."""


@dataclass(frozen=True)
class Gazetteer:
    """The entries of one type, in the order of their list.

    A token of a text matches a token of an entry if it is equal, if it is that
    word in capitals (``GERMANY`` matches ``Germany``), or with a capital first
    letter (``Aspirin`` matches ``aspirin``). So ``may`` never matches ``May``.
    """

    label: str
    entries: tuple[Entry, ...]

    @classmethod
    def build(cls, label: str, entries: Iterable[Sequence[str]]) -> "Gazetteer":
        """Take tokenised entries, without duplicates and empty ones."""
        return cls(label, tuple(dict.fromkeys(tuple(entry) for entry in entries if entry)))

    def matches(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """The token ranges ``[start, end)`` of entries: leftmost-longest, none overlaps another.

        Takes time linear in the tokens, times those of the longest entry.
        """
        starts = self._starts.get
        found: list[tuple[int, int]] = []
        free = 0
        for position, token in enumerate(tokens):
            if position >= free and (nodes := starts(token)):
                end = self._longest(tokens, position, nodes)
                if end:
                    found.append((position, end))
                    free = end
        return found

    def _longest(self, tokens: Sequence[str], start: int, nodes: list[Node]) -> int:
        """The end of the longest entry that begins at `start`; 0 without one."""
        end, position = 0, start + 1
        while nodes:
            if any(None in node for node in nodes):
                end = position
            if position == len(tokens):
                break
            nodes = self._next(nodes, tokens[position])
            position += 1
        return end

    def _next(self, nodes: list[Node], token: str) -> list[Node]:
        words = self._words.get(token, ())
        return [node[word] for node in nodes for word in words if word in node]

    @cached_property
    def _trie(self) -> Node:
        root: Node = {}
        for entry in self.entries:
            node = root
            for token in entry:
                node = node.setdefault(token, {})
            node[None] = None
        return root

    @cached_property
    def _words(self) -> dict[str, list[str]]:
        """Tokens as a text may have them, and the tokens of entries that they match."""
        words: dict[str, list[str]] = {}
        for word in dict.fromkeys(token for entry in self.entries for token in entry):
            for form in _forms(word):
                words.setdefault(form, []).append(word)
        return words

    @cached_property
    def _starts(self) -> dict[str, list[Node]]:
        """First tokens as a text may have them, and the nodes behind them."""
        starts: dict[str, list[Node]] = {}
        for word, node in self._trie.items():
            assert word is not None, "no entry is empty"
            for form in _forms(word):
                starts.setdefault(form, []).append(node)
        return starts


def _forms(word: str) -> set[str]:
    """The tokens of a text that match a token of an entry."""
    return {word, word.upper(), word[:1].upper() + word[1:]}


@dataclass(frozen=True)
class Gazetteers(SentenceFeature):
    """Word lists as a feature: the match tag of a token in each list is a column."""

    FILES = (FILE,)
    DIM = "gazetteer_dim"

    lists: tuple[Gazetteer, ...]

    @classmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Read the lists of the configuration. Raises `NerError`."""
        specs = data.config.resources.gazetteers
        return cls(read_gazetteers(specs, data.config.data.tokenizer)) if specs else None

    @classmethod
    def read(cls, files: StoredFolder, config: ModelConfig, labels: Sequence[str]) -> Self | None:
        """Read labels and entries. Raises `ValidationError`."""
        if not files.has(FILE):
            return None
        parts = files.json(FILE, list)
        return cls(tuple(_stored_list(files.path / FILE, part) for part in parts))

    def files(self) -> dict[str, Any]:
        """The label and the entries of each list."""
        return {FILE: [{"label": part.label, "entries": part.entries} for part in self.lists]}

    @classmethod
    def resources(cls, config: ResourcesConfig) -> dict[str, list[str]]:
        """The labels and names of the files."""
        specs = map(_parse, config.gazetteers)
        return {"gazetteers": [f"{label}={path.name}" for label, path in specs]}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of match tags, for each list."""
        return (MATCH_TAGS,) * len(self.lists)

    def ids(self, tokens: Sequence[str], first_pass: FirstPass) -> Sequence[tuple[int, ...]]:
        """The match tags of each token."""
        columns = [[NONE] * len(tokens) for _ in self.lists]
        for column, gazetteer in zip(columns, self.lists, strict=True):
            for start, end in gazetteer.matches(tokens):
                if end - start == 1:
                    column[start] = SINGLE
                else:
                    column[start:end] = [BEGIN, *[INSIDE] * (end - start - 2), END]
        return list(zip(*columns, strict=True)) if columns else [()] * len(tokens)


def _stored_list(place: Path, part: Any) -> Gazetteer:
    if not isinstance(part, dict):
        raise damaged(place, "no word list")
    entries = member(place, part, "entries", list)
    if not all(isinstance(e, list) and all(isinstance(t, str) for t in e) for e in entries):
        raise damaged(place, "entries that are no tokens")
    if any(len(tokens) > LONGEST_ENTRY for tokens in entries):
        raise damaged(place, f"entries of more than {LONGEST_ENTRY} tokens")
    return Gazetteer.build(member(place, part, "label", str), entries)


def rule_spans(gazetteers: Sequence[Gazetteer], tokens: Sequence[str]) -> list[Span]:
    """The matches of several lists as spans, in order.

    Of overlapping matches the longest stays, then that of the first list, then the first.
    """
    ranked = sorted(
        (start - end, number, start, end)
        for number, gazetteer in enumerate(gazetteers)
        for start, end in gazetteer.matches(tokens)
    )
    taken = bytearray(len(tokens))
    spans = []
    for _, number, start, end in ranked:
        if not any(taken[start:end]):
            taken[start:end] = b"\1" * (end - start)
            spans.append(Span(start, end, gazetteers[number].label))
    return sorted(spans)


def read_gazetteers(specs: Sequence[str], tokenizer: str) -> tuple[Gazetteer, ...]:
    """Read word lists given as ``LABEL=file``; lists of one label are joined into one.

    A file has an entry a line, in UTF-8 (``.gz`` is unpacked), cut into tokens by the tokenizer of
    the text. A full stop at the end of an entry may belong to its last word or end a sentence
    (``Acme Inc.``): it matches with and without. Lines without letter or digit, or of more than
    `LONGEST_ENTRY` tokens, are dropped. Labels are in order of appearance.

    Raises `ConfigError` unless it is ``LABEL=file``, `UsageError` for a missing file, `NerError`
    with ``file:line`` for one that is not UTF-8, or has no entry.
    """
    lists: dict[str, list[Entry]] = {}
    for spec in specs:
        label, path = _parse(spec)
        lists.setdefault(label, []).extend(_read(path, tokenizer))
    return tuple(Gazetteer.build(label, entries) for label, entries in lists.items())


def _parse(spec: str) -> tuple[str, Path]:
    label, _, path = (part.strip() for part in spec.partition("="))
    if not label or not path or any(char.isspace() for char in label):
        raise ConfigError(f"word list {spec!r} is not LABEL=FILE; write it as in PER=names.txt")
    return label, Path(path)


def _read(path: Path, tokenizer: str) -> list[Entry]:
    entries = [
        entry
        for _, line in word_lines(path)
        if any(char.isalnum() for char in line)
        for entry in _variants(line, tokenizer)
        if 0 < len(entry) <= LONGEST_ENTRY
    ]
    if not entries:
        raise NerError(f"{path}: has no entry; write one in each line, or leave the list out")
    return entries


def _variants(line: str, tokenizer: str) -> Iterator[Entry]:
    """The tokens of a line, with and without a full stop that belongs to the last word."""
    bare = line.rstrip(".")
    yield _tokens(bare, tokenizer)
    if bare != line:
        # Before a small letter a full stop is an abbreviation's, or a token by itself.
        *tokens, _ = _tokens(f"{line} a", tokenizer)
        if tokens[-1] != ".":
            yield tuple(tokens)


def _tokens(text: str, tokenizer: str) -> Entry:
    return tuple(text[start:end] for start, end in tokenize(text, tokenizer))
