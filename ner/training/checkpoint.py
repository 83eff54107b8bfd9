"""What going on later needs, on disk: safetensors, JSON and checksums, written atomically."""

from pathlib import Path
from typing import Any

import safetensors.torch
from torch import Tensor

import ner
from ner.errors import TrainingError
from ner.files import write_folder
from ner.stored import Missing, Refused, StoredFolder, to_json, write_stored

FORMAT = 2  # of what `Trainer.state` says; 1 had no number
STATE = "state.json"
TENSORS = "tensors.safetensors"


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before is replaced as a whole."""
    saved = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    files = {
        STATE: to_json({"format": FORMAT, **state}),
        TENSORS: safetensors.torch.save(saved),
    }
    with write_folder(folder) as part:
        write_stored(part, files)


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint.

    Raises `TrainingError` for one that is missing, damaged, or of another format.
    """
    files = StoredFolder(folder)
    try:
        if folder.is_symlink():
            raise Refused(folder, "is a link, which is not followed")
        files.check({STATE, TENSORS})
        state = files.json(STATE, dict)
        if (written := state.pop("format", 1)) != FORMAT:
            raise TrainingError(
                f"{folder}: {STATE} has format {written!r:.40}, and this ner {ner.__version__} "
                f"reads {FORMAT}; resume with the ner that wrote it, or start anew with "
                "--overwrite, not --resume"
            )
        with files.tensors(TENSORS) as stored:
            tensors = stored.read()
    except Missing as error:
        raise TrainingError(
            f"{folder}: no checkpoint to go on from ({error.path.name} {error.trouble}); "
            "start anew with --overwrite, not --resume"
        ) from None
    except Refused as error:
        raise damaged(folder, f"{error.path.name} {error.trouble}") from None
    return tensors, state


def damaged(folder: Path, reason: object) -> TrainingError:
    """The complaint about a checkpoint that cannot be used."""
    return TrainingError(
        f"{folder}: is damaged ({' '.join(str(reason).split())[:200]}); "
        "start anew with --overwrite, not --resume"
    )
