"""Folders of JSON and safetensors: the same as others read, and no file gets more than it has."""

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ner.stored import (
    CHECKSUMS,
    Missing,
    StoredFolder,
    ValidationError,
    forms_of,
    to_json,
    write_stored,
)
from ner.tensors import tensor_forms
from tests.signing import sign

DTYPES = [
    torch.float64, torch.float32, torch.float16,
    torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool,
]  # fmt: skip
NAMES = {"a.json", "b.json", "t.safetensors"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A good folder, to be harmed."""
    tensors = safetensors.torch.save({"x": torch.arange(6.0).reshape(2, 3), "y": torch.zeros(0, 4)})
    write_stored(tmp_path, {"a.json": to_json({"a": [1]}), "t.safetensors": tensors})
    return tmp_path


def read(folder: Path, name: str, checked: bool = True) -> Any:
    """What a file holds."""
    files = StoredFolder(folder)
    if checked:
        files.check(NAMES)
    if name.endswith(".json"):
        return files.json(name, object)
    with files.tensors(name) as found:
        return found.read()


def trouble(folder: Path, name: str, checked: bool = True) -> str:
    """The one line with which reading a file fails, without the folder."""
    with pytest.raises(ValidationError) as caught:
        read(folder, name, checked)
    message = str(caught.value)
    assert message == f"{caught.value.path}: {caught.value.trouble}"
    assert "\n" not in message
    assert len(message) < len(str(folder)) + 300
    return message.removeprefix(f"{folder}/")


# --- checksums ---------------------------------------------------------------------


def test_what_is_written_is_read(folder: Path) -> None:
    assert read(folder, "a.json") == {"a": [1]}
    tensors = read(folder, "t.safetensors")
    assert tensors["x"].tolist() == [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    assert tensors["y"].shape == (0, 4)


@pytest.mark.parametrize("name", ["a.json", "t.safetensors"])
def test_a_file_that_is_another_one(folder: Path, name: str) -> None:
    path = folder / name
    path.write_bytes(path.read_bytes().replace(b"1", b"0").replace(b"\x40", b"\x41"))
    told = f"{name}: is damaged (it is not the file that checksums.json lists)"
    assert trouble(folder, name) == told
    read(folder, name, checked=False)


def test_files_that_were_read_before_the_checksums(folder: Path) -> None:
    files = StoredFolder(folder)
    files.json("a.json", dict)
    files.check(NAMES)
    (folder / "a.json").write_text('{"a": [2]}')
    files = StoredFolder(folder)
    files.json("a.json", dict)
    with pytest.raises(ValidationError, match=r"a\.json: is damaged"):
        files.check(NAMES)


def test_a_file_that_is_not_listed(folder: Path) -> None:
    (folder / "b.json").write_text("{}")
    files = StoredFolder(folder)
    assert files.has("b.json")
    files.check(NAMES)
    assert not files.has("b.json")
    assert files.has("a.json")
    assert "b.json: is damaged (it is not the file" in trouble(folder, "b.json")
    sign(folder)
    assert read(folder, "b.json") == {}


def test_no_checksums(folder: Path) -> None:
    (folder / CHECKSUMS).unlink()
    with pytest.raises(Missing, match=r"checksums\.json: is missing"):
        StoredFolder(folder).check(NAMES)


@pytest.mark.parametrize(
    "name", ["../a.json", "/etc/passwd", "sub/a.json", "", "A.JSON", CHECKSUMS, "\n\x1b[31m" * 99]
)
def test_checksums_of_other_files(folder: Path, name: str) -> None:
    path = folder / CHECKSUMS
    path.write_text(json.dumps({**json.loads(path.read_text()), name: "0" * 64}))
    assert trouble(folder, "a.json").startswith("checksums.json: is damaged (it lists ")


@pytest.mark.parametrize("text", ["[]", "3", '{"a.json": 3}', '{"a.json": null}', '{"a.json": []}'])
def test_checksums_of_another_kind(folder: Path, text: str) -> None:
    (folder / CHECKSUMS).write_text(text)
    assert trouble(folder, "a.json").startswith("checksums.json: is damaged (")


def test_a_checksum_is_that_of_the_usual_tool(folder: Path) -> None:
    """So anyone can check a folder without this code."""
    (folder / "a.json").write_bytes(b"")
    sign(folder)
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"  # sha256sum
    assert json.loads((folder / CHECKSUMS).read_text())["a.json"] == empty
    assert trouble(folder, "a.json") == "a.json: is damaged (not JSON)"


# --- files -------------------------------------------------------------------------


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


def _link_inside(path: Path) -> None:
    copy = path.with_name("copy")
    copy.write_text("{}")
    path.symlink_to(copy.name)


def _link_nowhere(path: Path) -> None:
    path.symlink_to("nowhere")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def _link_to_zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


@pytest.mark.parametrize("name", ["a.json", "t.safetensors", CHECKSUMS])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (_folder, "cannot be read (Is a directory)"),
        (_pipe, "is no plain file"),
        (_link_inside, "is a link, which is not followed"),
        (_link_nowhere, "is a link, which is not followed"),
        (_link_to_itself, "is a link, which is not followed"),
        (_link_to_zeros, "is a link, which is not followed"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_no_plain_file(
    folder: Path, name: str, make: Callable[[Path], None], said: str
) -> None:
    (folder / name).unlink()
    make(folder / name)
    assert trouble(folder, name) == f"{name}: {said}"


def test_windows_has_other_ways_to_open(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("O_NOFOLLOW", "O_NONBLOCK"):
        monkeypatch.delattr(os, name)
    assert StoredFolder(folder).json("a.json", dict)
    (folder / "a.json").unlink()
    _link_inside(folder / "a.json")
    assert trouble(folder, "a.json") == "a.json: is a link, which is not followed"


def test_a_file_that_may_not_be_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For root there is none such, so it is pretended."""
    real = os.open

    def refuse(path: Any, *args: Any, **kwargs: Any) -> int:
        if str(path).endswith("a.json"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    assert trouble(folder, "a.json") == "a.json: cannot be read (Permission denied)"


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        StoredFolder(tmp_path / "nowhere").json("a.json", dict)
    (tmp_path / "file").write_text("")
    with pytest.raises(ValidationError, match="Not a directory"):
        StoredFolder(tmp_path / "file").json("a.json", dict)


def test_memory_that_is_not_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*args: object, **kwargs: object) -> object:
        raise MemoryError("Unable to allocate 1. TiB")

    monkeypatch.setattr(np, "empty", none)
    told = "t.safetensors: is too large for the memory of this machine"
    assert trouble(folder, "t.safetensors") == told


# --- JSON --------------------------------------------------------------------------


def put(folder: Path, text: str | bytes) -> Path:
    """Other JSON, with the right checksum."""
    (folder / "a.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    sign(folder)
    return folder


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 1}', '[{"b": {"a": 1, "b": 2, "a": 3}}]', r'{"a": 1, "\u0061": 1}'],
)
def test_a_key_that_is_there_twice(folder: Path, text: str) -> None:
    assert trouble(put(folder, text), "a.json") == "a.json: is damaged (a key is in it twice)"


