"""The routes of a review: the page, and the interface that it asks, for programs of this machine.

Changes are answered once the disk has them. A page names the review it belongs to in the header
``X-Review``: one that another review has left open changes nothing here, and no other site can send
it.
"""

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ner.extensions.review.orders import in_order
from ner.extensions.review.output import exported, written_formats
from ner.extensions.review.review import Conflict, LayeredType, Review
from ner.extensions.review.schema import Body, Changes, LabelAll, Numbers, Search
from ner.extensions.review.search import Index
from ner.extensions.review.shown import (
    Project,
    shown_changes,
    shown_places,
    shown_project,
    shown_sentence,
    shown_state,
)
from ner.extensions.server.bodies import JSON, check_type, read_body
from ner.extensions.server.guard import Access, Guard
from ner.extensions.server.limits import Budget, Limits
from ner.extensions.server.metrics import Metrics
from ner.extensions.server.packages import (
    ASGIApp,
    FastAPI,
    Receive,
    Request,
    Response,
    Scope,
    Send,
)
from ner.extensions.server.problems import Problem
from ner.extensions.server.routes import answer_errors, static
from ner.render import PAGES, stylesheet

HEADER = "x-review"
_HERE = Path(__file__).with_name("page")
_STATIC = {
    "/": (_HERE / "index.html", "text/html; charset=utf-8"),
    "/review.js": (_HERE / "review.js", "text/javascript; charset=utf-8"),
    "/review.css": (_HERE / "review.css", "text/css; charset=utf-8"),
    "/marks.js": (PAGES / "marks.js", "text/javascript; charset=utf-8"),
}
_NEW_TYPES = 100  # that have colours of their own before the page is loaded again

Asked = TypeVar("Asked", bound=Body)
Answer = Callable[..., Any]


class Stale(Problem):
    """The problem of sentences that have changed since they were seen, with how they are now."""

    def __init__(self, sentences: list[dict[str, Any]]) -> None:
        super().__init__(409, "a sentence has changed since it was seen; here it is as it is now")
        self.sentences = sentences

    def to_dict(self) -> dict[str, Any]:
        """The members of the problem details, and the sentences."""
        return super().to_dict() | {"sentences": self.sentences}


