"""Word lists: entries of one type with their matches in a text, and files with words in lines."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ner.errors import ConfigError, NerError
from ner.files import open_binary, read_errors, unreadable
from ner.frozen import frozen
from ner.lazy import cached_property
from ner.tokenize import tokenize

LONGEST_LINE = 1 << 16
"""Bytes in the longest line that is accepted; a file with longer ones is something else."""

LONGEST_ENTRY = 20
"""Tokens; a longer line of a list is a sentence rather than a name, and is dropped."""

LEAST_KEPT = 100_000
"""Nodes in states that a list of any size may keep; a large one keeps twice its tokens more."""

Entry = tuple[str, ...]
Node = dict[str | None, Any]
"""Tokens of entries and the nodes behind them; has the key None where an entry ends."""


@frozen()
class WordList:
    """The entries of one type, in the order of their list.

    A token of a text matches that of an entry if it is equal, the same in capitals (``GERMANY``
    matches ``Germany``), or with a capital first letter (``Aspirin`` matches ``aspirin``): ``may``
    never matches ``May``.
    """

    label: str
    entries: tuple[Entry, ...]

    @classmethod
    def build(cls, label: str, entries: Iterable[Sequence[str]]) -> "WordList":
        """Take tokenised entries, without duplicates and empty ones."""
        return cls(label, tuple(dict.fromkeys(tuple(entry) for entry in entries if entry)))

    def matches(self, tokens: Sequence[str]) -> list[tuple[int, int]]:
        """The token ranges ``[start, end)`` of entries: leftmost-longest, none overlaps another.

        Takes time linear in the tokens, times those of the longest entry.
        """
        found: list[tuple[int, int]] = []
        free = 0
        for position in range(len(tokens)):
            if position >= free and (end := self._automaton.longest(tokens, position)):
                found.append((position, end))
                free = end
        return found

    @cached_property
    def _automaton(self) -> "_Automaton":
        return _Automaton(self.entries)


class _State:
    """All nodes to which the same tokens of a text lead, and the states behind it so far."""

    __slots__ = ("behind", "ends", "nodes")

    def __init__(self, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self.ends = any(None in node for node in nodes)
        self.behind: dict[str, _State | None] = {}


class _Automaton:
    """A trie of entries, made deterministic as far as texts walk through it.

    Entries that differ in case only lead a text in capitals to many nodes. Their states are found
    once, so that a token costs one look whatever is in the list.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._trie: Node = {}
        self._limit = LEAST_KEPT
        for entry in entries:
            node = self._trie
            self._limit += 2 * len(entry)
            for token in entry:
                node = node.setdefault(token, {})
            node[None] = None
        self._words = _words(entries)
        self._start, self._kept = _State([self._trie]), 0

    def longest(self, tokens: Sequence[str], start: int) -> int:
        """The end of the longest entry that begins at `start`; 0 without one."""
        end, state = 0, self._step(self._start, tokens[start])
        for position in range(start + 1, len(tokens) + 1):
            if state is None:
                break
            if state.ends:
                end = position
            state = self._step(state, tokens[position]) if position < len(tokens) else None
        return end

    def _step(self, state: _State, token: str) -> _State | None:
        if token in state.behind:
            return state.behind[token]
        if token not in self._words:
            return None
        words, nodes = self._words[token], []
        for node in state.nodes:
            few, many = (words, node) if len(words) < len(node) else (node, words)
            nodes += [node[word] for word in few if word in many and word is not None]
        if self._kept > self._limit:  # states that are in use live on until they are left
            self._start, self._kept = _State([self._trie]), 0
        self._kept += 1 + len(nodes)
        state.behind[token] = found = _State(nodes) if nodes else None
        return found


def _words(entries: Iterable[Entry]) -> dict[str, dict[str | None, None]]:
    """Tokens as a text may have them, and the tokens of entries that they match."""
    words: dict[str, dict[str | None, None]] = {}
    for word in dict.fromkeys(token for entry in entries for token in entry):
        for form in {word, word.upper(), word[:1].upper() + word[1:]}:
            words.setdefault(form, {})[word] = None
    return words


def read_word_lists(specs: Sequence[str], tokenizer: str) -> tuple[WordList, ...]:
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
        label, path = parse_spec(spec)
        lists.setdefault(label, []).extend(_read(path, tokenizer))
    return tuple(WordList.build(label, entries) for label, entries in lists.items())


def parse_spec(spec: str) -> tuple[str, Path]:
    """Take ``LABEL=file`` apart. Raises `ConfigError`."""
    label, _, path = (part.strip() for part in spec.partition("="))
    if not label or not path or any(char.isspace() for char in label):
        raise ConfigError(f"word list {spec!r} is not LABEL=FILE; write it as in PER=names.txt")
    return label, Path(path)


def _read(path: Path, tokenizer: str) -> list[Entry]:
    entries = entries_of((line for _, line in word_lines(path)), tokenizer)
    if not entries:
        raise NerError(f"{path}: has no entry; write one in each line, or leave the list out")
    return entries


def entries_of(lines: Iterable[str], tokenizer: str) -> list[Entry]:
    """The entries in lines, as `read_word_lists` takes them; those that are none are dropped."""
    return [
        entry
        for line in lines
        if any(char.isalnum() for char in line)
        for entry in _variants(line, tokenizer)
        if 0 < len(entry) <= LONGEST_ENTRY
    ]


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


def word_lines(path: str | Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers (from 1) and lines of UTF-8, without what is blank at their ends.

    Blank lines and a byte order mark are left out; ``.gz`` is unpacked. Raises `UsageError` for a
    missing file, `NerError` for one that is unreadable or not text in UTF-8.
    """
    with open_binary(path) as file:
        try:
            for number, raw in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), 1):
                line = _decoded(raw, f"{path}:{number}").strip()
                if number == 1:
                    line = line.removeprefix("\ufeff").lstrip()
                if line:
                    yield number, line
        except read_errors() as error:
            raise unreadable(path, error) from None


def _decoded(raw: bytes, place: str) -> str:
    if len(raw) > LONGEST_LINE or b"\0" in raw:
        raise NerError(f"{place}: is no line of a text file; name a file with words in lines")
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        byte = raw[error.start]
        raise NerError(f"{place}: byte 0x{byte:02X} is not UTF-8; save the file as UTF-8") from None
