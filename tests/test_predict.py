"""The one way from sentences to spans: order, padding, windows, legal output."""

import copy
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config, PredictConfig
from ner.features import Gazetteer
from ner.features.document_context import DocumentContext, first_pass_labels
from ner.features.gazetteers import rule_spans
from ner.model import Model
from ner.predict import (
    OVERLAP,
    WINDOW,
    Hypothesis,
    _decoded,
    _stitch,
    document_numbers,
    predict,
    predict_expected,
    predict_marginals,
    predict_nbest,
    predict_sentences,
    spans_in,
    windows,
)
from ner.tags import illegal_positions, parse_tag, spans_of, tag_set, tags_of
from ner.text import Clue, Sentence, Span
from ner.training.build import build_model

WORDS = ("Anna", "visited", "New", "York", ".", "1999", "a")
LEARNT = [Sentence(WORDS, (Span(0, 1, "PER"), Span(2, 4, "LOC")))]
SMALL = {"model.hidden": 6, "model.word_dim": 5, "model.char_hidden": 4, "model.char_dim": 4}


def random_model(**settings: Any) -> Model:
    """An untrained model, its emissions blown up so that all tags occur."""
    changes = {f"model.{name}": value for name, value in settings.items()}
    config = Config().replace({**SMALL, **changes})
    model = build_model(LEARNT, config, torch.device("cpu")).model
    with torch.no_grad():
        model.network.projection.weight.mul_(20)
    model.network.eval()
    return model


def restless_model(**settings: Any) -> Model:
    """A random model that never finds ``O``: its spans cover every token that it was shown."""
    model = random_model(**settings)
    with torch.no_grad():
        model.network.projection.bias[0] = -1e4
    return model


def forgetful_model() -> Model:
    """A model whose tokens do not see their neighbours, so that windows cannot matter."""
    model = random_model(cell="rnn")
    with torch.no_grad():
        for name, weight in model.network.encoder.named_parameters():
            if "weight_hh" in name:
                weight.zero_()
    return model


def _set(**changes: Any) -> PredictConfig:
    return Config().replace({f"predict.{name}": value for name, value in changes.items()}).predict


def whole(model: Model, tokens: Sequence[str]) -> torch.Tensor:
    """The emissions ``[1, T, K]`` of a sentence read at once, however long."""
    with torch.inference_mode():
        return model.engine(PredictConfig()).emissions([tokens])


MODELS = {
    "crf": random_model(),
    "softmax": random_model(head="softmax", cell="gru", layers=2, chars="lstm"),
    "forward": random_model(bidirectional=False, cell="rnn", chars="none", casing_dim=0),
}

token = st.sampled_from([*WORDS, "Unseen", "ünseen", "中", "x" * 60, "\ud800", "200b\u200b"])
sentence = st.lists(token, max_size=12)


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


@pytest.mark.parametrize("engine", ["fast", "plain"])
@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was_found(training: bool, engine: str) -> None:
    model, settings = random_model(dropout=0.9), _set(engine=engine)
    expected = predict(copy.deepcopy(model), [list(WORDS)] * 3, settings=settings)
    model.network.train(training)
    assert predict(model, [list(WORDS)] * 3, settings=settings) == expected, "dropout must be off"
    assert all(module.training is training for module in model.network.modules())


def test_the_network_is_left_as_it_was_found_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    model = random_model()
    model.network.train()
    monkeypatch.setattr(model.network, "decode", stop)
    with pytest.raises(KeyboardInterrupt):
        predict(model, [["Anna"]])
    assert model.network.training


