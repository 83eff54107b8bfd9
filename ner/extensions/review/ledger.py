"""The journal of somebody at work: a stroke is on the disk before it counts as saved."""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ner.corpus import Head, History, load_journal
from ner.errors import NerError, UsageError
from ner.files import locked, sync


class Ledger:
    """A journal that is open to be written, by this process alone."""

    def __init__(self, path: Path) -> None:
        """Open a journal, new or not. Raises `UsageError` where another process has it."""
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)
        except OSError as error:
            raise self._failure(error, "choose another --out") from None
        if not locked(self._handle):
            os.close(self._handle)
            raise UsageError(
                f"{path}: another process is at work on it; let it end, or choose another --out"
            )
        self._size = os.fstat(self._handle).st_size

    @property
    def is_new(self) -> bool:
        """True if no line of it has been saved."""
        return b"\n" not in self.path.read_bytes()

    def begin(self, head: Head) -> None:
        """Write the first line. Raises `UsageError` for a journal that has one."""
        if not self.is_new:
            raise UsageError(
                f"{self.path}: holds decisions of before; go on with --resume, or choose another "
                "--out"
            )
        self._cut(0)
        self.append(head.to_dict())
        sync(self.path.parent)

    def resume(self) -> tuple[Head, History]:
        """Read what is there. Raises `NerError` where that is nothing, or no journal."""
        if self.is_new:
            raise UsageError(f"{self.path}: no decision was saved there; leave --resume out")
        head, history, size = load_journal(self.path)
        self._cut(size)
        return head, history

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line and wait until the disk has it.

        Raises `NerError` where it cannot be saved; nothing is left of it then.
        """
        data = json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            if os.write(self._handle, data) < len(data):
                raise OSError(0, "the disk is full")
            os.fsync(self._handle)
        except OSError as error:
            with contextlib.suppress(OSError):
                self._cut(self._size)
            raise self._failure(error, "nothing was saved of it; make room and try again") from None
        self._size += len(data)

    def _cut(self, size: int) -> None:
        os.ftruncate(self._handle, size)
        self._size = size

    def close(self) -> None:
        """Close it, for other processes to open; one in which nothing stands is removed."""
        if not self._size:
            with contextlib.suppress(OSError):
                self.path.unlink()
        os.close(self._handle)

    def _failure(self, error: OSError, remedy: str) -> NerError:
        return NerError(f"{self.path}: cannot be written ({error.strerror or error}); {remedy}")
