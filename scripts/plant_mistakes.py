"""Plant mistakes into a labelled corpus, to measure who finds them.

    python scripts/plant_mistakes.py --data conll2003 --share 0.03 --seed 1 --out noisy/

A share of the entities of train and valid (the copy has no test) becomes wrong, drawn by the seed:
a type swapped, a border moved by a token, an entity dropped, one invented, one cut by a wrong end
of the sentence; the same string mislabelled wherever it stands; and one "annotator", who has
labelled some documents and confuses two types or leaves out one. The copy is written as columns,
beside ``planted.jsonl``: the truth, one mistake a line, with the sentence's place in the copy, the
entity before and after, and the kind.
"""

import argparse
import json
import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ner.config import Config
from ner.corpus import read_corpus, write_file
from ner.text import Sentence, Span

KINDS = {
    "type": 0.25, "border": 0.2, "dropped": 0.2, "invented": 0.08, "split": 0.02, "string": 0.15,
}  # fmt: skip
"""Shares of the kinds; the rest are the annotator's."""
ANNOTATED = 0.08
"""Share of the documents that the annotator has labelled."""


@dataclass
class Mistake:
    """A mistake in the sentence of that number: an entity before and after, either may be None."""

    number: int
    before: Span | None
    after: Span | None
    kind: str


