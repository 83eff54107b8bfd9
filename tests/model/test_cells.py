"""The written-out cells against torch's own layers: outputs, final states and all gradients."""

import dataclasses
import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.api import train
from ner.bundle.format import load_bundle, save_bundle
from ner.config import Config, ModelConfig
from ner.corpus import Corpus
from ner.model.cells import CELLS, WEIGHTS, LSTMCell, State, Unrolled
from ner.model.encoder import Encoder
from ner.runtime import layer_of
from ner.tagger import Tagger
from ner.tensors import to_arrays

TORCH: dict[str, type[nn.RNNBase]] = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
TORCH_CELLS: dict[str, Any] = {"lstm": nn.LSTMCell, "gru": nn.GRUCell, "rnn": nn.RNNCell}
assert_near = functools.partial(torch.testing.assert_close, atol=1e-5, rtol=0.0)


def pair(cell: str, inputs: int, hidden: int, **how: Any) -> tuple[Unrolled, nn.RNNBase]:
    """Ours and torch's, with the same weights."""
    theirs: Any = TORCH[cell]
    names = {"layers": "num_layers"}
    torchs = theirs(
        inputs, hidden, batch_first=True, **{names.get(k, k): v for k, v in how.items()}
    )
    ours = Unrolled(CELLS[cell], inputs, hidden, **how)
    ours.load_state_dict(torchs.state_dict())
    return ours, torchs


def packed(layer: nn.RNNBase, x: Tensor, lengths: Tensor, state: State) -> tuple[Tensor, State]:
    """torch's layer on ragged sentences; its state as a tuple, as ours is."""
    sequence = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    outputs, final = layer(sequence, state if isinstance(layer, nn.LSTM) else state[0])
    outputs = pad_packed_sequence(outputs, batch_first=True, total_length=x.shape[1])[0]
    return outputs, final if isinstance(layer, nn.LSTM) else (final,)


