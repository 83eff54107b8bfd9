"""The encoder: two ways through it give the same, padding is invisible, the start is as stated."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from ner.config import ModelConfig
from ner.model.encoder import CELLS, Encoder, VariationalDropout, initialise, run_packed
from tests.model.gradients import gradient_of

IN, HIDDEN = 5, 4


def encoder(**changes: Any) -> Encoder:
    config = ModelConfig(hidden=HIDDEN, dropout=0.0)
    return Encoder(IN, dataclasses.replace(config, **changes)).eval()


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_packed_and_padded_calls_agree_with_their_gradients(
    cell: str, layers: int, bidirectional: bool
) -> None:
    torch.manual_seed(1)
    net = encoder(cell=cell, layers=layers, bidirectional=bidirectional)
    x = torch.randn(3, 6, IN)
    weight = torch.randn(3, 6, net.out_dim)
    results = []
    # A short sentence in front makes the same batch ragged; many of them make it mostly padding.
    for before in (0, 1, 9):
        net.zero_grad()
        given = torch.cat([torch.randn(before, 6, IN), x]).requires_grad_()
        states = net(given, torch.tensor([2] * before + [6] * 3))[before:]
        (states * weight).sum().backward()
        weights = [gradient_of(p).clone() for p in net.parameters()]
        results.append([states.detach(), gradient_of(given)[before:], *weights])
    for padded, *ragged in zip(*results, strict=True):
        for other in ragged:
            torch.testing.assert_close(padded, other, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("lengths", [[6, 6, 6], [4, 6, 5], [1, 6, 1]])
def test_bfloat16_changes_the_states_that_are_learnt_from_by_its_rounding(
    lengths: list[int],
) -> None:
    torch.manual_seed(1)
    net = encoder(layers=2).train()
    x, weight = torch.randn(3, 6, IN), torch.randn(3, 6, net.out_dim)
    results = []
    for net.in_bfloat16 in (False, True):
        net.zero_grad()
        states = net(x, torch.tensor(lengths))
        (states * weight).sum().backward()
        results.append([states.detach(), *(gradient_of(p).clone() for p in net.parameters())])
    for exact, rounded in zip(*results, strict=True):
        assert rounded.dtype == torch.float32
        assert 0 < (exact - rounded).norm() < 0.02 * exact.norm()


def test_bfloat16_is_for_lstms_that_learn() -> None:
    torch.manual_seed(1)
    x, lengths, net = torch.randn(2, 4, IN), torch.tensor([4, 3]), encoder()
    exact = net(x, lengths)
    net.in_bfloat16 = True
    assert net(x, lengths).equal(exact)
    assert not net.train()(x, lengths).equal(exact)
    assert [encoder(cell=cell).is_lstm for cell in CELLS] == [True, False, False]
    assert not encoder(backend="reference").is_lstm


def test_states_have_both_directions_side_by_side() -> None:
    lengths = torch.tensor([2, 3])
    assert encoder()(torch.randn(2, 3, IN), lengths).shape == (2, 3, 2 * HIDDEN)
    one_way = encoder(bidirectional=False)
    assert one_way.out_dim == HIDDEN
    assert one_way(torch.randn(2, 3, IN), lengths).shape == (2, 3, HIDDEN)


@pytest.mark.parametrize("cell", CELLS)
def test_padding_is_not_read(cell: str) -> None:
    torch.manual_seed(2)
    net = encoder(cell=cell, layers=2)
    x = torch.randn(2, 5, IN)
    lengths = torch.tensor([3, 5])
    states = net(x, lengths)
    x[0, 3:] = 1e6
    assert net(x, lengths)[0, :3].equal(states[0, :3])
    torch.testing.assert_close(net(x[:1, :3], lengths[:1])[0], states[0, :3], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("kind", CELLS.values(), ids=list(CELLS))
def test_recurrent_matrices_start_orthogonal_and_biases_at_zero(
    kind: Callable[..., nn.RNNBase],
) -> None:
    torch.manual_seed(3)
    layer = kind(IN, HIDDEN, bidirectional=True)
    initialise(layer)
    weights: dict[str, Tensor] = dict(layer.named_parameters())
    recurrent = [w for name, w in weights.items() if name.startswith("weight_hh")]
    assert len(recurrent) == 2
    for gate in torch.split(torch.cat(recurrent), HIDDEN):
        torch.testing.assert_close(gate @ gate.T, torch.eye(HIDDEN), atol=1e-5, rtol=0.0)
    for gate in torch.split(weights["weight_ih_l0_reverse"], HIDDEN):
        assert 0 < gate.abs().max() <= (6 / (IN + HIDDEN)) ** 0.5
    for suffix in ("l0", "l0_reverse"):
        bias = weights[f"bias_ih_{suffix}"] + weights[f"bias_hh_{suffix}"]
        if kind is nn.LSTM:
            forget = bias[HIDDEN : 2 * HIDDEN]
            assert forget.eq(1.0).all()
            bias = torch.cat([bias[:HIDDEN], bias[2 * HIDDEN :]])
        assert not bias.any()


def test_every_layer_of_an_encoder_is_initialised() -> None:
    for layer in encoder(layers=3).layers:
        for name, weight in layer.named_parameters():
            if name.startswith("bias_ih"):
                assert weight.tolist() == [0.0] * HIDDEN + [1.0] * HIDDEN + [0.0] * 2 * HIDDEN


# --- variational dropout ------------------------------------------------------------------------


def dropped(rate: float, shape: tuple[int, int, int]) -> Tensor:
    torch.manual_seed(4)
    x: Tensor = VariationalDropout(rate).train()(torch.ones(shape))
    return x


def test_dropout_takes_the_same_features_at_every_token() -> None:
    x = dropped(0.4, (3, 7, 50))
    assert x.equal(x[:, :1].expand(-1, 7, -1))
    assert not x[0].equal(x[1])  # but others in every sentence


def test_dropout_keeps_the_mean() -> None:
    x = dropped(0.25, (1, 1, 10_000))
    kept = torch.tensor(1 / 0.75)
    assert torch.isin(x, torch.stack([torch.zeros(()), kept])).all()
    assert x.mean().item() == pytest.approx(1.0, abs=0.03)


def test_dropout_does_nothing_outside_training_or_at_rate_0() -> None:
    x = torch.randn(2, 3, 4)
    assert VariationalDropout(0.5).eval()(x) is x
    assert VariationalDropout(0.0).train()(x) is x


def test_an_encoder_in_training_drops_before_between_and_after() -> None:
    torch.manual_seed(5)
    net = encoder(dropout=0.5, layers=2).train()
    seen: list[Tensor] = []
    for layer in net.layers:
        layer.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    states = net(torch.ones(1, 3, IN), torch.tensor([3]))
    for x in (*seen, states):
        gone = x.eq(0.0)
        assert gone.any()
        assert gone.equal(gone[:, :1].expand_as(gone))


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("bidirectional", [True, False])
def test_tokens_packed_for_a_gpu_are_those_that_torch_packs(cell: str, bidirectional: bool) -> None:
    torch.manual_seed(5)
    layer = CELLS[cell](6, 4, batch_first=True, bidirectional=bidirectional)
    lengths = torch.tensor([3, 5, 1, 5, 2])
    x = torch.randn(5, 5, 6)
    found, slopes = [], []
    for run in (run_packed, _packed_by_torch):
        features = x.clone().requires_grad_()
        states = run(layer, features, lengths)
        (states * torch.arange(states.numel()).view_as(states)).sum().backward()  # type: ignore[no-untyped-call]
        found.append(states.detach())
        slopes.append(gradient_of(features))
    assert found[0].equal(found[1])
    torch.testing.assert_close(*slopes)
    beyond = torch.arange(5) >= lengths[:, None]
    assert not found[0][beyond].any()
    assert not slopes[0][beyond].any()


def _packed_by_torch(layer: nn.RNNBase, x: Tensor, lengths: Tensor) -> Tensor:
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    return pad_packed_sequence(layer(packed)[0], batch_first=True, total_length=x.shape[1])[0]
