"""Cut the dictionary of a Chinese segmenter into word lists, one for each group of words.

    pip download --no-deps jieba==0.42.1 && tar -xf jieba-0.42.1.tar.gz
    python scripts/dictionary_lists.py jieba-0.42.1/jieba/dict.txt OUT

A line of the dictionary is a word, how often it was counted, and its part of speech as jieba names
it. Words of two Chinese characters and more are kept.
"""

import argparse
import re
import sys
from collections import defaultdict
from pathlib import Path

from ner.errors import NerError
from ner.features.word_lists import word_lines
from ner.files import write_folder

GROUPS = {
    "N": ("n", "ng", "an"),  # nouns
    "VN": ("vn",),  # of verbs
    "NR": ("nr", "nrt", "nrfg"),  # names of people
    "NS": ("ns",),  # of places
    "NT": ("nt",),  # of organisations
    "NZ": ("nz",),  # other names
    "V": ("v", "vg"),
    "J": ("j",),  # abbreviations
    "L": ("l", "i"),  # phrases
    "A": ("a", "ad", "b", "d"),
}
"""The parts of speech that come into each list."""

_GROUP_OF = {part: group for group, parts in GROUPS.items() for part in parts}
_WORD = re.compile("[\u4e00-\u9fff]{2,}")


def word_lists(dictionary: Path) -> dict[str, list[str]]:
    """The words of each group, in the order of the dictionary.

    Raises `NerError` for a file that cannot be read, and with ``file:line`` for another form.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for number, line in word_lines(dictionary):
        parts = line.split()
        if len(parts) != 3:
            raise NerError(
                f"{dictionary}:{number}: is not a word, its count and its part of speech; "
                "name a dictionary of jieba's form"
            )
        word, _, part = parts
        if part in _GROUP_OF and _WORD.fullmatch(word):
            found[_GROUP_OF[part]].append(word)
    return found


def main() -> None:
    """Read the command line, and write ``OUT/GROUP.txt`` for each group that has words."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dictionary", type=Path, help="word, count and part of speech a line")
    parser.add_argument("out", metavar="OUT", type=Path, help="folder of the lists")
    given = parser.parse_args()
    try:
        if given.out.exists():
            raise NerError(f"{given.out}: is there already; choose another folder")
        lists = word_lists(given.dictionary)
        with write_folder(given.out) as folder:
            for group, words in lists.items():
                (folder / f"{group}.txt").write_text("\n".join([*words, ""]), encoding="utf-8")
    except NerError as error:
        sys.exit(f"error: {error}")
    for group, words in lists.items():
        print(f"{len(words):>9,} {given.out / group}.txt")


if __name__ == "__main__":
    main()
