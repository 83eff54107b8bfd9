"""Gradient flow: against autograd through the whole network, and by hand."""

import dataclasses
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from ner.config import Config
from ner.corpus import Corpus
from ner.corpus.partial import read_partial_labels, with_partial_labels
from ner.errors import NerError, UsageError
from ner.extensions.experiments.gradients.flow import (
    FIXED,
    GATES,
    WINDOWS,
    Curve,
    GradientFlow,
    draw_samples,
    inspect_gradients,
    join_samples,
    spectral_radii,
    state_gradients,
    windows_of,
)
from ner.features import TagBatch
from ner.model import Model, Network
from ner.model.cells import CELLS, Cell, State
from ner.tags import TAG_UNKNOWN
from ner.training.build import build_model
from ner.training.gradients import Gradient, Gradients
from ner.training.loop import Epoch, Step

Build = Callable[..., Model[Network]]


@pytest.fixture
def build(tiny_corpus: Corpus, tiny_config: Config) -> Build:
    def make(**changes: Any) -> Model[Network]:
        fixed = {key: value for key, value in FIXED.items() if key.startswith("model.")}
        config = tiny_config.replace({**fixed, "model.hidden": 5, **changes})
        return build_model(tiny_corpus.train, config, torch.device("cpu")).model

    return make


