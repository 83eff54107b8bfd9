"""What language models say of a corpus: read once, and kept in a file mapped into memory."""

import hashlib
import logging
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ner.config import Config
from ner.corpus.loading import cache_folder
from ner.errors import NerError, TrainingError
from ner.extensions.charlm.embeddings import StringEmbeddings
from ner.extensions.charlm.text import separator_of
from ner.files import clear_abandoned, write_binary
from ner.model import Contextual
from ner.predict.windows import WINDOW

_log = logging.getLogger("ner")

Tokens = tuple[str, ...]
States = NDArray[np.float16]

READ_TOGETHER = 1024  # sentences: they are sorted by length before they are read
TELL_AFTER = 20  # seconds
TOLD = 0.01  # share of unknown characters that is worth a line


class EmbeddingCache:
    """String embeddings of some sentences at hand, and the models for all others."""

    def __init__(self, models: Contextual, known: dict[Tokens, States]) -> None:
        self.dim = models.dim
        self._models = models
        self._known = known

    def read(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        """``[T, dim]`` for each sentence, the same as the models read."""
        new = [tokens for tokens in sentences if tuple(tokens) not in self._known]
        read = iter(self._models.read(new))
        found = (self._known.get(tuple(tokens)) for tokens in sentences)
        return [next(read) if states is None else states for states in found]

    def files(self) -> dict[str, bytes]:
        """What a bundle keeps of the models."""
        return self._models.files()

    def checksum(self) -> str:
        """Of all that what is read depends on, beside the text."""
        return self._models.checksum()


def load_embeddings(config: Config) -> StringEmbeddings | None:
    """The language models that a resolved configuration names; None where it names none.

    Raises `UsageError` or `BundleError` for folders that hold none.
    """
    if not config.resources.charlm:
        return None
    return StringEmbeddings.load(config.resources.charlm, separator_of(config.data.tokenizer))


def check_alphabet(models: StringEmbeddings, tokens: Iterable[str]) -> None:
    """Hold the characters of a training split against those that language models know.

    Raises `TrainingError` where one knows less than half of them.
    """
    counts: Counter[str] = Counter()
    for token in tokens:
        counts.update(token)
    total = sum(counts.values())
    for model in models.models:
        unknown = model.alphabet.unknown_counts(counts)
        share = sum(unknown.values()) / max(1, total)
        if share > 0.5:
            raise TrainingError(
                f"a language model does not know {100 * share:.0f} % of the characters of the "
                "training split, so it is of another alphabet; name another with --charlm"
            )
        if share > TOLD:
            _log.warning(
                "a language model does not know %.1f %% of the characters of the training split: "
                "%s", 100 * share, ", ".join(map(repr, list(unknown)[:10])),
            )  # fmt: skip


def cache_embeddings(models: Contextual, sentences: Iterable[Sequence[str]]) -> EmbeddingCache:
    """Read sentences once, whichever of them are not longer than a window.

    What is read goes to a file in the user's cache, named after what it
    depends on, from which it is mapped into memory; the next training on the
    same sentences finds it there. Where no file can be written, it is a
    temporary one.
    """
    texts = list(dict.fromkeys(tuple(s) for s in sentences if 0 < len(s) <= WINDOW))
    if not texts:
        return EmbeddingCache(models, {})
    place = cache_folder() / "charlm" / f"{_key(models, texts)}.f16"
    size = sum(map(len, texts))
    if not place.exists() or place.stat().st_size != 2 * models.dim * size:
        _log.info(
            "language models read %s tokens, once: kept in %s (%s MB)",
            f"{size:,}", place, f"{2e-6 * models.dim * size:,.0f}",
        )  # fmt: skip
        clear_abandoned(place.parent)
        try:
            with write_binary(place) as file:
                _write(file, models, texts)
        except NerError as error:
            _log.warning("%s; a temporary file takes its place", error)
            with tempfile.TemporaryFile() as file:  # without a name; gone with the process
                _write(file, models, texts)
                file.flush()
                return EmbeddingCache(models, _mapped(file, models.dim, texts))
    return EmbeddingCache(models, _mapped(place, models.dim, texts))


def _key(models: Contextual, texts: Iterable[Tokens]) -> str:
    digest = hashlib.sha256(models.checksum().encode())
    for tokens in texts:
        # No token has an end of line in it: no two lists of sentences are written alike.
        digest.update(("\n".join(tokens) + "\n\n").encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _write(file: IO[bytes], models: Contextual, texts: Sequence[Tokens]) -> None:
    for states in _read(models, texts):
        file.write(states.tobytes())


def _read(models: Contextual, texts: Sequence[Tokens]) -> Iterator[States]:
    read, told = 0, time.monotonic()
    for start in range(0, len(texts), READ_TOGETHER):
        for states in models.read(texts[start : start + READ_TOGETHER]):
            yield states
            read += len(states)
        if time.monotonic() >= told + TELL_AFTER:
            told = time.monotonic()
            _log.info("language models have read %s of %s tokens",
                      f"{read:,}", f"{sum(map(len, texts)):,}")  # fmt: skip


def _mapped(file: Path | IO[bytes], dim: int, texts: Sequence[Tokens]) -> dict[Tokens, States]:
    """The part of a file that belongs to each sentence, ``[T, dim]``."""
    rows = np.memmap(file, dtype=np.float16, mode="r").reshape(-1, dim)
    cuts = np.cumsum([len(tokens) for tokens in texts])[:-1]
    return dict(zip(texts, np.split(np.asarray(rows), cuts), strict=True))
