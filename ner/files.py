"""Files opened and written the one way everything here does it.

Outputs appear whole or not at all: they are written under a temporary name beside their path
(hidden, ending in ``.part``), synced and renamed. Only a process that is killed leaves its
temporary behind, for `clear_leftovers` or `clear_abandoned`.
"""

import contextlib
import errno
import io
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

from ner.errors import NerError, UsageError

# Error codes of a disk on which nothing more can be written.
_DISK_TROUBLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}


def unpack_errors() -> tuple[type[Exception], ...]:
    """The errors of unpacking; a damaged file shows only when it is read."""
    import gzip  # these modules take a while, and most files are not packed
    import lzma
    import zlib

    return (EOFError, zlib.error, gzip.BadGzipFile, lzma.LZMAError)


def read_errors() -> tuple[type[Exception], ...]:
    """The errors of reading from an open file, packed or not."""
    return (OSError, *unpack_errors())


def checked_path(path: str | Path) -> Path:
    """A path that the system can look up, whether or not something is there.

    Raises `UsageError` for one with NUL or half a surrogate pair, `NerError` for one too long.
    """
    try:
        os.lstat(path)
    except ValueError:
        raise _no_path(path) from None
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise unreadable(path, error) from None
    return Path(path)


def _no_path(path: str | Path) -> UsageError:
    shown = repr(str(path))
    shown = shown if len(shown) < 80 else f"{shown[:80]}…"
    return UsageError(f"{shown} holds NUL or half a surrogate pair, as no path does; correct it")


def open_binary(path: str | Path) -> IO[bytes]:
    """Open a file for reading bytes; ``.gz`` and ``.xz`` are unpacked on the way.

    Raises `UsageError` for a folder, a missing file or what is no path, and `NerError` for a file
    that cannot be read.
    """
    path = checked_path(path)
    try:
        if path.is_dir():
            raise UsageError(f"{path}: is a folder, not a file; name a file in it")
        if path.suffix == ".gz":
            import gzip

            return cast("IO[bytes]", gzip.open(path, "rb"))
        if path.suffix == ".xz":
            import lzma

            return cast("IO[bytes]", lzma.open(path, "rb"))
        return path.open("rb")
    except OSError as error:
        raise unreadable(path, error) from None


def bytes_read(file: IO[bytes]) -> int:
    """The position in a file opened with `open_binary`, in bytes on the disk; 0 for a pipe."""
    raw = getattr(file, "fileobj", None) or getattr(file, "_fp", None) or file  # of a packed file
    return raw.tell() if raw.seekable() else 0


def unreadable(path: str | Path, error: Exception) -> NerError:
    """The one-line error for a file that cannot be read (`error`: one of `read_errors`)."""
    if isinstance(error, FileNotFoundError):
        return UsageError(f"{path}: no such file; check the name")
    reason = getattr(error, "strerror", None) or str(error)
    return NerError(f"{path}: cannot be read ({reason})")


