"""Truncated backpropagation through time: what is carried on, and where gradients end."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ner.errors import TrainingError
from ner.extensions.charlm.config import CharLMConfig, TrainConfig
from ner.extensions.charlm.loop import (
    LanguageModelEvaluation,
    LanguageModelStep,
    LanguageModelTrainer,
    Streams,
    rate_at,
)
from ner.extensions.charlm.network import CharacterNetwork, detached
from ner.extensions.charlm.text import Alphabet
from ner.model import threads
from ner.model.cells import CELLS, Unrolled
from tests.extensions.charlm.conftest import LINE, codes_of

Build = Callable[..., CharacterNetwork]
CELL_NAMES = ["lstm", "gru", "rnn"]


def settings(**changes: Any) -> TrainConfig:
    quick = {"batch": 2, "segment": 8, "epochs": 2, "warmup": 0.0, "learning_rate": 0.02}
    changes = {f"train.{k}": v for k, v in (quick | changes).items()}
    return CharLMConfig().replace(changes).train


def trainer(network: CharacterNetwork, alphabet: Alphabet, **changes: Any) -> LanguageModelTrainer:
    return LanguageModelTrainer(
        network, codes_of(LINE), codes_of(LINE), alphabet, settings(**changes)
    )


def gradients(network: CharacterNetwork) -> list[Tensor]:
    return [w.grad.clone() for w in network.parameters() if w.grad is not None]


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_the_state_is_carried_from_segment_to_segment(
    build: Build, alphabet: Alphabet, cell: str
) -> None:
    """Where weights do not move, the states are those of the whole text read at once."""
    learner = trainer(build(cell=cell, layers=2), alphabet, learning_rate=1e-12, batch=1, epochs=1)
    for event in learner.run():
        if isinstance(event, LanguageModelStep):
            read = len(LINE) - 1 if learner.step == learner.steps else None
    assert read == len(LINE) - 1
    numbers = torch.from_numpy(alphabet.encode(LINE))[None, :-1]
    _, expected = build(cell=cell, layers=2)(numbers)
    assert learner.carried is not None
    torch.testing.assert_close(learner.carried, expected, atol=1e-5, rtol=0.0)


@pytest.mark.slow
@pytest.mark.parametrize("cell", CELL_NAMES)
def test_gradients_end_where_a_segment_begins(build: Build, alphabet: Alphabet, cell: str) -> None:
    """Those of the second segment are as if its first state were a constant."""
    network = build(cell=cell)
    learner = trainer(network, alphabet, learning_rate=1e-12, clip=1e9)
    events = learner.run()
    next(events)
    before = learner.carried
    assert before is not None
    assert not any(part.requires_grad for layer in before for part in layer)
    next(events)
    found = gradients(network)
    chosen = settings()
    streams = Streams(codes_of(LINE), alphabet, chosen.batch, chosen.segment)
    numbers, targets = streams.segment(1)
    network.zero_grad()
    scores, _ = network(numbers, detached(before))
    loss = nn.functional.cross_entropy(scores.flatten(0, 1), targets.flatten())
    torch.autograd.backward(loss)
    for one, other in zip(found, gradients(network), strict=True):
        torch.testing.assert_close(one, other)


def test_no_gradient_reaches_characters_of_the_segment_before(
    build: Build, alphabet: Alphabet
) -> None:
    """Characters that the second segment does not read get none, though its state knows them."""
    network = build()
    first, second = "tttttttt", "aaaaaaaaa"
    learner = LanguageModelTrainer(
        network, codes_of(first + second), codes_of(LINE), alphabet, settings(batch=1)
    )
    events = learner.run()
    next(events)
    next(events)
    rows = network.embed.weight.grad
    assert rows is not None
    t, a = alphabet.encode("ta").tolist()
    assert not rows[t].any()
    assert rows[a].any()


@pytest.mark.parametrize("cell", CELL_NAMES)
def test_a_segment_as_long_as_the_text_is_full_backpropagation(
    build: Build, alphabet: Alphabet, cell: str
) -> None:
    """Against the reference cells, unrolled over the whole text."""
    network = build(cell=cell)
    learner = trainer(network, alphabet, batch=1, segment=1000, learning_rate=1e-12, clip=1e9)
    assert learner.steps == 2  # one an epoch
    next(learner.run())
    found = gradients(network)
    ours = Unrolled(CELLS[cell], 5, 6)
    ours.load_state_dict(network.layers[0].state_dict())
    network.layers[0] = ours
    network.zero_grad()
    numbers = torch.from_numpy(alphabet.encode(LINE))
    scores = network.out(ours(network.embed(numbers[None, :-1]))[0])
    torch.autograd.backward(nn.functional.cross_entropy(scores[0], numbers[1:]))
    for one, other in zip(found, gradients(network), strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)


def test_each_epoch_begins_anew(build: Build, alphabet: Alphabet) -> None:
    learner = trainer(build(), alphabet, learning_rate=1e-12, epochs=2)
    states = [learner.carried for event in learner.run() if isinstance(event, LanguageModelStep)]
    half = len(states) // 2
    for one, other in zip(states[:half], states[half:], strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=0.0)


@pytest.mark.slow
def test_it_learns_a_text_by_heart(build: Build, alphabet: Alphabet) -> None:
    network = build(hidden=32, embedding=8)
    learner = trainer(network, alphabet, epochs=150, valid_steps=100)
    events = list(learner.run())
    evaluations = [event for event in events if isinstance(event, LanguageModelEvaluation)]
    steps = [event for event in events if isinstance(event, LanguageModelStep)]
    assert [j.step for j in evaluations] == [*range(100, learner.steps, 100), learner.steps]
    assert evaluations[0].valid_bits > evaluations[-1].valid_bits
    assert evaluations[-1].train_bits < 0.5
    assert evaluations[-1].characters == 150 * (len(LINE) - 1)
    assert [s.step for s in steps] == list(range(1, learner.steps + 1))
    assert steps[-1].done == 1.0
    lowest = math.inf
    for record in evaluations:
        assert record.best == (record.valid_bits < lowest)
        lowest = min(lowest, record.valid_bits)


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("stop", [1, 3, 4, 9])
def test_what_is_saved_goes_on_exactly(
    build: Build, alphabet: Alphabet, cell: str, stop: int
) -> None:
    """The same weights and evaluations, bit by bit, wherever it was stopped; with dropout, too."""

    def start() -> LanguageModelTrainer:
        network = build(cell=cell, layers=2, dropout=0.3)
        return trainer(network, alphabet, epochs=3, valid_steps=4)

    straight = start()
    expected = [e.valid_bits for e in straight.run() if isinstance(e, LanguageModelEvaluation)]
    stopped = start()
    found = []
    for event in stopped.run():
        if isinstance(event, LanguageModelEvaluation):
            found.append(event.valid_bits)
        elif event.step == stop:  # at 4 before its evaluation, which is then made up for
            tensors, plain = stopped.state()
            saved = {name: tensor.clone() for name, tensor in tensors.items()}, dict(plain)
            break
    resumed = start()
    resumed.restore(*saved)
    found += [e.valid_bits for e in resumed.run() if isinstance(e, LanguageModelEvaluation)]
    assert found == expected
    for one, other in zip(
        straight.network.state_dict().values(), resumed.network.state_dict().values(), strict=True
    ):
        assert one.equal(other)


def test_more_layers_than_ten_go_on_from_their_own_states(build: Build, alphabet: Alphabet) -> None:
    learner = trainer(build(layers=12), alphabet)
    next(learner.run())
    resumed = trainer(build(layers=12), alphabet)
    resumed.restore(*learner.state())
    torch.testing.assert_close(resumed.carried, learner.carried, rtol=0.0, atol=0.0)


def test_an_evaluation_that_is_made_up_for_is_recorded_as_it_would_have_been(
    build: Build, alphabet: Alphabet
) -> None:
    def start() -> LanguageModelTrainer:
        return trainer(build(), alphabet, epochs=3, valid_steps=4)

    straight = start()
    expected = next(e for e in straight.run() if isinstance(e, LanguageModelEvaluation))
    stopped = start()
    for event in stopped.run():
        if isinstance(event, LanguageModelStep) and event.step == expected.step:
            saved = stopped.state()
            break
    resumed = start()
    resumed.restore(*saved)
    found = next(resumed.run())
    assert isinstance(found, LanguageModelEvaluation)
    assert found.learning_rate == expected.learning_rate
    assert found.characters_per_second > 0


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_carried_state_of_another_shape_is_refused(
    build: Build, alphabet: Alphabet, cell: str
) -> None:
    learner = trainer(build(cell=cell, layers=2), alphabet)
    next(learner.run())
    tensors, plain = learner.state()
    state = tensors["state.1.0"]
    harmed: list[dict[str, torch.Tensor | None]] = [
        {"state.1.0": state[:, :-1]},
        {"state.1.0": state.double()},
        {"state.1.0": state[0]},
        {"state.1.0": None},
        {"state.1.2": state},
        {"state.2.0": state},
    ]
    for harm in harmed:
        changed = {k: t for k, t in {**tensors, **harm}.items() if t is not None}
        with pytest.raises(ValueError, match=r"'state\.\d\.\d' is"):
            trainer(build(cell=cell, layers=2), alphabet).restore(changed, plain)


def test_time_is_a_limit(build: Build, alphabet: Alphabet, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that moves on by a second whenever somebody looks."""
    times = iter(range(10_000))
    monkeypatch.setattr("time.perf_counter", lambda: float(next(times)))
    learner = trainer(build(), alphabet, epochs=1000, minutes=0.5)
    *_, last = learner.run()
    assert isinstance(last, LanguageModelEvaluation)
    assert learner.done == 1.0
    assert 5 < learner.step <= 30 < learner.steps
    assert last.learning_rate < 0.1 * settings().learning_rate  # the schedule follows time


