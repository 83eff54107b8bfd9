"""Folders of JSON and safetensors, written with checksums and read without trust.

Bundles and checkpoints are such folders, and they may come from anywhere; a zip holds the same
files (`ner.stored.archive`). So:

- nothing in them is run, and files are opened by names that stand in our code, never by names
  that stand in a file; what is no plain file, a link or a pipe for example, is not read;
- sizes are compared with the file's own before any memory is taken: a small file cannot claim to
  be a large one. JSON takes at most some 30 times its size, tensors theirs;
- ``checksums.json`` has the SHA-256 of every other file. It is there to find damage, not
  forgery: whoever can change a file can change its checksum, too. It needs none itself, since
  all that it says is compared with something.

Tensors are read here and not by the package `safetensors`, which follows links where it is given
a name, and holds everything twice where it is given bytes. The format: 8 bytes with the length of
the header, little-endian; the header, JSON with type, shape and position of each tensor; their
bytes, without gaps (https://github.com/huggingface/safetensors#format).
"""

import contextlib
import hashlib
import json
import math
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ner.errors import BundleError
from ner.files import write_folder
from ner.stored.archive import ArchiveSource
from ner.stored.sources import (
    Content,
    FolderSource,
    Source,
    ValidationError,
    damaged,
)
from ner.version import __version__

CHECKSUMS = "checksums.json"

MOST_JSON = 2**28
"""Bytes; the words of the largest vectors files take a tenth of it."""
_MOST_HEADER = 2**20
_DEEPEST = 20
_MOST_DIMENSIONS = 8
_LENGTH = 8  # bytes of the length of the header

_DTYPES: Mapping[str, np.dtype[Any]] = {
    "F64": np.dtype(np.float64),
    "F32": np.dtype(np.float32),
    "F16": np.dtype(np.float16),
    "I64": np.dtype(np.int64),
    "I32": np.dtype(np.int32),
    "I16": np.dtype(np.int16),
    "I8": np.dtype(np.int8),
    "U8": np.dtype(np.uint8),
    "BOOL": np.dtype(np.bool_),
}

Arrays = Mapping[str, NDArray[Any]]
"""Tensors by name."""


class Form(NamedTuple):
    """The type and shape of a tensor."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.dtype.name} {list(self.shape)}"[:120]


def forms_of(tensors: Arrays) -> dict[str, Form]:
    """The form of each tensor."""
    return {name: Form(tensor.dtype, tensor.shape) for name, tensor in tensors.items()}


def to_json(value: Any, indent: int | None = None) -> bytes:
    """A value as a JSON file."""
    # ASCII escapes: a vocabulary may hold lone surrogates, which UTF-8 cannot.
    return (json.dumps(value, indent=indent) + "\n").encode("ascii")


def to_safetensors(tensors: Arrays) -> bytes:
    """Tensors as a file of safetensors."""
    import safetensors.numpy  # only for writing

    # Their bytes are written as they lie in memory, whatever their strides.
    return safetensors.numpy.save(
        {name: np.require(tensor, requirements="C") for name, tensor in tensors.items()}
    )


def write_stored(
    folder: Path, files: Mapping[str, bytes], unlisted: Mapping[str, bytes] | None = None
) -> None:
    """Write a folder of files and ``checksums.json``; the one before is replaced as a whole.

    The checksums list all but the `unlisted` files. Raises `NerError` as `write_folder` does.
    """
    with write_folder(folder) as part:
        for name, content in {**with_checksums(files), **(unlisted or {})}.items():
            (part / name).write_bytes(content)


def with_checksums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Files and the ``checksums.json`` that lists them."""
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return {**files, CHECKSUMS: to_json(sums, indent=2)}


