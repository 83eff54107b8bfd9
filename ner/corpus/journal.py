"""Journals: the decisions of a person about the labels of files, as ``ner review`` keeps them.

JSON Lines. The first names the files and tells how they are read, each of the others is a stroke of
work, which concerns one sentence or several (by their numbers, from 0), or takes one back::

    {"journal": 1, "files": ["/data/a.conll"], "reading": {}, "unlabelled": false, "checksum": "…"}
    {"do": {"17": {"entities": [{"start": 0, "end": 6, "label": "PER"}], "accepted": true,
     "note": ""}}, "time": "2026-01-01T12:00:00+00:00"}
    {"undo": true}
    {"redo": true}

A line counts once its end is there: what a process leaves behind that was killed while it wrote is
told and passed over. ``read_journal(path)`` gives the sentences as they were decided.
"""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

from ner.config import Config, DataConfig
from ner.corpus.corpus import checksum
from ner.corpus.decisions import Decision, decided, in_same_tokens, parse_decision
from ner.corpus.diagnostics import LOG
from ner.corpus.formats import read_file
from ner.corpus.plain import LAYOUTS, Passage, layout_named, layout_of
from ner.corpus.records import InvalidRecord, field_of, is_list_of, kind_of, parse_json
from ner.errors import CorpusError, UsageError
from ner.files import open_binary
from ner.frozen import frozen
from ner.text import Sentence
from ner.tokenize import detect_text_style

VERSION = 1
_FIRST = b'{"journal":'
_SHOWN = 100
"""Passages that are looked at to tell how a text is cut into tokens."""
Stroke = dict[int, Decision | None]
"""The decision on each sentence that a stroke concerns; None is none."""


class Reviewed(NamedTuple):
    """A sentence as it was decided, if all its entities were accepted, and the note on it."""

    sentence: Sentence
    accepted: bool
    note: str = ""


def read_journal(path: str | Path) -> list[Reviewed]:
    """Read the sentences of a journal's files as they were decided, in the order of the files.

    Each has its place, `source` and `line`; one that nobody decided on has the labels of its file
    and is not accepted. A file is looked for where it was, then beside the journal. Raises
    `CorpusError` for what is no journal, `NerError` for files that are gone or have changed.
    """
    return _read(path)[1]


def _read(path: str | Path) -> "tuple[Head, list[Reviewed]]":
    head, history, _ = load_journal(path)
    sentences = head.sentences(Path(path))
    history.check(sentences, path)
    return head, [_reviewed(s, history.decisions.get(n)) for n, s in enumerate(sentences)]


def is_journal(path: str | Path) -> bool:
    """Recognise a journal by its first bytes. Raises `NerError` for what cannot be read."""
    with open_binary(path) as file:
        return file.read(len(_FIRST)) == _FIRST


def read_journals(one: str | Path, other: str | Path) -> tuple[list[Sentence], list[Sentence]]:
    """Read what two annotators have decided on the same files, in the same tokens.

    Sentences that either has not accepted are left out, and counted in the log. Raises as
    `read_journal`, and `UsageError` for journals of different sentences or with none in common.
    """
    first, second = read_journal(one), read_journal(other)
    if load_journal(one)[0].checksum != load_journal(other)[0].checksum:
        raise UsageError(
            f"{other}: was begun with other sentences than {one}; name two of the same"
        )
    pairs = [
        in_same_tokens(a.sentence, b.sentence)
        for a, b in zip(first, second, strict=True)
        if a.accepted and b.accepted
    ]
    if not pairs:
        raise UsageError(f"{other}: accepts no sentence that {one} accepts; accept the same ones")
    LOG.info("%d of %d sentences are accepted by both, and compared", len(pairs), len(first))
    return [a for a, _ in pairs], [b for _, b in pairs]


def _reviewed(sentence: Sentence, decision: Decision | None) -> Reviewed:
    if decision is None:
        return Reviewed(sentence, accepted=False)
    return Reviewed(decided(sentence, decision), decision.accepted, decision.note)


