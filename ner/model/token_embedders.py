"""Token embedders: contextual embeddings of tokens, and the registry of their kinds.

A kind is declared by an extension (see `ner.plugins`). A model of kind ``x`` is named as
``x=PATH`` in the setting `resources.token_embedders`, and a bundle keeps it in ``x.json`` and
``x.safetensors``.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ner import plugins
from ner.errors import BundleError, ConfigError
from ner.stored import CHECKSUMS, StoredFolder


class TokenEmbedder(Protocol):
    """Frozen models that embed each token in its sentence."""

    dim: int

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float16]]:
        """``[T, dim]`` for each sentence; it may be called from several threads."""

    def files(self) -> dict[str, bytes]:
        """The files that a bundle keeps of it, by name."""

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Compare the tokens of a training split with its alphabet. Raises `TrainingError`."""


class Kind(TokenEmbedder, Protocol):
    """A class of token embedders, as an extension declares it."""

    @classmethod
    def load(cls, paths: Sequence[str], tokenizer: str) -> Self:
        """Load models for sentences of a tokenizer. Raises `UsageError` or `BundleError`."""

    @classmethod
    def from_files(cls, files: StoredFolder) -> Self:
        """Read what `files` gave, without trust. Raises `ValidationError`."""


def _kinds() -> Mapping[str, str]:
    return plugins.declared("TOKEN_EMBEDDERS")


def _load_kind(kind: str) -> type[Kind]:
    found: type[Kind] = plugins.load(_kinds()[kind])
    return found


def bundle_files() -> frozenset[str]:
    """Names of the files that token embedders of any kind may add to a bundle."""
    return frozenset(f"{kind}.{end}" for kind in _kinds() for end in ("json", "safetensors"))


def load_embedder(specs: Sequence[str], tokenizer: str) -> TokenEmbedder | None:
    """Load what `specs` name, for sentences of a tokenizer; None without any.

    Raises `ConfigError` for what is not KIND=PATH, of an unknown kind or of several, and
    `UsageError` or `BundleError` for paths that hold none.
    """
    if not specs:
        return None
    kinds, paths = zip(*map(_parse, specs), strict=True)
    kind = kinds[0]
    if other := next((name for name in kinds if name != kind), None):
        raise ConfigError(f"token embedders of two kinds, {kind} and {other}; name those of one")
    return _load_kind(kind).load(paths, tokenizer)


def _parse(spec: str) -> tuple[str, str]:
    kind, _, path = spec.partition("=")
    if kind not in _kinds() or not path:
        raise ConfigError(
            f"token embedder {spec!r:.200} is not KIND=PATH; kinds: {', '.join(_kinds()) or 'none'}"
        )
    return kind, path


def read_embedder(files: StoredFolder) -> TokenEmbedder | None:
    """Read that of a bundle; None where it has none. Raises `ValidationError`."""
    for kind in _kinds():
        if files.has(f"{kind}.json"):
            return _load_kind(kind).from_files(files)
    return None


def check_installed(files: StoredFolder, weights: str) -> None:
    """Refuse a bundle with an embedder of an unknown kind. Raises `BundleError`.

    `weights` is the name of the file with the weights of the network.
    """
    names = files.json(CHECKSUMS, dict) if files.has(CHECKSUMS) else {}
    for name in names.keys() - bundle_files() - {weights}:
        kind, _, ending = name.rpartition(".")
        if ending == "safetensors" and f"{kind}.json" in names:
            raise BundleError(
                f"{files.path / CHECKSUMS}: lists a token embedder of the kind {kind[:40]!r}, "
                "which is not installed; install the extension that has it"
            )


def embedder_name(spec: str) -> str:
    """The kind and the name, without folders, of a token embedder."""
    kind, equals, path = spec.partition("=")
    # Without a kind: in bundles of a time when there was one kind.
    return f"{kind}={Path(path).name}" if equals else kind
