"""Bodies of requests, read in bounded time and memory."""

import asyncio

from ner.extensions.server.limits import Limits, Part, check_size
from ner.extensions.server.packages import Request
from ner.extensions.server.problems import Problem

JSON = "application/json"
JSON_LINES = ("application/jsonl", "application/x-ndjson", "application/json-lines")


def check_type(request: Request, types: tuple[str, ...]) -> None:
    """Raise `Problem` for a body of another type, or one that is packed.

    A browser sends these types to another site only if that site agrees.
    """
    given = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if given not in types:
        raise Problem(415, f"the body must be {types[0]}; set the header Content-Type: {types[0]}")
    if request.headers.get("content-encoding", "identity") != "identity":
        raise Problem(415, "the body must not be packed; leave Content-Encoding out")


async def read_body(request: Request, limits: Limits, part: Part) -> bytearray:
    """The body of a request. Raises `Problem` for one that is too large or comes too slowly."""
    told = request.headers.get("content-length", "")
    check_size(int(told) if told.isdecimal() else 0, limits)
    body = bytearray()
    try:
        async with asyncio.timeout(limits.seconds):
            async for chunk in request.stream():
                check_size(len(body) + len(chunk), limits)
                part.grow(len(chunk))
                body += chunk
    except TimeoutError:
        raise too_slow(limits.seconds) from None
    return body


def too_slow(seconds: float) -> Problem:
    """The problem of a body that does not come."""
    close = {"Connection": "close"}
    return Problem(408, f"the body has not come within {seconds:g} s; send it at once", close)
