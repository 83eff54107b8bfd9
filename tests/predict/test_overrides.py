"""Dictionary overrides: entities by rule, whatever the model finds."""

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.features import WordList
from ner.predict.overrides import rule_spans
from ner.predict.predictions import predict, predict_sentences
from ner.text import Sentence, Span
from tests.features.test_word_lists import entries_of, tokens_of
from tests.predict.models import MODELS, WORDS, predict_settings, restless_model, sentence, token

listed = st.lists(st.lists(token, min_size=1, max_size=3), max_size=4)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(sentences=st.lists(sentence, max_size=5), known=listed, new=listed)
def test_overrides_replace_what_they_overlap_and_nothing_else(
    name: str, sentences: list[list[str]], known: list[list[str]], new: list[list[str]]
) -> None:
    model = MODELS[name]
    lists = [WordList.build("PER", known), WordList.build("NEW", new)]
    own, overridden = predict(model, sentences), predict(model, sentences, overrides=lists)
    for tokens, before, after in zip(sentences, own, overridden, strict=True):
        rules = rule_spans(lists, tokens)
        expected = dict.fromkeys(rules, 1.0)
        for span, score in zip(*before, strict=True):
            if all(span.end <= rule.start or rule.end <= span.start for rule in rules):
                expected[span] = score
        assert dict(zip(*after, strict=True)) == expected
        assert list(after.spans) == sorted(after.spans)


def test_overrides_without_scores_and_against_all_settings() -> None:
    model = MODELS["crf"]
    lists = [WordList.build("NEW", [["Anna", "visited"]])]
    sentences = [Sentence(WORDS), Sentence(("a",))]
    tokens = [s.tokens for s in sentences]
    strict = predict_settings(min_score=0.99, o_bias=1e4)
    for with_scores, scores in ((True, (1.0,)), (False, ())):
        found = predict(model, tokens, with_scores=with_scores, settings=strict, overrides=lists)
        assert found == [((Span(0, 2, "NEW"),), scores), ((), ())]
    marked = predict_sentences(model, sentences, strict, lists)
    assert [s.spans for s in marked] == [(Span(0, 2, "NEW"),), ()]


def test_overrides_reach_over_the_cuts_of_windows() -> None:
    names = WordList.build("NEW", [["New"] * 9])
    [found] = predict(restless_model(), [["New"] * 3000 + ["a"]], overrides=[names])
    assert [s for s in found.spans if s.label == "NEW"] == [
        Span(start, start + 9, "NEW") for start in range(0, 2997, 9)
    ]


@given(several=st.lists(entries_of, min_size=1, max_size=3), tokens=tokens_of)
def test_rules_keep_the_best_of_what_overlaps(
    several: list[list[list[str]]], tokens: list[str]
) -> None:
    lists = [WordList.build(str(number), entries) for number, entries in enumerate(several)]
    matches = {
        Span(start, end, words.label) for words in lists for start, end in words.matches(tokens)
    }
    kept = rule_spans(lists, tokens)
    assert kept == sorted(kept)
    assert set(kept) <= matches
    assert not any(one.end > other.start for one, other in combinations(kept, 2))
    for lost in matches - set(kept):
        rivals = [s for s in kept if s.start < lost.end and lost.start < s.end]
        assert any(_rank(s) < _rank(lost) for s in rivals)


def _rank(span: Span) -> tuple[int, int, int]:
    return span.start - span.end, int(span.label), span.start


def test_rules_prefer_the_longest_then_the_list_given_first() -> None:
    lists = [
        WordList.build("A", [["x", "y"], ["u"]]),
        WordList.build("B", [["y", "z", "u"], ["u"]]),
    ]
    assert rule_spans(lists, ["x", "y", "z", "u", "u"]) == [Span(1, 4, "B"), Span(4, 5, "A")]
    assert rule_spans([], ["x"]) == []
