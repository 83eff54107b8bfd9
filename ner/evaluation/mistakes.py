"""A model's mistakes, sorted: what kind they are, and where they are many.

Gold and predicted entities of a sentence are matched, each at most once, and each pair or single
entity that is not right is one mistake:

=================  ===================================================
boundary           a pair of one type that overlaps, with other ends
type               a pair with the same ends and different types
boundary and type  a pair that overlaps, with other ends and types
missed             a gold entity that is left
spurious           a predicted entity that is left
=================  ===================================================

Entities of different tag layers are never matched. Same ends are matched first, then overlaps of
one type, then other overlaps; within each the larger overlap first, then what stands further left.
So gold entities are the right ones, the pairs and the missed; predicted ones are the right ones,
the pairs and the spurious.
"""

import dataclasses
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ner.errors import escaped
from ner.evaluation.scores import (
    CountedScores,
    ScoredSpans,
    score_head,
    score_row,
    table_row,
)
from ner.evaluation.traits import (
    CAPITALS,
    LENGTHS,
    SEEN,
    TEXTS,
    Known,
    capitals_of,
    document_kinds,
    known_entities,
    length_of,
    seen_as,
    texts_of,
)
from ner.tags import OUTSIDE
from ner.text import Sentence, Span, layered_label

CORRECT = "correct"
KINDS = ("boundary", "type", "boundary and type", "missed", "spurious")
CONTEXT = 8  # tokens to either side of a mistake that are shown


class Match(NamedTuple):
    """A gold entity and the predicted one that stands for it, or one of them alone.

    `kind` is one of `KINDS` or `CORRECT`; `score` that of the predicted one.
    """

    kind: str
    gold: Span | None
    predicted: Span | None
    score: float | None

    @property
    def span(self) -> Span:
        """The entity that it is counted with: the gold one, if there is one."""
        span = self.gold or self.predicted
        assert span, "a match has an entity"
        return span


def match_entities(
    gold: Sequence[Span], predicted: Sequence[Span], scores: Sequence[float] = ()
) -> list[Match]:
    """Match the entities of one sentence, by the rules above, in order of start.

    `scores` has one probability per predicted span, or nothing.
    """
    score_of = dict(zip(predicted, scores, strict=True)) if scores else {}
    pairs = [
        (one, other)
        for one in gold
        for other in predicted
        if one.layer == other.layer and _overlap(one, other)
    ]
    found: list[Match] = []
    taken: set[tuple[str, Span]] = set()
    for one, other in sorted(pairs, key=_closeness):
        if not {("gold", one), ("predicted", other)} & taken:
            taken |= {("gold", one), ("predicted", other)}
            found.append(Match(_kind(one, other), one, other, score_of.get(other)))
    found += [Match("missed", one, None, None) for one in gold if ("gold", one) not in taken]
    found += [
        Match("spurious", None, other, score_of.get(other))
        for other in predicted
        if ("predicted", other) not in taken
    ]
    return sorted(found, key=lambda match: match.span.start)


def _overlap(one: Span, other: Span) -> int:
    return max(0, min(one.end, other.end) - max(one.start, other.start))


def _kind(gold: Span, predicted: Span) -> str:
    if gold == predicted:
        return CORRECT
    if gold.label == predicted.label:
        return "boundary"
    same_ends = (gold.start, gold.end) == (predicted.start, predicted.end)
    return "type" if same_ends else "boundary and type"


def _closeness(pair: tuple[Span, Span]) -> tuple[int, int, int, int]:
    """A sort key: pairs with a smaller one are matched first."""
    gold, predicted = pair
    rank = (CORRECT, "type", "boundary", "boundary and type").index(_kind(gold, predicted))
    return rank, -_overlap(gold, predicted), gold.start, predicted.start


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
    """A mistake where it stands: `place` is that of its sentence, `context` has it in brackets.

    `marked` is the range of characters of the context from one bracket to the other.
    """

    kind: str
    gold: str | None
    gold_text: str
    predicted: str | None
    predicted_text: str
    score: float | None
    place: str
    context: str
    marked: tuple[int, int]

    @property
    def reason(self) -> str:
        """The mistake in words."""
        sides = []
        if self.gold is not None:
            sides.append(f"is {self.gold} ({self.gold_text})")
        if self.predicted is not None:
            sides.append(f"found as {self.predicted} ({self.predicted_text})")
        score = "" if self.score is None else f" with {self.score:.3f}"
        return f"{', '.join(sides)}{score}"


