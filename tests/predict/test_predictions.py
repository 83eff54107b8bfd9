"""The one way from sentences to spans: order, padding, both passes, n-best, marginals, rules."""

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config, PredictConfig
from ner.features import DocumentSpans, WordList
from ner.model import Model, Network
from ner.predict.engines import engine_of, tag_decoders
from ner.predict.passes import decode_pass, emission_batches, of_layer, stitched_emissions
from ner.predict.predictions import (
    Hypothesis,
    Likelihood,
    document_numbers,
    predict,
    predict_expected,
    predict_likelihoods,
    predict_marginals,
    predict_nbest,
    predict_sentences,
    rule_spans,
)
from ner.predict.spans import Prediction, in_layer, merged, spans_in
from ner.tags import tags_of
from ner.text import PartialLabel, Sentence, Span, in_reading_order
from ner.training.build import build_model
from tests.features.test_word_lists import entries_of, tokens_of
from tests.predict.models import (
    MODELS,
    SMALL,
    WORDS,
    predict_settings,
    random_model,
    restless_model,
    sentence,
    token,
)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(sentences=st.lists(sentence, max_size=9))
def test_a_sentence_alone_and_among_others_gives_the_same(
    name: str, sentences: list[list[str]]
) -> None:
    """Padding and batches are invisible."""
    model = MODELS[name]
    together = predict(model, sentences)
    assert len(together) == len(sentences)
    for tokens, prediction in zip(sentences, together, strict=True):
        [alone] = predict(model, [tokens])
        assert prediction.spans == alone.spans
        assert prediction.scores == pytest.approx(alone.scores, abs=1e-5)


def test_results_come_in_the_order_of_the_sentences() -> None:
    model = restless_model()
    sentences = [["a"] * length for length in (7, 1, 530, 3, 0, 3, 600, 2)]
    ends = [max((s.end for s in found.spans), default=0) for found in predict(model, sentences)]
    assert ends == [len(tokens) for tokens in sentences]


def test_more_sentences_than_a_batch_holds() -> None:
    model = restless_model(head="softmax")
    lengths = [1 + number % 5 for number in range(300)]
    for length, found in zip(
        lengths, predict(model, [["York"] * length for length in lengths]), strict=True
    ):
        assert sum(span.end - span.start for span in found.spans) == length


def test_nothing_gives_nothing() -> None:
    assert predict(MODELS["crf"], []) == []


def test_sentences_without_tokens_have_no_spans() -> None:
    found = predict(restless_model(), [[], ["a"], []])
    assert [len(prediction.spans) for prediction in found] == [0, 1, 0]
    assert found[0] == found[2] == ((), ())


def test_without_scores_the_spans_are_the_same() -> None:
    model = MODELS["crf"]
    sentences = [list(WORDS), ["Anna"], ["New", "York"]]
    with_scores, without = predict(model, sentences), predict(model, sentences, with_scores=False)
    assert [p.spans for p in with_scores] == [p.spans for p in without]
    assert all(p.scores == () for p in without)
    assert any(p.spans for p in without)


@pytest.mark.parametrize("name", MODELS)
def test_each_span_has_a_score_that_is_a_probability(name: str) -> None:
    found = predict(MODELS[name], [list(WORDS), ["Anna", "."], ["York"] * 5])
    assert any(prediction.spans for prediction in found)
    for prediction in found:
        assert len(prediction.scores) == len(prediction.spans)
        assert all(0.0 <= score <= 1.0 for score in prediction.scores)


def test_predicted_sentences_keep_everything_but_their_spans() -> None:
    given = Sentence(WORDS, (Span(5, 6, "OLD"),), tuple((i, i + 1) for i in range(7)), 3, "file", 9)
    [found] = predict_sentences(restless_model(), [given])
    assert (found.tokens, found.offsets, found.document) == (WORDS, given.offsets, 3)
    assert found.place == "file:9"
    assert found.spans
    assert {span.label for span in found.spans} <= {"PER", "LOC"}


def test_of_a_predicted_sentence_everything_is_known() -> None:
    given = Sentence(("Anna", "."), partial=(PartialLabel(None, "open"), PartialLabel("", "no")))
    model = random_model()
    with torch.no_grad():
        model.network.projection.bias[0] = 1e4
    assert predict_sentences(model, [given]) == [Sentence(("Anna", "."))]


# --- settings -----------------------------------------------------------------------------------

SOME = [list(WORDS), ["Anna", "."], ["York"] * 5, [], list(WORDS * 3), ["a"] * 600]