@dataclass
class Planter:
    """Sentences, and the mistakes in them; no sentence token is touched twice."""

    sentences: Sequence[Sentence]
    rng: random.Random
    mistakes: list[Mistake] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.spans = [list(sentence.spans) for sentence in self.sentences]
        self.types = sorted({span.label for spans in self.spans for span in spans})
        self._touched: set[tuple[int, int]] = set()
        self.splits: dict[int, int] = {}  # sentences that are cut before a token

    def plant(self, number: int, before: Span | None, after: Span | None, kind: str) -> bool:
        """Make one mistake, unless it would touch another entity or an earlier mistake."""
        tokens = {i for s in (before, after) if s for i in range(s.start - 1, s.end + 1)}
        others = [span for span in self.spans[number] if span != before]
        if {(number, i) for i in tokens} & self._touched:
            return False
        if after and any(o.start < after.end and after.start < o.end for o in others):
            return False
        self._touched |= {(number, i) for i in tokens}
        self.spans[number] = sorted([*others, *([after] if after else [])])
        self.mistakes.append(Mistake(number, before, after, kind))
        return True

    def another_type(self, label: str) -> str:
        """Another type, drawn by how frequent they are."""
        counts = Counter(span.label for spans in self.spans for span in spans)
        others = [name for name in self.types if name != label] or [label]
        return self.rng.choices(others, [counts[name] + 1 for name in others])[0]

    def moved(self, number: int, span: Span) -> Span | None:
        """The entity with one end a token further in or out; None where there is no room."""
        length = len(self.sentences[number])
        places = [
            (span.start - 1, span.end), (span.start + 1, span.end),
            (span.start, span.end - 1), (span.start, span.end + 1),
        ]  # fmt: skip
        fitting = [(a, b) for a, b in places if 0 <= a < b <= length]
        return Span(*self.rng.choice(fitting), span.label) if fitting else None

    def single(self, kind: str) -> bool:
        """One mistake of a kind at a place drawn at random."""
        if kind == "invented":
            return self._invented()
        number, span = self._entity()
        if kind == "split":
            return self._split(number, span)
        if kind == "dropped":
            return self.plant(number, span, None, kind)
        if kind == "border":
            moved = self.moved(number, span)
            return moved is not None and self.plant(number, span, moved, kind)
        after = Span(span.start, span.end, self.another_type(span.label))
        return self.plant(number, span, after, kind)

    def _entity(self) -> tuple[int, Span]:
        while True:
            number = self.rng.randrange(len(self.spans))
            if self.spans[number]:
                return number, self.rng.choice(self.spans[number])

    def _split(self, number: int, span: Span) -> bool:
        """Cut an entity in two, and its sentence with it; each part keeps the type."""
        if number in self.splits or span.end - span.start < 2:
            return False
        cut = self.rng.randrange(span.start + 1, span.end)
        first, second = Span(span.start, cut, span.label), Span(cut, span.end, span.label)
        if not self.plant(number, span, first, "split"):
            return False
        self.spans[number] = sorted([*self.spans[number], second])
        self.mistakes.append(Mistake(number, span, second, "split"))
        self.splits[number] = cut
        return True

    def cut(self, number: int) -> list[Sentence]:
        """The sentence with its mistakes, in two if it is split."""
        whole = self.sentences[number].with_spans(tuple(self.spans[number]))
        cut = self.splits.get(number, len(whole))
        parts = [
            replace(
                whole,
                tokens=whole.tokens[start:end],
                offsets=None,
                spans=tuple(
                    Span(s.start - start, s.end - start, s.label)
                    for s in whole.spans
                    if start <= s.start < end
                ),
            )
            for start, end in ((0, cut), (cut, len(whole)))
        ]
        return [part for part in parts if part.tokens]

    def _invented(self) -> bool:
        """An entity of one or two tokens, with a capital letter if there is one."""
        number = self.rng.randrange(len(self.spans))
        tokens = self.sentences[number].tokens
        inside = {i for span in self.spans[number] for i in range(span.start, span.end)}
        free = [i for i, token in enumerate(tokens) if i not in inside and token[0].isalpha()]
        capitals = [i for i in free if tokens[i][0].isupper() and i > 0] or free
        if not capitals:
            return False
        start = self.rng.choice(capitals)
        end = start + 1 + (start + 1 in free and self.rng.random() < 0.3)
        after = Span(start, end, self.another_type(""))
        return self.plant(number, None, after, "invented")

    def strings(self, wanted: int) -> None:
        """Mislabel some strings consistently: most places of each get the same wrong type or none.

        A part of their places stays right, as people correct themselves.
        """
        places: dict[tuple[tuple[str, ...], str], list[tuple[int, Span]]] = defaultdict(list)
        for number, spans in enumerate(self.spans):
            for span in spans:
                text = self.sentences[number].tokens[span.start : span.end]
                places[text, span.label].append((number, span))
        some = [key for key, found in sorted(places.items()) if 3 <= len(found) <= 12]
        self.rng.shuffle(some)
        for text, label in some:
            other = None if self.rng.random() < 0.3 else self.another_type(label)
            for number, span in places[text, label]:
                if wanted <= 0:
                    return
                after = other and Span(span.start, span.end, other)
                if self.rng.random() < 0.6:
                    wanted -= self.plant(number, span, after or None, "string")

    def annotator(self, wanted: int) -> None:
        """Let one annotator mislabel documents: one type as another, or left out, half the time."""
        documents = sorted({(s.source, s.document) for s in self.sentences})
        units = documents if len(documents) >= 20 else None
        keys = [
            (s.source, s.document if units else place // 20)
            for place, s in enumerate(self.sentences)
        ]
        every = sorted({*keys})
        own = {*self.rng.sample(every, max(1, round(ANNOTATED * len(every))))}
        counts = Counter(span.label for spans in self.spans for span in spans)
        label = self.rng.choices(self.types, [counts[name] for name in self.types])[0]
        other = None if self.rng.random() < 0.3 else self.another_type(label)
        there = [
            (number, span)
            for number, spans in enumerate(self.spans)
            for span in spans
            if keys[number] in own and span.label == label
        ]
        self.rng.shuffle(there)
        for number, span in there[:wanted]:
            after = other and Span(span.start, span.end, other)
            self.plant(number, span, after or None, "annotator")


def plant(sentences: Sequence[Sentence], share: float, seed: int) -> Planter:
    """Plant a share of the number of entities as mistakes."""
    planter = Planter(sentences, random.Random(seed))
    wanted = round(share * sum(len(sentence.spans) for sentence in sentences))
    planter.annotator(round((1 - sum(KINDS.values())) * wanted))
    planter.strings(round(KINDS["string"] * wanted))
    for kind in ("type", "border", "dropped", "invented", "split"):
        planted = tried = 0
        while planted < round(KINDS[kind] * wanted) and tried < 50 * wanted:
            planted += planter.single(kind)
            tried += 1
    return planter


def truth(mistake: Mistake, cut: int | None, parts: Sequence[Sentence]) -> dict[str, Any]:
    """A mistake as a line of ``planted.jsonl``, in the part of its sentence where it stands."""
    place = mistake.after or mistake.before
    assert place, "a mistake is somewhere"
    second = cut is not None and place.start >= cut
    shift = cut if second and cut else 0
    before, after = (
        span and Span(span.start - shift, span.end - shift, span.label).to_dict()
        for span in (mistake.before, mistake.after)
    )
    sentence = parts[second]
    return {
        "source": Path(sentence.source).name,
        "line": sentence.line,
        "kind": mistake.kind,
        "before": before,
        "after": after,
    }


def main() -> None:
    """Write the copy and the truth."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--share", type=float, default=0.03)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--most", type=int, default=10**9, help="sentences of train and of valid")
    given = parser.parse_args()
    corpus = read_corpus(given.data, Config().data)
    splits = {"train": corpus.train[: given.most], "valid": corpus.valid[: given.most]}
    planter = plant([s for split in splits.values() for s in split], given.share, given.seed)
    given.out.mkdir(parents=True, exist_ok=True)
    places: list[list[Sentence]] = []  # of each sentence, its parts as they are read again
    for name, split in splits.items():
        cut = [planter.cut(len(places) + place) for place in range(len(split))]
        file = given.out / f"{name}.conll"
        write_file(file, [part for parts in cut for part in parts], "columns")
        read = iter(read_corpus(file, Config().data).train)
        places += [[next(read) for _ in parts] for parts in cut]
    with open(given.out / "planted.jsonl", "w", encoding="utf-8") as file:
        for mistake in sorted(planter.mistakes, key=lambda m: m.number):
            record = truth(mistake, planter.splits.get(mistake.number), places[mistake.number])
            file.write(json.dumps(record) + "\n")
    print(len(planter.mistakes), dict(Counter(m.kind for m in planter.mistakes)))


if __name__ == "__main__":
    main()