# --- the files ------------------------------------------------------------------------------------


def read_files(files: Iterable[Path], config: DataConfig, *, unlabelled: bool) -> list[Sentence]:
    """Read the sentences of files, documents numbered through; `unlabelled` ones as text.

    Raises `NerError`.
    """
    sentences: list[Sentence] = []
    for file in files:
        found = _read_text(file, config) if unlabelled else read_file(file, config)
        first = sentences[-1].document + 1 if sentences else 0
        sentences += [replace(s, document=first + s.document) for s in found] if first else found
    return sentences


def _read_text(file: Path, config: DataConfig) -> list[Sentence]:
    """The sentences of text without labels; each passage is a document."""
    if config.tokenizer == "auto":
        passages = _passages(file, replace(config, tokenizer="words"))
        texts = [passage.text for passage in itertools.islice(passages, _SHOWN)]
        config = replace(config, tokenizer=detect_text_style(texts))
    found = [
        replace(sentence, document=number)
        for number, passage in enumerate(_passages(file, config))
        for sentence in passage.sentences
        if sentence.tokens
    ]
    if not found:
        raise CorpusError(f"{file}: has no sentence; there is nothing to label")
    return found


def _passages(file: Path, config: DataConfig) -> Iterator[Passage]:
    """The passages of a file, in the layout of its format if one is named, else of its name."""
    named = config.format != "auto"
    layout = LAYOUTS[layout_named(config.format) if named else layout_of(file.name)]
    with open_binary(file) as stream:
        lines = layout.lines(stream, str(file), config.encoding)
        yield from layout.read(lines, str(file), config)


@frozen()
class Head:
    """The first line of a journal: the files, how they are read, and a checksum of what is read."""

    files: Sequence[str]
    reading: Mapping[str, Any]
    unlabelled: bool
    checksum: str

    @classmethod
    def of(
        cls,
        files: Iterable[Path],
        sentences: Sequence[Sentence],
        reading: Mapping[str, Any],
        *,
        unlabelled: bool,
    ) -> "Head":
        """The head for files that have been read."""
        paths = [str(file.absolute()) for file in files]
        return cls(paths, reading, unlabelled, checksum(sentences))

    def to_dict(self) -> dict[str, Any]:
        """All of it, as the journal has it."""
        return {
            "journal": VERSION,
            "files": list(self.files),
            "reading": dict(self.reading),
            "unlabelled": self.unlabelled,
            "checksum": self.checksum,
        }

    def sentences(self, journal: Path) -> list[Sentence]:
        """Read the files. Raises `NerError` where one is gone or has changed."""
        beside = [journal.parent / Path(file).name for file in self.files]
        files = [
            other if other.exists() and not Path(file).exists() else Path(file)
            for file, other in zip(self.files, beside, strict=True)
        ]
        config = Config().replace(self.reading).data
        found = read_files(files, config, unlabelled=self.unlabelled)
        self.check(replace(self, checksum=checksum(found)), journal)
        return found

    def check(self, other: "Head", journal: Path) -> None:
        """Raise `UsageError` for a head of other sentences than those of the journal."""
        if (other.checksum, other.unlabelled) != (self.checksum, self.unlabelled):
            raise UsageError(
                f"{journal}: was begun with other sentences than {', '.join(self.files)} now has; "
                "bring back the files and options of then, or begin anew with another --out"
            )


# --- the strokes ----------------------------------------------------------------------------------


