"""Checkpoints: whole, exact, and one line when there is something wrong."""

import json
from pathlib import Path

import pytest
import safetensors.numpy
import torch

from ner.checkpoint import read_checkpoint, write_checkpoint
from ner.errors import TrainingError

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3).T,
    "b": torch.tensor(7),
    "half": torch.ones(2).half(),
}
STATE = {"epoch": 3, "f1": 0.1 + 0.2, "history": [{"best": True}], "text": "\ud800ü"}


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", TENSORS, STATE)
    tensors, state = read_checkpoint(tmp_path / "c")
    assert state == STATE
    assert set(tensors) == set(TENSORS)
    for name, tensor in TENSORS.items():
        assert torch.equal(tensors[name], tensor)
        assert tensors[name].dtype == tensor.dtype


def test_a_later_one_replaces_all_of_the_earlier_one(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", TENSORS, STATE)
    write_checkpoint(tmp_path / "c", {"z": torch.zeros(1)}, {"epoch": 4})
    tensors, state = read_checkpoint(tmp_path / "c")
    assert list(tensors) == ["z"]
    assert state == {"epoch": 4}
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def test_a_crash_while_writing_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(tensors: object) -> bytes:
        raise KeyboardInterrupt

    write_checkpoint(tmp_path / "c", TENSORS, STATE)
    monkeypatch.setattr(safetensors.numpy, "save", crash)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(tmp_path / "c", {}, {"epoch": 4})
    assert read_checkpoint(tmp_path / "c")[1] == STATE
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


def complaint(folder: Path) -> str:
    with pytest.raises(TrainingError) as caught:
        read_checkpoint(folder)
    message = str(caught.value)
    assert message.startswith(f"{folder}: ")
    assert "--overwrite" in message
    assert "\n" not in message
    return message


def test_none_is_there(tmp_path: Path) -> None:
    assert "no checkpoint" in complaint(tmp_path / "c")


@pytest.mark.parametrize("name", ["state.json", "tensors.safetensors"])
def test_one_is_damaged(tmp_path: Path, name: str) -> None:
    write_checkpoint(tmp_path / "c", TENSORS, STATE)
    path = tmp_path / "c" / name
    content = path.read_bytes()
    for damage in (content[:-9], b"", b"\xff\xfe" * 40):
        path.write_bytes(damage)
        assert "is damaged" in complaint(tmp_path / "c")
    path.unlink()
    assert "no checkpoint" in complaint(tmp_path / "c")
    path.mkdir()
    assert "is damaged" in complaint(tmp_path / "c")


def test_a_state_that_is_no_object(tmp_path: Path) -> None:
    write_checkpoint(tmp_path / "c", TENSORS, STATE)
    (tmp_path / "c" / "state.json").write_text(json.dumps([1]))
    assert "is damaged" in complaint(tmp_path / "c")
