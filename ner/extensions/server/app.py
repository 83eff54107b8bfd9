"""The routes: which path is answered by what, and how OpenAPI describes it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ner.extensions.server.guard import RELOAD, Access, Guard
from ner.extensions.server.packages import (
    ASGIApp,
    CORSMiddleware,
    FastAPI,
    Receive,
    Request,
    Response,
    Scope,
    Send,
)
from ner.extensions.server.problems import MEDIA_TYPE
from ner.extensions.server.routes import answer_errors, static
from ner.extensions.server.schema import (
    ModelList,
    ProblemDetails,
    TagAnswer,
    TagRequest,
)
from ner.extensions.server.service import Service
from ner.render import stylesheet
from ner.version import __version__

PAGE = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
TAG = "/v1/tag"
DESIGN = "/design.css"
ROUTES = (
    *PAGE, DESIGN, TAG, "/v1/tag/stream", "/v1/export/", "/v1/models", RELOAD, "/health",
    "/ready", "/metrics", "/openapi.json",
)  # fmt: skip
"""The paths that are counted by name."""

_HERE = Path(__file__).with_name("page")
_PROBLEM = {
    "description": "Problem details",
    "content": {MEDIA_TYPE: {"schema": ProblemDetails.model_json_schema()}},
}
_PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _PROBLEM, 401: _PROBLEM, 404: _PROBLEM, 408: _PROBLEM, 413: _PROBLEM, 415: _PROBLEM,
    422: _PROBLEM, 503: _PROBLEM,
}  # fmt: skip
_ANSWER_EXAMPLE = {
    "model": "conll2003",
    "documents": [
        {
            "entities": [
                {"start": 0, "end": 13, "label": "PER", "score": 0.998, "text": "Angela Merkel"},
                {"start": 22, "end": 27, "label": "LOC", "score": 0.995, "text": "Paris"},
            ]
        }
    ],
}


def make_app(service: Service, access: Access, origins: Sequence[str] = ()) -> ASGIApp:
    """The application; pages of `origins` may use it from a browser."""
    app = FastAPI(
        title="ner", version=__version__, summary="Named entities of texts",
        docs_url=None, redoc_url=None,  # their pages come from elsewhere
    )  # fmt: skip
    _add_tagging(app, service)
    _add_management(app, service)
    _add_page(app, service)
    answer_errors(app)
    guarded = Guard(_quick(app, service), access, service.metrics, ROUTES)
    if not origins:
        return guarded
    return CORSMiddleware(
        guarded,
        allow_origins=origins,
        allow_methods=["GET", "POST"],
        allow_headers=["Authorization", "Content-Type"],
    )


def _quick(app: FastAPI, service: Service) -> ASGIApp:
    """The application with a short way to the route that most requests take.

    FastAPI's own way takes as long as the tagging of a sentence.
    """

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == TAG and scope["method"] == "POST":
            answer = await service.tag(Request(scope, receive))
            await answer(scope, receive, send)
        else:
            await app(scope, receive, send)

    return route


def _add_tagging(app: FastAPI, service: Service) -> None:
    schema = TagRequest.model_json_schema()
    body = {"required": True, "content": {"application/json": {"schema": schema}}}
    lines = {"required": True, "content": {"application/jsonl": {"schema": schema}}}
    found = {"model": TagAnswer, "content": {"application/json": {"example": _ANSWER_EXAMPLE}}}
    how: dict[str, Any] = {"tags": ["tagging"], "response_model": None}
    app.post(TAG, openapi_extra={"requestBody": body}, responses={200: found, **_PROBLEMS}, **how)(
        service.tag
    )
    app.post(
        "/v1/tag/stream",
        openapi_extra={"requestBody": lines},
        responses={
            200: {"description": "A line for each", "content": {"application/jsonl": {}}},
            **_PROBLEMS,
        },
        **how,
    )(service.stream)
    app.post(
        "/v1/export/{format}",
        openapi_extra={"requestBody": body},
        responses={200: {"description": "The file", "content": {"text/plain": {}}}, **_PROBLEMS},
        **how,
    )(service.export)


def _add_management(app: FastAPI, service: Service) -> None:
    models: dict[int | str, dict[str, Any]] = {200: {"model": ModelList}}
    some: dict[str, Any] = {"tags": ["server"], "response_model": None}
    app.get("/v1/models", responses=models, **some)(service.list_models)
    app.post(RELOAD, responses={**models, **_PROBLEMS}, **some)(service.exchange)
    app.get("/health", **some)(service.health)
    app.get("/ready", **some)(service.ready)
    app.get("/metrics", **some)(service.figures)


def _add_page(app: FastAPI, service: Service) -> None:
    for path, (name, media_type) in PAGE.items():
        content = (_HERE / name).read_bytes()
        app.get(path, include_in_schema=False)(static(content, media_type))

    async def design() -> Response:
        return Response(stylesheet(service.most_types), media_type="text/css; charset=utf-8")

    app.get(DESIGN, include_in_schema=False)(design)