class StoredFolder:
    """A folder that is read file by file; its methods raise `ValidationError` for a wrong file.

    Until `check` has been called, files are taken as they are.
    """

    def __init__(self, path: Path, source: Source | None = None) -> None:
        """`source` has the files, where `path` is no folder."""
        self.path = path
        self._source = source or FolderSource(path)
        self._read: dict[str, str] = {}  # checksums of what has been read
        self._sums: dict[str, str] | None = None

    def check(self, names: Collection[str]) -> None:
        """Hold all files, those that have been read and those that will be, to their checksums.

        `names` are those that such a folder may have. Raises `Missing` where
        there is no ``checksums.json``.
        """
        self._sums = self.json(CHECKSUMS, dict)
        if not all(isinstance(digest, str) for digest in self._sums.values()):
            raise self.damaged(CHECKSUMS, "checksums that are no text")
        if other := self._sums.keys() - names:
            reason = f"it lists {min(other)[:80]!r}, which is no file of a model"
            raise self.damaged(CHECKSUMS, reason)
        for name, digest in self._read.items():
            self._compare(name, digest)

    def has(self, name: str) -> bool:
        """Tell if the folder has a file: once checked, one that its checksums list."""
        return name in self._sums if self._sums is not None else self._source.has(name)

    def json(self, name: str, kind: type) -> Any:
        """The value in a JSON file, which must be of that type."""
        path = self.path / name
        with self._source.opened(name) as file:
            if file.size > MOST_JSON:
                raise damaged(path, f"{file.size} bytes, more than any such file has")
            content = file.read(file.size)
        self._compare(name, hashlib.sha256(content).hexdigest())
        value = _parse(path, content)
        if not isinstance(value, kind):
            raise damaged(path, f"no JSON {kind.__name__}")
        return value

    def strings(self, name: str) -> list[str]:
        """The strings in a JSON list, which must all differ."""
        return self.different(name, self.json(name, list))

    def different(self, name: str, value: list[Any]) -> list[str]:
        """A list out of a JSON file, which must have strings that all differ."""
        if not {*map(type, value)} <= {str} or len({*value}) < len(value):
            raise self.damaged(name, "not different strings")
        return value

    def member(self, name: str, value: Mapping[str, Any], key: str, kind: type) -> Any:
        """A value of an object out of a JSON file, which must be of that type."""
        if type(value.get(key)) is not kind:
            raise self.damaged(name, f"no {key!r} of type {kind.__name__}")
        return value[key]

    def damaged(self, name: str, reason: str) -> ValidationError:
        """The error for a file of it that can be read, and makes no sense."""
        return damaged(self.path / name, reason)

    @contextlib.contextmanager
    def tensors(self, name: str) -> Iterator["StoredTensors"]:
        """A file of tensors, of which only the header has been read."""
        with self._source.opened(name) as file:
            stored = StoredTensors(self.path / name, file)
            yield stored
            if stored.digest:
                self._compare(name, stored.digest)

    def _compare(self, name: str, digest: str) -> None:
        if self._sums is None:
            self._read[name] = digest
        elif name != CHECKSUMS and self._sums.get(name) != digest:
            raise self.damaged(name, f"it is not the file that {CHECKSUMS} lists")


# --- models -------------------------------------------------------------------------------------


@contextlib.contextmanager
def open_model(path: Path) -> Iterator[StoredFolder]:
    """Read a model from a folder or a zip. Raises `BundleError` where the block refuses a file."""
    try:
        yield StoredFolder(path, ArchiveSource(path) if path.is_file() else None)
    except ValidationError as error:
        raise BundleError(f"{error}; copy the model again") from None


def check_format(path: Path, described: Mapping[str, Any], formats: range) -> None:
    """Refuse a model, described in `path`, of a format that is not read. Raises `BundleError`."""
    written, version = described["format"], described.get("version")
    if written in formats:
        return
    if not isinstance(version, str) or not re.fullmatch(r"[\w.+-]{1,40}", version, re.ASCII):
        version = "of an unknown version"  # it is printed: no lines, no colours
    age, remedy = "older", "train the model again"
    if written >= formats.stop:
        age, remedy = "newer", "upgrade with pip install --upgrade bilstm-ner"
    raise BundleError(
        f"{path}: has format {written} of ner {version}, {age} than this ner {__version__} can "
        f"read; {remedy}"
    )


# --- JSON ---------------------------------------------------------------------------------------


def _parse(path: Path, content: bytes) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):  # two programs may well take two different values
            raise damaged(path, "a key is in it twice")
        return found

    try:
        value = json.loads(content.decode("utf-8"), object_pairs_hook=unique)
    except (ValueError, RecursionError):
        raise damaged(path, "not JSON") from None
    if _is_deeper([value], _DEEPEST + 1):
        raise damaged(path, f"more than {_DEEPEST} levels of JSON")
    return value


def _is_deeper(outer: Any, levels: int) -> bool:
    """True if a list or dictionary has others within it, that many levels down."""
    if not levels:
        return True
    inside = outer.values() if type(outer) is dict else outer
    if {*map(type, inside)}.isdisjoint((list, dict)):  # quick, as most lists are long and flat
        return False
    return any(_is_deeper(inner, levels - 1) for inner in inside if type(inner) in (list, dict))


# --- tensors ------------------------------------------------------------------------------------


