"""Dictionary overrides: entities by rule, whatever the model finds."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.features.gazetteers import Gazetteer, rule_spans
from ner.predict.predict import predict, predict_sentences
from ner.text import Sentence, Span
from tests.predict.models import MODELS, WORDS, predict_settings, restless_model, sentence, token

listed = st.lists(st.lists(token, min_size=1, max_size=3), max_size=4)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(sentences=st.lists(sentence, max_size=5), known=listed, new=listed)
def test_overrides_replace_what_they_overlap_and_nothing_else(
    name: str, sentences: list[list[str]], known: list[list[str]], new: list[list[str]]
) -> None:
    model = MODELS[name]
    lists = [Gazetteer.build("PER", known), Gazetteer.build("NEW", new)]
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
    lists = [Gazetteer.build("NEW", [["Anna", "visited"]])]
    sentences = [Sentence(WORDS), Sentence(("a",))]
    tokens = [s.tokens for s in sentences]
    strict = predict_settings(min_score=0.99, o_bias=1e4)
    for with_scores, scores in ((True, (1.0,)), (False, ())):
        found = predict(model, tokens, with_scores=with_scores, settings=strict, overrides=lists)
        assert found == [((Span(0, 2, "NEW"),), scores), ((), ())]
    marked = predict_sentences(model, sentences, strict, lists)
    assert [s.spans for s in marked] == [(Span(0, 2, "NEW"),), ()]


def test_overrides_reach_over_the_cuts_of_windows() -> None:
    names = Gazetteer.build("NEW", [["New"] * 9])
    [found] = predict(restless_model(), [["New"] * 3000 + ["a"]], overrides=[names])
    assert [s for s in found.spans if s.label == "NEW"] == [
        Span(start, start + 9, "NEW") for start in range(0, 2997, 9)
    ]
