"""Gazetteers: the matches of word lists as hints, which the network learns to weigh."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from ner.features.feature import CategoryIds, SentenceFeature, StoredData, TrainingData
from ner.features.word_lists import LONGEST_ENTRY, WordList, parse_spec, read_word_lists
from ner.stored import damaged, member

FILE = "gazetteers.json"

NONE, SINGLE, BEGIN, INSIDE, END = range(5)
MATCH_TAGS = 5
"""The number of match tags (BIOES): no match, all of one, its first token, inside, its last."""


@dataclass(frozen=True)
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
        place, parts = data.files.path / FILE, data.files.json(FILE, list)
        return cls(tuple(_stored_list(place, part) for part in parts))

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


def _stored_list(place: Path, part: Any) -> WordList:
    if not isinstance(part, dict):
        raise damaged(place, "no word list")
    entries = member(place, part, "entries", list)
    if not all(isinstance(e, list) and all(isinstance(t, str) for t in e) for e in entries):
        raise damaged(place, "entries that are no tokens")
    if any(len(tokens) > LONGEST_ENTRY for tokens in entries):
        raise damaged(place, f"entries of more than {LONGEST_ENTRY} tokens")
    return WordList.build(member(place, part, "label", str), entries)
