"""Figures for Prometheus: of requests, of batches and of models; of texts only how many and long.

With several processes their figures are added up, in a folder that `prometheus_client` finds by the
variable ``PROMETHEUS_MULTIPROC_DIR``, which must be set before it is imported.
"""

import os

from ner.extensions.server.packages import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    MultiProcessCollector,
    generate_latest,
)

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
_TEXTS = (1, 2, 4, 8, 16, 32, 64, 128, 256)


class Metrics:
    """The figures of one server."""

    def __init__(self) -> None:
        self._own = own = CollectorRegistry()
        self._requests = Counter(
            "ner_requests", "Requests by route and status.", ["route", "status"], registry=own
        )
        self._seconds = Histogram(
            "ner_request_seconds",
            "Time from the head of a request to the end of its answer.",
            ["route"],
            buckets=_SECONDS,
            registry=own,
        )
        self._texts = Counter("ner_texts", "Texts that were tagged.", registry=own)
        self._characters = Counter("ner_characters", "Their characters.", registry=own)
        self._batches = Histogram(
            "ner_batch_texts", "Texts tagged in one call.", buckets=_TEXTS, registry=own
        )
        self._waiting = Gauge(
            "ner_waiting_requests",
            "Requests that are tagged or wait for it.",
            multiprocess_mode="livesum",
            registry=own,
        )
        self._reloads = Counter(
            "ner_model_reloads", "Exchanges of the models.", ["result"], registry=own
        )

    def request(self, route: str, status: int, seconds: float) -> None:
        """Count a request that was answered."""
        self._requests.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def tagged(self, texts: int, characters: int) -> None:
        """Count the texts of a request."""
        self._texts.inc(texts)
        self._characters.inc(characters)

    def batch(self, texts: int) -> None:
        """Count a call of a tagger."""
        self._batches.observe(texts)

    def reloaded(self, result: str) -> None:
        """Count an exchange of the models: ``done`` or ``failed``."""
        self._reloads.labels(result).inc()

    def page(self, waiting: int) -> bytes:
        """All figures in the text format, of every process; so many requests wait in this one."""
        self._waiting.set(waiting)
        if FOLDER not in os.environ:
            return generate_latest(self._own)
        every = CollectorRegistry()
        MultiProcessCollector(every)  # type: ignore[no-untyped-call]
        return generate_latest(every)
