"""Input that comes in slowly: lines of a pipe or a terminal, and if there is another one yet."""

import io
import os
import select
import stat
import time
from typing import IO, cast

PATIENCE = 0.1  # seconds in which a next line may come before those that are there go on
_SIZE = 1 << 16  # bytes read at once: as many as a pipe holds


def watched(stream: IO[bytes]) -> IO[bytes]:
    """A stream that can tell if it is `ready`, in place of one that may let its reader wait.

    The stream given must not have been read from. Windows cannot tell: it is that stream there.
    """
    try:
        descriptor = stream.fileno()
    except OSError:
        return stream
    kind = os.fstat(descriptor).st_mode
    # A packed file has the descriptor of what it unpacks.
    plain = isinstance(stream, io.BufferedReader)
    if not plain or stat.S_ISREG(kind) or not hasattr(select, "poll"):
        return stream
    return cast("IO[bytes]", _LiveStream(descriptor))


def ready(stream: IO[bytes]) -> bool:
    """Tell if another line, or the end, can be had soon: at once, or within `PATIENCE`."""
    return stream.ready() if isinstance(stream, _LiveStream) else True


class _LiveStream(io.BufferedIOBase):
    """Lines out of a descriptor, with a buffer that can be asked."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer = bytearray()
        self._ended = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def ready(self) -> bool:
        """Wait for the end of a line, but not for long."""
        until = time.monotonic() + PATIENCE
        while not self._ended and b"\n" not in self._buffer:
            left = until - time.monotonic()
            if left <= 0 or not self._poll.poll(1000 * left):
                return False
            self._fill()
        return True

    def readline(self, size: int | None = -1, /) -> bytes:
        """A line with its end, or what there is of it behind `size` bytes or at the end."""
        most = size if size is not None and size >= 0 else None
        while not self._ended and b"\n" not in self._buffer:
            if most is not None and len(self._buffer) >= most:
                break
            self._fill()
        return self._take(self._buffer.find(b"\n") + 1 or len(self._buffer), most)

    def read1(self, size: int = -1, /) -> bytes:
        """A line: a reader that had several at once would be asked for none of them."""
        return self.readline(size)

    def read(self, size: int | None = -1, /) -> bytes:
        """All that is still to come, or up to `size` bytes of it."""
        most = size if size is not None and size >= 0 else None
        while not self._ended and (most is None or len(self._buffer) < most):
            self._fill()
        return self._take(len(self._buffer), most)

    def _take(self, end: int, most: int | None) -> bytes:
        end = end if most is None else min(end, most)
        taken = bytes(self._buffer[:end])
        del self._buffer[:end]
        return taken

    def _fill(self) -> None:
        more = os.read(self._descriptor, _SIZE)
        self._buffer += more
        self._ended = not more