@dataclass
class History:
    """The strokes of a journal, and how sentences stand after them.

    `versions` counts the changes of each sentence that has any.
    """

    decisions: dict[int, Decision] = field(default_factory=dict)
    versions: dict[int, int] = field(default_factory=dict)
    _done: list[tuple[Stroke, Stroke]] = field(default_factory=list)  # before and after
    _undone: list[tuple[Stroke, Stroke]] = field(default_factory=list)

    @property
    def can_undo(self) -> bool:
        """True if there is a stroke to take back."""
        return bool(self._done)

    @property
    def can_redo(self) -> bool:
        """True if there is a stroke that was taken back last."""
        return bool(self._undone)

    def do(self, stroke: Stroke) -> list[int]:
        """Make a stroke; returns the sentences that it concerns."""
        before = {number: self.decisions.get(number) for number in stroke}
        self._done.append((before, stroke))
        self._undone.clear()
        return self._apply(stroke)

    def undo(self) -> list[int]:
        """Take the last stroke back."""
        self._undone.append(self._done.pop())
        return self._apply(self._undone[-1][0])

    def redo(self) -> list[int]:
        """Make the stroke again that was taken back last."""
        self._done.append(self._undone.pop())
        return self._apply(self._done[-1][1])

    def _apply(self, stroke: Stroke) -> list[int]:
        for number, decision in stroke.items():
            self.versions[number] = self.versions.get(number, 0) + 1
            if decision is None:
                del self.decisions[number]
            else:
                self.decisions[number] = decision
        return list(stroke)

    def check(self, sentences: Sequence[Sentence], path: str | Path) -> None:
        """Raise `CorpusError` for a decision that no sentence can have."""
        for number, decision in self.decisions.items():
            try:
                if not 0 <= number < len(sentences):
                    raise InvalidRecord("there is no such sentence")
                decided(sentences[number], decision)
            except InvalidRecord as error:
                raise CorpusError(f"{path}: sentence {number}: {error}") from None


def do_line(stroke: Stroke, time: str) -> dict[str, Any]:
    """A stroke as a line of a journal."""
    return {"do": {str(n): d and d.to_dict() for n, d in stroke.items()}, "time": time}


def load_journal(path: str | Path) -> tuple[Head, History, int]:
    """Read a journal, and the number of its bytes that count.

    The log tells of bytes that do not: those of a line without an end. Raises `CorpusError` with
    ``file:line`` for what is no journal.
    """
    with open_binary(path) as file:
        content = file.read()
    size = content.rfind(b"\n") + 1
    if size < len(content):
        LOG.warning(
            "%s: its last line breaks off, and was not saved; it is passed over (%d bytes)",
            path, len(content) - size,
        )  # fmt: skip
    head, history = None, History()
    for number, line in enumerate(content[:size].splitlines(), 1):
        try:
            value = parse_json(line.decode(), "'journal' or 'do'")
            if head is None:
                head = _head(value)
            else:
                _replay(value, history)
        except (InvalidRecord, UnicodeDecodeError) as error:
            raise CorpusError(f"{path}:{number}: {error}; is it a journal of ner review?") from None
    if head is None:
        raise CorpusError(f"{path}: has no line; it is no journal of ner review")
    return head, history, size


def _head(value: Any) -> Head:
    """Check the first line. Raises `InvalidRecord`."""
    if type(value) is not dict or value.get("journal") != VERSION:
        raise InvalidRecord(f"is not the first line of a journal of version {VERSION}")
    files, reading = field_of(value, "files", list), field_of(value, "reading", dict)
    if not is_list_of(files, str):
        raise InvalidRecord("'files' are not paths")
    return Head(files, reading, value.get("unlabelled") is True, field_of(value, "checksum", str))


def _replay(value: Any, history: History) -> None:
    """Apply a line. Raises `InvalidRecord`."""
    if type(value) is not dict:
        raise InvalidRecord(f"is {kind_of(value)}, not a stroke")
    if "do" in value:
        history.do({_number(n): parse_decision(d) for n, d in field_of(value, "do", dict).items()})
    elif "undo" in value and history.can_undo:
        history.undo()
    elif "redo" in value and history.can_redo:
        history.redo()
    else:
        raise InvalidRecord("is no stroke, or there is none to take back or make again")


def _number(text: str) -> int:
    if not text.isdecimal():
        raise InvalidRecord(f"{text!r:.60} is not the number of a sentence")
    return int(text)