@pytest.mark.parametrize("opened", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("count", [999, 1000, 100_000])
def test_json_that_is_deep_and_breaks_off(folder: Path, opened: str, count: int) -> None:
    assert trouble(put(folder, opened * count), "a.json") == "a.json: is damaged (not JSON)"


@pytest.mark.parametrize(("opened", "closed"), [("[", "]"), ('{"a":', "}")])
def test_json_is_not_deeper_than_twenty_levels(folder: Path, opened: str, closed: str) -> None:
    read(put(folder, opened * 20 + "1" + closed * 20), "a.json")
    message = trouble(put(folder, opened * 21 + "1" + closed * 21), "a.json")
    assert message == "a.json: is damaged (more than 20 levels of JSON)"
    assert "a.json: is damaged" in trouble(put(folder, opened * 400 + closed * 400), "a.json")


@pytest.mark.parametrize(
    "text",
    [b"", b" ", b"\xff\xfe", b"\xef\xbb\xbf{}", b"{}{}", b"9" * 5000, b"\x80\x04]q\x00.", b"{"],
)
def test_what_is_not_json(folder: Path, text: bytes) -> None:
    assert trouble(put(folder, text), "a.json") == "a.json: is damaged (not JSON)"


def test_json_that_is_huge_is_not_read(folder: Path) -> None:
    os.truncate(folder / "a.json", 2**40)  # a hole: it takes no room on the disk
    assert "1099511627776 bytes, more than any such file has" in trouble(folder, "a.json")


# --- tensors -----------------------------------------------------------------------


def put_tensors(folder: Path, header: Any, data: bytes = b"", length: int | None = None) -> Path:
    """A file of tensors made by hand, with the right checksum."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    start = struct.pack("<Q", len(text) if length is None else length)
    (folder / "t.safetensors").write_bytes(start + text + data)
    sign(folder)
    return folder


def entry(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    """How a header describes a tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


def test_metadata_is_no_tensor(folder: Path) -> None:
    header = {"__metadata__": {"format": "pt"}, "x": entry()}
    assert list(read(put_tensors(folder, header, bytes(8)), "t.safetensors")) == ["x"]


@st.composite
def some_tensors(draw: st.DrawFn) -> dict[str, Tensor]:
    names = draw(st.lists(st.text(max_size=5), unique=True, max_size=4))
    found = {}
    for name in names:
        shape = draw(st.lists(st.integers(0, 3), max_size=4))
        dtype = draw(st.sampled_from(DTYPES))
        found[name] = (torch.rand(shape) * 100).to(dtype)
    return found


@given(tensors=some_tensors())
def test_tensors_are_read_as_by_safetensors(
    tmp_path_factory: pytest.TempPathFactory, tensors: dict[str, Tensor]
) -> None:
    folder = tmp_path_factory.mktemp("t")
    write_stored(folder, {"t.safetensors": safetensors.torch.save(tensors)})
    found = read(folder, "t.safetensors")
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert forms_of(found)[name] == tensor_forms(tensors)[name]
        assert torch.equal(torch.from_numpy(found[name]), tensor)
        found[name][...] = 0  # nobody else's memory


@given(data=st.data(), tensors=some_tensors())
def test_what_safetensors_refuses_is_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, tensors: dict[str, Tensor]
) -> None:
    """Damaged somewhere, mostly in the header: it is refused, or both find the same."""
    content = bytearray(safetensors.torch.save(tensors))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + 1] = data.draw(
            st.sampled_from([b"", b"0", b"1", b"9", b"[", b'"', b",", b"\x00", b"\xff", b"99"])
        )
        content = content or bytearray(1)
    folder = tmp_path_factory.mktemp("t")
    (folder / "t.safetensors").write_bytes(content)
    try:
        found = read(folder, "t.safetensors", checked=False)
    except ValidationError:
        return
    same = safetensors.torch.load(bytes(content))
    assert found.keys() == same.keys()
    for name, tensor in same.items():
        assert forms_of(found)[name] == tensor_forms(same)[name]
        assert found[name].shape == tensor.shape
        assert found[name].tobytes() == tensor.numpy().tobytes()


