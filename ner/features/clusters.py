"""Brown clusters: words with the bit path that leads to their cluster (Brown et al. 1992).

Words that occur in like contexts share a cluster, and near clusters a prefix of their paths: a
class of words as coarse as it is short (Miller et al. 2004, Ratinov and Roth 2009).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from ner.errors import NerError
from ner.features.feature import StoredData, TrainingData, WordFeature
from ner.features.vocabulary import FIRST, UNKNOWN
from ner.features.word_lists import word_lines
from ner.frozen import frozen
from ner.lazy import cached_property

FILE = "clusters.json"

# Bits of a cluster's path that are columns of their own (Ratinov and Roth 2009).
PREFIXES = (4, 6, 10, 20)


@frozen()
class Clusters(WordFeature):
    """Sorted distinct paths, and the number of each word's; a column for each prefix length."""

    FILES = (FILE,)
    DIM = "cluster_dim"
    RESOURCE = "clusters"

    paths: tuple[str, ...]
    words: Mapping[str, int]

    def number_of(self, word: str) -> int | None:
        """The number of a word's path: of the word itself, in lower case, or in title case, if any.

        Title case finds ``GERMANY``.
        """
        forms = (word, word.lower(), word.title())
        return next((self.words[form] for form in forms if form in self.words), None)

    def prefixes(self, length: int) -> tuple[tuple[str, ...], list[int]]:
        """Sorted prefixes, and the number of each path's; a shorter path is its own prefix."""
        cut = [path[:length] for path in self.paths]
        distinct = tuple(sorted(set(cut)))
        numbers = {prefix: number for number, prefix in enumerate(distinct)}
        return distinct, [numbers[prefix] for prefix in cut]

    @classmethod
    def build(cls, data: TrainingData) -> "Clusters | None":
        """Read the file of the configuration. Raises `NerError`."""
        path = data.config.resources.clusters
        return read_clusters(path) if path else None

    @classmethod
    def read(cls, data: StoredData) -> Self | None:
        """Read paths and words. Raises `ValidationError`."""
        files = data.files
        if not files.has(FILE):
            return None
        value = files.json(FILE, dict)
        paths = files.different(FILE, files.member(FILE, value, "paths", list))
        words = files.member(FILE, value, "words", dict)
        if not all(type(path) is int and 0 <= path < len(paths) for path in words.values()):
            raise files.damaged(FILE, "words of clusters that there are not")
        return cls(tuple(paths), words)

    def files(self) -> dict[str, Any]:
        """The paths, and the words with the number of theirs."""
        return {FILE: {"paths": self.paths, "words": dict(self.words)}}

    @property
    def sizes(self) -> tuple[int, ...]:
        """The number of prefixes of each length, padding and unknown included."""
        return tuple(size for size, _ in self._prefixes)

    def ids(self, word: str) -> tuple[int, ...]:
        """The ids of the prefixes of a word's path."""
        path = self.number_of(word)
        if path is None:
            return (UNKNOWN,) * len(PREFIXES)
        return tuple([ids[path] for _, ids in self._prefixes])

    @cached_property
    def _prefixes(self) -> list[tuple[int, list[int]]]:
        """The number of ids, and the id of each path, for each length of prefix."""
        cut = map(self.prefixes, PREFIXES)
        return [(len(known) + FIRST, [FIRST + n for n in numbers]) for known, numbers in cut]


def read_clusters(path: str | Path) -> Clusters:
    """Read a file with ``path<TAB>word<TAB>count`` in each line, UTF-8; ``.gz`` is unpacked.

    A path is a text of 0 and 1; of a word that occurs twice the first line counts. Raises
    `UsageError` for a missing file and `NerError` for one that is something else or empty.
    """
    found: dict[str, str] = {}
    known: dict[str, str] = {}  # one object for all words of a cluster
    for number, line in word_lines(path):
        bits, word = _parse(line, f"{path}:{number}")
        found.setdefault(word, known.setdefault(bits, bits))
    if not found:
        raise NerError(f"{path}: has no word; name a file of Brown clusters, or leave it out")
    paths = tuple(sorted(set(found.values())))
    numbers = {bits: number for number, bits in enumerate(paths)}
    return Clusters(paths, {word: numbers[bits] for word, bits in found.items()})


def _parse(line: str, place: str) -> tuple[str, str]:
    columns = line.split("\t")
    if len(columns) != 3:
        raise NerError(
            f"{place}: is not path, word and count with tabs between (columns: {len(columns)}); "
            "is it a file of Brown clusters?"
        )
    bits, word, count = columns
    if not bits or bits.strip("01"):
        raise NerError(f"{place}: {bits[:40]!r} is no path of 0 and 1; mend or drop the line")
    if not word:
        raise NerError(f"{place}: has no word; mend or drop the line")
    if not count.isdecimal():
        raise NerError(f"{place}: {count[:40]!r} is no count; mend or drop the line")
    return bits, word
