"""Problem details (RFC 9457): the answer where something is wrong, with its one-line message."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ner.errors import MissingExtra, NerError, UsageError, escaped

MEDIA_TYPE = "application/problem+json"
RETRY = 1  # seconds after which a server that is busy may be asked again


class Problem(Exception):
    """A request that is not answered as asked: the status and what to do, in one line."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] = {}) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, escaped(detail), dict(headers)

    def to_dict(self) -> dict[str, Any]:
        """The members of the problem details."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}

    def body(self) -> bytes:
        """The problem details as JSON."""
        return json.dumps(self.to_dict()).encode()


def busy(reason: str) -> Problem:
    """The problem of a server that has enough to do."""
    return Problem(503, f"{reason}; try again in a moment", {"Retry-After": str(RETRY)})


def problem_of(error: NerError) -> Problem:
    """The problem behind an error of the library, with its message."""
    if isinstance(error, MissingExtra):
        return Problem(501, str(error))
    return Problem(422 if isinstance(error, UsageError) else 500, str(error))