@pytest.mark.parametrize("length", [2**64 - 1, 2**63, 10**12, 2**20 + 1, 500, 65])
def test_a_header_that_says_it_is_longer_than_the_file(folder: Path, length: int) -> None:
    put_tensors(folder, {"x": entry()}, bytes(8), length)
    assert trouble(folder, "t.safetensors").startswith("t.safetensors: is damaged (not ")


def test_a_header_longer_than_any(folder: Path) -> None:
    put_tensors(folder, b"{}" + b" " * 2**20)
    assert "one longer than it can be" in trouble(folder, "t.safetensors")


@pytest.mark.parametrize("content", [b"", b"\0", b"\0" * 7, b"\0" * 8, b"\1" + b"\0" * 7])
def test_a_file_that_is_too_short(folder: Path, content: bytes) -> None:
    (folder / "t.safetensors").write_bytes(content)
    sign(folder)
    assert trouble(folder, "t.safetensors").startswith("t.safetensors: is damaged (not ")


E18, BIG = 10**18, 2**62
BAD_HEADERS: dict[str, tuple[Any, int]] = {
    "no JSON": (b"{", 0),
    "a list": ([], 0),
    "a number": (3, 0),
    "deep": (b"[" * 5000, 0),
    "an entry that is a text": ({"x": "F32"}, 8),
    "no type": ({"x": {"shape": [2], "data_offsets": [0, 8]}}, 8),
    "no shape": ({"x": {"dtype": "F32", "data_offsets": [0, 8]}}, 8),
    "no place": ({"x": {"dtype": "F32", "shape": [2]}}, 8),
    "a type that is a number": ({"x": entry(dtype=3)}, 8),
    "a type that is a list": ({"x": entry(dtype=["F32"])}, 8),
    "an unknown type": ({"x": entry("F4", [4], [0, 2])}, 2),
    "a complex type": ({"x": entry("C64", [1])}, 8),
    "a shape that is a number": ({"x": entry(shape=2)}, 8),
    "a shape of texts": ({"x": entry(shape=["2"])}, 8),
    "a shape of truth": ({"x": entry(shape=[True, 2])}, 8),
    "a shape of floats": ({"x": entry(shape=[2.0])}, 8),
    "a negative shape": ({"x": entry(shape=[-1, -2])}, 8),
    "many dimensions": ({"x": entry(shape=[1] * 10**5 + [2])}, 8),
    "huge dimensions": ({"x": entry(shape=[10**4000] * 8)}, 8),
    "a huge shape": ({"x": entry(shape=[E18])}, 8),
    "a huge shape that wraps around": ({"x": entry(shape=[2**62, 4])}, 0),
    "a huge shape without elements": ({"x": entry(shape=[0, 2**61, 2**61], offsets=[0, 0])}, 0),
    "a huge shape and place": ({"x": entry(shape=[E18], offsets=[0, 4 * E18])}, 8),
    "another type": ({"x": entry("F64")}, 8),
    "one place": ({"x": entry(offsets=[0])}, 8),
    "three places": ({"x": entry(offsets=[0, 4, 8])}, 8),
    "a place that is a text": ({"x": entry(offsets="08")}, 8),
    "places of floats": ({"x": entry(offsets=[0.0, 8.0])}, 8),
    "places the wrong way round": ({"x": entry(offsets=[8, 0])}, 8),
    "negative places": ({"x": entry(offsets=[-8, 0])}, 8),
    "a gap before": ({"x": entry(offsets=[8, 16])}, 16),
    "a gap behind": ({"x": entry()}, 16),
    "a gap between": ({"x": entry(), "y": entry(offsets=[16, 24])}, 24),
    "two in one place": ({"x": entry(), "y": entry()}, 8),
    "one across another": ({"x": entry(), "y": entry(offsets=[4, 12])}, 12),
    "beyond the end": ({"x": entry(), "y": entry(offsets=[8, 16])}, 8),
    "tensors and no bytes": ({"x": entry()}, 0),
    "bytes and no tensor": ({}, 8),
    "a name twice": (b'{"x":%b,"x":%b}' % ((json.dumps(entry()).encode(),) * 2), 8),
    "a name full of lines": ({"\n\x1b[31m" * 1000: entry()}, 0),
}


