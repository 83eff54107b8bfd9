"""Corpora found and loaded: by path, by name, or from the Hub.

A name is looked for in this order: an existing path; ``$NER_DATA/NAME``;
``data/NAME``; the user's cache; the Hub, whose copy then goes to the cache.
"""

import dataclasses
import difflib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from ner.config import Config, DataConfig, tag_columns
from ner.corpus import hub
from ner.corpus.corpus import Corpus, cut_valid
from ner.corpus.diagnostics import LOG, Diagnostics
from ner.corpus.formats import is_readable_folder, read
from ner.corpus.layers import with_layers
from ner.corpus.named import NAMED
from ner.corpus.plausibility import implausible
from ner.corpus.records import ParseResult
from ner.corpus.splits import files_of
from ner.errors import NerError, UsageError
from ner.files import checked_path
from ner.text import Sentence

Files = Mapping[str, str | Path]
"""Files of a corpus by split: train, valid, test."""
_SUPPLY = (
    "put train, valid and test files (.txt, .conll, .tsv, .bio or .jsonl) into one of these "
    "folders, give the path of a folder or file, or name files with --train, --valid and --test"
)


def load_corpus(
    name: str | Path | None = None,
    config: Config | DataConfig | None = None,
    *,
    files: Files | None = None,
) -> Corpus:
    """Load a corpus by name, folder or file, or from the files of its splits.

    `files` are files by split (train, valid, test), instead of those of the folder. A file is a
    training split. A corpus without a validation split gets one cut from its training split
    (`config.valid_fraction`), always the same one; the log and `Corpus.notes` say so, and what
    hints at a wrong reading. Raises `NerError` if nothing is found, with every path that was
    looked at, or if a file cannot be read.
    """
    config = config.data if isinstance(config, Config) else config or DataConfig()
    corpus = read_corpus(name, config, files=files)
    notes = [
        f"{finding.message} (first at {finding.places[0]})"
        for finding in implausible(corpus.splits())
    ]
    for note in notes:
        LOG.warning("%s: %s", corpus.name, note)
    corpus = dataclasses.replace(corpus, notes=(*corpus.notes, *notes))
    return with_valid(corpus, config.valid_fraction)


def with_valid(corpus: Corpus, fraction: float) -> Corpus:
    """The corpus with a validation split, cut from train if there is none.

    The log and `Corpus.notes` say so, and how many sentences stand in two splits.
    """
    notes = list(corpus.notes)
    if corpus.train and not corpus.valid:
        train, valid, note = cut_valid(corpus.train, fraction)
        LOG.info("%s: %s", corpus.name, note)
        corpus = dataclasses.replace(corpus, train=train, valid=valid)
        notes.append(note)
    notes += overlaps(corpus)
    return dataclasses.replace(corpus, notes=tuple(notes))


def read_corpus(
    name: str | Path | None,
    config: DataConfig,
    diagnostics: Mapping[str, Diagnostics] | None = None,
    files: Files | None = None,
) -> Corpus:
    """Read the splits of a corpus as they are, without cutting a validation split.

    `files` are files by split in place of those of the corpus `name`, if any. `diagnostics` are
    those to report to, by split; with one that collects, a file that cannot be read at all is an
    empty split. Raises `NerError`.
    """
    named = {split: checked_path(file) for split, file in (files or {}).items()}
    if name is None:
        if not named:
            raise UsageError("no corpus is named; give a name, folder or file, or files by split")
        path, found = next(iter(named.values())), named
    else:
        path = find(name)
        found = files_of(path, named)
    results = {
        split: _read_split(file, config, (diagnostics or {}).get(split))
        for split, file in found.items()
    }
    schemes = {split: result.scheme for split, result in results.items() if result.scheme}
    notes = [
        f"{split}: {len(result.sentences)} sentences"
        + (f", tag scheme {result.scheme}" if result.scheme else "")
        for split, result in results.items()
    ]
    notes += [note for result in results.values() for note in result.notes]
    splits: dict[str, tuple[Sentence, ...]] = {s: r.sentences for s, r in results.items()}
    title = str(name) if str(name) in NAMED else path.resolve().name or "corpus"
    layers = tuple(tag_columns(config.tag_column))
    corpus = Corpus(title, **splits, notes=tuple(notes), schemes=schemes, layers=layers)
    corpus = with_layers(corpus)
    if corpus.layers:
        told = f"tag layers {', '.join(corpus.layers)}"
        corpus = dataclasses.replace(corpus, notes=(*corpus.notes, told))
    mixed = corpus.mixed_schemes()
    if not mixed:
        return corpus
    note = f"the splits differ in tag scheme ({mixed}); each is read by its own"
    LOG.warning("%s: %s", title, note)
    return dataclasses.replace(corpus, notes=(*corpus.notes, note))


