"""Data sets from the Hugging Face Hub, converted to our own column files.

The only module that imports ``datasets``, and only when it is used. The library
reads ``HF_HOME`` and ``HF_HUB_OFFLINE`` itself; nothing here overrides them.
"""

import contextlib
import logging
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ner.corpus.formats import write_file
from ner.corpus.layout import DOCSTART
from ner.corpus.named import HubSource
from ner.errors import CorpusError, MissingExtra, NerError, reason_of
from ner.files import write_folder
from ner.tags import spans_of
from ner.text import Sentence

_log = logging.getLogger("ner")
_SEPARATORS = " \t\r\n\0"
_READABLE = str.maketrans(dict.fromkeys(_SEPARATORS, "\u00a0"))


def fetch(source: HubSource, folder: Path) -> None:
    """Download a data set and write its splits to `folder` as column files (IOB2).

    `source.repository` may also be a local folder of parquet or CSV files.
    Raises `NerError` if anything at all goes wrong; the folder is then as before.
    """
    splits = _load(source)
    with write_folder(folder) as part:
        for split, rows in splits.items():
            where = f"{source.repository}@{source.revision} ({split})"
            write_file(part / f"{split}.conll", _sentences(rows, source, where))


def _load(source: HubSource) -> dict[str, Any]:
    """The splits of a data set as the library gives them."""
    _log.info("asking the Hub for %s", source.repository)
    try:
        import datasets
    except ImportError:
        raise MissingExtra("the Hub needs a package: pip install datasets") from None
    with _quiet(datasets):
        try:
            loaded = datasets.load_dataset(
                source.repository,
                revision=source.revision,
                data_files=dict(source.files),
                verification_mode="no_checks",
            )
        except Exception as error:  # the library raises what it likes
            offline = "HF_HUB_OFFLINE is set; " if datasets.config.HF_HUB_OFFLINE else ""
            raise CorpusError(
                f"{source.repository} cannot be had from the Hub ({offline}{reason_of(error)})"
            ) from None
    return dict(loaded)


@contextlib.contextmanager
def _quiet(datasets: Any) -> Iterator[None]:
    """Silence messages about retries, and progress bars without a terminal."""
    hub_log = logging.getLogger("huggingface_hub")
    level = hub_log.level
    hub_log.setLevel(logging.ERROR)
    silence = not sys.stderr.isatty() and not datasets.are_progress_bars_disabled()
    if silence:
        datasets.disable_progress_bars()
    try:
        yield
    finally:
        hub_log.setLevel(level)
        if silence:
            datasets.enable_progress_bars()


def _sentences(rows: Any, source: HubSource, where: str) -> list[Sentence]:
    """Rows as sentences; what a column file cannot hold is changed and counted in a warning."""
    names = _tag_names(rows, source, where)
    changed: Counter[str] = Counter()
    sentences: list[Sentence] = []
    document, filled = 0, False
    columns = zip(rows[source.tokens], rows[source.tags], strict=True)
    for number, (tokens, tags) in enumerate(columns, 1):
        location = f"{where}: row {number}"
        pairs = _pairs(tokens, tags, names, location)
        if any(token == DOCSTART for token, _ in pairs) and filled:
            document, filled = document + 1, False
        kept = list(_readable(pairs, changed))
        if kept:
            spans = _spans([tag for _, tag in kept], location)
            sentences.append(Sentence(tuple(t for t, _ in kept), spans, None, document, where))
            filled = True
    if changed:
        facts = ", ".join(f"{count} {what}" for what, count in changed.items())
        _log.warning("%s: %s", where, facts)
    return sentences


def _tag_names(rows: Any, source: HubSource, where: str) -> Sequence[str]:
    """The names of numbered tags: those of the files, or else ours."""
    missing = {source.tokens, source.tags} - set(rows.features)
    if missing:
        raise CorpusError(
            f"{where}: has no column {sorted(missing)[0]!r} among {', '.join(rows.features)}"
        )
    feature = rows.features[source.tags]
    return getattr(getattr(feature, "feature", feature), "names", None) or source.tag_names


def _pairs(tokens: Any, tags: Any, names: Sequence[str], location: str) -> list[tuple[str, str]]:
    """The tokens and tag texts of one row. Raises `CorpusError`."""
    try:
        cells = tokens.split(" ") if isinstance(tokens, str) else [str(t) for t in tokens]
        given = tags.replace(",", " ").split() if isinstance(tags, str) else tags
        texts = [tag if isinstance(tag, str) else _name(names, tag) for tag in given]
        return list(zip(cells, texts, strict=True))
    except (AttributeError, IndexError, TypeError, ValueError) as error:
        raise CorpusError(
            f"{location}: tokens and tags do not fit ({error}); the repository has changed"
        ) from None


def _name(names: Sequence[str], number: int) -> str:
    if not 0 <= number < len(names):
        raise IndexError(f"tag {number} has no name")
    return names[number]


def _readable(pairs: Iterable[tuple[str, str]], changed: Counter[str]) -> Iterator[tuple[str, str]]:
    """Tokens that a column file can hold; `changed` counts what was done to the others."""
    for token, tag in pairs:
        if token == DOCSTART:
            continue
        if not token:
            changed["empty tokens left out"] += 1
            continue
        if any(separator in token for separator in _SEPARATORS):
            changed["tokens whose spaces became no-break spaces"] += 1
            token = token.translate(_READABLE)
        yield token, tag


def _spans(tags: list[str], location: str) -> tuple[Any, ...]:
    try:
        return tuple(spans_of(tags))
    except NerError as error:
        raise CorpusError(f"{location}: {error}") from None
