"""Accepted corrections, written as a patched copy of the files of a corpus."""

import shutil
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from ner.config import DataConfig
from ner.corpus import Corpus, QueueItem, patch_file
from ner.errors import CorpusError, UsageError
from ner.files import write_folder


def apply_queue(
    corpus: Corpus, items: Sequence[QueueItem], out: Path, config: DataConfig
) -> dict[str, int]:
    """Write a copy of each file of a corpus into a new folder, with the items of a queue applied.

    All that is not corrected stays as it is, byte for byte; a packed file that is corrected is
    unpacked. Returns the number of corrections by file. Raises `UsageError` for a folder that holds
    something, and `CorpusError` for an item that does not fit the corpus.
    """
    sentences = (sentence for split in corpus.splits().values() for sentence in split)
    sources = list(dict.fromkeys(sentence.source for sentence in sentences))
    names = {source: Path(source).name for source in sources}
    if len({*names.values()}) < len(names):
        raise UsageError(f"{out}: two files of the corpus have one name; patch them one by one")
    own: defaultdict[str, list[QueueItem]] = defaultdict(list)
    for item in items:
        own[item.source].append(item)
    if other := next((source for source in own if source not in names), None):
        raise CorpusError(
            f"{other}: is not a file of the corpus, but in the queue; name with --data what was "
            "audited"
        )
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"{out}: is a folder that holds something; name a new one with --out")
    with write_folder(out) as folder:
        for source, name in names.items():
            if own[source]:
                patch_file(source, folder / _unpacked(name), own[source], config)
            else:
                shutil.copyfile(source, folder / name)
    return {source: len(own[source]) for source in sources}


def _unpacked(name: str) -> str:
    return name.removesuffix(".gz").removesuffix(".xz")