class TensorEntry(NamedTuple):
    """A tensor of a file: its bytes ``[start, end)`` behind the header, and its form."""

    start: int
    end: int
    form: Form


class StoredTensors:
    """A file of tensors: first its header, and only then the tensors themselves."""

    def __init__(self, path: Path, file: Content) -> None:
        self.path = path
        self.digest = ""  # once all has been read
        self._file, size = file, file.size
        length = file.read(_LENGTH)
        announced = int.from_bytes(length, "little")
        if len(length) < _LENGTH or announced > min(size - _LENGTH, _MOST_HEADER):
            raise damaged(path, "not safetensors: no header, or one longer than it can be")
        header = file.read(announced)
        self._hash = hashlib.sha256(length + header)
        self.entries = _entries(path, header, size - _LENGTH - announced)

    def expect(self, forms: Mapping[str, Form]) -> None:
        """Compare names, types and shapes. Raises `ValidationError`."""
        for name in forms.keys() - self.entries.keys():
            raise self._misfit(name, "is not there")
        for name in self.entries.keys() - forms.keys():
            raise self._misfit(name, "does not belong there")
        for name, form in forms.items():
            if self.entries[name].form != form:
                raise self._misfit(name, f"is {self.entries[name].form} instead of {form}")

    def _misfit(self, name: str, trouble: str) -> ValidationError:
        return damaged(self.path, f"does not fit the other files: {name[:80]!r} {trouble}")

    def read(self) -> dict[str, NDArray[Any]]:
        """Read all tensors by name; large ones of a zip are mapped from it, and cannot be written.

        Raises `ValidationError` for NaN and infinity.
        """
        found = {}
        for name, (start, end, (dtype, shape)) in self.entries.items():
            tensor = self._take(end - start).view(dtype).reshape(shape)
            if dtype.kind == "f" and not _is_finite(tensor):
                raise damaged(self.path, f"{name[:80]!r} holds a number that is not finite")
            found[name] = np.require(tensor, requirements="A")
        self.digest = self._hash.hexdigest()
        return found

    def _take(self, size: int) -> NDArray[np.uint8]:
        """The next bytes of the file."""
        raw = self._file.array(size)
        if len(raw) < size:
            raise damaged(self.path, "it ends too early")
        self._hash.update(raw.data)
        return raw


def _is_finite(tensor: NDArray[Any]) -> bool:
    if tensor.dtype == np.float16:  # whose numbers NumPy compares slowly
        exponent = np.uint16(0x7C00)
        return bool(((tensor.view(np.uint16) & exponent) != exponent).all())
    return not tensor.size or all(map(math.isfinite, (tensor.min(), tensor.max())))  # NaN is both


def _entries(path: Path, header: bytes, size: int) -> dict[str, TensorEntry]:
    """The tensors that a header lists for `size` bytes, in order. Raises `ValidationError`."""
    described = _parse(path, header)
    if not isinstance(described, dict):
        raise damaged(path, "not safetensors: a header that lists no tensors")
    described.pop("__metadata__", None)
    entries = {name: _entry(path, name, value) for name, value in described.items()}
    entries = dict(sorted(entries.items(), key=lambda item: item[1][:2]))
    behind = 0
    for name, entry in entries.items():
        if entry.start != behind:
            raise damaged(path, f"{name[:80]!r} does not begin where the tensor before it ends")
        behind = entry.end
    if behind != size:
        raise damaged(path, f"{size} bytes of tensors instead of {behind}")
    return entries


def _entry(path: Path, name: str, value: Any) -> TensorEntry:
    """Read the entry of one tensor, whose size is that of its type and shape."""
    match value:
        case {"dtype": str(kind), "shape": list(shape), "data_offsets": [start, end]}:
            numbers = [*shape, start, end]
        case _:
            raise damaged(path, f"not safetensors: no type, shape and position of {name[:80]!r}")
    if kind not in _DTYPES or len(shape) > _MOST_DIMENSIONS:
        raise damaged(path, f"{name[:80]!r} is of a type or shape that no tensor here has")
    dtype = _DTYPES[kind]
    possible = all(type(number) is int and 0 <= number < 2**62 for number in numbers)
    # The product counts even without a single element.
    if not possible or math.prod(max(n, 1) for n in shape) >= 2**62:
        raise damaged(path, f"numbers of {name[:80]!r} that can be no size")
    if end - start != math.prod(shape) * dtype.itemsize:
        raise damaged(path, f"{name[:80]!r} has {end - start} bytes, which its shape does not fit")
    return TensorEntry(start, end, Form(dtype, tuple(shape)))