@pytest.mark.parametrize("head", ["crf", "softmax"])
@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
@pytest.mark.parametrize("weight", [1.0, 1e4])
def test_decoded_tags_are_always_legal(head: str, scheme: str, weight: float) -> None:
    model = random_model(head=head, scheme=scheme)
    with torch.no_grad():
        model.network.projection.weight.mul_(weight)
    sentences = [(WORDS * 3)[i : i + 1 + i % 9] for i in range(14)]
    lengths = torch.tensor([len(tokens) for tokens in sentences])
    with torch.inference_mode():
        emissions = model.engine(PredictConfig()).emissions(sentences)
        decoded = model.network.decode(emissions, lengths)
    used = set()
    for row, length in zip(decoded.tolist(), lengths.tolist(), strict=True):
        tags = [model.tags[number] for number in row[:length]]
        assert illegal_positions([parse_tag(tag) for tag in tags], scheme) == []
        used.update(tags)
    assert len(used) > 2, "a model that always says the same proves nothing"


def test_predicted_sentences_keep_everything_but_their_spans() -> None:
    given = Sentence(WORDS, (Span(5, 6, "OLD"),), tuple((i, i + 1) for i in range(7)), 3, "file", 9)
    [found] = predict_sentences(restless_model(), [given])
    assert (found.tokens, found.offsets, found.document) == (WORDS, given.offsets, 3)
    assert found.place == "file:9"
    assert found.spans
    assert {span.label for span in found.spans} <= {"PER", "LOC"}


def test_of_a_predicted_sentence_everything_is_known() -> None:
    given = Sentence(("Anna", "."), partial=(Clue(None, "open"), Clue("", "no")))
    model = random_model()
    with torch.no_grad():
        model.network.projection.bias[0] = 1e4
    assert predict_sentences(model, [given]) == [Sentence(("Anna", "."))]


# --- spans of a whole batch ---------------------------------------------------------------------

NAMES = {name: tuple(tag_set(["PER", "LOC"], name)) for name in ("iobes", "iob2", "io", "iob1")}


@pytest.mark.parametrize("scheme", NAMES)
@given(data=st.data())
def test_spans_in_a_batch_are_those_of_its_rows(scheme: str, data: st.DataObject) -> None:
    """Legal or not; O stands beyond the end of a sentence."""
    names = NAMES[scheme]
    row = st.lists(st.integers(0, len(names) - 1), min_size=1, max_size=7)
    rows = data.draw(st.lists(row, min_size=1, max_size=5))
    size = max(map(len, rows))
    tags = torch.tensor([[*numbers, *[0] * (size - len(numbers))] for numbers in rows])
    expected = [
        (number, span)
        for number, numbers in enumerate(rows)
        for span in spans_of(names[tag] for tag in numbers)
    ]
    assert spans_in(tags, names) == expected


# --- settings -----------------------------------------------------------------------------------

SOME = [list(WORDS), ["Anna", "."], ["York"] * 5, [], list(WORDS * 3), ["a"] * 600]


def _tokens_in_spans(model: Model, settings: PredictConfig) -> int:
    found = predict(model, SOME, with_scores=False, settings=settings)
    return sum(span.end - span.start for prediction in found for span in prediction.spans)


@pytest.mark.parametrize("name", MODELS)
def test_a_bias_of_o_trades_precision_for_recall(name: str) -> None:
    counts = [_tokens_in_spans(MODELS[name], _set(o_bias=x)) for x in (-1e4, -3, 0, 3, 6, 1e4)]
    assert counts == sorted(counts, reverse=True)
    assert (counts[0], counts[-1]) == (sum(map(len, SOME)), 0)
    assert len(set(counts)) > 2


@pytest.mark.parametrize("name", MODELS)
def test_a_bias_changes_what_is_found_but_not_how_probable_it_is(name: str) -> None:
    model = MODELS[name]
    plain = predict(model, SOME)
    biased = predict(model, SOME, settings=_set(o_bias=4.0))
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
    found = predict(model, SOME, with_scores=with_scores, settings=_set(min_score=lowest))
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


def _all_ways(model: Model, tokens: list[str]) -> list[Hypothesis]:
    [every] = predict_nbest(model, [tokens], 10_000)
    assert len(every) < 10_000
    return every