@dataclass(frozen=True, slots=True)
class Mistakes:
    """The mistakes of a model, counted by group, and examples of them.

    `slices` are groups by ``type``, ``seen`` (see `SEEN`; absent without training sentences),
    ``capitals``, ``text``, ``length`` and ``document`` (see `document_kinds`; absent where there is
    but one document). `confusions` counts mistakes by the type of the gold and that of the
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
    texts, documents = texts_of(sentences), document_kinds(sentences)
    traits: dict[str, tuple[Trait, Sequence[str]]] = {"type": (lambda _, s: layered_label(s), ())}
    if known is not None:
        traits["seen"] = (lambda number, span: seen_as(sentences[number], span, known)), SEEN
    traits["capitals"] = (lambda number, span: capitals_of(sentences[number], span)), CAPITALS
    traits["text"] = (lambda number, span: texts[number]), TEXTS
    traits["length"] = (lambda _, span: length_of(span)), LENGTHS
    if documents:
        traits["document"] = (lambda number, span: documents[number]), ()
    return traits


def _slices(matches: Sequence[Sequence[Match]], group_of: Trait, mistakes: int) -> dict[str, Slice]:
    groups: defaultdict[str, _GroupCounts] = defaultdict(_GroupCounts)
    for number, row in enumerate(matches):
        for match in row:
            if match.gold:
                groups[group_of(number, match.gold)].support += 1
            if match.predicted:
                groups[group_of(number, match.predicted)].predicted += 1
            groups[group_of(number, match.span)].kinds[match.kind] += 1
    return {name: counts.slice(mistakes) for name, counts in groups.items()}


def _in_order(slices: Mapping[str, Slice], order: Sequence[str]) -> dict[str, Slice]:
    return {name: slices[name] for name in order or sorted(slices) if name in slices}


def _confusions(mistakes: Iterable[Match]) -> dict[str, dict[str, int]]:
    """Mistakes by gold and predicted type; rows and columns that have any, ``O`` last."""
    counts = Counter(
        tuple(layered_label(span) if span else OUTSIDE for span in (gold, predicted))
        for _, gold, predicted, _ in mistakes
    )
    labels = [*sorted({label for pair in counts for label in pair} - {OUTSIDE}), OUTSIDE]
    return {
        row: {column: counts[row, column] for column in labels} for row in labels if len(labels) > 1
    }


def _example(sentence: Sentence, match: Match) -> MistakeExample:
    gold, predicted = match.gold, match.predicted
    context, marked = _context(sentence, match.span)
    return MistakeExample(
        kind=match.kind,
        gold=layered_label(gold) if gold else None,
        gold_text=_words(sentence, gold),
        predicted=layered_label(predicted) if predicted else None,
        predicted_text=_words(sentence, predicted),
        score=match.score,
        place=sentence.place,
        context=context,
        marked=marked,
    )


def _words(sentence: Sentence, span: Span | None) -> str:
    return " ".join(sentence.tokens[span.start : span.end]) if span else ""


def _context(sentence: Sentence, span: Span) -> tuple[str, tuple[int, int]]:
    """An entity in brackets with some tokens around it, and its range of characters."""
    tokens = sentence.tokens
    first, last = max(0, span.start - CONTEXT), min(len(tokens), span.end + CONTEXT)
    before = ["…"] * (first > 0) + [*tokens[first : span.start]]
    after = [*tokens[span.end : last]] + ["…"] * (last < len(tokens))
    start = sum(len(token) + 1 for token in before)
    marked = f"[{_words(sentence, span)}]"
    return " ".join([*before, marked, *after]), (start, start + len(marked))


# --- tables ---------------------------------------------------------------------------------------

TITLES = {
    "type": "by type",
    "seen": "by the words in training",
    "capitals": "by capitals",
    "text": "by kind of text",
    "length": "by length",
    "document": "by kind of document",
}


def format_mistakes(mistakes: Mistakes) -> str:
    """All of it as aligned tables, then the examples."""
    every = mistakes.overall
    head = (
        f"mistakes: {every.mistakes}, with {every.support} entities in the data "
        f"and {every.predicted} found, of which {every.correct} are right\n"
    )
    tables = [_slice_table(TITLES[name], rows) for name, rows in mistakes.slices.items()]
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
    width = max(24, *map(len, rows)) if rows else 24
    kinds = ["boundary", "type", "both", "missed", "spurious"]
    head = score_head(title, width, "support", "mistakes", "share", *kinds)
    lines = [
        score_row(
            name, width, row, row.support, row.mistakes, _percent(row.share), *row.kinds.values()
        )
        for name, row in rows.items()
    ]
    return "\n".join([head, "", *lines]) + "\n"


def _confusion_table(confusions: Mapping[str, Mapping[str, int]]) -> str:
    """Rows are gold types, columns predicted ones."""
    if not confusions:
        return ""
    width, cell = max(24, *map(len, confusions)), max(9, *map(len, confusions))
    head = table_row("in the data \\ found", width, confusions, cell)
    rows = [table_row(name, width, row.values(), cell) for name, row in confusions.items()]
    return "\n".join([head, "", *rows]) + "\n"


def _example_list(title: str, examples: Sequence[MistakeExample]) -> str:
    lines = [line for example in examples for line in _example_lines(example)]
    return "\n".join([f"{title}:", "", *lines]) + "\n" if examples else ""


def _example_lines(example: MistakeExample) -> Iterator[str]:
    yield escaped(f"{example.place}: {example.kind}: {example.reason}")
    yield escaped(f"    {example.context}")
