"""Files in a zip: the same as others read, and nothing that is more than it seems."""

import io
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from ner.stored import StoredFolder, ValidationError, archive, to_archive, to_safetensors
from ner.stored.archive import ALIGNMENT, MOST_BYTES, ArchiveSource

FILES = {"a.json": b'{"a": 1}\n', "empty.json": b"", "t.safetensors": bytes(range(256))}


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    """A good zip, to be harmed."""
    path = tmp_path / "m.ner"
    path.write_bytes(zipped(FILES))
    return path


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    to_archive(files, out)
    return out.getvalue()


def contents(path: Path) -> dict[str, bytes]:
    """All that our reader finds of `FILES`."""
    source, found = ArchiveSource(path), {}
    for name in filter(source.has, FILES):
        with source.opened(name) as file:
            found[name] = file.read(file.size)
            assert file.size == len(found[name])
            assert file.read(1) == b""
    return found


def trouble(path: Path) -> str:
    """The one line with which a zip is refused, without its path."""
    with pytest.raises(ValidationError) as caught:
        contents(path)
    assert "\n" not in str(caught.value)
    return str(caught.value).removeprefix(str(path))


# --- good ones ----------------------------------------------------------------------------------


def test_what_is_written_is_read(packed: Path) -> None:
    assert contents(packed) == FILES
    assert not ArchiveSource(packed).has("b.json")
    with pytest.raises(ValidationError, match=r"m\.ner/b\.json: is missing"):
        ArchiveSource(packed).opened("b.json").__enter__()


def test_other_programs_read_it_and_it_is_always_the_same(packed: Path) -> None:
    with zipfile.ZipFile(packed) as other:
        assert other.testzip() is None
        assert {name: other.read(name) for name in other.namelist()} == FILES
    assert packed.read_bytes() == zipped(FILES)


def test_what_other_programs_write_is_read(packed: Path) -> None:
    with zipfile.ZipFile(packed, "w") as other:
        for name, content in FILES.items():
            other.writestr(name, content)
    assert contents(packed) == FILES


def test_contents_lie_where_they_can_be_used(packed: Path) -> None:
    for content in (FILES["a.json"], FILES["t.safetensors"]):
        assert packed.read_bytes().index(content) % ALIGNMENT == 0


def test_large_arrays_are_mapped(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tensors: dict[str, NDArray[Any]] = {
        "half": np.arange(4, dtype=np.float16),
        "bytes": np.arange(3, dtype=np.uint8),
    }
    packed.write_bytes(zipped({"t.safetensors": to_safetensors(tensors)}))
    for least, writable in ((archive.LEAST_MAPPED, True), (1, False)):
        monkeypatch.setattr(archive, "LEAST_MAPPED", least)
        with StoredFolder(packed, ArchiveSource(packed)).tensors("t.safetensors") as stored:
            found = stored.read()
        assert {name: values.tolist() for name, values in found.items()} == {
            name: values.tolist() for name, values in tensors.items()
        }
        assert {values.flags.writeable for values in found.values()} == {writable}
        assert all(values.flags.aligned for values in found.values())


def test_what_does_not_lie_well_is_copied(packed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "LEAST_MAPPED", 1)
    tensors = to_safetensors({"x": np.arange(4, dtype=np.float32)})
    for length in range(1, 9):
        with zipfile.ZipFile(packed, "w") as other:
            other.writestr("a.json", b"x" * length)
            other.writestr("t.safetensors", tensors)
        with StoredFolder(packed, ArchiveSource(packed)).tensors("t.safetensors") as stored:
            found = stored.read()["x"]
        assert found.flags.aligned
        assert found.tolist() == [0, 1, 2, 3]


def test_what_is_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_BYTES < 2**32
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    with pytest.raises(ValueError, match="more than 10 bytes"):
        zipped(FILES)


# --- harmed ones --------------------------------------------------------------------------------


def written(path: Path, harm: Callable[[zipfile.ZipFile], object]) -> str:
    """The complaint about a zip of another program."""
    with zipfile.ZipFile(path, "w") as other:
        harm(other)
    return trouble(path)


def named(name: str, mode: int = 0, system: int = 3) -> zipfile.ZipInfo:
    member = zipfile.ZipInfo(name)
    member.create_system, member.external_attr = system, mode << 16
    return member


def test_compressed_members(packed: Path) -> None:
    for kind in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):

        def compressed(other: zipfile.ZipFile, kind: int = kind) -> None:
            other.writestr("a.json", bytes(10**6), kind)

        message = written(packed, compressed)
        assert message == "/a.json: is compressed, which is not read"


