"""A page of a model's mistakes: gold beside predicted, to be filtered by kind and type."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from ner.render.design import PAGES
from ner.render.scripted import scripted_page
from ner.text import Sentence, Span, layered_label
from ner.tokenize import joined


class Mistake(NamedTuple):
    """A mistake: its kind, the gold entity and the predicted one, or one of them alone."""

    kind: str
    gold: Span | None
    predicted: Span | None


class ComparedSentence(NamedTuple):
    """A gold sentence, what is predicted in it with which probabilities, and the mistakes."""

    gold: Sentence
    predicted: Sequence[Span]
    scores: Sequence[float]
    mistakes: Sequence[Mistake]


def mistakes_page(title: str, sentences: Iterable[ComparedSentence]) -> str:
    """The page of the sentences that have mistakes; `title` is text."""
    rows = [_row(sentence) for sentence in sentences if sentence.mistakes]
    spans = [span for row in rows for span in (*row["gold"], *row["predicted"])]
    types = sorted({(span.get("layer", ""), span["label"]) for span in spans})
    data = {"types": [{"layer": layer, "label": label} for layer, label in types], "rows": rows}
    return scripted_page(
        title, data, PAGES / "report.js", {"kind": "Kind of mistake", "type": "Type"}
    )


def _row(sentence: ComparedSentence) -> dict[str, Any]:
    gold = sentence.gold
    scores: Sequence[float | None] = sentence.scores or [None] * len(sentence.predicted)
    return {
        "place": gold.place,
        "tokens": list(gold.tokens),
        "joined": joined(gold),
        "gold": [span.to_dict() for span in gold.spans],
        "predicted": [
            span.to_dict() | {"score": score}
            for span, score in zip(sentence.predicted, scores, strict=True)
        ],
        "mistakes": [
            {
                "kind": kind,
                "gold": gold_one and gold_one.to_dict(),
                "predicted": predicted and predicted.to_dict(),
                "types": sorted({layered_label(s) for s in (gold_one, predicted) if s}),
            }
            for kind, gold_one, predicted in sentence.mistakes
        ],
    }
