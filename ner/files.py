"""Files opened and written the one way everything here does it.

Outputs appear whole or not at all: they are written under a temporary name
beside their place, synced and renamed.
"""

import contextlib
import gzip
import io
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO

from ner.errors import NerError


def open_binary(path: str | Path) -> IO[bytes]:
    """Open a file for reading bytes; ``.gz`` is unpacked on the way.

    Raises `NerError` for a file that is missing, a folder, or not readable.
    """
    path = Path(path)
    try:
        if path.is_dir():
            raise NerError(f"{path}: is a folder, not a file; name a file in it")
        if path.suffix == ".gz":
            return gzip.open(path, "rb")
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def unreadable(path: str | Path, error: OSError) -> NerError:
    """The one-line complaint for a file that the system refuses to read."""
    if isinstance(error, FileNotFoundError):
        return NerError(f"{path}: no such file; check the name")
    reason = error.strerror or str(error)
    return NerError(f"{path}: cannot be read ({reason})")


def _unwritable(path: Path, error: OSError) -> NerError:
    return NerError(
        f"{path}: cannot be written ({error.strerror or error}); choose another place or free it"
    )


def _sibling(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}.part")


def sync(path: Path) -> None:
    """Ask the system to put a file or folder on the disk before going on."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def write_binary(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file under a temporary name and rename it when the block ends well.

    Raises `NerError` when the place cannot be written; the old file, if any,
    is then still there and no temporary one is left.
    """
    path = Path(path)
    part = _sibling(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def write_text(path: str | Path) -> Iterator[io.TextIOWrapper]:
    """`write_binary` for UTF-8 text with ``\\n`` line ends; ``.gz`` is packed on the way."""
    with write_binary(path) as file, contextlib.ExitStack() as stack:
        raw: IO[bytes] = file
        if Path(path).suffix == ".gz":
            raw = stack.enter_context(gzip.GzipFile(fileobj=file, mode="wb", mtime=0))
        text = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")  # type: ignore[arg-type]
        yield text
        text.detach()


@contextlib.contextmanager
def write_folder(path: str | Path) -> Iterator[Path]:
    """Fill a new folder under a temporary name and put it in place when the block ends well.

    A folder that stood there before is replaced as a whole. Raises `NerError`
    when the place cannot be written.
    """
    path = Path(path)
    part = _sibling(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.mkdir()
        yield part
        for file in part.iterdir():
            sync(file)
        sync(part)
        _swap(part, path)
        sync(path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _swap(new: Path, place: Path) -> None:
    """Put `new` at `place`; what was there is removed only once the new one stands."""
    if not place.exists():
        new.rename(place)
        return
    old = _sibling(place)
    place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)
