"""Checkpoints on disk, from which trainings of any kind are resumed.

A folder of safetensors, JSON and checksums, written atomically. Tensors have names with the part of
the training in front: ``weights.…``, ``optimizer.3.exp_avg``.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ner.errors import TrainingError
from ner.stored import Missing, StoredFolder, ValidationError, to_json, to_safetensors, write_stored
from ner.tensors import to_arrays, to_tensors
from ner.version import __version__

FORMAT = 3  # of the state of trainers; 1 had no number
STATE = "state.json"
TENSORS = "tensors.safetensors"

# What optimizers keep for each weight that has moved.
_MEMORY: dict[type[torch.optim.Optimizer], set[str]] = {
    torch.optim.AdamW: {"step", "exp_avg", "exp_avg_sq"},
    torch.optim.SGD: {"momentum_buffer"},
}


def write_checkpoint(folder: Path, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
    """Write a checkpoint; the one before is replaced as a whole."""
    head = to_json({"format": FORMAT, **state})
    write_stored(folder, {STATE: head, TENSORS: to_safetensors(to_arrays(tensors))})


def read_checkpoint(folder: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read a checkpoint. Raises `TrainingError` if it is missing, damaged or of another format."""
    files = StoredFolder(folder)
    try:
        if folder.is_symlink():
            raise ValidationError(folder, "is a link, which is not followed")
        files.check({STATE, TENSORS})
        state = files.json(STATE, dict)
        if (written := state.pop("format", 1)) != FORMAT:
            raise TrainingError(
                f"{folder}: {STATE} has format {written!r:.40}, and this ner {__version__} "
                f"reads {FORMAT}; resume with the ner that wrote it, or start anew with "
                "--overwrite, not --resume"
            )
        with files.tensors(TENSORS) as stored:
            tensors = to_tensors(stored.read())
    except Missing as error:
        raise TrainingError(
            f"{folder}: no checkpoint to go on from ({error.path.name} {error.trouble}); "
            "start anew with --overwrite, not --resume"
        ) from None
    except ValidationError as error:
        raise damaged(folder, f"{error.path.name} {error.trouble}") from None
    return tensors, state


def damaged(folder: Path, reason: object) -> TrainingError:
    """Make the error for a checkpoint that cannot be used."""
    return TrainingError(
        f"{folder}: is damaged ({' '.join(str(reason).split())[:200]}); "
        "start anew with --overwrite, not --resume"
    )


# --- trainers -----------------------------------------------------------------------------------


def named(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under the names that they have in a checkpoint."""
    return {f"{part}.{name}": tensor for name, tensor in tensors.items()}


def parted(tensors: Mapping[str, Tensor], names: Iterable[str]) -> dict[str, dict[str, Tensor]]:
    """The tensors of a checkpoint by part, of which it has no others: else a `KeyError`."""
    parts: dict[str, dict[str, Tensor]] = {name: {} for name in names}
    for name, tensor in tensors.items():
        part, _, key = name.partition(".")
        parts[part][key] = tensor
    return parts


def numbered(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    """``{"0.exp_avg": …}`` → ``{0: {"exp_avg": …}}``, in the order given."""
    found: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        found.setdefault(int(index), {})[key] = tensor
    return found


def check_form(name: str, found: Tensor | None, wanted: Tensor | None) -> None:
    """Refuse a tensor that is missing, or of another type or shape. Raises `ValueError`."""
    if found is None or wanted is None:
        raise ValueError(f"{name[:80]!r} is {'missing' if found is None else 'not known'}")
    if (found.dtype, found.shape) != (wanted.dtype, wanted.shape):
        raise ValueError(f"{name[:80]!r} is of another type or shape")


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """The state that an optimizer keeps of the weights, by number of the weight and name."""
    memory = optimizer.state_dict()["state"].items()
    return {f"{i}.{name}": t for i, kept in memory for name, t in kept.items() if t is not None}


def restore_optimizer(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer back what `optimizer_tensors` gave.

    Raises `ValueError` for anything else: torch trusts its shapes, and writes beyond their ends.
    """
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    names = _MEMORY[type(optimizer)]
    memory = numbered(tensors)
    for number, kept in memory.items():
        if not 0 <= number < len(weights):
            raise ValueError(f"there is no weight {number}")
        wanted = dict.fromkeys(names, weights[number])
        if "step" in wanted:
            wanted["step"] = weights[number].new_zeros(())
        wanted |= optimizer.state.get(weights[number], {})
        for name in kept.keys() | wanted.keys():
            check_form(f"optimizer.{number}.{name}", kept.get(name), wanted.get(name))
    groups = optimizer.state_dict()["param_groups"]
    optimizer.load_state_dict({"state": memory, "param_groups": groups})


def random_states(device: torch.device) -> dict[str, Tensor]:
    """The state of the CPU's generator, and of the device's own if it is another one."""
    states = {"cpu": torch.get_rng_state()}
    if device.type != "cpu":
        states[device.type] = torch.get_device_module(device).get_rng_state()
    return states


def set_random_states(device: torch.device, states: Mapping[str, Tensor]) -> None:
    """Go on drawing where `random_states` was called. Raises `KeyError` or `RuntimeError`."""
    torch.set_rng_state(states["cpu"])
    if device.type != "cpu":
        torch.get_device_module(device).set_rng_state(states[device.type])
