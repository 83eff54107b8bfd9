"""A model's mistakes, sorted: what kind they are, and where they are many.

Kinds of mistakes are those of `ner.evaluation.matching`.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ner.evaluation.calibration import ScoredSpans
from ner.evaluation.matching import CORRECT, KINDS, Match, main_span, match_entities
from ner.evaluation.scores import CountedScores
from ner.evaluation.traits import (
    CAPITALS,
    SEEN,
    TEXTS,
    Known,
    capitals_of,
    known_entities,
    seen_as,
    texts_of,
)
from ner.tags import OUTSIDE
from ner.text import Sentence, Span

CONTEXT = 8  # tokens to either side of a mistake that are shown


@dataclass(frozen=True, slots=True)
class Slice(CountedScores):
    """The scores of a group of entities, and the mistakes with them.

    An entity belongs to a group by itself, gold or predicted. A mistake belongs
    to the group of its gold entity, a spurious one to that of the predicted.
    `share` is that of `mistakes` among all mistakes.
    """

    mistakes: int
    share: float
    kinds: dict[str, int]


@dataclass(frozen=True, slots=True)
class MistakeExample:
    """A mistake where it stands: `place` is that of its sentence, `context` has it in brackets."""

    kind: str
    gold: str | None
    gold_text: str
    predicted: str | None
    predicted_text: str
    score: float | None
    place: str
    context: str


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The mistakes of a model, counted by group, and examples of them.

    `slices` are groups by ``type``, ``seen`` (see `SEEN`; absent without training sentences),
    ``capitals`` and ``text``. `confusions` counts mistakes by the type of the gold and that of the
    predicted entity, ``O`` where there is none; equal types are boundary mistakes. `confident` are
    mistakes by falling score, `missed` entities in order: these have no score.
    """

    overall: Slice
    slices: dict[str, dict[str, Slice]]
    confusions: dict[str, dict[str, int]]
    confident: tuple[MistakeExample, ...]
    missed: tuple[MistakeExample, ...]

    def to_dict(self) -> dict[str, Any]:
        """All of it as a JSON object with the names of the attributes as keys."""
        return dataclasses.asdict(self)


class _GroupCounts:
    def __init__(self) -> None:
        self.support = self.predicted = 0
        self.kinds: Counter[str] = Counter()

    def slice(self, mistakes: int) -> Slice:
        """The scores that follow from the counts, of so many mistakes in all."""
        scores = CountedScores.of(self.support, self.predicted, self.kinds[CORRECT])
        kinds = {kind: self.kinds[kind] for kind in KINDS}
        own = sum(kinds.values())
        return Slice(
            **dataclasses.asdict(scores), mistakes=own, share=own / (mistakes or 1), kinds=kinds
        )


Trait = Callable[[int, Span], str]
"""The group of a span in the sentence of that number."""


def analyse_mistakes(
    gold: Sequence[Sentence],
    predicted: Sequence[ScoredSpans],
    train: Sequence[Sentence] = (),
    examples: int = 10,
) -> Mistakes:
    """Sort the mistakes among predicted spans against the same sentences in `gold`.

    Each sentence of `predicted` is its spans and their scores. `train` are the sentences that the
    model learnt from, if they are there; of examples there are so many confident and as many missed
    ones at most. Raises `ValueError` when one row of sentences is longer than the other.
    """
    matches = [
        [*match_entities(sentence.spans, spans, scores)]
        for sentence, (spans, scores) in zip(gold, predicted, strict=True)
    ]
    wrong = [
        (gold[number], match)
        for number, row in enumerate(matches)
        for match in row
        if match.kind != CORRECT
    ]
    whole = _slices(matches, lambda number, span: "all", len(wrong))
    traits = _traits(gold, known_entities(train) if train else None)
    scored = [pair for pair in wrong if pair[1].score is not None]
    scored.sort(key=lambda pair: -(pair[1].score or 0.0))
    missed = [pair for pair in wrong if pair[1].predicted is None]
    return Mistakes(
        overall=whole.get("all", _GroupCounts().slice(0)),
        slices={
            name: _in_order(_slices(matches, trait, len(wrong)), order)
            for name, (trait, order) in traits.items()
        },
        confusions=_confusions(match for _, match in wrong),
        confident=tuple(_example(*pair) for pair in scored[:examples]),
        missed=tuple(_example(*pair) for pair in missed[:examples]),
    )


def _traits(
    sentences: Sequence[Sentence], known: Known | None
) -> dict[str, tuple[Trait, Sequence[str]]]:
    """The traits that group entities, by name, each with the order of its groups."""
    texts = texts_of(sentences)
    traits: dict[str, tuple[Trait, Sequence[str]]] = {"type": (lambda _, span: span.label, ())}
    if known is not None:
        traits["seen"] = (lambda number, span: seen_as(sentences[number], span, known)), SEEN
    traits["capitals"] = (lambda number, span: capitals_of(sentences[number], span)), CAPITALS
    traits["text"] = (lambda number, span: texts[number]), TEXTS
    return traits


def _slices(matches: Sequence[Sequence[Match]], group_of: Trait, mistakes: int) -> dict[str, Slice]:
    """Count the entities and mistakes of each group."""
    groups: defaultdict[str, _GroupCounts] = defaultdict(_GroupCounts)
    for number, row in enumerate(matches):
        for match in row:
            if match.gold:
                groups[group_of(number, match.gold)].support += 1
            if match.predicted:
                groups[group_of(number, match.predicted)].predicted += 1
            groups[group_of(number, main_span(match))].kinds[match.kind] += 1
    return {name: counts.slice(mistakes) for name, counts in groups.items()}