def gradients(net: nn.Module, results: tuple[Tensor, State], *inputs: Tensor) -> list[Tensor]:
    """Of a weighted sum of everything that comes out, by all weights and inputs."""
    torch.manual_seed(7)
    outputs, final = results
    total = sum((part * torch.randn(part.shape)).sum() for part in (outputs, *final))
    assert isinstance(total, Tensor)
    return list(torch.autograd.grad(total, [*net.parameters(), *inputs]))


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELLS)
@settings(max_examples=15)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    padding=st.integers(0, 2),
    inputs=st.integers(1, 5),
    hidden=st.integers(1, 5),
    layers=st.integers(1, 3),
    bidirectional=st.booleans(),
    number=st.sampled_from([(torch.float32, 0.5), (torch.float64, 2.0)]),
)
def test_outputs_states_and_gradients_are_those_of_torch(
    cell: str,
    lengths: list[int],
    padding: int,
    inputs: int,
    hidden: int,
    layers: int,
    bidirectional: bool,
    number: tuple[torch.dtype, float],
) -> None:
    """Ragged, stacked, from both ends, from any initial state.

    A large spread of the weights closes gates, and makes much of small errors: so in double.
    """
    dtype, spread = number
    torch.manual_seed(1)
    ours, torchs = pair(cell, inputs, hidden, layers=layers, bidirectional=bidirectional)
    for weight in torchs.parameters():
        nn.init.normal_(weight, std=spread)
    ours.load_state_dict(torchs.to(dtype).state_dict())
    ours.to(dtype)
    size = (len(lengths), max(lengths) + padding, inputs)
    x = torch.randn(size, dtype=dtype, requires_grad=True)
    directions = 2 if bidirectional else 1
    state = tuple(
        torch.randn(layers * directions, len(lengths), hidden, dtype=dtype, requires_grad=True)
        for _ in range(CELLS[cell].parts)
    )
    steps = torch.tensor(lengths)
    found, expected = ours(x, steps, state), packed(torchs, x, steps, state)
    for one, other in zip((found[0], *found[1]), (expected[0], *expected[1]), strict=True):
        assert_near(one, other)
    for one, other in zip(
        gradients(ours, found, x, *state), gradients(torchs, expected, x, *state), strict=True
    ):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_are_those_of_finite_differences(cell: str) -> None:
    torch.manual_seed(2)
    net = Unrolled(CELLS[cell], 2, 3, layers=2, bidirectional=True).double()
    lengths = torch.tensor([3, 1])
    state = tuple(torch.randn(4, 2, 3, dtype=torch.double) for _ in range(CELLS[cell].parts))
    x = torch.randn(2, 3, 2, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(lambda given: net(given, lengths, state)[0], [x])


@pytest.mark.parametrize("cell", CELLS)
def test_a_step_is_that_of_torchs_cell(cell: str) -> None:
    torch.manual_seed(3)
    torchs = TORCH_CELLS[cell](4, 5)
    ours = CELLS[cell](*(getattr(torchs, name) for name in WEIGHTS))
    x, state = torch.randn(2, 4), tuple(torch.randn(2, 5) for _ in range(ours.parts))
    expected = torchs(x, state if ours.parts == 2 else state[0])
    for one, other in zip(
        ours.step(x, state), expected if ours.parts == 2 else (expected,), strict=True
    ):
        assert_near(one, other)


@pytest.mark.parametrize("cell", CELLS)
def test_without_lengths_and_state_all_is_read_from_zero(cell: str) -> None:
    torch.manual_seed(4)
    ours, torchs = pair(cell, 3, 4, layers=2, bidirectional=True)
    x = torch.randn(2, 5, 3)
    (found, state), (expected, final) = ours(x), torchs(x)
    assert_near(found, expected)
    assert_near(state, final if cell == "lstm" else (final,))


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_never_read_and_gives_zero(cell: str) -> None:
    torch.manual_seed(5)
    net = Unrolled(CELLS[cell], 3, 4, layers=2, bidirectional=True)
    x, lengths = torch.randn(2, 5, 3), torch.tensor([3, 5])
    outputs, final = net(x, lengths)
    x[0, 3:] = 1e6
    others, state = net(x, lengths)
    assert others.equal(outputs)
    assert all(map(torch.equal, final, state))
    assert not outputs[0, 3:].any()
    assert outputs[0, :3].all()


@pytest.mark.parametrize("cell", CELLS)
def test_a_text_may_be_read_in_pieces(cell: str) -> None:
    """The final state of one piece is the initial state of the next."""
    torch.manual_seed(6)
    net = Unrolled(CELLS[cell], 3, 4, layers=2)
    x = torch.randn(2, 7, 3)
    first, state = net(x[:, :4])
    second, final = net(x[:, 4:], state=state)
    whole, end = net(x)
    torch.testing.assert_close(torch.cat([first, second], dim=1), whole)
    torch.testing.assert_close(final, end)


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_is_between_layers_and_in_training_only(cell: str) -> None:
    """Where all is dropped, the second layer reads zeros, in torch's layer as in ours."""
    torch.manual_seed(7)
    ours, torchs = pair(cell, 3, 4, layers=2, dropout=1.0)
    x = torch.randn(2, 5, 3)
    assert_near(ours.train()(x)[0], torchs.train()(x)[0])
    trained = ours(x)[0]
    assert_near(ours.eval()(x)[0], torchs.eval()(x)[0])
    assert not trained.equal(ours(x)[0])
    single = Unrolled(CELLS[cell], 3, 4, dropout=1.0).train()
    assert single(x)[0].all()


def test_dropout_drops_its_share_and_keeps_the_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(8)
    net = Unrolled(CELLS["rnn"], 2, 50, layers=2, dropout=0.3).train()
    seen: list[Tensor] = []
    run = net._run

    def record(name: str, x: Tensor, *rest: Any) -> tuple[Tensor, State]:
        seen.append(x)
        return run(name, x, *rest)

    monkeypatch.setattr(net, "_run", record)
    net(torch.randn(20, 10, 2))
    below, above = (
        run("_l0", seen[0], torch.ones(20, 10, 1).bool(), (torch.zeros(20, 50),)),
        seen[1],
    )
    kept = above != 0
    assert kept.float().mean().item() == pytest.approx(0.7, abs=0.03)
    torch.testing.assert_close(above[kept], below[0][kept] / 0.7)


@pytest.mark.parametrize(("cell", "gates"), [("rnn", 1), ("gru", 3), ("lstm", 4)])
@pytest.mark.parametrize(("h", "d"), [(1, 1), (4, 7), (200, 100)])
def test_parameter_counts(cell: str, gates: int, h: int, d: int) -> None:
    """h(h+d), 3h(h+d), 4h(h+d), and twice as many biases as there are rows."""
    net = Unrolled(CELLS[cell], d, h)
    weights = sum(w.numel() for name, w in net.named_parameters() if name.startswith("weight"))
    biases = sum(w.numel() for name, w in net.named_parameters() if name.startswith("bias"))
    assert (weights, biases) == (gates * h * (h + d), 2 * gates * h)
    stacked = Unrolled(CELLS[cell], d, h, layers=2, bidirectional=True)
    count = sum(weight.numel() for weight in stacked.parameters())
    assert count == 2 * gates * (h * (h + d) + 2 * h) + 2 * gates * (h * (h + 2 * h) + 2 * h)


@pytest.mark.parametrize("cell", CELLS)
def test_names_shapes_and_start_are_those_of_torch(cell: str) -> None:
    torch.manual_seed(9)
    ours = Unrolled(CELLS[cell], 3, 4, layers=3, bidirectional=True)
    torch.manual_seed(9)
    theirs: Any = TORCH[cell]
    torchs = theirs(3, 4, num_layers=3, bidirectional=True)
    found, expected = ours.state_dict(), torchs.state_dict()
    assert list(found) == list(expected)
    assert all(found[name].equal(expected[name]) for name in expected)


def test_an_open_forget_gate_hands_gradients_on() -> None:
    """With f = 1 and the others shut, c stays for ever, and so does its gradient."""
    rows = 4
    bias = torch.tensor([-50.0, 50.0, 0.0, 0.0])
    cell = LSTMCell(torch.zeros(rows, 1), torch.zeros(rows, 1), bias, torch.zeros(rows))
    memory = torch.tensor([[0.7]], requires_grad=True)
    state: State = (torch.zeros(1, 1), memory)
    for _ in range(1000):
        state = cell.step(torch.ones(1, 1), state)
    (gradient,) = torch.autograd.grad(state[1].sum(), memory)
    assert [state[1].item(), gradient.item()] == pytest.approx([0.7, 1.0])


# --- as a tagger's encoder ----------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [False, True])
def test_an_encoder_may_run_on_either(cell: str, bidirectional: bool) -> None:
    """The same seed gives the same weights, and both give the same states and gradients."""
    results = []
    config = ModelConfig(cell=cell, hidden=4, layers=2, bidirectional=bidirectional, dropout=0.3)
    for backend in ("torch", "reference"):
        torch.manual_seed(10)
        net = Encoder(5, dataclasses.replace(config, backend=backend))
        x = torch.randn(3, 6, 5)
        states = net(x, torch.tensor([6, 2, 4]))
        states.square().sum().backward()
        results.append([states.detach(), *(weight.grad for weight in net.parameters())])
    for one, other in zip(*results, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("bidirectional", [True, False])
def test_the_native_layers_give_the_states_of_the_reference(cell: str, bidirectional: bool) -> None:
    torch.manual_seed(11)
    ours, _ = pair(cell, 6, 5, bidirectional=bidirectional)
    lengths = np.array([5, 3, 3, 1], np.int32)
    x = torch.randn(4, 5, 6)
    weights = {f"net.{name}": array for name, array in to_arrays(ours.state_dict()).items()}
    layer = layer_of(weights, "net", cell, 1 + bidirectional, int8=False)
    table = np.empty((20, layer.width), layer.row_dtype)
    layer.project(x.reshape(20, 6).numpy(), table)
    states = layer.run(table, np.arange(20, dtype=np.int32).reshape(4, 5), lengths)
    assert_near(torch.from_numpy(states), ours(x, torch.from_numpy(lengths))[0].detach())


@pytest.mark.parametrize("engine", ["torch", "native"])
def test_a_bundle_of_one_backend_loads_in_the_other(
    tmp_path: Path, tiny_run: Path, tiny_corpus: Corpus, engine: str
) -> None:
    """Trained by torch, run by the reference: the same tags and the same scores."""
    bundle = load_bundle(tiny_run)
    assert bundle.config.model.backend == "torch"
    other = bundle.config.replace({"model.backend": "reference"})
    save_bundle(dataclasses.replace(bundle, config=other), tmp_path / "reference")
    ours, torchs = (
        Tagger.load(folder, "cpu", settings={"predict.engine": engine})
        for folder in (tmp_path / "reference", tiny_run)
    )
    assert ours.config.model.backend == "reference"
    for one, two in zip(*(t.predictions(tiny_corpus.test) for t in (ours, torchs)), strict=True):
        assert one.spans == two.spans
        assert one.scores == pytest.approx(two.scores, abs=1e-5)


def test_the_reference_learns_as_torch_does(
    tmp_path: Path, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    """From the same seed the same loss, epoch after epoch, but for rounding."""
    losses = []
    for backend in ("torch", "reference"):
        changes = {"train.epochs": 2, "train.mixed_precision": False}
        config = tiny_config.replace({"model.backend": backend, **changes})
        train(tiny_corpus, tmp_path / backend, config, device="cpu")
        lines = (tmp_path / backend / "metrics.jsonl").read_text().splitlines()
        losses.append([json.loads(line)["loss"] for line in lines])
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)
