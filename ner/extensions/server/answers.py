"""Tagged documents as answers: JSON of entities, or any format of ``ner tag``."""

import json
import tempfile
import zipfile
from bisect import bisect_left
from collections.abc import Callable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from ner.extensions.server.models import ServedModel
from ner.extensions.server.schema import TagRequest
from ner.render import Renderer, output, renderer, renderer_class
from ner.text import Document, Entity, Origin

Unit = Callable[[int], int]
_TEXT = "text/plain; charset=utf-8"
_MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".jsonl": "application/jsonl",
    ".json": "application/json",
    ".csv": "text/csv; charset=utf-8",
    ".tsv": "text/tab-separated-values; charset=utf-8",
}
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def tag_answer(request: TagRequest, model: ServedModel, documents: Sequence[Document]) -> bytes:
    """The answer of ``/v1/tag``."""
    found = [_document(request, document) for document in documents]
    return _encode({"model": model.name, "documents": found}).encode()


def _document(request: TagRequest, document: Document) -> dict[str, Any]:
    unit = utf16_unit(document.text) if request.offsets == "utf16" else None
    entities = [_entity(entity, unit) for entity in document.entities]
    found: dict[str, Any] = {"entities": entities}
    if request.tokens is not None:
        spans = [span for sentence in document.sentences for span in sentence.spans]
        for entity, span in zip(entities, spans, strict=True):
            entity |= {"token_start": span.start, "token_end": span.end}
        found["text"] = document.text
    if request.sentences:
        found["sentences"] = [
            _range(sentence.offsets[0][0], sentence.offsets[-1][1], unit)
            for sentence in document.sentences
            if sentence.offsets
        ]
    if document.nbest is not None:
        found["nbest"] = [
            _range(ranked.start, ranked.end, unit)
            | {
                "alternatives": [
                    {
                        "probability": one.probability,
                        "entities": [_entity(entity, unit) for entity in one.entities],
                    }
                    for one in ranked.alternatives
                ]
            }
            for ranked in document.nbest
        ]
    return found


def _entity(entity: Entity, unit: Unit | None) -> dict[str, Any]:
    return entity.to_dict() | (_range(entity.start, entity.end, unit) if unit else {})


def _range(start: int, end: int, unit: Unit | None) -> dict[str, Any]:
    return {"start": unit(start), "end": unit(end)} if unit else {"start": start, "end": end}


def utf16_unit(text: str) -> Unit | None:
    """The function from an offset in code points to one in UTF-16; None where both are the same."""
    if text.isascii() or max(text, default="") <= "\uffff":
        return None
    wide = [place for place, char in enumerate(text) if char > "\uffff"]
    return lambda offset: offset + bisect_left(wide, offset)


def export(format: str, model: ServedModel, documents: Sequence[Document]) -> bytes:
    """Documents in a format of ``ner tag``: the file, or a zip where there are several.

    Raises `NerError` for what the format cannot hold.
    """
    chosen = renderer(format, model.bundle.labels, "Entities", layers=model.layers)
    if renderer_class(format).as_text:
        return "".join(_texts(chosen, documents)).encode()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"entities{chosen.extension}")
        with output(format, path) as write:
            for text in _texts(chosen, documents):
                write(text)
        return _packed(list(renderer_class(format).outputs(path)))


def _texts(chosen: Renderer, documents: Sequence[Document]) -> list[str]:
    """All that a renderer makes of documents, each a line of its own to formats that count."""
    found = [chosen.begin()]
    for number, document in enumerate(documents):
        found.append(chosen.separator * bool(number))
        found.append(chosen.document(document, Origin(number + 1)))
    return [*found, chosen.end()]


def _packed(paths: Sequence[Path]) -> bytes:
    if len(paths) == 1:
        return paths[0].read_bytes()
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.name)
    return packed.getvalue()


def export_headers(format: str) -> tuple[str, str]:
    """The media type of a format, and the name of its file."""
    found = renderer_class(format)
    extension = found.extension if len(found.outputs(Path("x.x"))) == 1 else ".zip"
    binary = "application/zip" if extension == ".zip" else "application/octet-stream"
    media_type = _MEDIA_TYPES.get(extension, _TEXT) if found.as_text else binary
    return media_type, f"entities{extension}"