class Service:
    """The answers to the requests of a page."""

    def __init__(
        self, project: Project, review: Review, limits: Limits, write: Callable[[], int]
    ) -> None:
        """`write` writes the output, and returns of how many sentences."""
        self._project, self._review, self._write = project, review, write
        self._limits, self._budget = limits, Budget(limits.held)
        self._index = Index(review.sentences)

    async def project(self) -> dict[str, Any]:
        """Tell all that stays, and how the review stands."""
        return shown_project(self._project, self._review)

    async def state(self) -> dict[str, Any]:
        """Tell how far the model is."""
        return shown_state(self._review)

    async def order(self, by: str = "file") -> dict[str, Any]:
        """List the numbers of the sentences in an order."""
        if by not in self._project.orders:
            known = ", ".join(self._project.orders)
            raise Problem(422, f"no order is called {by[:80]!r}; there are {known}")
        review, queue = self._review, self._project.queue
        return {"ids": in_order(by, review.sentences, review.proposals, queue)}

    async def sentences(self, request: Request) -> dict[str, Any]:
        """Show sentences."""
        asked = await self._read(request, Numbers)
        count = len(self._review.sentences)
        if wrong := [number for number in asked.ids if number >= count]:
            raise Problem(404, f"there is no sentence {wrong[0]}; there are {count}")
        queue = self._project.queue
        return {"sentences": [shown_sentence(self._review, n, queue) for n in asked.ids]}

    async def decide(self, request: Request) -> dict[str, Any]:
        """Save decisions on sentences, as one stroke."""
        asked = await self._read(request, Changes)
        changes = {one.id: one.change() for one in asked.changes}
        if len(changes) < len(asked.changes):
            raise Problem(422, "a sentence is decided twice in one request; send one decision each")
        return self._changed(lambda: self._review.decide(changes))

    async def undo(self, request: Request) -> dict[str, Any]:
        """Take the last stroke back."""
        await self._read(request, Body)
        return self._changed(self._review.undo)

    async def redo(self, request: Request) -> dict[str, Any]:
        """Make the stroke again that was taken back last."""
        await self._read(request, Body)
        return self._changed(self._review.redo)

    async def search(self, request: Request) -> dict[str, Any]:
        """Find all places where a string stands."""
        asked = await self._read(request, Search)
        return shown_places(self._review, self._index.places(asked.text, case=asked.case))

    async def label(self, request: Request) -> dict[str, Any]:
        """Label all places where a string stands, as one stroke."""
        asked = await self._read(request, LabelAll)
        kind: LayeredType = (asked.layer, asked.label)
        if asked.label and kind not in self._review.types:
            self._review.check_type(kind)
        places: defaultdict[int, list[tuple[int, int]]] = defaultdict(list)
        for number, start, end in self._index.places(asked.text, case=asked.case):
            places[number].append((start, end))
        return self._changed(lambda: self._review.label_all(places, kind, replace=asked.replace))

    async def write(self, request: Request) -> dict[str, Any]:
        """Write the output."""
        await self._read(request, Body)
        return {"out": str(self._project.out), "sentences": self._write()}

    async def export(self, format: str = "jsonl") -> Response:
        """Give the sentences as a file in a format."""
        if format not in written_formats():
            known = ", ".join(written_formats())
            raise Problem(404, f"no format is called {format[:80]!r}; there are {known}")
        content, name = exported(self._review.result(), format)
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(content, media_type="application/octet-stream", headers=headers)

    async def design(self) -> Response:
        """Give the colours of the types, and of those that are still to come."""
        sheet = stylesheet(len(self._review.types) + _NEW_TYPES)
        return Response(sheet, media_type="text/css; charset=utf-8")

    async def _read(self, request: Request, kind: type[Asked]) -> Asked:
        """Read a request of this review's page. Raises `Problem`."""
        if request.headers.get(HEADER) != self._project.id:
            raise Problem(403, "the page is of another review; load it again")
        check_type(request, (JSON,))
        with self._budget.part() as part:
            return kind.read(await read_body(request, self._limits, part))

    def _changed(self, change: Callable[[], list[int]]) -> dict[str, Any]:
        """Make a change and tell what has become of it."""
        review, queue = self._review, self._project.queue
        try:
            return shown_changes(review, change(), queue)
        except Conflict as conflict:
            raise Stale([shown_sentence(review, n, queue) for n in conflict.numbers]) from None


def make_app(service: Service) -> ASGIApp:
    """The application, for pages of this machine that it has served itself."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    for path, (file, media_type) in _STATIC.items():
        app.get(path)(static(file.read_bytes(), media_type))
    app.get("/design.css")(service.design)
    gets: dict[str, Answer] = {
        "project": service.project, "state": service.state, "order": service.order,
        "export": service.export,
    }  # fmt: skip
    posts: dict[str, Answer] = {
        "sentences": service.sentences, "decide": service.decide, "undo": service.undo,
        "redo": service.redo, "search": service.search, "label": service.label,
        "write": service.write,
    }  # fmt: skip
    for add, answers in ((app.get, gets), (app.post, posts)):
        for name, answer in answers.items():
            add(f"/api/{name}", response_model=None)(answer)
    answer_errors(app)
    return Guard(_SameOrigin(app), Access.of("127.0.0.1", b""), Metrics(), list(_STATIC))


class _SameOrigin:
    """The middleware that refuses what other sites have a browser send."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in that no page sends, or one of ours."""
        given = dict(scope.get("headers", ()))
        origin, host = given.get(b"origin"), given.get(b"host", b"")
        if origin not in (None, b"http://" + host):
            raise Problem(403, "pages of other sites may not use a review")
        await self._app(scope, receive, send)