def _read_split(file: Path, config: DataConfig, diagnostics: Diagnostics | None) -> ParseResult:
    diagnostics = diagnostics or Diagnostics(strict=config.strict)
    try:
        return read(file, config, diagnostics)
    except NerError as error:
        if not diagnostics.collect:
            raise
        diagnostics.give_up(str(error))
        return ParseResult((), "")


def overlaps(corpus: Corpus) -> list[str]:
    """Say how many sentences of valid and test are sentences of train, too."""
    seen = {sentence.tokens for sentence in corpus.train}
    notes = []
    for split in ("valid", "test"):
        sentences = corpus.splits()[split]
        repeated = sum(sentence.tokens in seen for sentence in sentences)
        if repeated:
            notes.append(f"{repeated} of {len(sentences)} {split} sentences are in train, too")
    return notes


def cache_folder() -> Path:
    """The folder for data sets from the Hub: ``$XDG_CACHE_HOME/ner`` or ``~/.cache/ner``."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path("~/.cache").expanduser()) / "ner"


def candidates(name: str) -> Iterator[tuple[str, Path]]:
    """The paths at which a corpus of that name may be, in order of the search, with their kind."""
    yield "path", Path(name)
    if os.sep in name:
        return
    root = os.environ.get("NER_DATA")
    if root:
        yield "$NER_DATA", Path(root) / name
    yield "data", Path("data") / name
    if name in NAMED and NAMED[name].bundled:
        yield "checkout", Path(__file__).parents[2] / "data" / name
    yield "cache", cache_folder() / name


def locate(name: str) -> tuple[str, Path] | None:
    """The first candidate that exists, with its kind; None if there is none on this machine."""
    return next(((kind, path) for kind, path in candidates(name) if path.exists()), None)


def holds_splits(name: str | Path) -> bool:
    """Tell a corpus, by name or as a folder of splits, from a single labelled text."""
    path = Path(name)
    if path.exists():
        return path.is_dir() and not is_readable_folder(path)
    return locate(str(name)) is not None


def find(name: str | Path) -> Path:
    """The file or folder of a corpus; known names are fetched from the Hub if need be.

    Raises `NerError` that lists every path looked at.
    """
    if not str(name):
        raise UsageError("the name of the corpus is empty; give a name, folder or file")
    checked_path(name)
    located = locate(str(name))
    if located:
        return located[1]
    known = NAMED.get(str(name))
    failure = ""
    if known and known.hub:
        target = cache_folder() / known.name
        try:
            hub.fetch(known.hub, target)
            return target
        except NerError as error:
            failure = f"; {error}"
    looked = ", ".join(str(path) for _, path in candidates(str(name)))
    unset = "" if os.environ.get("NER_DATA") else ", NER_DATA (not set)"
    raise UsageError(
        f"no corpus {str(name)!r}{_nearest(str(name))}; "
        f"looked at {looked}{unset}{failure}; {_SUPPLY}"
    )


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, NAMED, n=1)
    return f" (did you mean {near[0]!r}?)" if near and name not in NAMED else ""
