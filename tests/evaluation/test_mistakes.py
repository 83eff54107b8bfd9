"""Matching: each entity counted once, by a brute-force oracle too; mistakes by group, and shown."""

import json
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.evaluation.mistakes import (
    CORRECT,
    KINDS,
    Match,
    analyse_mistakes,
    format_mistakes,
    match_entities,
)
from ner.evaluation.scores import count, score
from ner.text import Sentence, Span
from tests.evaluation.rows import Row, rows


def _sentences(gold: list[Row]) -> list[Sentence]:
    words = ["Anna", "saw", "Rome", "and", "LEEDS", "3", "of", "old", "York", "today"] * 3
    return [Sentence(tuple(words), tuple(row), line=1 + 9 * n) for n, row in enumerate(gold)]


@given(st.lists(st.tuples(rows(), rows()), max_size=4), st.booleans())
def test_sums(pairs: list[tuple[Row, Row]], trained: bool) -> None:
    """Every way to group the entities has all of them, and the scores are the report's."""
    gold, predicted = [g for g, _ in pairs], [p for _, p in pairs]
    sentences = _sentences(gold)
    train = _sentences([[Span(0, 1, "PER"), Span(2, 3, "LOC")]]) if trained else []
    found = analyse_mistakes(sentences, [(p, [0.5] * len(p)) for p in predicted], train, 1000)
    report = score(count(gold, predicted))
    every = found.overall
    assert every.f1 == report.f1
    assert every.support == every.correct + every.mistakes - every.kinds["spurious"]
    assert every.predicted == every.correct + every.mistakes - every.kinds["missed"]
    assert ("seen" in found.slices) == trained
    for groups in found.slices.values():
        for name in ("support", "predicted", "correct", "mistakes"):
            assert sum(getattr(part, name) for part in groups.values()) == getattr(every, name)
        for kind in KINDS:
            assert sum(part.kinds[kind] for part in groups.values()) == every.kinds[kind]
        assert sum(part.share for part in groups.values()) == pytest.approx(
            float(every.mistakes > 0)
        )
    for label, part in found.slices["type"].items():
        assert part.f1 == report.per_type[label].f1
    assert sum(sum(row.values()) for row in found.confusions.values()) == every.mistakes
    assert len(found.missed) == every.kinds["missed"]
    assert len(found.confident) == every.mistakes - every.kinds["missed"]


@pytest.fixture
def by_hand() -> tuple[list[Sentence], list[tuple[Row, list[float]]]]:
    first = Sentence(
        ("Anna", "Smith", "saw", "Leeds", "in", "Rome", "."),
        (Span(0, 2, "PER"), Span(3, 4, "ORG"), Span(5, 6, "LOC")),
        source="a.conll",
        line=3,
    )
    headline = Sentence(("ROME", "WIN", "AGAINST", "OSLO"), (Span(3, 4, "ORG"),), None, 0, "a", 11)
    found = [
        ([Span(0, 1, "PER"), Span(3, 4, "LOC"), Span(5, 6, "LOC")], [0.6, 0.9, 0.99]),
        ([Span(0, 1, "ORG")], [0.7]),
    ]
    return [first, headline], found


