"""The annotator of the simulation: gold results from any start, and keys are those of the page."""

import itertools
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import Corpus
from ner.text import Span
from simulate_annotator import KEY, POINTED, THINK, Effort, Hand, corrections, label

TYPES = ["LOC", "ORG", "PER"]


def corrected(found: Sequence[Span], gold: Sequence[Span]) -> tuple[list[tuple[Span, ...]], Effort]:
    effort = Effort()
    return list(corrections(found, gold, Hand(effort, TYPES))), effort


@st.composite
def labellings(draw: st.DrawFn) -> list[Span]:
    borders = sorted(draw(st.sets(st.integers(0, 12), max_size=8)))
    pairs = zip(borders[::2], borders[1::2], strict=False)
    return [Span(start, end, draw(st.sampled_from(TYPES))) for start, end in pairs]


@given(labellings(), labellings())
def test_gold_results_from_any_start(found: list[Span], gold: list[Span]) -> None:
    steps, effort = corrected(found, gold)
    assert {*(steps[-1] if steps else found)} == {*gold}
    assert len(steps) == 0 or {*found} != {*gold}
    assert (effort.keys > 0) == bool(steps) or effort.pointings > 0


@given(labellings(), labellings())
def test_entities_never_overlap_on_the_way(found: list[Span], gold: list[Span]) -> None:
    """The page would refuse that."""
    for entities in corrected(found, gold)[0]:
        ordered = sorted(entities)
        pairs = itertools.pairwise(ordered)
        assert all(one.end <= other.start for one, other in pairs)


@pytest.mark.parametrize(
    ("found", "gold", "keys"),
    [
        ([Span(0, 1, "PER")], [Span(0, 1, "PER")], 0),
        ([Span(0, 1, "PER")], [Span(0, 1, "LOC")], 1),  # its number
        ([Span(0, 1, "PER")], [], 1),  # Delete
        ([], [Span(0, 1, "PER")], 1),
        ([], [Span(2, 3, "PER")], 3),  # two words to the right
        ([], [Span(0, 3, "PER")], 4),  # Shift, two words, the number
        ([Span(0, 1, "PER")], [Span(0, 3, "PER")], 3),  # Shift, two words
        ([Span(0, 2, "PER")], [Span(1, 3, "ORG")], 5),  # Ctrl, a word, Shift, a word, the number
        ([], [Span(0, 1, "ANIMAL")], 8),  # T, the name, Enter
    ],
)
def test_keys_are_those_of_the_page(found: list[Span], gold: list[Span], keys: int) -> None:
    _, effort = corrected(found, gold)
    assert effort.keys == keys
    assert effort.seconds == pytest.approx(keys * KEY)


def test_far_places_are_pointed_at() -> None:
    _, effort = corrected([], [Span(40, 41, "PER")])
    assert (effort.keys, effort.pointings) == (1, 1)
    assert effort.seconds == pytest.approx(POINTED + KEY)


def test_thought_takes_time_and_no_keys() -> None:
    effort = Effort()
    effort.think(3)
    assert effort.keys == 0
    assert effort.seconds == pytest.approx(3 * THINK)


@pytest.mark.slow(reason="starts processes")
def test_labels_go_through_the_page(tiny_corpus: Corpus, model: Path, tmp_path: Path) -> None:
    gold = tiny_corpus.test[:6]
    efforts = []
    for name, proposing in (("bare", None), ("proposed", str(model))):
        (tmp_path / name).mkdir()
        efforts.append(label(gold, tmp_path / name, proposing))
    bare, proposed = efforts
    assert bare.corrections == 12
    assert proposed.corrections < bare.corrections
    assert proposed.seconds < bare.seconds
