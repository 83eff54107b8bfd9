"""The network: embed, encode, score. Most modules need torch: each is loaded when asked for."""

from typing import TYPE_CHECKING

from ner.lazy import lazy_names

if TYPE_CHECKING:
    from ner.model.cells import CELLS, WEIGHTS, Cell, State
    from ner.model.crf.arrays import FORBIDDEN, Potentials
    from ner.model.crf.constraints import TagConstraints
    from ner.model.crf.decoder import Decoder, decoder_of
    from ner.model.crf.forward_backward import Lattice
    from ner.model.crf.viterbi import viterbi
    from ner.model.device import choose_device, multiplies_bfloat16, threads
    from ner.model.embedder import Embedder, Inputs
    from ner.model.engine import Model, TorchEngine, inference
    from ner.model.network import BaseNetwork, Network, restored
    from ner.model.skeleton import without_weights
    from ner.model.token_embedders import (
        TokenEmbedder,
        bundle_files,
        check_installed,
        embedder_name,
        load_embedder,
        read_embedder,
    )

__all__ = [
    "CELLS", "FORBIDDEN", "WEIGHTS", "BaseNetwork", "Cell", "Decoder", "Embedder", "Inputs",
    "Lattice", "Model", "Network", "Potentials", "State", "TagConstraints", "TokenEmbedder",
    "TorchEngine", "bundle_files", "check_installed", "choose_device", "decoder_of",
    "embedder_name", "inference", "load_embedder", "multiplies_bfloat16", "read_embedder",
    "restored", "threads", "viterbi", "without_weights",
]  # fmt: skip

__getattr__ = lazy_names(
    __name__,
    {
        "cells": ["CELLS", "WEIGHTS", "Cell", "State"],
        "crf.arrays": ["FORBIDDEN", "Potentials"],
        "crf.constraints": ["TagConstraints"],
        "crf.decoder": ["Decoder", "decoder_of"],
        "crf.forward_backward": ["Lattice"],
        "crf.viterbi": ["viterbi"],
        "device": ["choose_device", "multiplies_bfloat16", "threads"],
        "embedder": ["Embedder", "Inputs"],
        "engine": ["Model", "TorchEngine", "inference"],
        "network": ["BaseNetwork", "Network", "restored"],
        "skeleton": ["without_weights"],
        "token_embedders": [
            "TokenEmbedder", "bundle_files", "check_installed", "embedder_name", "load_embedder",
            "read_embedder",
        ],
    },
)  # fmt: skip