@pytest.mark.parametrize("scheme", ["iobes", "iob2", "io"])
@pytest.mark.parametrize("tokens", [["Anna"], ["New", "York"], ["Anna", "visited", "York"]])
def test_all_ways_together_are_certain(tokens: list[str], scheme: str) -> None:
    """Their probabilities add up to 1, those with a span to its score, those with a tag to its
    marginal: three computations that share no recursion.
    """
    model = random_model(scheme=scheme)
    every = _all_ways(model, tokens)
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
            expected[position, model.tags.index(tag)] += one.probability
    assert marginals == pytest.approx(expected, abs=1e-9)


def test_all_ways_of_a_softmax_head_are_legal_products() -> None:
    model = random_model(head="softmax", scheme="iob2")
    tokens = ["Anna", "visited", "York"]
    [marginals] = predict_marginals(model, [tokens])
    every = _all_ways(model, tokens)
    for one in every:
        tags = tags_of(one.spans, len(tokens))
        product = 1.0
        for position, tag in enumerate(tags):
            product *= marginals[position, model.tags.index(tag)]
        assert one.probability == pytest.approx(product)
    assert sum(one.probability for one in every) < 1, "illegal ones have their share"


@pytest.mark.parametrize("name", MODELS)
def test_marginals_are_probabilities_of_each_token(name: str) -> None:
    model = MODELS[name]
    found = predict_marginals(model, SOME)
    assert [part.shape for part in found] == [(len(tokens), len(model.tags)) for tokens in SOME]
    for part in found:
        assert (part >= 0).all()
        assert part.sum(1) == pytest.approx(1)


@pytest.mark.parametrize("name", MODELS)
def test_expected_tags_are_marginals_and_moves_come_from_the_head(name: str) -> None:
    """Each sentence gets its own, whatever batch it was in, without padding."""
    model = MODELS[name]
    sentences = [*SOME, list(WORDS) * 100]  # the last is read in windows
    found = predict_expected(model, sentences)
    for expected, marginals, tokens in zip(
        found, predict_marginals(model, sentences), sentences, strict=True
    ):
        np.testing.assert_allclose(expected.unary, marginals, atol=1e-6)
        assert expected.unary.dtype == expected.pairwise.dtype == np.float32
        moves = max(0, len(tokens) - 1) if name != "softmax" else 0
        assert expected.pairwise.sum() == pytest.approx(moves, abs=1e-3)


@pytest.mark.parametrize("name", MODELS)
def test_what_is_known_is_expected(name: str) -> None:
    """Given some tags that are possible together, no other is expected, in each sentence."""
    model = MODELS[name]
    some = [tokens for tokens in SOME if tokens]
    choices = [np.ones((len(tokens), len(model.tags)), dtype=bool) for tokens in some]
    for possible in choices:
        possible[0] = np.array(model.tags) == "S-PER"
    found = predict_expected(model, some, choices)
    free = predict_expected(model, some)
    for expected, possible, without in zip(found, choices, free, strict=True):
        np.testing.assert_allclose(expected.unary[0], possible[0], atol=1e-6)
        np.testing.assert_allclose(expected.unary.sum(1), 1, atol=1e-5)
        assert without.unary[0, possible[0]] < 1 - 1e-6


def test_alternatives_and_marginals_are_the_models_own() -> None:
    model = MODELS["crf"]
    settings = _set(o_bias=-5.0, min_score=0.9)
    assert predict_nbest(model, SOME, 2, settings) == predict_nbest(model, SOME, 2)
    for one, other in zip(
        predict_marginals(model, SOME, settings), predict_marginals(model, SOME), strict=True
    ):
        assert (one == other).all()


