"""A review as the page shows it: JSON of the whole, of sentences, of what has changed."""

import hashlib
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Any

from ner.corpus import token_ranges, writer_named
from ner.extensions.review.orders import ORDERS, Queue
from ner.extensions.review.output import written_formats
from ner.extensions.review.review import Review
from ner.extensions.review.search import Place
from ner.frozen import frozen
from ner.text import Sentence, Span
from ner.tokenize import joined

MOST_PLACES = 1000  # of a search
_MOST_SENTENCES = 100  # that an answer to a change has in full


@frozen(kw_only=True)
class Project:
    """The facts on a review that stay."""

    files: Sequence[Path]
    out: Path
    format: str
    order: str = "file"
    model: str = ""
    guidelines: str = ""
    layers: Sequence[str] = ()  # tag layers of the entities, if they have any
    queue: Queue = field(default_factory=dict)
    lost: int = 0  # places of the queue that are in no file

    @property
    def id(self) -> str:
        """The name by which a page tells if it belongs to this review."""
        return hashlib.sha256(str(self.out.absolute()).encode()).hexdigest()[:16]

    @property
    def orders(self) -> list[str]:
        """The orders there are: those of a model only with one."""
        return ["queue"] * bool(self.queue) + list(ORDERS if self.model else ORDERS[:1])

    @property
    def command(self) -> str:
        """The command that trains on the output."""
        start = ["--start-from", self.model] if self.model else []
        return shlex.join(["ner", "train", *start, "--data", str(self.out), *self._columns])

    @property
    def _columns(self) -> list[str]:
        """The option that tells apart the tag layers in columns."""
        if not self.layers or writer_named(self.format).name != "columns":
            return []
        columns = ",".join(f"{layer}={n}" for n, layer in enumerate(self.layers, 1))
        return ["--tag-column", columns]


def shown_project(project: Project, review: Review) -> dict[str, Any]:
    """All that the page needs before it shows a sentence."""
    return {
        "id": project.id,
        "files": [file.name for file in project.files],
        "out": str(project.out),
        "count": len(review.sentences),
        "documents": len({sentence.document for sentence in review.sentences}),
        "unlabelled": review.unlabelled,
        "layers": list(project.layers),
        "orders": project.orders,
        "order": project.order,
        "lost": project.lost,
        "guidelines": project.guidelines,
        "command": project.command,
        "formats": written_formats(),
        "model": project.model,
        "statuses": review.statuses(),
        **shown_state(review),
    }


def shown_state(review: Review) -> dict[str, Any]:
    """The facts on the whole that every answer to a change has."""
    proposals = review.proposals
    return {
        "types": [{"layer": layer, "label": label} for layer, label in review.types],
        "can_undo": review.can_undo,
        "can_redo": review.can_redo,
        "ready": proposals.ready if proposals else None,
        "failed": proposals.failed if proposals else "",
    }


def shown_changes(review: Review, changed: Sequence[int], queue: Queue) -> dict[str, Any]:
    """The sentences that have changed: their statuses, and the first of them in full."""
    return {
        "changed": {str(number): _status(review, number) for number in changed},
        "sentences": [shown_sentence(review, n, queue) for n in changed[:_MOST_SENTENCES]],
        **shown_state(review),
    }


def shown_sentence(review: Review, number: int, queue: Queue) -> dict[str, Any]:
    """A sentence with its entities, proposals, doubts and reasons to look at it."""
    sentence, decision = review.sentences[number], review.decision(number)
    found = review.proposals[number] if review.proposals else None
    scored = review.proposals.scored(number) if review.proposals else []
    return {
        "id": number,
        "version": review.version(number),
        "place": sentence.place,
        "document": sentence.document,
        "tokens": list(sentence.tokens),
        "joined": joined(sentence),
        "entities": [entity.to_dict() for entity in decision.entities],
        "proposals": [entity.to_dict() | {"score": score} for entity, score in scored],
        "doubts": [round(doubt, 3) for doubt in found.doubts] if found else [],
        "unknown": [] if review.is_decided(number) else _unknown(sentence),
        "accepted": decision.accepted,
        "note": decision.note,
        "status": _status(review, number),
        "reasons": [
            {
                "kind": item.kind,
                "score": item.score,
                "reason": item.reason,
                "labelled": _placed(sentence, item.labelled),
                "proposed": _placed(sentence, item.proposed),
            }
            for item in queue.get(number, ())
        ],
    }


def _status(review: Review, number: int) -> str:
    if not review.is_decided(number):
        return "o"
    return "a" if review.decision(number).accepted else "c"


def _unknown(sentence: Sentence) -> list[int]:
    """The tokens whose label the file does not tell."""
    return [place for place, known in enumerate(sentence.partial) if known.label is None]


def _placed(sentence: Sentence, span: Span | None) -> dict[str, Any] | None:
    if span is None:
        return None
    ranges = token_ranges(sentence.tokens)
    return span.to_dict() | {"start": ranges[span.start][0], "end": ranges[span.end - 1][1]}


def shown_places(review: Review, places: Iterable[Place]) -> dict[str, Any]:
    """The places of a search: the first of them with the type that each has, and their number."""
    found = list(places)
    return {
        "total": len(found),
        "places": [
            {
                "id": place.number,
                "start": place.start,
                "end": place.end,
                "labels": _labels(review, place),
            }
            for place in islice(found, MOST_PLACES)
        ],
    }


def _labels(review: Review, place: Place) -> list[str]:
    """The types of the entities that have just that range, and "…" for others that overlap it."""
    entities = review.decision(place.number).entities
    near = [e for e in entities if e.start < place.end and place.start < e.end]
    exact = [e.label for e in near if (e.start, e.end) == (place.start, place.end)]
    return exact + ["…"] * (len(near) > len(exact))
