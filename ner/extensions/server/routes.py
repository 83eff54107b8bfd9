"""Routes that any application here has: files as they are, and answers where something is wrong."""

from typing import Any

from ner.errors import NerError
from ner.extensions.server.guard import FAILED, problem_behind, problem_response
from ner.extensions.server.packages import FastAPI, HTTPException, Request, Response
from ner.extensions.server.problems import Problem


def static(content: bytes, media_type: str) -> Any:
    """The answer to a path with a content that stays the same."""

    async def answer() -> Response:
        return Response(content, media_type=media_type)

    return answer


def answer_errors(app: FastAPI) -> None:
    """Have every error of an application answered with problem details."""
    for kind in (Problem, NerError, HTTPException):
        app.add_exception_handler(kind, _refused)
    app.add_exception_handler(Exception, _failed)


async def _refused(request: Request, error: Exception) -> Response:
    """The answer where something is wrong with a request, or there is no such path."""
    return problem_response(problem_behind(error))


async def _failed(request: Request, error: Exception) -> Response:
    """The answer to a request at which the server fails; the guard gets the error, and logs it."""
    return problem_response(FAILED)