def _tokens_in_spans(model: Model[Network], settings: PredictConfig) -> int:
    found = predict(model, SOME, with_scores=False, settings=settings)
    return sum(span.end - span.start for prediction in found for span in prediction.spans)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_a_bias_of_o_trades_precision_for_recall(name: str) -> None:
    counts = [
        _tokens_in_spans(MODELS[name], predict_settings(o_bias=x)) for x in (-1e4, -3, 0, 3, 6, 1e4)
    ]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (sum(map(len, SOME)), 0)
    assert len(set(counts)) > 2


@pytest.mark.parametrize("name", MODELS)
def test_a_bias_changes_what_is_found_but_not_how_probable_it_is(name: str) -> None:
    model = MODELS[name]
    plain = predict(model, SOME)
    biased = predict(model, SOME, settings=predict_settings(o_bias=4.0))
    known = [dict(zip(p.spans, p.scores, strict=True)) for p in plain]
    shared = 0
    for scores, prediction in zip(known, biased, strict=True):
        for span, score in zip(prediction.spans, prediction.scores, strict=True):
            if span in scores:
                assert score == pytest.approx(scores[span], abs=1e-9)
                shared += 1
    assert shared > 5
    assert [p.spans for p in biased] != [p.spans for p in plain]


@pytest.mark.parametrize("with_scores", [True, False])
@pytest.mark.parametrize("name", MODELS)
def test_a_lowest_score_leaves_out_spans_and_nothing_else(name: str, with_scores: bool) -> None:
    model = MODELS[name]
    plain = predict(model, SOME)
    every = sorted(score for prediction in plain for score in prediction.scores)
    lowest = every[len(every) // 2]
    found = predict(
        model, SOME, with_scores=with_scores, settings=predict_settings(min_score=lowest)
    )
    for whole_one, part in zip(plain, found, strict=True):
        pairs = [p for p in zip(whole_one.spans, whole_one.scores, strict=True) if p[1] >= lowest]
        assert part.spans == tuple(span for span, _ in pairs)
        assert part.scores == (tuple(score for _, score in pairs) if with_scores else ())
    assert 0 < sum(len(prediction.spans) for prediction in found) < len(every)


# --- n-best and marginals -----------------------------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_the_best_of_n_is_what_is_predicted(name: str) -> None:
    model = MODELS[name]
    for tokens, ranked, prediction in zip(
        SOME, predict_nbest(model, SOME, 3), predict(model, SOME), strict=True
    ):
        assert len(ranked) == (3 if tokens else 0)
        if tokens:
            assert ranked[0].spans == prediction.spans
            assert ranked[0].scores == pytest.approx(prediction.scores, abs=1e-9)
            assert len({one.spans for one in ranked}) == 3
            probabilities = [one.probability for one in ranked]
            assert probabilities == sorted(probabilities, reverse=True)


def all_analyses(model: Model[Network], tokens: list[str]) -> list[Hypothesis]:
    [every] = predict_nbest(model, [tokens], 10_000)
    assert len(every) < 10_000
    return every


@pytest.mark.parametrize("changes", [{}, {"scheme": "iob2"}, {"head": "softmax"}])
def test_likelihoods_are_those_of_the_analyses(changes: dict[str, Any]) -> None:
    model = random_model(**changes)
    tokens = ("Anna", "visited", "York")
    every = all_analyses(model, [*tokens])
    sentences = [Sentence(tokens, one.spans) for one in every]
    found = predict_likelihoods(model, sentences)
    for one, likelihood in zip(every, found, strict=True):
        assert np.exp(likelihood.log_probability) == pytest.approx(one.probability, abs=1e-9)
        assert likelihood.scores == pytest.approx(one.scores, abs=1e-9)


def test_likelihoods_of_other_lengths_and_windows() -> None:
    model = random_model()
    sentences = [Sentence((), ()), Sentence(("Anna",) * 700, (Span(690, 691, "PER"),))]
    [empty, long] = predict_likelihoods(model, sentences)
    assert empty == Likelihood(-np.inf, ())
    [[(_, spans, scores)]] = predict_nbest(model, [sentences[1].tokens], 1)
    assert -np.inf < long.log_probability < 0
    assert 0 <= long.scores[0] <= 1
    assert len(spans) == len(scores)


def test_of_a_type_that_a_model_does_not_know_nothing_is_likely() -> None:
    sentence = Sentence(("Anna", "visited"), (Span(0, 1, "PER"), Span(1, 2, "DATE")))
    assert predict_likelihoods(random_model(), [sentence]) == [Likelihood(-np.inf, (0.0, 0.0))]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
@pytest.mark.parametrize("tokens", [["Anna"], ["New", "York"], ["Anna", "visited", "York"]])
def test_all_analyses_together_are_certain(tokens: list[str], scheme: str) -> None:
    """Their probabilities add up to 1, those with a span to its score, those with a tag to its
    marginal: three computations that share no recursion.
    """
    model = random_model(scheme=scheme)
    every = all_analyses(model, tokens)
    assert len({one.spans for one in every}) == len(every)
    assert sum(one.probability for one in every) == pytest.approx(1)
    for one in every:
        for span, score in zip(one.spans, one.scores, strict=True):
            holding = sum(other.probability for other in every if span in other.spans)
            assert score == pytest.approx(holding, abs=1e-9)
    [marginals] = predict_marginals(model, [tokens])
    expected = marginals * 0
    for one in every:
        for position, tag in enumerate(tags_of(one.spans, len(tokens), scheme)):
            expected[position, model.outputs.index(tag)] += one.probability
    assert marginals == pytest.approx(expected, abs=1e-9)


def test_all_analyses_of_a_softmax_head_are_legal_products() -> None:
    model = random_model(head="softmax", scheme="iob2")
    tokens = ["Anna", "visited", "York"]
    [marginals] = predict_marginals(model, [tokens])
    every = all_analyses(model, tokens)
    for one in every:
        tags = tags_of(one.spans, len(tokens))
        product = 1.0
        for position, tag in enumerate(tags):
            product *= marginals[position, model.outputs.index(tag)]
        assert one.probability == pytest.approx(product)
    assert sum(one.probability for one in every) < 1, "illegal ones have their share"


@pytest.mark.parametrize("name", MODELS)
def test_marginals_are_probabilities_of_each_token(name: str) -> None:
    model = MODELS[name]
    found = predict_marginals(model, SOME)
    assert [part.shape for part in found] == [(len(tokens), len(model.outputs)) for tokens in SOME]
    for part in found:
        assert (part >= 0).all()
        assert part.sum(1) == pytest.approx(1)


@pytest.mark.parametrize("name", MODELS)
def test_unary_counts_are_marginals_and_pairwise_ones_come_from_the_head(name: str) -> None:
    """Each sentence gets its own, whatever batch it was in, without padding."""
    model = MODELS[name]
    sentences = [*SOME, list(WORDS) * 100]  # the last is read in windows
    found = predict_expected(model, sentences)
    for expected, marginals, tokens in zip(
        found, predict_marginals(model, sentences), sentences, strict=True
    ):
        np.testing.assert_allclose(expected.unary, marginals, atol=1e-6)
        assert expected.unary.dtype == expected.pairwise.dtype == np.float32
        transitions = max(0, len(tokens) - 1) if name != "softmax" else 0
        assert expected.pairwise.sum() == pytest.approx(transitions, abs=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_known_tags_are_expected(name: str) -> None:
    """Given some tags that are possible together, no other is expected, in each sentence."""
    model = MODELS[name]
    some = [tokens for tokens in SOME if tokens]
    choices = [np.ones((len(tokens), len(model.outputs)), dtype=bool) for tokens in some]
    for possible in choices:
        possible[0] = np.array(model.outputs) == "S-PER"
    found = predict_expected(model, some, choices)
    free = predict_expected(model, some)
    for expected, possible, without in zip(found, choices, free, strict=True):
        np.testing.assert_allclose(expected.unary[0], possible[0], atol=1e-6)
        np.testing.assert_allclose(expected.unary.sum(1), 1, atol=1e-5)
        assert without.unary[0, possible[0]] < 1 - 1e-6


def test_alternatives_and_marginals_are_the_models_own() -> None:
    model = MODELS["crf"]
    settings = predict_settings(o_bias=-5.0, min_score=0.9)
    assert predict_nbest(model, SOME, 2, settings) == predict_nbest(model, SOME, 2)
    for one, other in zip(
        predict_marginals(model, SOME, settings), predict_marginals(model, SOME), strict=True
    ):
        assert (one == other).all()


# --- document context -----------------------------------------------------------------------------


def context_model(**settings: Any) -> Model[Network]:
    """A random model to which the document context of a word is worth more than the word."""
    model = random_model(context="document", **settings)
    with torch.no_grad():
        for table in model.network.embedder.kinds[-2:]:
            assert isinstance(table, torch.nn.Embedding)
            torch.nn.init.normal_(table.weight, std=2)
    return model


IN_CONTEXT = context_model()
part = st.tuples(sentence, st.integers(0, 2))


def two_passes(
    model: Model[Network], sentences: Sequence[Sequence[str]], documents: Sequence[int], **how: Any
) -> list[tuple[Span, ...]]:
    """The spans of a second pass over every sentence, whether it has first-pass labels or not."""
    plain = decode_pass(model, sentences, False, PredictConfig())
    spans = [p.spans for p in plain]
    contexts = model.indexer.contexts(DocumentSpans(sentences, spans, documents))
    return [
        p.spans for p in decode_pass(model, sentences, False, predict_settings(**how), contexts)
    ]


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8), bias=st.sampled_from([0.0, 1.0, -1e4]))
def test_a_document_gets_two_passes(parts: list[tuple[list[str], int]], bias: float) -> None:
    """First-pass labels are found without a bias, as in training."""
    sentences, documents = [tokens for tokens, _ in parts], [number for _, number in parts]
    found = predict(
        IN_CONTEXT, sentences, settings=predict_settings(o_bias=bias), documents=documents
    )
    assert [p.spans for p in found] == two_passes(IN_CONTEXT, sentences, documents, o_bias=bias)
    assert all(len(p.scores) == len(p.spans) for p in found)


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8), data=st.data())
def test_the_order_of_sentences_and_other_documents_do_not_matter(
    parts: list[tuple[list[str], int]], data: st.DataObject
) -> None:
    def found(parts: list[tuple[list[str], int]]) -> list[tuple[Span, ...]]:
        read = predict(IN_CONTEXT, [tokens for tokens, _ in parts], documents=[n for _, n in parts])
        return [prediction.spans for prediction in read]

    order = data.draw(st.permutations(range(len(parts))))
    together = found(parts)
    assert found([parts[i] for i in order]) == [together[i] for i in order]
    one = [i for i, (_, number) in enumerate(parts) if number == 1]
    assert found([parts[i] for i in one]) == [together[i] for i in one]


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8))
def test_engines_agree_on_both_passes(parts: list[tuple[list[str], int]]) -> None:
    sentences, documents = [tokens for tokens, _ in parts], [number for _, number in parts]
    fast, plain = (
        predict(IN_CONTEXT, sentences, settings=predict_settings(engine=name), documents=documents)
        for name in ("native", "torch")
    )
    for one, other in zip(fast, plain, strict=True):
        assert one.spans == other.spans
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


