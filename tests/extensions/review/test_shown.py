"""A review as the page shows it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ner.corpus import Corpus, Decision
from ner.extensions.review.proposals import Proposals
from ner.extensions.review.review import Change, Review
from ner.extensions.review.search import Place
from ner.extensions.review.shown import (
    MOST_PLACES,
    Project,
    shown_changes,
    shown_places,
    shown_project,
    shown_sentence,
    shown_state,
)
from ner.tagger import Tagger
from ner.text import PartialLabel, Sentence, Span
from tests.extensions.review.conftest import Make


def project(**given: Any) -> Project:
    files, out = [Path("data/a.conll")], Path("my out.conll")
    return replace(Project(files=files, out=out, format="iob2"), **given)


@pytest.mark.parametrize(
    ("model", "command"),
    [
        ("", "ner train --data 'my out.conll'"),
        ("runs/x y", "ner train --start-from 'runs/x y' --data 'my out.conll'"),
    ],
)
def test_the_command_can_be_pasted(model: str, command: str) -> None:
    assert project(model=model).command == command


@pytest.mark.parametrize(
    ("format", "columns"),
    [("iob2", " --tag-column outer=1,inner=2"), ("jsonl", "")],
)
def test_the_command_tells_tag_layers_apart(format: str, columns: str) -> None:
    found = project(format=format, layers=("outer", "inner"))
    assert found.command == f"ner train --data 'my out.conll'{columns}"


def test_orders_are_those_that_there_are() -> None:
    assert project().orders == ["file"]
    assert project(model="x").orders == ["file", "doubt", "disagreement"]


def test_a_review_is_known_by_its_output() -> None:
    one, other = project(), replace(project(), out=Path("other.conll"))
    assert one.id == project().id != other.id
    assert len(one.id) == 16


def test_tokens_whose_label_is_unknown_are_told_until_somebody_decides(
    make: Make, sentences: list[Sentence]
) -> None:
    partial = (PartialLabel("PER", "no"), *[PartialLabel(None, "open")] * 4)
    sentences[0] = replace(sentences[0], spans=(), partial=partial)
    review = make()
    assert shown_sentence(review, 0, {})["unknown"] == [1, 2, 3, 4]
    review.decide({0: Change(0, Decision(()))})
    shown = shown_sentence(review, 0, {})
    assert (shown["unknown"], shown["status"], shown["version"]) == ([], "c", 1)


def test_proposals_come_with_their_probability(
    make: Make, tiny_tagger: Tagger, tiny_corpus: Corpus, sentences: list[Sentence]
) -> None:
    sentences[:] = tiny_corpus.test[:3]
    proposals = Proposals(tiny_tagger, sentences)
    review = make(proposals=proposals)
    assert shown_state(review)["ready"] == 0
    before = shown_sentence(review, 0, {})
    assert (before["proposals"], before["doubts"]) == ([], [])
    proposals.find()
    assert shown_state(review)["ready"] == 3
    shown = shown_sentence(review, 0, {})
    [(spans, scores)] = tiny_tagger.predictions(sentences[:1])
    assert [one["label"] for one in shown["proposals"]] == [span.label for span in spans]
    assert [one["score"] for one in shown["proposals"]] == list(scores)
    assert len(shown["doubts"]) == len(sentences[0])


def test_only_the_first_of_many_changes_are_told_in_full(make: Make) -> None:
    review = make()
    changes = {n: Change(0, Decision((), accepted=True)) for n in range(3)}
    found = shown_changes(review, review.decide(changes) * 50, {})
    assert found["changed"] == {"0": "a", "1": "a", "2": "a"}
    assert len(found["sentences"]) == 100
    assert found["can_undo"]


def test_places_tell_what_stands_there(review: Review) -> None:
    places = [Place(0, 13, 21), Place(0, 13, 16), Place(1, 0, 4)]
    found = shown_places(review, places)
    assert [place["labels"] for place in found["places"]] == [["LOC"], ["…"], []]
    many = shown_places(review, [Place(1, 0, 4)] * (MOST_PLACES + 1))
    assert (many["total"], len(many["places"])) == (MOST_PLACES + 1, MOST_PLACES)


def test_the_whole_is_told(review: Review) -> None:
    found = shown_project(project(guidelines="<b>"), review)
    assert found["files"] == ["a.conll"]
    assert found["guidelines"] == "<b>"
    assert found["statuses"] == "ooo"
    assert found["types"] == [{"layer": "", "label": label} for label in ("LOC", "ORG", "PER")]


def test_entities_of_layers_have_them(make: Make, sentences: list[Sentence]) -> None:
    spans = Span(2, 4, "ORG", "outer"), Span(3, 4, "LOC", "inner")
    sentences[:] = [Sentence(sentences[0].tokens, spans)]
    review = make()
    assert review.types == [("inner", "LOC"), ("outer", "ORG")]
    assert shown_sentence(review, 0, {})["entities"] == [
        {"start": 13, "end": 21, "label": "ORG", "layer": "outer"},
        {"start": 17, "end": 21, "label": "LOC", "layer": "inner"},
    ]
