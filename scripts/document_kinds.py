"""Make texts with labels from a tagger's corpus: documents, by the entity type they hold most of.

    python scripts/document_kinds.py conll2003 OUT

Writes ``train.jsonl`` and what other splits there are into the folder OUT, for ``ner classify``.
Left out are documents without an entity, and those in which no type is alone the most frequent.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

from ner.config import DataConfig
from ner.corpus import read_corpus
from ner.errors import NerError
from ner.evaluation import main_type
from ner.files import write_text
from ner.text import Sentence


def records(sentences: Iterable[Sentence]) -> Iterator[dict[str, str] | None]:
    """What ``ner classify`` reads of each document, a line of it a sentence; None: left out."""
    for _, group in groupby(sentences, key=lambda sentence: sentence.document):
        document = list(group)
        label = main_type(document)
        text = "\n".join(" ".join(sentence.tokens) for sentence in document)
        yield None if label is None else {"text": text, "label": label}


def main() -> None:
    """Read the command line, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", metavar="IN", help="name or folder of a corpus")
    parser.add_argument("target", metavar="OUT", type=Path, help="folder")
    given = parser.parse_args()
    try:
        for split, sentences in read_corpus(given.source, DataConfig()).splits().items():
            if not sentences:
                continue
            found = list(records(sentences))
            kept = [record for record in found if record is not None]
            with write_text(given.target / f"{split}.jsonl") as file:
                file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in kept)
            counts = Counter(record["label"] for record in kept)
            kinds = ", ".join(f"{label} {count}" for label, count in counts.most_common())
            print(f"{split}: {len(kept)} of {len(found)} documents: {kinds}")
    except NerError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
