"""A model: the network, and the features and tags that give its numbers a meaning."""

import logging
import os
from dataclasses import dataclass, field
from typing import Any, ClassVar

import torch

from ner.config import PredictConfig
from ner.features import Indexer
from ner.model.engine import Engine, FastEngine, PlainEngine
from ner.model.network import BaseNetwork, Network
from ner.model.token_embedders import TokenEmbedder

_log = logging.getLogger("ner")


class BaseModel:
    """A network and the features of its input; its subclasses are frozen dataclasses."""

    __dataclass_fields__: ClassVar[dict[str, Any]]
    indexer: Indexer
    network: BaseNetwork
    contextual: TokenEmbedder | None
    _engines: dict[tuple[object, ...], Engine]
    _fast: ClassVar[type[FastEngine]] = FastEngine

    def __getstate__(self) -> dict[str, Any]:
        """All but the engines, whose locks cannot be copied; a copy makes its own."""
        return {**self.__dict__, "_engines": {}}

    @property
    def device(self) -> torch.device:
        """The device of the network's weights."""
        return self.network.projection.weight.device

    def engine(self, settings: PredictConfig) -> Engine:
        """The engine that computes emissions, as configured; the same for the same settings.

        Threads share it. A forked process gets its own: its parent's lock may be held for ever.
        """
        if settings.engine == "plain" or self.device.type != "cpu":
            return PlainEngine(self.network, self.indexer, self.contextual)
        key = (os.getpid(), settings.precision, settings.cache_mb)
        if key not in self._engines:
            size, dtype = settings.cache_mb * 1_000_000, _product_type(settings.precision)
            parts = self.network, self.indexer, self.contextual
            engine = self._fast(*parts, cache_bytes=size, dtype=dtype)
            self._engines.setdefault(key, engine)  # another thread may have been faster
        return self._engines[key]


@dataclass(frozen=True)
class Model(BaseModel):
    """Features, tag set and network of a tagger, and its token embedder, if any."""

    indexer: Indexer
    tags: tuple[str, ...]
    network: Network
    contextual: TokenEmbedder | None = None
    _engines: dict[tuple[object, ...], Engine] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )


def _product_type(precision: str) -> torch.dtype:
    """The type of products: bfloat16 only if asked for, and where the processor has it."""
    if precision == "float32":
        return torch.float32
    able = torch.cpu.get_capabilities()
    if any(able.get(name) for name in ("avx512_bf16", "amx_bf16", "bf16")):
        return torch.bfloat16
    _log.warning("this processor has no bfloat16 products; float32 is used, which is faster here")
    return torch.float32
