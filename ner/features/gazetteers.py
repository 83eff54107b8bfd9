"""Gazetteers: the matches of word lists as hints, which the network learns to weigh."""

from collections.abc import Sequence
from typing import Any, Self

from ner.errors import UsageError
from ner.features.feature import CategoryIds, SentenceFeature, StoredData, TrainingData
from ner.features.word_lists import LONGEST_ENTRY, WordList, parse_spec, read_word_lists
from ner.frozen import frozen

FILE = "gazetteers.json"

NONE, SINGLE, BEGIN, INSIDE, END = range(5)
MATCH_TAGS = 5
"""The number of match tags (BIOES): no match, all of one, its first token, inside, its last."""


@frozen()
class Gazetteers(SentenceFeature):
    """Word lists as a feature: the match tag of a token in each list is a column."""

    FILES = (FILE,)
    DIM = "gazetteer_dim"
    RESOURCE = "gazetteers"

    lists: tuple[WordList, ...]

    @classmethod
    def build(cls, data: TrainingData) -> Self | None:
        """Read the lists of the configuration. Raises `NerError`."""
        specs = data.config.resources.gazetteers
        return cls(read_word_lists(specs, data.config.data.tokenizer)) if specs else None

    @classmethod
    def read(cls, data: StoredData) -> Self | None:
        """Read labels and entries. Raises `ValidationError`."""
        if not data.files.has(FILE):
            return None
        return cls(tuple(_stored_list(data, part) for part in data.files.json(FILE, list)))

    def grown(self, data: TrainingData) -> Self:
        """Add the entries of the lists of the configuration. Raises `NerError`."""
        specs = data.config.resources.gazetteers
        further = {part.label: part for part in read_word_lists(specs, data.config.data.tokenizer)}
        if unknown := further.keys() - {part.label for part in self.lists}:
            raise UsageError(
                f"resources.gazetteers: the start model has no word list {min(unknown)}; add to "
                f"those it has ({', '.join(part.label for part in self.lists)}), or train anew"
            )
        lists = [
            WordList.build(part.label, (*part.entries, *further[part.label].entries))
            if part.label in further
            else part
            for part in self.lists
        ]
        return type(self)(tuple(lists))

    def files(self) -> dict[str, Any]:
        """The label and the entries of each list."""
        return {FILE: [{"label": part.label, "entries": part.entries} for part in self.lists]}

    @classmethod
    def resource_name(cls, spec: str) -> str:
        """The label and the name of the file."""
        label, path = parse_spec(spec)
        return f"{label}={path.name}"

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of match tags, for each list."""
        return (MATCH_TAGS,) * len(self.lists)

    def ids(self, tokens: Sequence[str]) -> Sequence[CategoryIds]:
        """The match tags of each token."""
        columns = [[NONE] * len(tokens) for _ in self.lists]
        for column, words in zip(columns, self.lists, strict=True):
            for start, end in words.matches(tokens):
                if end - start == 1:
                    column[start] = SINGLE
                else:
                    column[start:end] = [BEGIN, *[INSIDE] * (end - start - 2), END]
        return list(zip(*columns, strict=True)) if columns else [()] * len(tokens)


def _stored_list(data: StoredData, part: Any) -> WordList:
    files = data.files
    if not isinstance(part, dict):
        raise files.damaged(FILE, "no word list")
    entries = files.member(FILE, part, "entries", list)
    if not all(isinstance(e, list) and all(isinstance(t, str) for t in e) for e in entries):
        raise files.damaged(FILE, "entries that are no tokens")
    if any(len(tokens) > LONGEST_ENTRY for tokens in entries):
        raise files.damaged(FILE, f"entries of more than {LONGEST_ENTRY} tokens")
    return WordList.build(files.member(FILE, part, "label", str), entries)
