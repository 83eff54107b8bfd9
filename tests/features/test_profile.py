"""The profile of a text, and text that is unlike the usual."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.features import Indexer, Profiler, TextProfile, Watch
from ner.text import Document, Entity, Sentence
from tests.predict.models import WORDS, random_model

USUAL = TextProfile(0.05, 0.001, 0.9)
KNOWN = ["Anna", "visited", "New", "York"]
shares = st.floats(0, 1)


@pytest.fixture(scope="module")
def indexer() -> Indexer:
    return random_model().indexer


def document(tokens: Sequence[str], score: float = 0.9) -> Document:
    """A document of one sentence, whose first token is an entity."""
    text = " ".join(tokens)
    entity = Entity(0, len(tokens[0]), "PER", tokens[0], score)
    return Document(text, (entity,), (Sentence(tuple(tokens)),))


def test_words_without_a_letter_do_not_count(indexer: Indexer) -> None:
    profiler = Profiler(indexer)
    profiler.add(["1998", "--", "…", "!"])
    assert profiler.words == 0
    assert profiler.profile() == TextProfile(0.0, 0.0, 1.0)


def test_shares_of_what_is_unknown(indexer: Indexer) -> None:
    profiler = Profiler(indexer)
    profiler.add([*WORDS, "Äx"])
    found = profiler.profile()
    assert found.unknown_words == pytest.approx(1 / 6)  # of the words with a letter
    assert 0 < found.unknown_characters < 0.2


def test_the_mean_score_needs_entities(indexer: Indexer) -> None:
    profiler = Profiler(indexer)
    profiler.add(["Anna"], [0.2])
    assert profiler.profile().score == 1.0
    profiler.add((), [0.4] * 99)
    assert profiler.profile().score == pytest.approx(0.398)


@given(shares, shares, shares)
def test_a_text_is_like_itself(words: float, characters: float, score: float) -> None:
    profile = TextProfile(words, characters, score)
    assert profile.unlike(profile) == []


@given(shares, shares, shares)
def test_a_text_that_is_better_known_is_no_reason_to_worry(
    words: float, characters: float, score: float
) -> None:
    assert TextProfile(0.0, 0.0, 1.0).unlike(TextProfile(words, characters, score)) == []


@pytest.mark.parametrize(
    ("here", "said"),
    [
        (TextProfile(0.6, 0.001, 0.9), "60% of its words are unknown instead of 5%"),
        (TextProfile(0.05, 0.2, 0.9), "20.0% of its characters are unknown instead of 0.1%"),
        (TextProfile(0.05, 0.001, 0.6), "entities have a mean score of 0.60 instead of 0.90"),
    ],
)
def test_each_way_has_its_figures(here: TextProfile, said: str) -> None:
    assert here.unlike(USUAL) == [said]


@given(shares)
def test_without_a_score_words_and_characters_count_alone(score: float) -> None:
    here = TextProfile(0.6, 0.2, score)
    assert here.unlike(USUAL.without_score()) == here.unlike(USUAL)[:2]


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"unknown_words": 0.1, "unknown_characters": 0.0},
        {"unknown_words": 0.1, "unknown_characters": 0.0, "score": 1},
        {"unknown_words": 0.1, "unknown_characters": 0.0, "score": 1.5},
        {"unknown_words": float("nan"), "unknown_characters": 0.0, "score": 0.5},
        {"unknown_words": 0.1, "unknown_characters": 0.0, "score": 0.5, "more": 0.1},
        {"unknown_words": "0.1", "unknown_characters": 0.0, "score": 0.5},
    ],
)
def test_what_is_no_profile(value: Any) -> None:
    assert not TextProfile.fits(value)


def test_what_is_one() -> None:
    assert TextProfile.fits({"unknown_words": 0.1, "unknown_characters": 0.0, "score": 0.5})


def test_a_watch_speaks_once_there_is_enough(indexer: Indexer) -> None:
    watch = Watch(indexer, USUAL)
    strange = document(["Zork", "blibbed", "Quux"], 0.9)
    assert watch.note([strange] * 100) is None  # 300 words
    note = watch.note([strange] * 100)
    assert note
    assert "100% of its words are unknown instead of 5%" in note
    assert watch.note([strange] * 1000) is None


def test_a_watch_is_silent_on_the_usual(indexer: Indexer) -> None:
    watch = Watch(indexer, USUAL)
    assert watch.note([document(KNOWN)] * 1000) is None
    # It has made up its mind.
    assert watch.note([document(["Zork"])] * 5000) is None


def test_a_watch_waits_for_entities_and_not_for_ever(indexer: Indexer) -> None:
    plain = Document("x", (), (Sentence(("Zork", "blibbed", "Quux")),))
    watch = Watch(indexer, USUAL)
    assert watch.note([plain] * 999) is None
    assert watch.note([plain]) is not None


def test_doubt_alone_is_enough(indexer: Indexer) -> None:
    note = Watch(indexer, USUAL).note([document(KNOWN, 0.5)] * 200)
    assert note is not None
    assert note.endswith("a mean score of 0.50 instead of 0.90; trust it less than its scores say")
