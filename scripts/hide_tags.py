"""Copy a corpus with a random share of its training tags hidden: unknown, or wrongly O.

    python scripts/hide_tags.py IN OUT [--share 0.5] [--seed 1] [--as ?|O]

Tokens of entities and others are hidden alike, and the same ones whatever they
are hidden as. What remains of an entity where ``O`` took a part of its IOB2
tags is what the CoNLL scorer reads there. Files of other splits are copied as
they are.
"""

import argparse
import random
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ner.corpus import find, read_file, write_file
from ner.corpus.partial import known_tags, read_partial_labels, with_partial_labels
from ner.corpus.splits import files_of
from ner.errors import NerError, UsageError
from ner.tags import TAG_OUTSIDE, TAG_UNKNOWN, Tag, parse_tag
from ner.text import Sentence

SCHEME = "iob2"
HIDDEN = {"?": TAG_UNKNOWN, "O": TAG_OUTSIDE}


def hide(sentences: Iterable[Sentence], share: float, seed: int, hidden: Tag) -> Iterator[Sentence]:
    """The sentences with `hidden` in place of the tags of a random share of all tokens."""
    rng = random.Random(seed)
    for sentence in sentences:
        tags = [
            hidden if rng.random() < share else TAG_UNKNOWN if tag is None else parse_tag(tag)
            for tag in known_tags(sentence, SCHEME)
        ]
        yield with_partial_labels(sentence, read_partial_labels(tags, SCHEME).labels)


def copy(source: str, target: Path, share: float, seed: int, hidden: Tag) -> None:
    """Write the corpus `source` to the folder `target`, which must be new or empty.

    Raises `NerError` where there is no such corpus, or something in the way.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target}: is there already; choose another folder")
    files = files_of(find(source), {})
    if "train" not in files:
        raise UsageError(f"{source}: has no training split to hide tags of")
    train = read_file(files.pop("train"))
    write_file(target / "train.conll", hide(train, share, seed, hidden), SCHEME)
    for file in files.values():
        shutil.copy(file, target)


def main() -> None:
    """Read the command line and copy."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", metavar="IN", help="name, folder or file of a corpus")
    parser.add_argument("target", metavar="OUT", type=Path, help="new folder")
    parser.add_argument("--share", type=float, default=0.5, help="how much is hidden, from 0 to 1")
    parser.add_argument("--seed", type=int, default=1, help="which tokens are hidden")
    parser.add_argument("--as", dest="hidden", choices=[*HIDDEN], default="?", help="new tag")
    given = parser.parse_args()
    if not 0 <= given.share <= 1:
        parser.error(f"--share {given.share} is not from 0 to 1")
    try:
        copy(given.source, given.target, given.share, given.seed, HIDDEN[given.hidden])
    except NerError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