@pytest.mark.parametrize("name", BAD_HEADERS)
def test_a_header_that_lies(folder: Path, name: str) -> None:
    header, room = BAD_HEADERS[name]
    put_tensors(folder, header, bytes(room))
    assert trouble(folder, "t.safetensors").startswith("t.safetensors: is damaged (")


def test_tensors_that_are_huge_are_not_read(folder: Path) -> None:
    """They fit the file, but are not those expected: that is seen without reading them."""
    put_tensors(folder, {"x": entry(shape=[2**38], offsets=[0, 2**40])})
    path = folder / "t.safetensors"
    os.truncate(path, path.stat().st_size + 2**40)
    files = StoredFolder(folder)
    with (
        pytest.raises(
            ValidationError, match=r"'x' is float32 \[274877906944\] instead of float32 \[2\]"
        ),
        files.tensors("t.safetensors") as found,
    ):
        found.expect(tensor_forms({"x": torch.zeros(2)}))


@pytest.mark.parametrize(
    ("expected", "said"),
    [
        ({"x": torch.zeros(2, 3)}, "'y' does not belong there"),
        ({"x": torch.zeros(2, 3), "y": torch.zeros(0, 4), "z": torch.zeros(1)}, "'z' is not there"),
        ({"x": torch.zeros(3, 2), "y": torch.zeros(0, 4)}, "'x' is float32 [2, 3] instead of"),
        ({"x": torch.zeros(2, 3).half(), "y": torch.zeros(0, 4)}, "instead of float16 [2, 3]"),
        ({"x": torch.zeros(2, 3), "y": torch.zeros(0, 5)}, "'y' is float32 [0, 4] instead of"),
        ({"x": torch.zeros(6), "y": torch.zeros(0, 4)}, "'x' is float32 [2, 3] instead of float32"),
    ],
)
def test_tensors_that_are_not_those_expected(
    folder: Path, expected: dict[str, Tensor], said: str
) -> None:
    with (
        pytest.raises(ValidationError) as caught,
        StoredFolder(folder).tensors("t.safetensors") as found,
    ):
        found.expect(tensor_forms(expected))
    assert "does not fit the other files" in str(caught.value)
    assert said in str(caught.value)


def test_a_file_that_becomes_shorter_while_it_is_read(folder: Path) -> None:
    files = StoredFolder(folder)
    path = folder / "t.safetensors"
    big = {"x": torch.zeros(10**5)}
    path.write_bytes(safetensors.torch.save(big))
    with files.tensors("t.safetensors") as found:
        os.truncate(path, 10**5)
        with pytest.raises(ValidationError, match="it ends too early"):
            found.read()
