"""What going on with a language model later needs, on disk."""

from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

import ner
from ner.errors import TrainingError
from ner.files import write_folder
from ner.stored import Missing, Refused, StoredFolder, to_json, write_stored

FORMAT = 1
STATE = "state.json"
TENSORS = "tensors.safetensors"


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before is replaced as a whole."""
    saved = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    files = {STATE: to_json({"format": FORMAT, **state}), TENSORS: safetensors.torch.save(saved)}
    with write_folder(folder) as part:
        write_stored(part, files)


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint. Raises `TrainingError` for one that is missing, damaged or too new."""
    files = StoredFolder(folder)
    try:
        files.check({STATE, TENSORS})
        state = files.json(STATE, dict)
        if state.pop("format", None) != FORMAT:
            raise damaged(folder, f"not of a format that ner {ner.__version__} reads")
        with files.tensors(TENSORS) as stored:
            return stored.read(), state
    except Missing as error:
        raise TrainingError(
            f"{folder}: no checkpoint to go on from ({error.path.name} {error.trouble}); "
            "start anew with --overwrite, not --resume"
        ) from None
    except Refused as error:
        raise damaged(folder, f"{error.path.name} {error.trouble}") from None


def damaged(folder: Path, reason: object) -> TrainingError:
    """The complaint about a checkpoint that cannot be used."""
    return TrainingError(
        f"{folder}: is damaged ({' '.join(str(reason).split())[:200]}); "
        "start anew with --overwrite, not --resume"
    )