def test_first_pass_labels_matter_and_only_within_a_document() -> None:
    def found(model: Model[Network], documents: Sequence[int] | None) -> list[tuple[Span, ...]]:
        return [p.spans for p in predict(model, sentences, documents=documents)]

    sentences = [list(WORDS), ["Anna", "New"], ["York", "Anna"], [], ["a", "New"]]
    assert found(IN_CONTEXT, range(5)) == found(IN_CONTEXT, None)
    assert found(IN_CONTEXT, [0] * 5) != found(IN_CONTEXT, None)
    sentences = [["a"] * 3]
    assert found(IN_CONTEXT, [0]) != found(IN_CONTEXT, None)  # elsewhere in the same sentence
    plain = random_model()
    sentences = [list(WORDS)] * 2
    assert found(plain, [0, 0]) == found(plain, None)


def test_a_lowest_score_hides_no_first_pass_label() -> None:
    """The entities that are left are those that were found without it, with the same scores."""
    sentences = [list(WORDS), ["Anna", "New"], ["York", "Anna", "visited"], list(WORDS[::-1])]
    every = predict(IN_CONTEXT, sentences, documents=[0] * 4)
    scores = sorted(score for p in every for score in p.scores)
    least = scores[len(scores) // 2]
    assert scores[0] < least
    strict = predict(
        IN_CONTEXT, sentences, settings=predict_settings(min_score=least), documents=[0] * 4
    )
    for left, prediction in zip(strict, every, strict=True):
        kept = [(s, p) for s, p in zip(*prediction, strict=True) if p >= least]
        assert list(zip(*left, strict=True)) == kept


def test_overrides_are_no_first_pass_labels() -> None:
    lists = [WordList.build("NEW", [["Anna"]]), WordList.build("PER", [["York"]])]
    sentences = [list(WORDS), ["Anna", "a"], ["a", "York", "York"]]
    own = predict(IN_CONTEXT, sentences, documents=[0] * 3)
    overridden = predict(IN_CONTEXT, sentences, documents=[0] * 3, overrides=lists)
    for tokens, before, after in zip(sentences, own, overridden, strict=True):
        rules = rule_spans(lists, tokens)
        positions = {i for span in rules for i in range(span.start, span.end)}
        assert {*after.spans} - {*rules} == {
            s for s in before.spans if positions.isdisjoint(range(s.start, s.end))
        }


def test_document_context_of_a_long_sentence_is_in_all_its_windows() -> None:
    tokens = [WORDS[(i * i + i // 7) % len(WORDS)] for i in range(1300)]
    [found] = predict(IN_CONTEXT, [tokens], with_scores=False, documents=[0])
    assert [found.spans] == two_passes(IN_CONTEXT, [tokens], [0])
    assert found != predict(IN_CONTEXT, [tokens], with_scores=False)[0]
    context = IN_CONTEXT.indexer.contexts(DocumentSpans([tokens], [found.spans], [0]))[0]
    engine = engine_of(IN_CONTEXT, PredictConfig())
    stitched = stitched_emissions(IN_CONTEXT, engine, tokens, context)
    expected = engine.emissions([tokens], [context])
    assert np.allclose(stitched[0, :350], expected[0, :350], atol=1e-2)


def test_sentences_say_their_documents() -> None:
    sentences = [
        Sentence(("a",), document=number, source=file)
        for file, number in (("x", 4), ("y", 4), ("x", 4), ("x", 0))
    ]
    assert document_numbers(sentences) == [0, 1, 0, 2]
    assert document_numbers([]) == []


# --- dictionary overrides -------------------------------------------------------------------------

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


# --- tag layers -----------------------------------------------------------------------------------


def test_each_layer_is_decoded_by_itself() -> None:
    sentence = Sentence(
        WORDS, (Span(2, 4, "LOC", "outer"), Span(3, 4, "X", "inner"), Span(0, 1, "PER", "outer"))
    )
    built = build_model(
        [sentence],
        Config().replace(SMALL),
        torch.device("cpu"),
        layers=("outer", "inner"),
    )
    model = built.model
    assert model.outputs[:1] == ("O",)
    assert model.outputs.count("O") == 2
    with torch.no_grad():
        model.network.projection.weight.mul_(20)
    model.network.eval()
    (found,) = predict(model, [WORDS])
    marginals = predict_marginals(model, [WORDS])[0]
    (emissions,) = (part for _, part, _ in emission_batches(model, [WORDS], predict_settings()))
    expected = []
    for layer, decoder in tag_decoders(model):
        own = of_layer(emissions, layer)
        tags = decoder.decode(own, np.array([len(WORDS)]))
        spans = [span for _, span in spans_in(tags, layer.tags)]
        expected += [(s.start, s.end, s.label, layer.name) for s in spans]
        columns = marginals[:, layer.columns]
        assert columns.sum(1) == pytest.approx(np.ones(len(WORDS)))
        alone = decoder.marginals(own, np.array([len(WORDS)]))[0]
        assert np.array_equal(columns, alone)
    assert sorted(expected) == sorted((s.start, s.end, s.label, s.layer) for s in found.spans)
    assert len(found.scores) == len(found.spans) > 0
    assert [*found.spans] == in_reading_order(found.spans)
    assert all(0 < score <= 1 for score in found.scores)
    assert predict(model, [WORDS], with_scores=False)[0] == found._replace(scores=())
    biased = predict(model, [WORDS], settings=predict_settings(o_bias=1e5))
    assert biased[0].spans == ()


def test_layers_are_merged_by_row_in_reading_order() -> None:
    outer = {0: Prediction((Span(0, 3, "A"),), (0.5,)), 2: Prediction((Span(1, 2, "A"),), (0.7,))}
    inner = {0: Prediction((Span(0, 1, "B"), Span(2, 3, "B")), (0.6, 0.9))}
    rows = merged([in_layer(outer, "outer"), in_layer(inner, "inner")])
    assert rows[0] == Prediction(
        (Span(0, 3, "A", "outer"), Span(0, 1, "B", "inner"), Span(2, 3, "B", "inner")),
        (0.5, 0.6, 0.9),
    )
    assert rows[2] == Prediction((Span(1, 2, "A", "outer"),), (0.7,))
    assert merged([outer]) is outer
