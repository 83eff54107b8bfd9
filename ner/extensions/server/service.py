"""The service behind the routes: requests to jobs, jobs to answers, models exchanged."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import Any

from ner.errors import NerError
from ner.extensions.server.answers import export, export_headers, tag_answer
from ner.extensions.server.batcher import Batcher
from ner.extensions.server.bodies import JSON, JSON_LINES, check_type, read_body
from ner.extensions.server.jobs import Job
from ner.extensions.server.limits import Budget, Limits
from ner.extensions.server.metrics import MEDIA_TYPE, Metrics
from ner.extensions.server.models import Models, ServedModel
from ner.extensions.server.packages import Request, Response
from ner.extensions.server.problems import Problem
from ner.extensions.server.schema import TagRequest
from ner.extensions.server.stream import LineStream
from ner.render import FORMATS
from ner.text import Document

_log = logging.getLogger("ner")

Make = Callable[[TagRequest, ServedModel, list[Document]], bytes]


class Service:
    """Models, the queue in front of them, and the answers to requests."""

    def __init__(
        self, models: Models, limits: Limits, exchanged: Callable[[], object] = lambda: None
    ) -> None:
        """`exchanged` is called when a request has exchanged the models."""
        self.models, self.limits = models, limits
        self.metrics = Metrics()
        self.batcher = Batcher(limits, self.metrics.batch)
        self.draining = False
        self._budget = Budget(limits.held)
        self._exchanged = exchanged
        self._reloading = asyncio.Lock()

    async def tag(self, request: Request) -> Response:
        """Find the entities of a text, of several texts, or of sentences of tokens."""
        return Response(await self._from_body(request, tag_answer), media_type=JSON)

    async def export(self, format: str, request: Request) -> Response:
        """Tag, and write the texts in a format of `ner tag`; of several files, a zip."""
        if format not in FORMATS:
            raise Problem(
                404, f"no format is called {format[:80]!r}; there are {', '.join(FORMATS)}"
            )
        media_type, name = export_headers(format)
        body = await self._from_body(request, lambda _, *found: export(format, *found))
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(body, media_type=media_type, headers=headers)

    async def stream(self, request: Request) -> Response:
        """Tag requests that come line by line, and answer each in its line, in their order."""
        check_type(request, JSON_LINES)
        answer = partial(self._answer, make=tag_answer, patient=True)
        return LineStream(request, answer, self.limits, self._budget)

    async def _from_body(self, request: Request, make: Make) -> bytes:
        check_type(request, (JSON,))
        with self._budget.part() as part:
            with self.batcher.expected():
                body = await read_body(request, self.limits, part)
            return await self._answer(body, make)

    async def _answer(self, body: bytes | bytearray, make: Make, *, patient: bool = False) -> bytes:
        request = TagRequest.read(body, self.limits)
        model, asked = self.models.find(request.model), request.asked()
        job = Job(model, asked, partial(make, request, model))
        answer = await self.batcher.answer(job, patient=patient)
        self.metrics.tagged(len(asked.texts) + len(asked.tokens), asked.characters)
        return answer

    async def list_models(self) -> dict[str, Any]:
        """The models, the one for requests that name none first."""
        return {"models": [model.to_dict() for model in self.models], "formats": list(FORMATS)}

    async def exchange(self) -> dict[str, Any]:
        """Read all models from the disk again; requests that are there keep the one they have."""
        await self.reload()
        self._exchanged()
        return await self.list_models()

    async def reload(self) -> None:
        """Exchange the models of this process. Raises `Problem`; those of before then stay."""
        try:
            async with self._reloading:
                await asyncio.to_thread(self.models.reload)
        except NerError as error:
            self.metrics.reloaded("failed")
            _log.error("the models stay as they were: %s", error)
            raise Problem(500, f"the models stay as they were: {error}") from None
        self.metrics.reloaded("done")
        _log.info("models read again: %s", ", ".join(model.name for model in self.models))

    async def health(self) -> dict[str, str]:
        """Tell that the process lives and can tag."""
        if not self.batcher.alive:
            raise Problem(500, "the thread that tags has ended; start the server again")
        return {"status": "ok"}

    async def ready(self) -> dict[str, str]:
        """Tell that requests are taken."""
        if self.draining:
            raise Problem(503, "the server is about to end; ask another")
        return await self.health()

    async def figures(self) -> Response:
        """The figures for Prometheus."""
        return Response(self.metrics.page(self.batcher.waiting), media_type=MEDIA_TYPE)

    @property
    def most_types(self) -> int:
        """The types of the model that has most of them."""
        return max(len(model.bundle.labels) for model in self.models)
