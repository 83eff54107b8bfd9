"""Token embedders: contextual embeddings of tokens, and the registry of their kinds.

A kind is declared by an extension (see `ner.plugins`). A model of kind ``x`` is named as
``x=PATH`` in the setting `resources.token_embedders`, and a bundle keeps it in ``x.json`` and
``x.safetensors``.
"""

import hashlib
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

    Those of several kinds are side by side. Raises `ConfigError` for what is not KIND=PATH or of an
    unknown kind, and `UsageError` or `BundleError` for paths that hold none.
    """
    paths: dict[str, list[str]] = {}
    for kind, path in map(_parse, specs):
        paths.setdefault(kind, []).append(path)
    return _joined([_load_kind(kind).load(paths[kind], tokenizer) for kind in sorted(paths)])


def _parse(spec: str) -> tuple[str, str]:
    kind, _, path = spec.partition("=")
    if kind not in _kinds() or not path:
        raise ConfigError(
            f"token embedder {spec!r:.200} is not KIND=PATH; kinds: {', '.join(_kinds()) or 'none'}"
        )
    return kind, path


def read_embedder(files: StoredFolder) -> TokenEmbedder | None:
    """Read those of a bundle, side by side; None where it has none. Raises `ValidationError`."""
    kinds = [kind for kind in sorted(_kinds()) if files.has(f"{kind}.json")]
    return _joined([_load_kind(kind).from_files(files) for kind in kinds])


def _joined(parts: Sequence[TokenEmbedder]) -> TokenEmbedder | None:
    """Token embedders as one."""
    if len(parts) < 2:
        return parts[0] if parts else None
    return SeveralEmbedders(parts)


class SeveralEmbedders:
    """Token embedders of several kinds, whose embeddings are side by side."""

    def __init__(self, parts: Sequence[TokenEmbedder]) -> None:
        self.parts = tuple(parts)
        self.dim = sum(part.dim for part in parts)

    def embed(self, sentences: Sequence[Sequence[str]]) -> list[NDArray[np.float16]]:
        """``[T, dim]`` for each sentence."""
        read = [part.embed(sentences) for part in self.parts]
        return [np.concatenate(states, axis=1) for states in zip(*read, strict=True)]

    def files(self) -> dict[str, bytes]:
        """The files that a bundle keeps of them, by name."""
        return {name: content for part in self.parts for name, content in part.files().items()}

    def checksum(self) -> str:
        """Checksum of all that embeddings depend on, beside the text."""
        sums = " ".join(part.checksum() for part in self.parts)
        return hashlib.sha256(sums.encode()).hexdigest()

    def check_tokens(self, tokens: Iterable[str]) -> None:
        """Compare the tokens of a training split with each alphabet. Raises `TrainingError`."""
        known = [*tokens]
        for part in self.parts:
            part.check_tokens(known)


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
