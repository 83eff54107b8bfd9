"""The files of a corpus by split: named by the user, or known by their names."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from ner.corpus.formats import is_readable_folder
from ner.errors import CorpusError

EXTENSIONS = (
    ".txt", ".conll", ".conllu", ".tsv", ".csv", ".bio", ".iob", ".iob2", ".ner", ".jsonl", ".json",
    ".json1", ".ndjson", ".parquet", ".arrow", ".spacy",
)  # fmt: skip
SPLIT_NAMES = {
    "train": ("train", "training"),
    "valid": ("valid", "validation", "val", "dev", "devel", "development", "testa"),
    "test": ("test", "testb"),
}
_SPLITS = {name: split for split, names in SPLIT_NAMES.items() for name in names}
# Parts of a name that may follow the word for the split, as in `train_bio.txt`; others, as in
# `training-notes.txt`, make it the name of something else.
_AFTER = re.compile(
    r"bio|iob[12]?|iobes|bioes|bilou|bmes|bmewo|io|conll(?:u|\d{2,4})?|ner|nerc?|data|dataset|set|"
    r"split|tagged|labell?ed|annotated|gold|final|full|all|clean|cleaned|new|corpus|sentences|"
    r"v?\d+|[a-z]{2}|eng|deu|esp|ned|fra|spa|nld"
)
_LISTED = 10


def files_of(path: Path, named: Mapping[str, Path]) -> dict[str, Path]:
    """The files of a corpus by split, in the order train, valid, test; a file is all train.

    `named` are those that the user has named, in place of what the folder has. Raises `CorpusError`
    for a folder with no split, or with several files for one.
    """
    found = dict(named) if path.is_dir() else {"train": path, **named}
    for split, files in _candidates(path).items() if path.is_dir() else ():
        if len(files) > 1 and split not in named:
            listed = f"{', '.join(files[:-1])} and {files[-1]}"
            raise CorpusError(
                f"{path}: {listed} are {'both' if len(files) == 2 else 'all'} the {split} split; "
                f"name one with --{split} FILE, or move the others away"
            )
        found.setdefault(split, path / files[0])
    if not found and is_readable_folder(path):
        return {"train": path}
    if not found:
        raise CorpusError(_no_split(path))
    return {split: found[split] for split in SPLIT_NAMES if split in found}


def _candidates(folder: Path) -> dict[str, list[str]]:
    """The names of the files in a folder that may be each split."""
    found: dict[str, list[str]] = defaultdict(list)
    for file in sorted(folder.iterdir()):
        split = split_of(file.name)
        if split and (file.is_file() or is_readable_folder(file)):
            found[split].append(file.name)
    return found


def _no_split(folder: Path) -> str:
    names = sorted(file.name for file in folder.iterdir() if not file.name.startswith("."))
    more = f" and {len(names) - _LISTED} more" * (len(names) > _LISTED)
    return (
        f"{folder}: no file in this folder is a split; it holds "
        f"{', '.join(map(repr, names[:_LISTED])) or 'nothing'}{more}; expected are train, valid "
        "(or dev, testa, validation) and test (or testb) in names like train.txt, x-dev.conllu or "
        f"test_bio.tsv, ending in {', '.join(EXTENSIONS)} (and .gz or .xz); "
        "or name files with --train, --valid and --test"
    )


def split_of(filename: str) -> str | None:
    """The split that a file's name stands for: ``dev.conll.gz``, ``eng.testb``, ``x-train.tsv``.

    None where the name has no word for a split, words for two, or goes on with something else.
    """
    if filename.startswith("."):
        return None
    stem, known = filename.lower().removesuffix(".gz").removesuffix(".xz"), False
    for extension in EXTENSIONS:
        known = known or stem.endswith(extension)
        stem = stem.removesuffix(extension)
    parts = re.split("[-_. ]", stem if known else stem.rpartition(".")[2])
    places = [place for place, part in enumerate(parts) if part in _SPLITS]
    splits = {_SPLITS[parts[place]] for place in places}
    if len(splits) != 1 or not all(map(_AFTER.fullmatch, parts[places[-1] + 1 :])):
        return None
    return splits.pop()
