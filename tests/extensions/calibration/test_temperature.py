"""The temperature at which scores are right as often as they say."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ner.corpus import Corpus, with_unannotated
from ner.errors import CorpusError
from ner.evaluation import calibration_of
from ner.extensions.calibration import temperature as module
from ner.extensions.calibration.temperature import brier_score, fit_temperature, marked, minimum
from ner.tagger import Tagger
from ner.text import Sentence, Span


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEWEST", 10)


def wrong(sentence: Sentence) -> Sentence:
    """A sentence whose labels the model cannot find."""
    return sentence.with_spans((Span(0, len(sentence), "LOC"),))


@given(st.floats(math.log(0.3), math.log(7)))
def test_the_search_finds_a_minimum(best: float) -> None:
    assert minimum(lambda x: (x - best) ** 2) == pytest.approx(best, abs=0.005)


def test_brier_score() -> None:
    assert brier_score([(1.0, True), (0.0, False)]) == 0.0
    assert brier_score([(0.8, True), (0.8, False)]) == pytest.approx((0.04 + 0.64) / 2)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_brier_score_is_a_share(found: list[tuple[float, bool]]) -> None:
    assert 0 <= brier_score(found) <= 1


def test_a_model_that_is_always_right_gets_surer(
    few: None, tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    fit = fit_temperature(tiny_tagger, tiny_corpus.test)
    assert fit.temperature < 1
    assert fit.after.ece < fit.before.ece
    assert fit.after.entities == fit.before.entities


def test_a_model_that_is_often_wrong_gets_less_sure(
    few: None, tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    mixed = [s if n % 3 else wrong(s) for n, s in enumerate(tiny_corpus.test)]
    right = fit_temperature(tiny_tagger, tiny_corpus.test).temperature
    assert fit_temperature(tiny_tagger, mixed).temperature > right


def test_the_fit_is_the_best_of_its_neighbours(
    few: None, tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    mixed = [s if n % 4 else wrong(s) for n, s in enumerate(tiny_corpus.test)]
    fit = fit_temperature(tiny_tagger, mixed)
    best = brier_score(marked(tiny_tagger, mixed, fit.temperature))
    for factor in (0.9, 1.1):
        other = marked(tiny_tagger, mixed, fit.temperature * factor)
        assert best <= brier_score(other) + 1e-9
    assert calibration_of(marked(tiny_tagger, mixed, 1.0)) == fit.before


def test_the_temperature_that_a_model_has_does_not_matter(
    few: None, tiny_tagger: Tagger, tiny_corpus: Corpus, tiny_run: object
) -> None:
    other = Tagger.load(str(tiny_run), settings={"predict.temperature": 3.0})
    one, two = (fit_temperature(tagger, tiny_corpus.test) for tagger in (tiny_tagger, other))
    assert one == two


def test_what_a_corpus_does_not_label_does_not_count(
    tiny_tagger: Tagger, tiny_corpus: Corpus
) -> None:
    persons = tiny_corpus.map(
        lambda s: s.with_spans(tuple(span for span in s.spans if span.label == "PER"))
    )
    every = marked(tiny_tagger, persons.test, 1.0)
    own = marked(tiny_tagger, with_unannotated(persons, ["PER", "LOC"]).test, 1.0)
    assert 0 < len(own) < len(every)
    assert all(right for _, right in own)


def test_too_few_entities(tiny_tagger: Tagger, tiny_corpus: Corpus) -> None:
    with pytest.raises(CorpusError, match="too few to calibrate it; name a corpus"):
        fit_temperature(tiny_tagger, tiny_corpus.test[:5])
    with pytest.raises(CorpusError, match="finds 0 entities in 0 sentences"):
        fit_temperature(tiny_tagger, [])