def sync(path: Path) -> None:
    """Ask the system to put a file or folder on the disk before going on.

    Windows and some file systems cannot do that for a folder, which is passed over.
    """
    if sys.platform == "win32" and path.is_dir():
        return  # a file must be open for writing there
    handle = os.open(path, os.O_RDWR if sys.platform == "win32" else os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def write_binary(path: str | Path) -> Iterator[BinaryIO]:
    """Write a file under a temporary name and rename it when the block ends well.

    Links are followed; a pipe or a device (``/dev/stdout``) is written as it stands. Raises
    `NerError` when `path` cannot be written; the old file, if any, is then still there and no
    temporary one is left. Any other error of the block passes unchanged.
    """
    with _output(path) as (target, part):
        if os.path.exists(path) and not os.path.isfile(path) and not os.path.isdir(path):
            with open(path, "wb") as file:
                yield file
            return
        if target.is_dir():
            raise _refusal(errno.EISDIR, target)
        _make_folder(target.parent)
        with part.open("xb") as file:
            locked(file.fileno())  # until it is closed: `clear_abandoned` leaves it alone
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(target)
        sync(target.parent)


@contextlib.contextmanager
def temporary_space() -> Iterator[None]:
    """Name ``$TMPDIR`` where a block that only writes temporary files fails. Raises `NerError`."""
    try:
        yield
    except OSError as error:
        place = os.environ.get("TMPDIR") or "the folder of temporary files"
        raise NerError(
            f"{place}: cannot hold temporary files ({error.strerror or error}); free it, or set "
            "TMPDIR to a folder with room"
        ) from None


def check_writable(path: str | Path) -> None:
    """Raise the `NerError` of `write_binary` before the work whose result goes there."""
    with _output(path) as (target, part):
        if target.is_dir():
            raise _refusal(errno.EISDIR, target)
        if not target.exists() or target.is_file():
            _make_folder(target.parent)
            part.touch(exist_ok=False)


@contextlib.contextmanager
def write_text(path: str | Path) -> Iterator[io.TextIOWrapper]:
    """`write_binary` for UTF-8 text with ``\\n`` line ends; ``.gz`` and ``.xz`` are packed.

    What UTF-8 cannot hold (in the name of a file that is not UTF-8) has a backslash.
    """
    path = Path(path)
    with write_binary(path) as file, contextlib.ExitStack() as stack:
        raw: Any = file
        if path.suffix == ".gz":
            import gzip

            # Name and time go into the header: fixed, so that equal text gives equal bytes.
            raw = stack.enter_context(gzip.GzipFile(path.name, "wb", fileobj=file, mtime=0))
        elif path.suffix == ".xz":
            import lzma

            raw = stack.enter_context(lzma.LZMAFile(file, "wb"))
        text = io.TextIOWrapper(raw, encoding="utf-8", errors="backslashreplace", newline="\n")
        yield text
        text.detach()


@contextlib.contextmanager
def write_folder(path: str | Path) -> Iterator[Path]:
    """Fill a new folder under a temporary name and put it in place when the block ends well.

    A folder that stood there before is replaced as a whole. Raises `NerError` when `path` cannot be
    written; the old folder is then still there. Any other error of the block passes unchanged.
    """
    with _output(path) as (target, part):
        if target.exists() and not target.is_dir():
            raise _refusal(errno.ENOTDIR, target)
        _make_folder(target.parent)
        part.mkdir()
        yield part
        for inside in part.rglob("*"):
            sync(inside)
        sync(part)
        swap_folder(part, target)
        sync(target.parent)


def swap_folder(new: Path, target: Path) -> None:
    """Put the folder `new` at `target`; what stood there takes the name `new`.

    In one step where the system knows how. Elsewhere a process killed between two renames leaves no
    folder at `target`, and the old one beside it under a hidden name.
    """
    if not target.exists():
        new.rename(target)
    elif not exchange_folders(new, target):
        old = _sibling(target)
        try:
            target.rename(old)
            new.rename(target)
        finally:
            if target.exists():
                _remove(old)
            else:
                old.rename(target)


@contextlib.contextmanager
def exclusive_lock(folder: Path) -> Iterator[bool]:
    """Make a folder if need be, and keep other processes that ask for it out during the block.

    Gives True if the folder is new. The lock ends with the process, however that ends; where the
    system has no such locks, every process gets in. A folder that is empty at last is removed, with
    those made above it. Raises `UsageError` where another process is at work, and `NerError` where
    no folder can be.
    """
    new = missing_folders(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Windows opens no folders, and has no locks of them.
        handle = os.open(os.devnull if sys.platform == "win32" else folder, os.O_RDONLY)
    except ValueError:
        raise _no_path(folder) from None
    except OSError as error:
        remove_empty(new)
        raise _unwritable(folder, error) from None
    try:
        if not locked(handle):
            raise UsageError(
                f"{folder}: another process is at work there; let it end, or choose another --out"
            )
        try:
            yield folder in new
        finally:
            remove_empty([folder])
    finally:
        remove_empty(new)
        os.close(handle)


@contextlib.contextmanager
def inner_locks(folder: Path, inside: Collection[Path]) -> Iterator[None]:
    """`exclusive_lock` for folders within a locked one, which may not be reached through links.

    Raises `UsageError` for a link, too.
    """
    with contextlib.ExitStack() as locks:
        for path in inside:
            for part in (path, *path.parents):
                if part == folder:
                    break
                if part.is_symlink():
                    raise UsageError(f"{part}: is a link, and would be written through; remove it")
            locks.enter_context(exclusive_lock(path))
        yield


def missing_folders(folder: Path) -> list[Path]:
    """A folder and those above it, as far as they are still to be made, innermost first."""
    return [place for place in (folder, *folder.parents) if not os.path.lexists(place)]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove folders, innermost first, in which nothing has come to stand."""
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()


def locked(handle: int) -> bool:
    """Lock an open file or folder for this process; False where another one has it.

    Where the system has no such locks, every process gets in.
    """
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EACCES)
    return True


def clear_leftovers(folder: Path, names: Collection[str]) -> None:
    """Remove the temporaries of outputs with these names; no process may be writing any.

    Links that bear such a name go, too: whoever planted one must not have us write elsewhere.
    """
    for name in names:
        if (folder / name).is_symlink():
            (folder / name).unlink()
    known = "|".join(re.escape(name) for name in names)
    for path in folder.glob(".*.part"):
        if re.fullmatch(rf"\.({known})\.\d+-[0-9a-f]{{8}}\.part", path.name):
            _remove(path)


def clear_abandoned(folder: Path) -> None:
    """Remove temporary files that killed processes have left; others may be writing there.

    Whoever writes a file has it locked. Should one be removed just before it is locked, or where a
    file system knows no locks, its writer fails as it would on any path that cannot be written.
    """
    for part in folder.glob(".*.part"):
        with contextlib.suppress(OSError), part.open("rb") as file:
            if locked(file.fileno()):
                part.unlink()


def _remove(part: Path) -> None:
    with contextlib.suppress(OSError):
        if part.is_dir():
            import shutil

            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink()


def _sibling(target: Path) -> Path:
    """A fresh hidden name beside `target`, not longer than file systems allow."""
    return target.parent / f".{target.name[:40]}.{os.getpid()}-{os.urandom(4).hex()}.part"


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError:
        raise _refusal(errno.ENOTDIR, folder) from None


def _refusal(code: int, target: Path) -> OSError:
    """The error that the system would raise too late, when the work is done and lost."""
    return OSError(code, os.strerror(code), str(target))


@contextlib.contextmanager
def _output(path: str | Path) -> Iterator[tuple[Path, Path]]:
    """Give the place behind links and a temporary name, under which nothing is left.

    Trouble with the output is turned into `NerError`.
    """
    try:
        target = Path(os.path.realpath(path))
    except ValueError:
        raise _no_path(path) from None
    part, new = _sibling(target), missing_folders(target.parent)
    try:
        yield target, part
    except OSError as error:
        if not _concerns(error, target, part):
            raise
        raise _unwritable(Path(path), error) from None
    finally:
        _remove(part)
        remove_empty(new)


def _unwritable(path: Path, error: OSError) -> NerError:
    reason = error.strerror or error
    return NerError(f"{path}: cannot be written ({reason}); choose another place or free it")


def _concerns(error: OSError, target: Path, part: Path) -> bool:
    """Recognise an error about the output, not about something else the block works with."""
    if error.filename is None:  # so it is for writes to an open file
        return error.errno in _DISK_TROUBLE
    culprit = Path(str(error.filename))
    return culprit.is_relative_to(part) or culprit in (target, *target.parents)


def exchange_folders(one: Path, other: Path) -> bool:
    """Let two folders change names at once (``renameat2``, Linux); False where that fails."""
    if sys.platform != "linux":
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None), "renameat2", None)
    if rename is None:
        return False
    here, exchange = -100, 2  # AT_FDCWD, RENAME_EXCHANGE
    return bool(rename(here, os.fsencode(one), here, os.fsencode(other), exchange) == 0)
