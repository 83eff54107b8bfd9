"""Whether time and memory grow as the input does: inputs of one shape, some four times as long."""

import json
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

from fuzzing.inputs import Broken
from fuzzing.targets import Target, judge

Shape = tuple[bytes, bytes, bytes]

SHORT = 4_096  # bytes of the shorter input
TIMES = 4  # how much longer the other one is
# Time four times as long is 4, quadratic time 16; a machine that has other work adds something.
MOST = 9.0
LEAST_SECONDS, LEAST_BYTES = 0.05, 1 << 20  # what is less for the longer input is never too much
TRIES = 3  # a ratio that is too large once is measured again


def inputs_of(shape: Shape) -> tuple[bytes, bytes]:
    """A short and a long input of a shape."""
    head, piece, tail = shape
    count = max(1, SHORT // len(piece))
    return head + piece * count + tail, head + piece * (TIMES * count) + tail


def shapes_found(folder: Path) -> Iterator[Shape]:
    """Each input that a fuzzer has kept, without its first bytes, as a piece to be repeated."""
    for path in sorted(folder.iterdir()):
        data = path.read_bytes()
        if len(data) > 8:
            yield data[:7], data[7:], b""


def packed(shape: Shape) -> bytes:
    """A shape as a file."""
    return json.dumps([part.decode("latin-1") for part in shape]).encode()


def unpacked(data: bytes) -> Shape:
    """A shape from a file."""
    head, piece, tail = (part.encode("latin-1") for part in json.loads(data))
    return head, piece, tail


def check_growth(target: Target, shape: Shape) -> None:
    """Try a shape. Raises `Broken` if the longer input takes far too long or too much."""
    short, long = inputs_of(shape)
    judge(target, short)  # caches are filled
    for measure, least, what in (
        (_seconds, LEAST_SECONDS, "time (seconds)"),
        (_bytes, LEAST_BYTES, "memory (bytes)"),
    ):
        pairs = []
        for _ in range(TRIES):
            pairs.append((measure(target, short), measure(target, long)))
            if pairs[-1][1] <= max(MOST * pairs[-1][0], least):
                break
        else:
            shown = ", ".join(f"{one:.3g} and {other:.3g}" for one, other in pairs)
            raise Broken(f"{what} for {len(short)} and {len(long)} bytes: {shown}")


def _seconds(target: Target, data: bytes) -> float:
    start = time.process_time()
    judge(target, data)
    return time.process_time() - start


def _bytes(target: Target, data: bytes) -> float:
    tracemalloc.start()
    try:
        judge(target, data)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
