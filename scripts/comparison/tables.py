"""The answers of the tools as rows of tables."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from comparison.cases import Case
from comparison.tool import Span

Sentences = Sequence[tuple[Sequence[str], Sequence[Span]]]


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; bars within cells are escaped."""
    lines = [head, ["---"] * len(head), *rows]
    cells = [[str(cell).replace("|", "\\|") for cell in line] for line in lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells)


def f1(gold: Iterable[Iterable[Span]], found: Iterable[Iterable[Sequence[Any]]]) -> float:
    """F1 of whole entities, in percent; no entities anywhere are 0."""
    pairs = [
        (set(right), {tuple(span) for span in spans})
        for right, spans in zip(gold, found, strict=True)
    ]
    total = sum(len(right) + len(spans) for right, spans in pairs)
    return 200 * sum(len(right & spans) for right, spans in pairs) / max(total, 1)


def verdict(case: Case, answer: dict[str, Any]) -> str:
    """Say how a tool read a file: right, refused with its words, or otherwise in silence."""
    if "error" in answer:
        return _refusal(answer)
    sentences: Sentences = answer["sentences"]
    entities = [entity for sentence in sentences for entity in _entities(*sentence)]
    tokens = sum(len(words) for words, _ in sentences)
    if entities == case.entities and tokens == case.tokens:
        return "right"
    read = ", ".join(entities) or "no entity"
    return f"**in silence**: {tokens} tokens, {read}" if sentences else "**in silence**: nothing"


def _refusal(answer: dict[str, Any]) -> str:
    if answer["error"] == "NotImplementedError":
        return "–"
    lines = answer["message"].strip().splitlines() or [""]
    said = re.sub(r"[^\s'\"]*/", "", lines[0])  # folders are of no interest
    return f"refused: `{answer['error']}: {said[:120]}`"


def _entities(words: Sequence[str], spans: Iterable[Sequence[Any]]) -> list[str]:
    return [f"{label}: {' '.join(words[start:end])}" for start, end, label in spans]