def test_a_case_done_by_hand(
    by_hand: tuple[list[Sentence], list[tuple[Row, list[float]]]],
) -> None:
    gold, found = by_hand
    train = [replace(gold[0], spans=(Span(3, 4, "LOC"), Span(5, 6, "LOC")))]
    mistakes = analyse_mistakes(gold, found, train)
    every = mistakes.overall
    assert (every.support, every.predicted, every.correct, every.mistakes) == (4, 4, 1, 4)
    assert every.kinds == {
        "boundary": 1, "type": 1, "boundary and type": 0, "missed": 1, "spurious": 1,
    }  # fmt: skip
    seen = {
        name: (s.support, s.predicted, s.correct) for name, s in mistakes.slices["seen"].items()
    }
    assert seen == {
        "as this type": (1, 2, 1),
        "as others": (1, 0, 0),
        "not seen": (2, 2, 0),
    }
    assert mistakes.slices["seen"]["as others"].kinds["type"] == 1  # the pair counts with gold
    assert mistakes.slices["text"]["headline"].kinds == {
        "boundary": 0, "type": 0, "boundary and type": 0, "missed": 1, "spurious": 1,
    }  # fmt: skip
    assert [*mistakes.slices["capitals"]] == ["sentence in capitals", "capitalised"]
    assert mistakes.confusions == {
        "LOC": {"LOC": 0, "ORG": 0, "PER": 0, "O": 0},
        "ORG": {"LOC": 1, "ORG": 0, "PER": 0, "O": 1},
        "PER": {"LOC": 0, "ORG": 0, "PER": 1, "O": 0},
        "O": {"LOC": 0, "ORG": 1, "PER": 0, "O": 0},
    }
    assert [(e.kind, e.score, e.place) for e in mistakes.confident] == [
        ("type", 0.9, "a.conll:3"),
        ("spurious", 0.7, "a:11"),
        ("boundary", 0.6, "a.conll:3"),
    ]
    assert mistakes.confident[0].context == "Anna Smith saw [Leeds] in Rome ."
    assert (mistakes.confident[2].gold_text, mistakes.confident[2].predicted_text) == (
        "Anna Smith",
        "Anna",
    )
    assert [e.gold_text for e in mistakes.missed] == ["OSLO"]
    assert len(analyse_mistakes(gold, found, examples=1).confident) == 1
    assert json.loads(json.dumps(mistakes.to_dict()))["overall"]["mistakes"] == 4


def test_the_tables(by_hand: tuple[list[Sentence], list[tuple[Row, list[float]]]]) -> None:
    text = format_mistakes(analyse_mistakes(*by_hand))
    lines = [line.split() for line in text.splitlines()]
    assert text.startswith(
        "mistakes: 4, with 4 entities in the data and 4 found, of which 1 are right\n"
    )
    assert ["boundary", "1", "25.0", "%"] in lines
    assert ["LOC", "50.00", "100.00", "66.67", "1", "0", "0.0", "%", *"00000"] in lines
    assert ["ORG", "1", "0", "0", "1"] in lines
    assert "by the words in training: left out" in text
    assert "a.conll:3: type: is ORG (Leeds), found as LOC (Leeds) with 0.900" in text
    assert "a:11: missed: is ORG (OSLO)\n    ROME WIN AGAINST [OSLO]" in text


def test_long_sentences_are_shown_in_part() -> None:
    sentence = Sentence(tuple(map(str, range(100))), (Span(50, 51, "X"),))
    [example] = analyse_mistakes([sentence], [([], [])]).missed
    assert example.context.startswith("… 42 43")
    assert example.context.endswith("57 58 …")
    assert "49 [50] 51" in example.context


def test_nothing_wrong_and_nothing_at_all() -> None:
    right = Sentence(("Rome",), (Span(0, 1, "LOC"),))
    for gold, found in (([right], [(right.spans, [0.9])]), ([], [])):
        mistakes = analyse_mistakes(gold, found)
        assert mistakes.overall.mistakes == 0
        assert (mistakes.confusions, mistakes.confident, mistakes.missed) == ({}, (), ())
        assert format_mistakes(mistakes).startswith("mistakes: 0, ")


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        analyse_mistakes([Sentence(("a",))], [])


# --- matching -------------------------------------------------------------------------------------


def _kinds(gold: Row, predicted: Row) -> list[str]:
    return [match.kind for match in match_entities(gold, predicted)]


PER = Span(2, 4, "PER")


@pytest.mark.parametrize(
    ("predicted", "kinds"),
    [
        ([PER], [CORRECT]),
        ([Span(2, 4, "LOC")], ["type"]),
        ([Span(2, 3, "PER")], ["boundary"]),
        ([Span(1, 5, "PER")], ["boundary"]),
        ([Span(3, 5, "LOC")], ["boundary and type"]),
        ([], ["missed"]),
        ([Span(4, 5, "PER")], ["missed", "spurious"]),
        ([Span(2, 3, "PER"), Span(3, 4, "PER")], ["boundary", "spurious"]),
        # The right type comes first, even where the other one covers more.
        ([Span(0, 3, "PER"), Span(3, 9, "LOC")], ["boundary", "spurious"]),
        ([Span(0, 3, "LOC"), Span(3, 9, "PER")], ["spurious", "boundary"]),
    ],
)
def test_one_entity_against_some(predicted: Row, kinds: list[str]) -> None:
    assert _kinds([PER], predicted) == kinds