def _in_order(slices: Mapping[str, Slice], order: Sequence[str]) -> dict[str, Slice]:
    return {name: slices[name] for name in order or sorted(slices) if name in slices}


def _confusions(mistakes: Iterable[Match]) -> dict[str, dict[str, int]]:
    """Mistakes by gold and predicted type; rows and columns that have any, ``O`` last."""
    counts = Counter(
        (gold.label if gold else OUTSIDE, predicted.label if predicted else OUTSIDE)
        for _, gold, predicted, _ in mistakes
    )
    labels = [*sorted({label for pair in counts for label in pair} - {OUTSIDE}), OUTSIDE]
    return {
        row: {column: counts[row, column] for column in labels} for row in labels if len(labels) > 1
    }


def _example(sentence: Sentence, match: Match) -> MistakeExample:
    gold, predicted = match.gold, match.predicted
    return MistakeExample(
        kind=match.kind,
        gold=gold.label if gold else None,
        gold_text=_words(sentence, gold),
        predicted=predicted.label if predicted else None,
        predicted_text=_words(sentence, predicted),
        score=match.score,
        place=sentence.place,
        context=_context(sentence, main_span(match)),
    )


def _words(sentence: Sentence, span: Span | None) -> str:
    return " ".join(sentence.tokens[span.start : span.end]) if span else ""


def _context(sentence: Sentence, span: Span) -> str:
    """An entity in brackets with some tokens around it."""
    tokens = sentence.tokens
    first, last = max(0, span.start - CONTEXT), min(len(tokens), span.end + CONTEXT)
    before = ["…"] * (first > 0) + [*tokens[first : span.start]]
    after = [*tokens[span.end : last]] + ["…"] * (last < len(tokens))
    return " ".join([*before, f"[{_words(sentence, span)}]", *after])


# --- tables ---------------------------------------------------------------------------------------

_TITLES = {
    "type": "by type",
    "seen": "by the words in training",
    "capitals": "by capitals",
    "text": "by kind of text",
}


def format_mistakes(mistakes: Mistakes) -> str:
    """All of it as aligned tables, then the examples."""
    every = mistakes.overall
    head = (
        f"mistakes: {every.mistakes}, with {every.support} entities in the data "
        f"and {every.predicted} found, of which {every.correct} are right\n"
    )
    tables = [_slice_table(_TITLES[name], rows) for name, rows in mistakes.slices.items()]
    if "seen" not in mistakes.slices:
        tables.append("by the words in training: left out, without a training split to look into\n")
    lists = [
        _example_list("most confident mistakes", mistakes.confident),
        _example_list("entities that are missed", mistakes.missed),
    ]
    parts = [head, _kind_table(every), *tables, _confusion_table(mistakes.confusions), *lists]
    return "\n".join(part for part in parts if part)


def _kind_table(every: Slice) -> str:
    lines = [f"{'':>24}  {'mistakes':>9} {'share':>8}", ""]
    for kind, count in every.kinds.items():
        lines.append(f"{kind:>24}  {count:>9} {_percent(count / (every.mistakes or 1)):>8}")
    return "\n".join(lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _slice_table(title: str, rows: Mapping[str, Slice]) -> str:
    """Scores, mistakes and their kinds, a line for each group."""
    columns = ["precision", "recall", "f1-score", "support", "mistakes", "share"]
    kinds = ["boundary", "type", "both", "missed", "spurious"]
    width = max(24, *map(len, rows)) if rows else 24
    header = f"{title:>{width}}  " + " ".join(f"{name:>9}" for name in [*columns, *kinds])
    return "\n".join([header, "", *(_slice_row(n, width, row) for n, row in rows.items())]) + "\n"


def _slice_row(name: str, width: int, row: Slice) -> str:
    shares = [f"{value:.4f}" for value in (row.precision, row.recall, row.f1)]
    counts = [str(row.support), str(row.mistakes), _percent(row.share)]
    kinds = [str(count) for count in row.kinds.values()]
    return f"{name:>{width}}  " + " ".join(f"{cell:>9}" for cell in [*shares, *counts, *kinds])


def _confusion_table(confusions: Mapping[str, Mapping[str, int]]) -> str:
    """Rows are gold types, columns predicted ones."""
    if not confusions:
        return ""
    width, cell = max(24, *map(len, confusions)), max(9, *map(len, confusions))

    def line(name: str, cells: Iterable[object]) -> str:
        return f"{name:>{width}}  " + " ".join(f"{part!s:>{cell}}" for part in cells)

    rows = [line(name, row.values()) for name, row in confusions.items()]
    return "\n".join([line("in the data \\ found", confusions), "", *rows]) + "\n"


def _example_list(title: str, examples: Sequence[MistakeExample]) -> str:
    lines = [line for example in examples for line in _example_lines(example)]
    return "\n".join([f"{title}:", "", *lines]) + "\n" if examples else ""


def _example_lines(example: MistakeExample) -> Iterator[str]:
    """Location and kind of a mistake, then its context."""
    sides = []
    if example.gold is not None:
        sides.append(f"is {example.gold} ({example.gold_text})")
    if example.predicted is not None:
        sides.append(f"found as {example.predicted} ({example.predicted_text})")
    score = "" if example.score is None else f" with {example.score:.3f}"
    yield f"{example.place}: {example.kind}: {', '.join(sides)}{score}"
    yield f"    {example.context}"