@pytest.mark.parametrize("schedule", ["linear", "cosine", "constant"])
def test_rates_rise_and_fall(schedule: str) -> None:
    config = settings(schedule=schedule, warmup=0.1, learning_rate=1.0)
    assert rate_at(config, 0.05) == pytest.approx(0.5)
    assert rate_at(config, 0.1) == pytest.approx(1.0)
    assert rate_at(config, 0.55) == pytest.approx(1.0 if schedule == "constant" else 0.5)
    assert rate_at(config, 1.0) == pytest.approx(1.0 if schedule == "constant" else 0.0)


def test_a_long_gradient_is_cut(build: Build, alphabet: Alphabet) -> None:
    network = build()
    next(trainer(network, alphabet, clip=0.01).run())
    norm = torch.stack([g.norm() for g in gradients(network)]).norm().item()
    assert norm == pytest.approx(0.01, rel=1e-4)


def test_a_loss_that_is_no_number_ends_it(build: Build, alphabet: Alphabet) -> None:
    network = build()
    with torch.no_grad():
        network.out.bias[0] = math.nan
    with pytest.raises(TrainingError, match=r"the loss became nan in step 1: .* try --set train"):
        next(trainer(network, alphabet).run())


def test_an_evaluation_that_is_no_number_ends_it(build: Build, alphabet: Alphabet) -> None:
    """The weights may go wrong in the last step of all."""
    learner = trainer(build(), alphabet, valid_steps=1)
    events = learner.run()
    next(events)
    with torch.no_grad():
        learner.network.out.bias[0] = math.nan
    with pytest.raises(TrainingError, match="the loss on held-out text became nan in step 1: "):
        next(events)
    assert learner.best_bits == math.inf


