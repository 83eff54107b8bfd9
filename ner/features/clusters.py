"""Brown clusters: words with the bit path that leads to their cluster (Brown et al. 1992).

Words that occur in like contexts share a cluster, and near clusters share a
prefix of their paths; so a prefix is a class of words as coarse as it is short
(Miller et al. 2004, Ratinov and Roth 2009).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ner.errors import NerError
from ner.features.lines import word_lines


@dataclass(frozen=True)
class Clusters:
    """Distinct paths, sorted, and the number of each word's path among them."""

    paths: tuple[str, ...]
    words: Mapping[str, int]

    def number_of(self, word: str) -> int | None:
        """The number of a word's path: that of the word itself, or in lower case, or in title case.

        None if there is none of the three. Title case finds ``GERMANY``.
        """
        find = self.words.get
        number = find(word)
        if number is None:
            number = find(word.lower())
        return find(word.title()) if number is None else number

    def path_of(self, word: str) -> str | None:
        """The path of a word, looked up as by `number_of`."""
        number = self.number_of(word)
        return None if number is None else self.paths[number]

    def prefixes(self, length: int) -> tuple[tuple[str, ...], list[int]]:
        """The distinct prefixes of that length, sorted, and the number of each path's prefix.

        A shorter path is its own prefix.
        """
        cut = [path[:length] for path in self.paths]
        distinct = tuple(sorted(set(cut)))
        numbers = {prefix: number for number, prefix in enumerate(distinct)}
        return distinct, [numbers[prefix] for prefix in cut]


def read_clusters(path: str | Path) -> Clusters:
    """Read a file with ``path<TAB>word<TAB>count`` in each line, UTF-8; ``.gz`` is unpacked.

    A path is a text of 0 and 1; of a word that occurs twice the first line
    counts. Raises `UsageError` for a missing file and `NerError`, with
    ``file:line`` where there is one, for a file that is something else or empty.
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