@pytest.mark.parametrize("cell", list(CELLS))
def test_it_is_the_gradient_of_the_network_itself(
    cell: str, build: Build, tiny_corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The states that the reference backend goes through, within the network's own emissions."""
    model = build(**{"model.cell": cell, "model.backend": "reference"})
    batch = join_samples(model, "iobes", draw_samples(tiny_corpus.train, 12, 1, count=3), 12)
    curves = state_gradients(model, cell, batch)
    states: list[State] = []
    kind: type[Cell] = CELLS[cell]
    step = kind.step

    def kept(self: Cell, x: torch.Tensor, state: State) -> State:
        after = step(self, x, state)
        for part in after:
            part.retain_grad()
        states.append(after)
        return after

    monkeypatch.setattr(kind, "step", kept)
    model.network.double().eval()
    scores = model.network.emissions(batch)[:, -1]
    assert isinstance(batch.target, TagBatch)
    loss = nn.functional.cross_entropy(scores, batch.target.ids[:, -1], reduction="sum")
    loss.backward()  # type: ignore[no-untyped-call]
    assert len(states) == 12
    assert [curve.state for curve in curves] == ["h", "c"][: kind.parts]
    for part, curve in enumerate(curves):
        grads = [state[part].grad for state in reversed(states)]
        expected = [g.norm(dim=1).mean().item() for g in grads if g is not None]
        assert curve.norms == pytest.approx(expected, rel=1e-4)  # features were in float32
        assert len(set(curve.norms)) > 1


def test_the_same_with_the_cells_of_torch(build: Build, tiny_corpus: Corpus) -> None:
    batches = draw_samples(tiny_corpus.train, 9, 1, count=2)
    curves = []
    for backend in ("torch", "reference"):
        model = build(**{"model.backend": backend})
        curves.append(state_gradients(model, "lstm", join_samples(model, "iobes", batches, 9)))
    assert curves[0] == curves[1]


def test_a_network_without_gradients_can_be_measured(build: Build, tiny_corpus: Corpus) -> None:
    """As averaged weights are."""
    model = build()
    batch = join_samples(model, "iobes", draw_samples(tiny_corpus.train, 5, 1), 5)
    first = state_gradients(model, "lstm", batch)
    model.network.requires_grad_(False)
    assert state_gradients(model, "lstm", batch) == first


def test_samples_are_consecutive_sentences(tiny_corpus: Corpus) -> None:
    train = tiny_corpus.train
    samples = draw_samples(train, 11, seed=1, count=5)
    assert len(samples) == 5
    assert samples == draw_samples(train, 11, seed=1, count=5)
    assert samples != draw_samples(train, 11, seed=2, count=5)
    for sample in samples:
        first = train.index(sample[0])
        assert sample == train[first : first + len(sample)]
        assert sum(map(len, sample)) >= 11 > sum(map(len, sample[:-1]))
    total = sum(map(len, train))
    assert draw_samples(train, total, seed=1) == [train]
    assert len(draw_samples(train, len(train[-1]), seed=1, count=999)) == len(train)
    with pytest.raises(UsageError, match=rf"{total} fully labelled tokens, too few.* {total + 1};"):
        draw_samples(train, total + 1, seed=1)


def test_sentences_with_unknown_tags_are_left_out(tiny_corpus: Corpus) -> None:
    first = tiny_corpus.train[0]
    partly = with_partial_labels(
        first, read_partial_labels([TAG_UNKNOWN] * len(first), "iob2").labels
    )
    assert partly.partial
    for sample in draw_samples((partly, *tiny_corpus.train[1:]), 5, seed=1, count=99):
        assert partly not in sample


def test_samples_are_read_as_one_sentence(build: Build, tiny_corpus: Corpus) -> None:
    model = build()
    one, other = tiny_corpus.train[:2]
    batch = join_samples(model, "iobes", [(one, other)], len(one) + 1)
    assert batch.lengths.tolist() == [len(one) + 1]
    assert isinstance(batch.target, TagBatch)
    tags = [model.outputs[number] for number in batch.target.ids[0].tolist()]
    assert tags == ["S-PER", "O", "S-LOC", "O", "S-PER"]


@pytest.mark.parametrize(
    ("norms", "ratio", "half", "thousandth", "reading"),
    [
        ((4.0, 2.0, 1.0), 0.25, 1, None, "reaches back"),
        ((4.0, 3.0, 0.004), 0.001, 2, 2, "vanishes"),
        ((4.0, 1e-9, 4.0), 1.0, 1, 1, "reaches back"),
        ((4.0, 8.0, 41.0), 10.25, None, None, "explodes"),
        ((4.0, 41.0, 0.0), 0.0, 2, 2, "explodes"),
        ((0.0, 0.0), 0.0, 0, 0, "vanishes"),
    ],
)
def test_what_a_curve_says(
    norms: tuple[float, ...], ratio: float, half: int, thousandth: int, reading: str
) -> None:
    curve = Curve("h", norms)
    assert (curve.ratio, curve.distance(0.5), curve.distance(1e-3), curve.reading) == (
        ratio,
        half,
        thousandth,
        reading,
    )


def test_the_largest_eigenvalue_gate_by_gate() -> None:
    turn = torch.tensor([[0.0, -2.0], [2.0, 0.0]], dtype=torch.float64)  # eigenvalues ± 2i
    blocks = torch.cat([turn, torch.diag(torch.tensor([-3.0, 1.0])), 0.5 * torch.eye(2)])
    assert spectral_radii(blocks, "gru") == {
        "reset": pytest.approx(2),
        "update": pytest.approx(3),
        "new": pytest.approx(0.5),
    }
    for name, cell in CELLS.items():
        assert len(GATES[name]) == cell.gates


@pytest.mark.parametrize("steps", [1, 7, WINDOWS, 10 * WINDOWS + 7])
def test_windows_hold_every_step_once(steps: int) -> None:
    windows = windows_of([Gradient({"a": float(i)}, i % 2 == 0) for i in range(1, steps + 1)])
    assert len(windows) == min(steps, WINDOWS)
    assert [n for w in windows for n in range(w.first, w.last + 1)] == [*range(1, steps + 1)]
    sizes = {window.last - window.first for window in windows}
    assert max(sizes) - min(sizes) <= 1
    for window in windows:
        assert window.gradients.norms["a"] == pytest.approx((window.first + window.last) / 2)


def test_a_flow(flow: GradientFlow) -> None:
    assert [cell.cell for cell in flow.cells] == ["rnn", "lstm", "gru"]
    assert flow.samples[30] <= flow.samples[4]
    for cell in flow.cells:
        parts = ["h", "c"] if cell.cell == "lstm" else ["h"]
        for snapshot in cell.snapshots().values():
            assert list(snapshot.curves) == [4, 30]
            for length, curves in snapshot.curves.items():
                assert [curve.state for curve in curves] == parts
                assert {len(curve.norms) for curve in curves} == {length}
        assert list(cell.before.radii.values()) == pytest.approx([1.0] * len(cell.before.radii))
        assert cell.after.radii != cell.before.radii
        assert cell.after.curves != cell.before.curves
        assert set(cell.training[0].gradients.norms) == {
            "embedder",
            "encoder layer 1",
            "projection",
        }
        shares = [(w.last - w.first + 1, w.gradients.clipped) for w in cell.training]
        steps = cell.training[-1].last
        assert cell.clipped == pytest.approx(sum(n * share for n, share in shares) / steps)
    # What is known of these cells: at first an LSTM with its forget gate open reaches furthest.
    ratios = {cell.cell: cell.before.curves[30][-1].ratio for cell in flow.cells}
    assert ratios["lstm"] == max(ratios.values())
    json.dumps(flow.to_dict(), allow_nan=False)


def test_the_same_settings_give_the_same_flow(
    flow: GradientFlow, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    torch.rand(3)  # whatever was drawn before
    config = tiny_config.replace({"model.head": "crf", "model.cell": "rnn"})
    *events, last = inspect_gradients(
        tiny_corpus, config, cells=["gru"], lengths=[4, 30], epochs=2, device="cpu"
    )
    assert isinstance(last, GradientFlow)
    assert last.cells == flow.cells[2:]
    epochs = [event for event in events if isinstance(event, Epoch)]
    assert len(epochs) == 2
    steps = [event.gradient for event in events if isinstance(event, Step)]
    assert windows_of([step for step in steps if step]) == last.cells[0].training
    assert epochs[-1].valid.f1 == last.cells[0].valid_f1
    assert isinstance(epochs[0].gradients, Gradients)


def test_a_corpus_that_will_not_do(tiny_corpus: Corpus, tiny_config: Config) -> None:
    with pytest.raises(NerError, match="no training split"):
        list(inspect_gradients(dataclasses.replace(tiny_corpus, train=()), tiny_config))
    with pytest.raises(UsageError, match="too few for --lengths 99999"):
        list(inspect_gradients(tiny_corpus, tiny_config, lengths=[4, 99999]))


def test_what_underflows_in_float32_is_still_seen(build: Build, tiny_corpus: Corpus) -> None:
    model = build(**{"model.cell": "rnn"})
    layer = model.network.encoder.layers[0]
    with torch.no_grad():
        layer.weight_hh_l0.mul_(1e-3)  # type: ignore[operator]
    batch = join_samples(model, "iobes", draw_samples(tiny_corpus.train, 40, 1), 40)
    (curve,) = state_gradients(model, "rnn", batch)
    assert 0 < curve.ratio < 1e-100
    assert math.isfinite(curve.norms[0])