@given(
    size=st.integers(2, 200), streams=st.integers(1, 12), segment=st.integers(1, 40), data=st.data()
)
def test_streams_read_every_character_once(
    size: int, streams: int, segment: int, data: st.DataObject
) -> None:
    """In their order, in segments that are not too long; fewer than one a stream is left over."""
    characters = [chr(0x4E00 + i) for i in range(size)]
    read = Streams(codes_of("".join(characters)), Alphabet([*characters, "\n"]), streams, segment)
    parts = [read.segment(number) for number in range(read.segments)]
    assert all(given.shape == following.shape for given, following in parts)
    assert max(given.shape[1] for given, _ in parts) <= segment
    assert max(p[0].shape[1] for p in parts) - min(p[0].shape[1] for p in parts) <= 1
    inputs, targets = (np.concatenate([p[i].numpy() for p in parts], axis=1) for i in (0, 1))
    assert (targets == inputs + 1).all()  # characters are numbered as they follow
    assert targets.flatten().tolist() == list(range(2, read.characters + 2))
    assert 0 <= size - 1 - read.characters < read.count <= streams


def test_first_weights_are_the_same_on_any_number_of_threads(build: Build) -> None:
    def weights(count: int) -> dict[str, Tensor]:
        network = build(hidden=200)
        with threads(count):
            torch.manual_seed(1)
            network.initialise()
        return network.state_dict()

    alone = weights(1)
    for count in (2, 3):
        for name, tensor in weights(count).items():
            assert torch.equal(tensor, alone[name]), name
