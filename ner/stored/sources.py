"""Sources of files that are read without trust: folders, and whatever else has their protocol."""

import contextlib
import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class ValidationError(Exception):
    """A file unlike what it should be; the text is one line."""

    def __init__(self, path: Path, trouble: str) -> None:
        super().__init__(f"{path}: {trouble}")
        self.path = path
        self.trouble = trouble


class Missing(ValidationError):
    """A file that is not there."""


def damaged(path: Path, reason: str) -> ValidationError:
    """The error for a file that can be read, and makes no sense."""
    return ValidationError(path, f"is damaged ({reason})")


class Content(Protocol):
    """A file that is read from its start to its end."""

    size: int

    def read(self, size: int) -> bytes:
        """The next bytes, fewer at the end."""

    def array(self, size: int) -> NDArray[np.uint8]:
        """The next bytes, fewer at the end; they need not be writable."""


class Source(Protocol):
    """Files by name, which stand in our code and never in a file."""

    def has(self, name: str) -> bool:
        """Tell if there is something of that name."""

    def opened(self, name: str) -> AbstractContextManager[Content]:
        """Open a file. Raises `ValidationError`."""


def _link_refused(path: Path) -> ValidationError:
    return ValidationError(path, "is a link, which is not followed")


class _FileContent:
    def __init__(self, file: io.BufferedReader, size: int) -> None:
        self.size = size
        self.read = file.read
        self._file = file

    def array(self, size: int) -> NDArray[np.uint8]:
        raw = np.empty(size, np.uint8)
        return raw[: self._file.readinto(raw.data)]


class FolderSource:
    """The files of a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def has(self, name: str) -> bool:
        """Tell if there is something of that name, a broken link for example."""
        return os.path.lexists(self._path / name)

    @contextlib.contextmanager
    def opened(self, name: str) -> Iterator[Content]:
        """Open a plain file; a link is not followed, and a pipe not waited for."""
        path = self._path / name
        no_links = getattr(os, "O_NOFOLLOW", 0)  # not on Windows
        if not no_links and path.is_symlink():
            raise _link_refused(path)
        with opened(path, no_links) as file:
            yield _FileContent(file, os.fstat(file.fileno()).st_size)


@contextlib.contextmanager
def opened(path: Path, flags: int = 0) -> Iterator[io.BufferedReader]:
    """Open a plain file; a pipe is not waited for. Raises `ValidationError`."""
    try:
        no_waiting = getattr(os, "O_NONBLOCK", 0)  # not on Windows, where no file is a pipe
        handle = os.open(path, os.O_RDONLY | no_waiting | flags)
        with open(handle, "rb") as file:
            mode = os.fstat(handle).st_mode
            if stat.S_ISDIR(mode):
                raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
            if not stat.S_ISREG(mode):
                raise ValidationError(path, "is no plain file")
            yield file
    except FileNotFoundError:
        raise Missing(path, "is missing") from None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _link_refused(path) from None
        raise ValidationError(path, f"cannot be read ({error.strerror or error})") from None
    except MemoryError:
        raise ValidationError(path, "is too large for the memory of this machine") from None