def test_the_larger_overlap_comes_first() -> None:
    gold = [Span(0, 2, "PER"), Span(2, 6, "PER")]
    assert match_entities(gold, [Span(1, 5, "PER")], [0.5]) == [
        Match("missed", gold[0], None, None),
        Match("boundary", gold[1], Span(1, 5, "PER"), 0.5),
    ]
    assert match_entities([Span(1, 5, "PER")], gold, [0.1, 0.2])[1].score == 0.2


@given(rows(), rows())
def test_every_entity_counts_once_and_kinds_are_as_stated(gold: Row, predicted: Row) -> None:
    matches = match_entities(gold, predicted)
    assert Counter(m.gold for m in matches if m.gold) == Counter(gold)
    assert Counter(m.predicted for m in matches if m.predicted) == Counter(predicted)
    for kind, one, other, _ in matches:
        if one is None or other is None:
            assert kind == ("missed" if one else "spurious")
            continue
        assert max(one.start, other.start) < min(one.end, other.end)
        ends = (one.start, one.end) == (other.start, other.end)
        wanted = {(True, True): CORRECT, (True, False): "type", (False, True): "boundary"}
        assert kind == wanted.get((ends, one.label == other.label), "boundary and type")
    # Nothing is left alone that could still be matched.
    for missed in (m.gold for m in matches if m.kind == "missed"):
        for spurious in (m.predicted for m in matches if m.kind == "spurious"):
            assert missed
            assert spurious
            assert missed.end <= spurious.start or spurious.end <= missed.start


# --- groups and marks -----------------------------------------------------------------------------


@given(st.lists(st.tuples(rows(), rows()), max_size=4))
def test_the_mark_of_an_example_is_the_entity_in_brackets(pairs: list[tuple[Row, Row]]) -> None:
    sentences = _sentences([g for g, _ in pairs])
    found = analyse_mistakes(sentences, [(p, [0.5] * len(p)) for _, p in pairs], (), 1000)
    for example in (*found.confident, *found.missed):
        start, end = example.marked
        assert example.context[start:end] == f"[{example.gold_text or example.predicted_text}]"


def test_groups_by_length_and_by_kind_of_document() -> None:
    tokens = ("a", "b", "c", "d", "e", "f")
    gold = [
        Sentence(tokens, (Span(0, 1, "PER"), Span(1, 6, "LOC"))),
        Sentence(tokens, (Span(0, 2, "LOC"),), document=1),
        Sentence(tokens, document=2),
    ]
    predicted = [([Span(0, 1, "PER")], [1.0]), ([], []), ([Span(0, 3, "PER")], [0.5])]
    slices = analyse_mistakes(gold, predicted).slices
    counts = {name: (s.support, s.mistakes) for name, s in slices["length"].items()}
    assert counts == {
        "1 token": (1, 0), "2 tokens": (1, 1), "3 tokens": (0, 1), "4 tokens or more": (1, 1)
    }  # fmt: skip
    assert {name: s.support for name, s in slices["document"].items()} == {
        "mostly LOC": 1, "of no main type": 2
    }  # fmt: skip
    assert "document" not in analyse_mistakes(gold[:1], predicted[:1]).slices


def test_a_mistake_in_words() -> None:
    gold = [Sentence(("in", "New", "York"), (Span(1, 3, "LOC"),))]
    found = analyse_mistakes(gold, [([Span(2, 3, "ORG")], [0.25])])
    assert found.confident[0].reason == "is LOC (New York), found as ORG (York) with 0.250"
    missed = analyse_mistakes(gold, [([], [])]).missed[0]
    assert missed.reason == "is LOC (New York)"
