"""Play an annotator who knows the gold labels, through the interface of the page of `ner review`.

    python scripts/simulate_annotator.py --data FILE --model DIR [--sentences 500]

Labels the first sentences of a corpus twice: from bare text, and from what a model proposes for it.
Each correction is sent as the page sends it; at the end the output must be the gold labels. Keys
are those of the page, counted from where its cursor stands. Seconds follow the keystroke-level
model (Card, Moran and Newell 1980): a key 0.28 s (average typist, no secretary), pointing 1.1 s,
pressing or releasing a button 0.1 s, moving a hand between keyboard and mouse 0.4 s, and 1.35 s of
thought before each correction, for each sentence and for each proposal, which is looked at. The
annotator points where that is quicker than walking with keys. Reading comes on top: 238 words in a
minute (Brysbaert 2019), the same in both ways.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from ner.corpus import placed_entities, read_file
from ner.text import Sentence, Span
from tests.extensions.review.client import ask, reviewed

KEY, POINT, BUTTON, HOME, THINK = 0.28, 1.1, 0.1, 0.4, 1.35  # seconds
WORD = 60 / 238  # seconds to read one
POINTED = 2 * HOME + POINT + 2 * BUTTON  # to the mouse, a click, and back
DRAGGED = POINTED + POINT
ON_KEYS = 10  # types that have a number key


@dataclass
class Effort:
    """What an annotator has done; seconds without reading."""

    corrections: int = 0
    keys: int = 0
    pointings: int = 0
    seconds: float = 0.0

    def press(self, count: int) -> None:
        """Press keys one after another."""
        self.keys += count
        self.seconds += count * KEY

    def reach(self, keys: int, *, dragging: bool = False) -> None:
        """Choose a place: with so many keys, or with the mouse where that is quicker."""
        pointing = DRAGGED if dragging else POINTED
        if keys * KEY <= pointing:
            self.press(keys)
        else:
            self.pointings += 1
            self.seconds += pointing

    def think(self, count: int = 1) -> None:
        """Prepare for what comes next."""
        self.seconds += count * THINK


@dataclass
class Hand:
    """The cursor of the page in a sentence, and the effort of moving it."""

    effort: Effort
    types: Sequence[str]
    at: int = 0  # the token

    def name(self, label: str) -> None:
        """Give the chosen range a type: its number, or its name where it has none."""
        place = self.types.index(label) if label in self.types else ON_KEYS
        self.effort.press(1 if place < ON_KEYS else len(label) + 2)

    def go(self, span: Span, entities: Sequence[Span]) -> None:
        """Choose an entity: word by word, or from entity to entity."""
        words = span.start - self.at if span.start >= self.at else self.at - span.end + 1
        low, high = sorted((self.at, span.start))
        hops = sum(low <= other.start <= high for other in entities)
        self.effort.reach(max(0, min(words, hops)))
        self.at = span.start

    def select(self, span: Span) -> None:
        """Choose words that are no entity; a modifier is held to choose several."""
        several = span.end - span.start - 1
        self.effort.reach(abs(span.start - self.at) + several + bool(several), dragging=several > 0)
        self.at = span.start

    def move(self, before: Span, after: Span) -> None:
        """Move the borders of the chosen entity, holding a modifier for each."""
        for steps in (abs(before.start - after.start), abs(before.end - after.end)):
            self.effort.press(steps + bool(steps))


def corrections(
    found: Sequence[Span], gold: Sequence[Span], hand: Hand
) -> Iterator[tuple[Span, ...]]:
    """Correct entities until they are the gold ones; yields them after each correction."""
    entities = [*found]
    pairs = _matched(found, gold)
    waiting = [span for span in found if span != pairs.get(span)]
    while waiting:
        free = (span for span in waiting if _is_free(pairs.get(span), span, entities))
        span = next(free, waiting[0])
        waiting.remove(span)
        entities.remove(span)
        hand.go(span, [*entities, span])
        wanted = pairs.get(span)
        if wanted and _is_free(wanted, span, entities):
            hand.move(span, wanted)
            if span.label != wanted.label:
                hand.name(wanted.label)
            entities.append(wanted)
        else:
            hand.effort.press(1)  # Delete
        yield tuple(entities)
    for span in [span for span in gold if span not in entities]:
        hand.select(span)
        hand.name(span.label)
        entities.append(span)
        yield tuple(entities)


def _is_free(wanted: Span | None, span: Span, entities: Sequence[Span]) -> bool:
    """Tell if an entity can go where it is wanted, or away; the page refuses overlaps."""
    others = [other for other in entities if other != span]
    return wanted is None or all(
        other.end <= wanted.start or wanted.end <= other.start for other in others
    )


def _matched(found: Sequence[Span], gold: Sequence[Span]) -> dict[Span, Span]:
    """The gold entity for each found one that overlaps it, each at most once, the best first."""
    pairs = [
        (one == other, min(one.end, other.end) - max(one.start, other.start), one, other)
        for one in found
        for other in gold
        if one.start < other.end and other.start < one.end
    ]
    matched: dict[Span, Span] = {}
    for *_, one, other in sorted(pairs, key=lambda pair: (not pair[0], -pair[1])):
        if one not in matched and other not in matched.values():
            matched[one] = other
    return {one: matched[one] for one in found if one in matched}


def label(gold: Sequence[Sentence], folder: Path, model: str | None) -> Effort:
    """Label sentences through the interface. Raises `AssertionError` where gold does not result."""
    text, out = folder / "text.conll", folder / "out.conll"
    text.write_text("".join("".join(f"{t}\n" for t in s.tokens) + "\n" for s in gold))
    labels = sorted({span.label for sentence in gold for span in sentence.spans})
    given = ["--model", model] if model else []
    effort = Effort()
    with reviewed(
        text, "--out", out, "--unlabelled", "--types", ",".join(labels), *given, cwd=folder
    ) as running:
        while model and ask(running, "state")["ready"] < len(gold):
            pass
        types = [one["label"] for one in ask(running, "project")["types"]]
        for number, sentence in enumerate(gold):
            _label_one(running, number, sentence, Hand(effort, types))
        ask(running, "write", {})
        running.stop()
    assert [s.spans for s in read_file(out)] == [s.spans for s in gold], "the labels differ"
    return effort


def _label_one(running: Any, number: int, gold: Sentence, hand: Hand) -> None:
    """Correct a sentence and accept it, a request for each step."""
    [shown] = ask(running, "sentences", {"ids": [number]})["sentences"]
    assert tuple(shown["tokens"]) == gold.tokens, "the sentences differ"
    found = _spans(gold, shown["entities"])
    version = 0
    hand.effort.think(1 + len(found))
    entities = tuple(found)
    for entities in corrections(found, gold.spans, hand):
        hand.effort.corrections += 1
        hand.effort.think()
        _decide(running, number, version, gold, entities, accepted=False)
        version += 1
    hand.effort.press(1)  # Enter
    _decide(running, number, version, gold, entities, accepted=True)


def _spans(sentence: Sentence, entities: Sequence[dict[str, Any]]) -> list[Span]:
    starts = {span.start: number for number, span in enumerate(_each(sentence))}
    ends = {span.end: number + 1 for number, span in enumerate(_each(sentence))}
    return [Span(starts[e["start"]], ends[e["end"]], e["label"]) for e in entities]


def _each(sentence: Sentence) -> tuple[Span, ...]:
    return placed_entities(sentence, [Span(n, n + 1, "") for n in range(len(sentence))])


def _decide(
    running: Any,
    number: int,
    version: int,
    sentence: Sentence,
    entities: Sequence[Span],
    *,
    accepted: bool,
) -> None:
    told = [entity.to_dict() for entity in placed_entities(sentence, sorted(entities))]
    change = {"id": number, "version": version, "entities": told, "accepted": accepted}
    ask(running, "decide", {"changes": [change]})


def main() -> None:
    """Read the command line, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", required=True, type=Path, metavar="FILE")
    parser.add_argument("--model", required=True, metavar="DIR")
    parser.add_argument("--sentences", type=int, default=500, metavar="N")
    given = parser.parse_args()
    gold = read_file(given.data)[: given.sentences]
    words = sum(map(len, gold))
    entities = sum(len(sentence.spans) for sentence in gold)
    reading = words * WORD
    print(f"{len(gold)} sentences, {words} words, {entities} entities; reading {reading:.0f} s")
    print(f"{'':>10} {'corrections':>11} {'keys':>6} {'pointings':>9} {'seconds':>8} {'all':>8}")
    for name, model in (("bare", None), ("proposed", str(Path(given.model).resolve()))):
        with tempfile.TemporaryDirectory() as folder:
            effort = label(gold, Path(folder), model)
        print(
            f"{name:>10} {effort.corrections:>11} {effort.keys:>6} {effort.pointings:>9} "
            f"{effort.seconds:>8.0f} {effort.seconds + reading:>8.0f}"
        )


if __name__ == "__main__":
    main()