# --- threads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("engine", ["fast", "plain"])
def test_several_threads_may_share_a_model(engine: str) -> None:
    model = random_model(dropout=0.5)
    work = [[list(WORDS[: 1 + i % 7]), [f"word{i}"] * (1 + i % 4)] for i in range(40)]
    settings = _set(engine=engine)
    fresh = copy.deepcopy(model)  # one that has kept no word yet
    alone = [predict(model, sentences, settings=settings) for sentences in work]
    with ThreadPoolExecutor(4) as pool:
        shared = list(pool.map(lambda part: predict(fresh, part, settings=settings), work))
    assert any(prediction.spans for part in alone for prediction in part)
    for one, other in zip(alone, shared, strict=True):
        assert [p.spans for p in one] == [p.spans for p in other]
        scores = [[score for p in part for score in p.scores] for part in (one, other)]
        assert scores[0] == pytest.approx(scores[1], abs=1e-6)


sizes = st.integers(2, 60).flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size - 1)))


@given(length=st.integers(0, 400), size_overlap=sizes)
def test_windows_cover_every_token_once(length: int, size_overlap: tuple[int, int]) -> None:
    size, overlap = size_overlap
    cut = windows(length, size, overlap)
    kept = [position for w in cut for position in range(w.keep_start, w.keep_end)]
    assert kept == list(range(length))
    for w in cut:
        assert 0 <= w.start <= w.keep_start <= w.keep_end <= w.end <= length
        assert w.end - w.start <= size
    for one, other in pairwise(cut):
        assert one.end - other.start == overlap
        # a token near the cut has half of the overlap as its context, on either side of it
        assert other.keep_start - other.start == overlap // 2
        assert one.end - one.keep_end == overlap - overlap // 2


@given(length=st.integers(0, 60), size=st.integers(60, 70))
def test_what_fits_is_one_window(length: int, size: int) -> None:
    assert windows(length, size, 8) == [(0, length, 0, length)]


