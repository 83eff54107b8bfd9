"""Files in one: a zip without compression, mapped into memory and read without trust.

Members stand one behind the other in the order of the directory at the end, without gap or overlap,
and their headers agree with the directory. None is compressed, encrypted, a link or a folder, so
that none takes more memory than the file has bytes. Checksums are those of ``checksums.json``; a
zip's own (CRC-32) are not compared.

Only large arrays stay mapped: should somebody write into the file later, small models keep theirs.

The format: PKWARE's APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

import contextlib
import mmap
import re
import stat
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.stored.sources import Content, Missing, ValidationError, damaged, opened

ALIGNMENT = 64  # bytes: what is mapped is used where it lies
LEAST_MAPPED = 2**24  # bytes
MOST_MEMBERS = 64
MOST_BYTES = 2**32 - 2**20  # sizes have 32 bits
_NAME = re.compile(rb"[A-Za-z0-9_-]{1,60}(\.[A-Za-z0-9_-]{1,20})+")
_LOCAL = struct.Struct("<4s5H3I2H")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_ENCRYPTED, _UTF8 = 1, 1 << 11  # flags
_UNIX = 3  # the system whose modes the attributes hold
_PADDING = 0xD935  # the kind of extra field that fills up to a position, as zipalign's


def to_archive(files: Mapping[str, bytes], out: BinaryIO) -> None:
    """Write files into a new zip, the same bytes for the same files; `out` can be sought in.

    Raises `ValueError` for more than `MOST_BYTES`.
    """
    import zipfile  # for writing alone: reading starts faster without

    if sum(map(len, files.values())) > MOST_BYTES:
        raise ValueError(f"more than {MOST_BYTES} bytes")
    with zipfile.ZipFile(out, "w") as packed:
        for name, content in files.items():
            member = zipfile.ZipInfo(name)  # of 1980
            member.create_system = _UNIX
            member.external_attr = (stat.S_IFREG | 0o644) << 16
            start = out.tell() + _LOCAL.size + len(name) + 4
            padding = -start % ALIGNMENT
            member.extra = struct.pack("<2H", _PADDING, padding) + bytes(padding)
            packed.writestr(member, content)


class _Member(NamedTuple):
    start: int
    end: int


class _Header(NamedTuple):
    """The header before a member."""

    mark: bytes
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    named: int  # bytes of the name
    extra: int


class _Entry(NamedTuple):
    """The entry of a member in the directory."""

    mark: bytes
    made: int
    needed: int
    flags: int
    method: int
    time: int
    date: int
    crc: int
    packed: int
    size: int
    named: int
    extra: int
    comment: int
    disk: int
    inner: int
    attributes: int
    offset: int


class ArchiveSource:
    """The members of a zip; memory that is mapped lives as long as something reads it."""

    def __init__(self, path: Path) -> None:
        """Raise `ValidationError` for a file that cannot be read or is no such zip."""
        self._path = path
        with opened(path) as file:
            try:
                mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:
                raise damaged(path, "it is empty") from None
        self._bytes = np.frombuffer(mapped, np.uint8)
        self._members = _members(path, mapped)

    def has(self, name: str) -> bool:
        """Tell if there is a member of that name."""
        return name in self._members

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[Content]:
        """Open a member. Raises `Missing`."""
        if name not in self._members:
            raise Missing(self._path / name, "is missing")
        start, end = self._members[name]
        yield _MappedContent(self._bytes[start:end])


class _MappedContent:
    def __init__(self, rest: NDArray[np.uint8]) -> None:
        self.size = len(rest)
        self._rest = rest

    def read(self, size: int) -> bytes:
        return self.array(size).tobytes()

    def array(self, size: int) -> NDArray[np.uint8]:
        taken, self._rest = self._rest[:size], self._rest[size:]
        return taken if len(taken) >= LEAST_MAPPED else taken.copy()


def _members(path: Path, data: mmap.mmap) -> dict[str, _Member]:
    """The members that the directory lists. Raises `ValidationError`."""
    count, start, stop = _directory(path, data)
    position, behind, found = start, 0, dict[str, _Member]()
    for _ in range(count):
        if position + _ENTRY.size > stop:
            raise damaged(path, "its directory ends too early")
        entry = _Entry._make(_ENTRY.unpack_from(data, position))
        name = _name(path, data, entry, position + _ENTRY.size)
        _check(path / name, entry)
        if name in found or entry.offset != behind:
            reason = "is in it twice" if name in found else "does not follow the one before it"
            raise damaged(path, f"{name!r} {reason}")
        found[name] = _member(path / name, data, entry, start)
        behind = found[name].end
        position += _ENTRY.size + entry.named + entry.extra + entry.comment
    if (behind, position) != (start, stop):
        raise damaged(path, "there is something between its parts")
    return found


def _directory(path: Path, data: mmap.mmap) -> tuple[int, int, int]:
    """The number of members, and where the directory begins and ends."""
    stop = len(data) - _END.size
    if stop < 0:
        raise damaged(path, "it ends too early")
    mark, disk, first, here, count, size, start, comment = _END.unpack_from(data, stop)
    if mark != b"PK\5\6" or comment or disk or first or here != count or start + size != stop:
        raise damaged(path, "it has no directory at its end")
    if count > MOST_MEMBERS:
        raise damaged(path, f"{count} files, more than any model has")
    return count, start, stop


def _name(path: Path, data: mmap.mmap, entry: _Entry, position: int) -> str:
    """The name of a member, which is no path."""
    name = data[position : position + entry.named]
    if entry.mark != b"PK\1\2" or entry.disk or not _NAME.fullmatch(name):
        raise damaged(path, "a directory that does not list plain files alone")
    return name.decode("ascii")


def _check(place: Path, entry: _Entry) -> None:
    """Refuse a member that is not stored as it is."""
    if entry.flags & _ENCRYPTED:
        raise ValidationError(place, "is encrypted, which is not read")
    if entry.method or entry.packed != entry.size:
        raise ValidationError(place, "is compressed, which is not read")
    kind = stat.S_IFMT(entry.attributes >> 16) if entry.made >> 8 == _UNIX else 0
    if kind not in (0, stat.S_IFREG):
        raise ValidationError(place, "is a link or a folder, which is not followed")
    if entry.flags & ~_UTF8:
        raise damaged(place, "it is of no kind that is read")


def _member(place: Path, data: mmap.mmap, entry: _Entry, limit: int) -> _Member:
    """The place of the content, behind a header that agrees with the directory."""
    text = entry.offset + _LOCAL.size
    if text > limit:
        raise damaged(place, "it begins behind the end")
    header = _Header._make(_LOCAL.unpack_from(data, entry.offset))
    alike = header.mark == b"PK\3\4" and all(
        getattr(header, field) == getattr(entry, field)
        for field in ("flags", "method", "crc", "packed", "size", "named")
    )
    start = text + header.named + header.extra
    if not alike or data[text : text + header.named] != place.name.encode("ascii"):
        raise damaged(place, "its header is not what the directory says")
    if start + header.size > limit:
        raise damaged(place, f"{header.size} bytes, more than the file has")
    return _Member(start, start + header.size)