@pytest.mark.parametrize("mode", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_what_is_no_plain_file(packed: Path, mode: int) -> None:
    message = written(packed, lambda other: other.writestr(named("a.json", mode | 0o777), b"/etc"))
    assert message == "/a.json: is a link or a folder, which is not followed"


@pytest.mark.parametrize(
    "name",
    ["../a.json", "/a.json", "x/a.json", "a.json/", ".a.json", "a\n.json", "ä.json", "a" * 99],
)
def test_names_that_are_none_of_a_model(packed: Path, name: str) -> None:
    message = written(packed, lambda other: other.writestr(named(name), b""))
    assert message == ": is damaged (a directory that does not list plain files alone)"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_in_it_twice(packed: Path) -> None:
    def twice(other: zipfile.ZipFile) -> None:
        other.writestr("a.json", b"1")
        other.writestr("a.json", b"2")

    assert written(packed, twice) == ": is damaged ('a.json' is in it twice)"


def test_too_many_members(packed: Path) -> None:
    def many(other: zipfile.ZipFile) -> None:
        for number in range(65):
            other.writestr(f"{number}.json", b"")

    assert written(packed, many) == ": is damaged (65 files, more than any model has)"


def test_a_comment_and_something_around_it(packed: Path) -> None:
    whole = packed.read_bytes()
    for content in (whole + b"\0", b"\0" + whole, whole[1:]):
        packed.write_bytes(content)
        assert ": is damaged (" in trouble(packed)


def test_a_file_cut_off_anywhere(packed: Path) -> None:
    whole = packed.read_bytes()
    for length in (*range(0, len(whole), 9), len(whole) - 1):
        packed.write_bytes(whole[:length])
        assert ": is damaged (" in trouble(packed)


def patched(path: Path, mark: bytes, offset: int, kind: str, value: int, number: int = 0) -> None:
    """Put a value into the header or entry of a member."""
    data = bytearray(path.read_bytes())
    place = -1
    for _ in range(number + 1):
        place = data.index(mark, place + 1)
    struct.pack_into(kind, data, place + offset, value)
    path.write_bytes(data)


LOCAL, ENTRY, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


@pytest.mark.parametrize(
    ("mark", "offset", "kind", "value", "said"),
    [
        (ENTRY, 8, "<H", 1, "/a.json: is encrypted, which is not read"),
        (ENTRY, 8, "<H", 8, "/a.json: is damaged (it is of no kind that is read)"),
        (ENTRY, 10, "<H", 8, "/a.json: is compressed, which is not read"),
        (ENTRY, 24, "<I", 2**32 - 1, "/a.json: is compressed, which is not read"),
        (LOCAL, 6, "<H", 1, "its header is not what the directory says"),
        (LOCAL, 8, "<H", 8, "its header is not what the directory says"),
        (LOCAL, 14, "<I", 1, "its header is not what the directory says"),
        (LOCAL, 18, "<I", 1, "its header is not what the directory says"),
        (LOCAL, 22, "<I", 1, "its header is not what the directory says"),
        (LOCAL, 26, "<H", 1, "its header is not what the directory says"),
        (LOCAL, 28, "<H", 60000, "bytes, more than the file has"),
        (LOCAL, 30, "<B", 0x62, "its header is not what the directory says"),
        (ENTRY, 34, "<H", 1, "does not list plain files alone"),
        (ENTRY, 28, "<H", 60000, "does not list plain files alone"),
        (ENTRY, 30, "<H", 60000, "its directory ends too early"),
        (ENTRY, 32, "<H", 1, "does not list plain files alone"),
        (ENTRY, 42, "<I", 1, "'a.json' does not follow the one before it"),
        (ENTRY, 42, "<I", 2**32 - 1, "'a.json' does not follow the one before it"),
        (END, 4, "<H", 1, "it has no directory at its end"),
        (END, 8, "<H", 2, "it has no directory at its end"),
        (END, 12, "<I", 2**32 - 1, "it has no directory at its end"),
        (END, 16, "<I", 0, "it has no directory at its end"),
        (END, 20, "<H", 1, "it has no directory at its end"),
    ],
)
def test_parts_that_contradict_each_other(
    packed: Path, mark: bytes, offset: int, kind: str, value: int, said: str
) -> None:
    patched(packed, mark, offset, kind, value)
    assert said in trouble(packed)


def test_members_that_overlap(packed: Path) -> None:
    """Two entries of the same bytes would let a small file hold much."""
    for value in (0, 1):
        patched(packed, ENTRY, 42, "<I", value, number=1)
        assert "'empty.json' does not follow the one before it" in trouble(packed)


def test_fewer_members_than_there_are(packed: Path) -> None:
    patched(packed, END, 8, "<I", 0x0002_0002)
    assert "there is something between its parts" in trouble(packed)


def test_sizes_that_both_places_claim(packed: Path) -> None:
    for mark, offset in ((LOCAL, 18), (ENTRY, 20)):
        for place in (offset, offset + 4):
            patched(packed, mark, place, "<I", 2**32 - 1)
    assert trouble(packed) == "/a.json: is damaged (4294967295 bytes, more than the file has)"


def test_no_file_and_what_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty").write_bytes(b"")
    assert trouble(tmp_path / "empty") == ": is damaged (it is empty)"
    assert trouble(tmp_path / "nowhere") == ": is missing"
    assert trouble(tmp_path) == ": cannot be read (Is a directory)"


@given(
    changes=st.lists(st.tuples(st.integers(0, 2**12), st.integers(0, 255)), min_size=1, max_size=4)
)
def test_bytes_that_have_changed(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    """It is refused in one line, or every content is as long as it was."""
    data = bytearray(zipped(FILES))
    for place, value in changes:
        data[place % len(data)] = value
    path = tmp_path_factory.mktemp("harmed") / "m.ner"
    path.write_bytes(data)
    try:
        found = contents(path)
    except ValidationError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017
    else:
        assert all(len(found[name]) == len(FILES[name]) for name in found)