@pytest.mark.parametrize("length", [WINDOW, WINDOW + 1, 2 * WINDOW - OVERLAP, 1300, 3000])
def test_windows_do_not_change_what_tokens_alone_decide(length: int) -> None:
    model = forgetful_model()
    tokens = [WORDS[(i * i + i // 7) % len(WORDS)] for i in range(length)]
    [found] = predict(model, [tokens])
    emissions, lengths = whole(model, tokens), torch.tensor([length])
    with torch.inference_mode():
        tags = model.network.decode(emissions, lengths)
        places = [(0, span.start, span.end) for span in found.spans]
        scores = model.network.span_scores(emissions, lengths, tags, places)
    inside = {position for span in found.spans for position in range(span.start, span.end)}
    assert inside == {i for i, number in enumerate(tags[0].tolist()) if number != 0}
    assert found.scores == pytest.approx(scores, abs=1e-4)
    assert found.spans


def test_far_from_a_cut_a_window_sees_what_the_whole_sentence_shows() -> None:
    model = random_model()
    tokens = [WORDS[(i * i + i // 5) % len(WORDS)] for i in range(1500)]
    expected = whole(model, tokens)
    with torch.inference_mode():
        stitched = _stitch(model.engine(PredictConfig()), tokens)
    assert stitched.shape == expected.shape
    cuts = [w.keep_end for w in windows(len(tokens))[:-1]]
    assert len(cuts) == 3
    far = [i for i in range(1500) if all(abs(i - cut) > 100 for cut in cuts)]
    assert torch.allclose(stitched[0, far], expected[0, far], atol=1e-3)


def test_of_a_long_sentence_nothing_is_dropped() -> None:
    [found] = predict(restless_model(), [["Anna", "York", "visited"] * 1000])
    assert found.spans[0].start == 0
    assert found.spans[-1].end == 3000
    assert all(one.end == other.start for one, other in pairwise(found.spans))


# --- forced word lists ----------------------------------------------------------------------------

listed = st.lists(st.lists(token, min_size=1, max_size=3), max_size=4)


@pytest.mark.parametrize("name", MODELS)
@settings(max_examples=25)
@given(sentences=st.lists(sentence, max_size=5), known=listed, new=listed)
def test_forced_spans_replace_what_they_overlap_and_nothing_else(
    name: str, sentences: list[list[str]], known: list[list[str]], new: list[list[str]]
) -> None:
    model = MODELS[name]
    forced = [Gazetteer.build("PER", known), Gazetteer.build("NEW", new)]
    own, overruled = predict(model, sentences), predict(model, sentences, forced=forced)
    for tokens, before, after in zip(sentences, own, overruled, strict=True):
        rules = rule_spans(forced, tokens)
        expected = dict.fromkeys(rules, 1.0)
        for span, score in zip(*before, strict=True):
            if all(span.end <= rule.start or rule.end <= span.start for rule in rules):
                expected[span] = score
        assert dict(zip(*after, strict=True)) == expected
        assert list(after.spans) == sorted(after.spans)


def test_forced_spans_without_scores_and_against_all_settings() -> None:
    model = MODELS["crf"]
    forced = [Gazetteer.build("NEW", [["Anna", "visited"]])]
    sentences = [Sentence(WORDS), Sentence(("a",))]
    tokens = [s.tokens for s in sentences]
    strict = _set(min_score=0.99, o_bias=1e4)
    for with_scores, scores in ((True, (1.0,)), (False, ())):
        found = predict(model, tokens, with_scores=with_scores, settings=strict, forced=forced)
        assert found == [((Span(0, 2, "NEW"),), scores), ((), ())]
    marked = predict_sentences(model, sentences, strict, forced)
    assert [s.spans for s in marked] == [(Span(0, 2, "NEW"),), ()]


def test_forced_spans_reach_over_the_cuts_of_windows() -> None:
    names = Gazetteer.build("NEW", [["New"] * 9])
    [found] = predict(restless_model(), [["New"] * 3000 + ["a"]], forced=[names])
    assert [s for s in found.spans if s.label == "NEW"] == [
        Span(start, start + 9, "NEW") for start in range(0, 2997, 9)
    ]


# --- document context -----------------------------------------------------------------------------


def hearing_model(**settings: Any) -> Model:
    """A random model to which the echo of a word is worth more than the word."""
    model = random_model(context="document", **settings)
    with torch.no_grad():
        for table in model.network.embedder.kinds[-2:]:
            torch.nn.init.normal_(table.weight, std=2)
    return model


def labels_of(model: Model) -> tuple[str, ...]:
    """The types of first-pass labels."""
    context = model.indexer.find(DocumentContext)
    assert context is not None
    return context.labels


HEARING = hearing_model()
part = st.tuples(sentence, st.integers(0, 2))


def read_twice(
    model: Model, sentences: Sequence[Sequence[str]], documents: Sequence[int], **how: Any
) -> list[tuple[Span, ...]]:
    """The spans of a second reading of every sentence, whether it has an echo or not."""
    plain = _decoded(model, sentences, False, PredictConfig())
    heard = first_pass_labels(sentences, [p.spans for p in plain], documents, labels_of(model))
    return [p.spans for p in _decoded(model, sentences, False, _set(**how), heard)]


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8), bias=st.sampled_from([0.0, 1.0, -1e4]))
def test_documents_are_read_twice(parts: list[tuple[list[str], int]], bias: float) -> None:
    """What is heard is found without a bias, as in training."""
    sentences, documents = [tokens for tokens, _ in parts], [number for _, number in parts]
    found = predict(HEARING, sentences, settings=_set(o_bias=bias), documents=documents)
    assert [p.spans for p in found] == read_twice(HEARING, sentences, documents, o_bias=bias)
    assert all(len(p.scores) == len(p.spans) for p in found)


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8), data=st.data())
def test_the_order_of_sentences_and_other_documents_do_not_matter(
    parts: list[tuple[list[str], int]], data: st.DataObject
) -> None:
    def found(parts: list[tuple[list[str], int]]) -> list[tuple[Span, ...]]:
        read = predict(HEARING, [tokens for tokens, _ in parts], documents=[n for _, n in parts])
        return [prediction.spans for prediction in read]

    order = data.draw(st.permutations(range(len(parts))))
    together = found(parts)
    assert found([parts[i] for i in order]) == [together[i] for i in order]
    one = [i for i, (_, number) in enumerate(parts) if number == 1]
    assert found([parts[i] for i in one]) == [together[i] for i in one]


@settings(max_examples=30)
@given(parts=st.lists(part, max_size=8))
def test_engines_hear_the_same(parts: list[tuple[list[str], int]]) -> None:
    sentences, documents = [tokens for tokens, _ in parts], [number for _, number in parts]
    fast, plain = (
        predict(HEARING, sentences, settings=_set(engine=name), documents=documents)
        for name in ("fast", "plain")
    )
    for one, other in zip(fast, plain, strict=True):
        assert one.spans == other.spans
        assert one.scores == pytest.approx(other.scores, abs=1e-4)


def test_what_is_heard_matters_and_only_within_a_document() -> None:
    def found(model: Model, documents: Sequence[int] | None) -> list[tuple[Span, ...]]:
        return [p.spans for p in predict(model, sentences, documents=documents)]

    sentences = [list(WORDS), ["Anna", "New"], ["York", "Anna"], [], ["a", "New"]]
    assert found(HEARING, range(5)) == found(HEARING, None)
    assert found(HEARING, [0] * 5) != found(HEARING, None)
    sentences = [["a"] * 3]
    assert found(HEARING, [0]) != found(HEARING, None)  # elsewhere in the same sentence
    deaf = random_model()
    sentences = [list(WORDS)] * 2
    assert found(deaf, [0, 0]) == found(deaf, None)


def test_a_lowest_score_silences_no_echo() -> None:
    """The entities that are left are those that were found without it, with the same scores."""
    sentences = [list(WORDS), ["Anna", "New"], ["York", "Anna", "visited"], list(WORDS[::-1])]
    every = predict(HEARING, sentences, documents=[0] * 4)
    scores = sorted(score for p in every for score in p.scores)
    least = scores[len(scores) // 2]
    assert scores[0] < least
    strict = predict(HEARING, sentences, settings=_set(min_score=least), documents=[0] * 4)
    for left, prediction in zip(strict, every, strict=True):
        kept = [(s, p) for s, p in zip(*prediction, strict=True) if p >= least]
        assert list(zip(*left, strict=True)) == kept


def test_forced_spans_are_not_heard() -> None:
    forced = [Gazetteer.build("NEW", [["Anna"]]), Gazetteer.build("PER", [["York"]])]
    sentences = [list(WORDS), ["Anna", "a"], ["a", "York", "York"]]
    own = predict(HEARING, sentences, documents=[0] * 3)
    overruled = predict(HEARING, sentences, documents=[0] * 3, forced=forced)
    for tokens, before, after in zip(sentences, own, overruled, strict=True):
        rules = rule_spans(forced, tokens)
        places = {i for span in rules for i in range(span.start, span.end)}
        assert {*after.spans} - {*rules} == {
            s for s in before.spans if places.isdisjoint(range(s.start, s.end))
        }


def test_a_long_sentence_is_heard_in_all_its_windows() -> None:
    tokens = [WORDS[(i * i + i // 7) % len(WORDS)] for i in range(1300)]
    [found] = predict(HEARING, [tokens], with_scores=False, documents=[0])
    assert [found.spans] == read_twice(HEARING, [tokens], [0])
    assert found != predict(HEARING, [tokens], with_scores=False)[0]
    heard = first_pass_labels([tokens], [found.spans], [0], labels_of(HEARING))[0]
    with torch.inference_mode():
        engine = HEARING.engine(PredictConfig())
        stitched, expected = _stitch(engine, tokens, heard), engine.emissions([tokens], [heard])
    assert torch.allclose(stitched[0, :350], expected[0, :350], atol=1e-2)


def test_sentences_say_their_documents() -> None:
    sentences = [
        Sentence(("a",), document=number, source=file)
        for file, number in (("x", 4), ("y", 4), ("x", 4), ("x", 0))
    ]
    assert document_numbers(sentences) == [0, 1, 0, 2]
    assert document_numbers([]) == []
