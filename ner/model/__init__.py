"""The network: embed, encode, score."""

from ner.model.cells import CELLS, WEIGHTS, Cell, State
from ner.model.crf.viterbi import viterbi
from ner.model.device import choose_device, multiplies_bfloat16, threads, use_one_thread
from ner.model.embedder import Embedder, Inputs
from ner.model.engine import BaseModel, Engine, FastEngine, Model
from ner.model.network import BaseNetwork, Network
from ner.model.recurrence import Steps, plan_steps, recurrence_of
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
    "CELLS", "WEIGHTS", "BaseModel", "BaseNetwork", "Cell", "Embedder", "Engine", "FastEngine",
    "Inputs", "Model", "Network", "State", "Steps", "TokenEmbedder", "bundle_files",
    "check_installed", "choose_device", "embedder_name", "load_embedder", "multiplies_bfloat16",
    "plan_steps", "read_embedder", "recurrence_of", "threads", "use_one_thread", "viterbi",
    "without_weights",
]  # fmt: skip
