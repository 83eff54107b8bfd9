"""What going on later needs, on disk: safetensors and JSON, written atomically."""

import json
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
from torch import Tensor

from ner.errors import TrainingError
from ner.files import write_folder


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before is replaced as a whole."""
    with write_folder(folder) as part:
        saved = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
        (part / "tensors.safetensors").write_bytes(safetensors.torch.save(saved))
        (part / "state.json").write_text(json.dumps(state) + "\n", encoding="utf-8")


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint. Raises `TrainingError` for one that is missing or damaged."""
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        if not isinstance(state, dict):
            raise ValueError("state.json holds no object")
        return safetensors.torch.load((folder / "tensors.safetensors").read_bytes()), state
    except FileNotFoundError:
        raise TrainingError(
            f"{folder}: no checkpoint to go on from; start anew with --overwrite, not --resume"
        ) from None
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise damaged(folder, error) from None


def damaged(folder: Path, reason: object) -> TrainingError:
    """The complaint about a checkpoint that cannot be used."""
    return TrainingError(
        f"{folder}: is damaged ({' '.join(str(reason).split())[:200]}); "
        "start anew with --overwrite, not --resume"
    )
