"""The embedding cache: contextual embeddings of a corpus in a memory-mapped file."""

import hashlib
import logging
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from ner.corpus import cache_folder
from ner.errors import NerError
from ner.files import clear_abandoned, temporary_space, write_binary
from ner.model import TokenEmbedder
from ner.predict import WINDOW

_log = logging.getLogger("ner")

Tokens = tuple[str, ...]
States = NDArray[np.float16]

READ_TOGETHER = 1024  # sentences: they are sorted by length before they are read
TELL_AFTER = 20  # seconds


class EmbeddingCache:
    """Cached embeddings of some sentences, and the token embedder for all others."""

    def __init__(self, embedder: TokenEmbedder, known: dict[Tokens, States]) -> None:
        self.dim = embedder.dim
        self._embedder = embedder
        self._known = known

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[States]:
        """``[T, dim]`` for each sentence, the same as the token embedder gives."""
        new = [tokens for tokens in sentences if tuple(tokens) not in self._known]
        read = iter(self._embedder.embed(new))
        found = (self._known.get(tuple(tokens)) for tokens in sentences)
        return [next(read) if states is None else states for states in found]

    def files(self) -> dict[str, bytes]:
        """The files that a bundle keeps of the token embedder."""
        return self._embedder.files()

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""
        return self._embedder.checksum()

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Compare the tokens of a training split with the alphabet of the token embedder."""
        self._embedder.check_tokens(tokens)


def cache_embeddings(embedder: TokenEmbedder, sentences: Iterable[Sequence[str]]) -> EmbeddingCache:
    """Embed sentences once, but for those longer than a window.

    The embeddings are mapped from a file in the user's cache, named by checksum, which the next
    training on these sentences finds. Where none can be written, it is a temporary one.
    """
    texts = list(dict.fromkeys(tuple(s) for s in sentences if 0 < len(s) <= WINDOW))
    if not texts:
        return EmbeddingCache(embedder, {})
    place = cache_folder() / "embeddings" / f"{_key(embedder, texts)}.f16"
    size = sum(map(len, texts))
    if not place.exists() or place.stat().st_size != 2 * embedder.dim * size:
        _log.info(
            "language models read %s tokens, once: kept in %s (%s MB)",
            f"{size:,}", place, f"{2e-6 * embedder.dim * size:,.0f}",
        )  # fmt: skip
        clear_abandoned(place.parent)
        if place.is_symlink():
            place.unlink()  # not to be written through
        try:
            with write_binary(place) as file:
                _write(file, embedder, texts)
        except NerError as error:
            _log.warning("%s; a temporary file takes its place", error)
            # It has no name, and is gone with the process.
            with temporary_space(), tempfile.TemporaryFile() as file:
                _write(file, embedder, texts)
                file.flush()
                return EmbeddingCache(embedder, _mapped(file, embedder.dim, texts))
    return EmbeddingCache(embedder, _mapped(place, embedder.dim, texts))


def _key(embedder: TokenEmbedder, texts: Iterable[Tokens]) -> str:
    digest = hashlib.sha256(embedder.checksum().encode())
    for tokens in texts:
        # Tokens have no end of line, so that different sentences are written differently.
        digest.update(("\n".join(tokens) + "\n\n").encode("utf-8", "surrogatepass"))
    return digest.hexdigest()


def _write(file: IO[bytes], embedder: TokenEmbedder, texts: Sequence[Tokens]) -> None:
    read, logged = 0, time.monotonic()
    for start in range(0, len(texts), READ_TOGETHER):
        for states in embedder.embed(texts[start : start + READ_TOGETHER]):
            file.write(states.tobytes())
            read += len(states)
        if time.monotonic() >= logged + TELL_AFTER:
            logged = time.monotonic()
            _log.info("language models have read %s of %s tokens",
                      f"{read:,}", f"{sum(map(len, texts)):,}")  # fmt: skip


def _mapped(file: Path | IO[bytes], dim: int, texts: Sequence[Tokens]) -> dict[Tokens, States]:
    """The part of a file that belongs to each sentence, ``[T, dim]``."""
    rows = np.memmap(file, dtype=np.float16, mode="r").reshape(-1, dim)
    cuts = np.cumsum([len(tokens) for tokens in texts])[:-1]
    return dict(zip(texts, np.split(np.asarray(rows), cuts), strict=True))
