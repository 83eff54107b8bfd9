"""The one way from sentences to spans: order, padding, windows, legal output."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ner.config import Config
from ner.features import Batch, Example, collate
from ner.features.indexer import FormTable
from ner.model import Model
from ner.predict import OVERLAP, WINDOW, _stitch, predict, predict_sentences, windows
from ner.tags import illegal_positions, parse_tag
from ner.text import Sentence, Span
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


def whole(model: Model, tokens: Sequence[str]) -> torch.Tensor:
    """The emissions ``[1, T, K]`` of a sentence read at once, however long."""
    table = FormTable(model.indexer)
    with torch.inference_mode():
        return model.emissions(collate(table, [Example(table.rows(tokens))], [0]))


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


@pytest.mark.parametrize("training", [True, False])
def test_the_network_is_left_as_it_was_found(training: bool) -> None:
    model = random_model(dropout=0.9)
    model.network.train(training)
    first, second = (predict(model, [list(WORDS)] * 3) for _ in range(2))
    assert first == second, "dropout must be off"
    assert all(module.training is training for module in model.network.modules())


def test_the_network_is_left_as_it_was_found_after_ctrl_c(monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(batch: Batch) -> None:
        raise KeyboardInterrupt

    model = random_model()
    model.network.train()
    monkeypatch.setattr(model.network, "emissions", stop)
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
    table = FormTable(model.indexer)
    examples = [Example(table.rows((WORDS * 3)[i : i + 1 + i % 9])) for i in range(14)]
    batch = collate(table, examples, range(len(examples)))
    with torch.inference_mode():
        decoded = model.network.decode(model.emissions(batch), batch.lengths)
    used = set()
    for row, length in zip(decoded.tolist(), batch.lengths.tolist(), strict=True):
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
        stitched = _stitch(model, tokens)
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
