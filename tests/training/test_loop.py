"""The loop: what it yields, when it stops, and what it keeps."""

import itertools
import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from ner.checkpoint import parted
from ner.config import Config
from ner.corpus import Corpus
from ner.errors import TrainingError
from ner.evaluation import CountedScores, Report, count, score
from ner.model import Model, Network, TorchEngine
from ner.predict.predictions import predict
from ner.text import Span
from ner.training.build import build_model
from ner.training.examples import TrainingSet
from ner.training.gradients import mean_gradients
from ner.training.loop import PLATEAU_PATIENCE, Epoch, Step, Trainer, adversarial_perturbation

Build = Callable[..., Trainer]


@pytest.fixture
def build(tiny_corpus: Corpus, tiny_config: Config) -> Build:
    """Make a trainer over `tiny_corpus`, or the corpus given, with some settings changed."""

    def make(corpus: Corpus = tiny_corpus, **changes: Any) -> Trainer:
        return begin(corpus, tiny_config, **changes)[0]

    return make


def begin(
    corpus: Corpus, config: Config, **changes: Any
) -> tuple[Trainer, Model[Network], TrainingSet]:
    """A trainer with the model that learns, and what it learns from."""
    config = config.replace({k.replace("__", "."): v for k, v in changes.items()})
    model = build_model(corpus.train, config, torch.device("cpu")).model
    scheme = config.model.scheme
    data = TrainingSet(corpus.train, model.indexer, model.outputs, scheme, config.train)
    return Trainer(model, data, corpus.valid, config.train), model, data


def with_scores(
    trainer: Trainer, f1s: Sequence[float], monkeypatch: pytest.MonkeyPatch, most: int = 99
) -> list[Epoch]:
    """The epochs (as far as `most`) of a training whose F1 on valid is given, epoch by epoch."""
    reports = iter([replace(score(count([], [])), f1=f1) for f1 in f1s])
    monkeypatch.setattr(trainer, "_evaluate", lambda: next(reports))
    epochs = (event for event in trainer.run() if isinstance(event, Epoch))
    return list(itertools.islice(epochs, most))


def weights(model: Model[Network]) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.network.state_dict().items()}


def learnt(trainer: Trainer) -> dict[str, torch.Tensor]:
    """The weights that learn, not their average."""
    parts = parted(trainer.state()[0], ("weights", "average", "optimizer", "random"))
    return {name: tensor.clone() for name, tensor in parts["weights"].items()}


def parameters(trainer: Trainer) -> list[torch.Tensor]:
    """The parameters that the optimizer changes."""
    return [weight for group in trainer.optimizer.param_groups for weight in group["params"]]


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(one[name], other[name]) for name in one)


def test_steps_then_an_epoch_over_and_over(build: Build, tiny_corpus: Corpus) -> None:
    trainer = build(train__epochs=3)
    events = list(trainer.run())
    steps = math.ceil(len(events) / 3) - 1
    expected = [
        *((epoch, number) for epoch in (1, 2, 3) for number in [*range(1, steps + 1), "epoch"])
    ]
    told = [(e.epoch, e.step) if isinstance(e, Step) else (e.number, "epoch") for e in events]
    assert told == expected
    for epoch in (1, 2, 3):
        own = [event for event in events if isinstance(event, Step) and event.epoch == epoch]
        assert sum(step.tokens for step in own) == sum(map(len, tiny_corpus.train))
        assert {step.steps for step in own} == {steps}
        assert all(math.isfinite(step.loss) for step in own)


def test_the_loss_of_an_epoch_is_the_mean_over_sentences(
    tiny_corpus: Corpus, tiny_config: Config
) -> None:
    bounds = {"train__batch_sentences": 7, "train__batch_tokens": 30}
    trainer, _, data = begin(tiny_corpus, tiny_config, train__epochs=1, **bounds)
    [*steps, epoch] = trainer.run()
    assert isinstance(epoch, Epoch)
    sizes = [len(batch.order) for batch in data.batches(1)]
    assert len(set(sizes)) > 1, "of equal batches the plain mean would do"
    total = sum(s.loss * n for s, n in zip(steps, sizes, strict=True) if isinstance(s, Step))
    assert epoch.loss == pytest.approx(total / sum(sizes))


def test_the_record_of_an_epoch(build: Build) -> None:
    *_, epoch = build(train__epochs=1).run()
    assert isinstance(epoch, Epoch)
    record = epoch.to_dict()
    assert set(record) == {
        "epoch",
        "loss",
        "valid_precision",
        "valid_recall",
        "valid_f1",
        "learning_rate",
        "tokens_per_second",
        "seconds",
        "best",
    }
    assert record["valid_f1"] == epoch.valid.f1
    assert record["tokens_per_second"] > 0
    assert record["seconds"] > 0


def test_the_rate_is_scheduled_over_all_steps(build: Build) -> None:
    trainer = build(train__epochs=4, train__learning_rate=0.5, train__warmup=0.0)
    first, *events = trainer.run()
    assert isinstance(first, Step)
    rates = [event.learning_rate for event in events if isinstance(event, Epoch)]
    steps = first.steps
    assert rates == pytest.approx([0.5 * (1 - (e * steps - 1) / (4 * steps)) for e in (1, 2, 3, 4)])


def test_the_first_of_equals_is_best(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs = with_scores(build(train__epochs=6), [0.0, 0.5, 0.5, 0.4, 0.6, 0.6], monkeypatch)
    assert [epoch.best for epoch in epochs] == [True, True, False, False, True, False]


@pytest.mark.parametrize("patience", [1, 3])
def test_it_stops_when_nothing_gets_better(
    build: Build, patience: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = build(train__epochs=9, train__patience=patience)
    epochs = with_scores(trainer, [0.3, 0.5, 0.5, 0.1, 0.2, 0.0, 0.0, 0.0, 0.0], monkeypatch)
    assert len(epochs) == 2 + patience
    assert list(trainer.run()) == [], "what has stopped does not go on"


def test_it_stops_after_the_last_epoch(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(with_scores(build(train__epochs=2), [0.1, 0.2, 0.3], monkeypatch)) == 2


def test_a_plateau_halves_the_rate(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PLATEAU_PATIENCE == 2
    trainer = build(
        train__epochs=8,
        train__schedule="plateau",
        train__learning_rate=0.4,
        train__warmup=0.0,
        train__patience=9,
    )
    f1s = [0.5, 0.5, 0.5, 0.6, 0.1, 0.1, 0.1, 0.1]
    rates = [epoch.learning_rate for epoch in with_scores(trainer, f1s, monkeypatch)]
    assert rates == pytest.approx([0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1])


def test_other_schedules_have_no_plateau(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = build(
        train__epochs=6, train__schedule="constant", train__learning_rate=0.4, train__warmup=0.0
    )
    rates = [epoch.learning_rate for epoch in with_scores(trainer, [0.5] * 6, monkeypatch)]
    assert rates == pytest.approx([0.4] * 6)


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_loss_that_is_no_number_stops_with_a_remedy(build: Build, optimizer: str) -> None:
    trainer = build(train__optimizer=optimizer, train__learning_rate=1e30, train__warmup=0.0)
    with pytest.raises(TrainingError) as caught:
        list(trainer.run())
    message = str(caught.value)
    assert "\n" not in message
    assert "the loss became" in message
    assert "in epoch 1" in message
    assert message.endswith("try --set train.learning_rate=2.5e+29")


def test_a_gradient_that_is_no_number_stops_before_it_spreads(
    tiny_corpus: Corpus, tiny_config: Config
) -> None:
    trainer, learner, _ = begin(tiny_corpus, tiny_config)
    before = weights(learner)
    bias = learner.network.projection.bias
    bias.register_hook(lambda grad: grad.fill_(math.inf))  # type: ignore[no-untyped-call]
    with pytest.raises(TrainingError, match=r"the gradient .* in epoch 1: .*learning_rate="):
        list(trainer.run())
    assert same(weights(learner), before)


@pytest.mark.parametrize("ema", [0.0, 0.9])
def test_the_averaged_weights_are_judged(
    ema: float, tiny_corpus: Corpus, tiny_config: Config
) -> None:
    trainer, learner, _ = begin(tiny_corpus, tiny_config, train__ema=ema, train__epochs=1)
    *_, epoch = trainer.run()
    assert isinstance(epoch, Epoch)
    judged = trainer.evaluated_model
    assert (judged is learner) is (ema == 0.0)
    assert same(weights(judged), weights(learner)) is (ema == 0.0)
    found = [p.spans for p in predict(judged, [s.tokens for s in tiny_corpus.valid])]
    gold = [s.spans for s in tiny_corpus.valid]
    correct = sum(len({*f} & {*g}) for f, g in zip(found, gold, strict=True))
    assert isinstance(epoch.valid, CountedScores)
    assert (epoch.valid.correct, epoch.valid.predicted) == (correct, sum(map(len, found)))


def test_every_step_goes_into_the_average_under_its_number(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = build(train__epochs=2)
    assert trainer.average is not None
    numbers: list[int] = []
    monkeypatch.setattr(trainer.average, "update", numbers.append)
    steps = [event for event in trainer.run() if isinstance(event, Step)]
    assert numbers == list(range(2 * steps[0].steps)) == list(range(len(steps)))


@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_the_same_seed_gives_the_same_weights(build: Build, optimizer: str) -> None:
    one, other, third = (
        build(train__epochs=2, train__optimizer=optimizer, train__seed=seed) for seed in (4, 4, 5)
    )
    for trainer in (one, other, third):
        torch.rand(3)  # whatever was drawn before
        list(trainer.run())
    assert same(weights(one.evaluated_model), weights(other.evaluated_model))
    assert not same(weights(one.evaluated_model), weights(third.evaluated_model))


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"train__case_augmentation": 0.5},
        {"train__optimizer": "sgd", "train__schedule": "plateau"},
        {"train__ema": 0.0, "train__momentum": 0.0, "train__optimizer": "sgd"},
    ],
)
def test_a_restored_trainer_goes_on_as_if_nothing_had_been(
    build: Build, settings: dict[str, Any]
) -> None:
    straight = build(train__epochs=4, **settings)
    broken, resumed = (build(train__epochs=4, **settings) for _ in range(2))
    list(straight.run())
    for event in broken.run():
        if isinstance(event, Epoch) and event.number == 2:
            break
    tensors, plain = broken.state()
    assert set(plain) == {"epoch", "step", "best_f1", "since_best", "drops", "begun"}
    resumed.restore({name: tensor.clone() for name, tensor in tensors.items()}, plain)
    assert [e.number for e in resumed.run() if isinstance(e, Epoch)] == [3, 4]
    assert same(learnt(resumed), learnt(straight))
    assert same(weights(resumed.evaluated_model), weights(straight.evaluated_model))
    assert resumed.state()[1] == straight.state()[1]
    ours, theirs = resumed.state()[0], straight.state()[0]
    assert list(ours) == list(theirs)
    assert same(ours, theirs)


@pytest.fixture
def lazy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take all tables for large, and catch up all rows often."""
    monkeypatch.setattr("ner.training.lazy.FEW", 1)
    monkeypatch.setattr("ner.training.lazy.HORIZON", 5)


LAZY: list[dict[str, Any]] = [
    {},
    {"train__ema": 0.0},
    {"train__adversarial": 0.03, "train__clip": 0.5, "train__log_gradients": True},
]


@pytest.mark.parametrize("settings", LAZY)
def test_lazy_updates_learn_what_dense_ones_do(
    build: Build, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rounding apart, which training soon makes large: so it is a short one."""
    trainers = []
    for few in (10**9, 1):
        monkeypatch.setattr("ner.training.lazy.FEW", few)
        trainers.append(build(train__epochs=2, train__mixed_precision=False, **settings))
    dense, lazy = trainers
    epochs = [[e for e in trainer.run() if isinstance(e, Epoch)] for trainer in trainers]
    tables = [t.trained.weight for t in lazy.evaluated_model.network.embedder.tables]
    assert all("last" in lazy.optimizer.state[w] for w in parameters(lazy)[: len(tables)])
    for one, other in zip(*epochs, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-3)
        assert (other.gradients is None) is (one.gradients is None)
        if one.gradients and other.gradients:
            assert other.gradients.norms == pytest.approx(one.gradients.norms, rel=1e-2)
    for of in (learnt, lambda trainer: weights(trainer.evaluated_model)):
        for name, expected in of(dense).items():
            torch.testing.assert_close(of(lazy)[name], expected, atol=2e-3, rtol=0.0)


@pytest.mark.usefixtures("lazy")
@pytest.mark.parametrize("settings", [*LAZY, {"train__case_augmentation": 0.5}])
@pytest.mark.parametrize("step", [1, 3, 5])
def test_rows_that_wait_outlive_a_stop_within_an_epoch(
    build: Build, settings: dict[str, Any], step: int
) -> None:
    straight, broken, resumed = (build(train__epochs=2, **settings) for _ in range(3))
    list(straight.run())
    next(event for event in broken.run() if isinstance(event, Step) and event[:2] == (2, step))
    tensors, plain = broken.state()
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    waiting = kept["optimizer.0.last"]
    assert waiting.min() < waiting.max() == broken.step
    resumed.restore(kept, json.loads(json.dumps(plain)))
    list(resumed.run())
    assert same(resumed.state()[0], straight.state()[0])
    assert same(weights(resumed.evaluated_model), weights(straight.evaluated_model))


@pytest.mark.usefixtures("lazy")
@pytest.mark.parametrize("last", [-1.0, 1e6, math.nan])
def test_rows_cannot_have_waited_since_any_step(build: Build, last: float) -> None:
    broken, resumed = build(train__epochs=2), build(train__epochs=2)
    next(event for event in broken.run() if isinstance(event, Step) and event.step == 2)
    tensors, plain = broken.state()
    tensors["optimizer.0.last"][3] = last
    with pytest.raises(ValueError, match="ahead of the others"):
        resumed.restore(tensors, plain)


@pytest.mark.usefixtures("lazy")
def test_a_checkpoint_knows_since_when_rows_wait(build: Build) -> None:
    broken, resumed = build(train__epochs=2), build(train__epochs=2)
    next(event for event in broken.run() if isinstance(event, Step) and event.step == 2)
    tensors, plain = broken.state()
    del tensors["optimizer.0.last"]
    with pytest.raises(ValueError, match="missing"):
        resumed.restore(tensors, plain)


@pytest.mark.parametrize(
    "settings", [{"train__optimizer": "sgd"}, {"train__weight_decay": 0.1}, {}]
)
def test_only_adam_without_decay_of_weights_is_lazy(
    build: Build, settings: dict[str, Any], lazy: None
) -> None:
    trainer = build(train__epochs=1, **settings)
    assert any("last" in kept for kept in trainer.optimizer.state.values()) is (not settings)
    assert sum(isinstance(event, Epoch) for event in trainer.run()) == 1


def test_drops_and_patience_outlive_a_stop(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"train__schedule": "plateau", "train__learning_rate": 0.4, "train__warmup": 0.0}
    broken, resumed = (build(train__epochs=9, train__patience=4, **settings) for _ in range(2))
    with_scores(broken, [0.5, 0.5, 0.5], monkeypatch, most=3)
    resumed.restore(*broken.state())
    rates = [epoch.learning_rate for epoch in with_scores(resumed, [0.5] * 6, monkeypatch)]
    assert rates == pytest.approx([0.2, 0.2])


def test_gradients_are_clipped(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    trainer = build(train__clip=1e-3, train__epochs=1, train__optimizer="sgd", train__ema=0.0)
    norms = []
    for event in trainer.run():
        if isinstance(event, Step):
            grads = [w.grad for w in parameters(trainer) if w.grad is not None]
            norms.append(float(torch.stack([grad.norm() for grad in grads]).norm()))
    assert norms
    assert all(norm <= 1e-3 * 1.001 for norm in norms)


@pytest.mark.parametrize(("clip", "share"), [(1e-3, 1.0), (1e9, 0.0)])
def test_gradients_are_measured_before_they_are_clipped(
    build: Build, clip: float, share: float
) -> None:
    """And nothing else changes: not a weight, not a random number."""
    plain, measured = (
        build(train__epochs=2, train__clip=clip, train__log_gradients=log) for log in (False, True)
    )
    unmeasured = list(plain.run())
    events = list(measured.run())
    assert same(learnt(measured), learnt(plain))
    assert same(plain.state()[0], measured.state()[0])
    assert all(e.gradient is None for e in unmeasured if isinstance(e, Step))
    assert all(e.gradients is None for e in unmeasured if isinstance(e, Epoch))
    for epoch in (e for e in events if isinstance(e, Epoch)):
        steps = [e.gradient for e in events if isinstance(e, Step) and e.epoch == epoch.number]
        assert epoch.gradients == mean_gradients(g for g in steps if g)
        assert epoch.gradients is not None
        assert epoch.gradients.clipped == share
        assert set(epoch.gradients.norms) == {"embedder", "encoder layer 1", "projection", "head"}
        record = epoch.to_dict()
        assert record["gradient_norms"] == epoch.gradients.norms
        assert record["clipped"] == share
        json.dumps(record, allow_nan=False)


def test_the_groups_make_up_the_gradient(build: Build) -> None:
    trainer = build(train__epochs=1, train__clip=1e9, train__log_gradients=True)
    for event in trainer.run():
        if isinstance(event, Step):
            grads = [w.grad for w in parameters(trainer) if w.grad is not None]
            assert event.gradient is not None
            assert math.hypot(*event.gradient.norms.values()) == pytest.approx(
                float(torch.nn.utils.get_total_norm(grads)), rel=1e-5
            )


def test_means_of_gradients_outlive_a_stop_within_an_epoch(build: Build) -> None:
    straight, broken, resumed = (
        build(train__epochs=2, train__log_gradients=True, train__clip=3.0) for _ in range(3)
    )
    last = [event.gradients for event in straight.run() if isinstance(event, Epoch)][-1]
    assert last is not None
    assert 0 < last.clipped < 1, "some are clipped and some are not"
    next(event for event in broken.run() if isinstance(event, Step) and event[:2] == (2, 3))
    tensors, plain = broken.state()
    kept = {name: tensor.clone() for name, tensor in tensors.items()}
    resumed.restore(kept, json.loads(json.dumps(plain)))
    assert [e.gradients for e in resumed.run() if isinstance(e, Epoch)] == [last]


def test_a_checkpoint_from_before_gradients_were_logged(build: Build) -> None:
    broken, resumed = build(train__epochs=2), build(train__epochs=2)
    next(event for event in broken.run() if isinstance(event, Step) and event.step == 2)
    tensors, plain = broken.state()
    del plain["begun"]["gradients"]
    resumed.restore(tensors, plain)
    assert sum(isinstance(event, Epoch) for event in resumed.run()) == 2


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_eight_sentences_are_learnt_by_heart(build: Build, tiny_corpus: Corpus, head: str) -> None:
    eight = Corpus("eight", tiny_corpus.train[::3], tiny_corpus.train[::3])
    assert len(eight.train) == 8
    trainer = build(
        eight,
        model__head=head,
        train__epochs=30,
        train__patience=30,
        train__batch_sentences=2,
        train__unk_replacement=0.0,
    )
    best = 0.0
    for event in trainer.run():
        if isinstance(event, Epoch):
            best = event.valid.f1
            if best == 1.0:
                break
    assert best == 1.0
    found = predict(trainer.evaluated_model, [s.tokens for s in eight.train])
    assert [p.spans for p in found] == [s.spans for s in eight.train]


def test_unseen_types_in_valid_count_as_missed(build: Build, tiny_corpus: Corpus) -> None:
    odd = tiny_corpus.valid[0]
    other = type(odd)(odd.tokens, (Span(0, 1, "GOD"),))
    *_, epoch = build(Corpus("odd", tiny_corpus.train, (other,)), train__epochs=1).run()
    assert isinstance(epoch, Epoch)
    assert isinstance(epoch.valid, Report)
    assert epoch.valid.per_type["GOD"].support == 1
    assert epoch.valid.recall == 0.0


def test_a_push_goes_uphill_and_has_its_size() -> None:
    torch.manual_seed(1)
    features = torch.randn(3, 4, 5, requires_grad=True)
    goal = torch.randn(3, 4, 5)
    loss = (features - goal).square().sum()
    loss.backward()  # type: ignore[no-untyped-call]
    push = adversarial_perturbation(features.detach(), features.grad, torch.ones(3, 4).bool(), 0.03)
    lengths = features.detach().flatten(1).norm(dim=1)
    torch.testing.assert_close(push.flatten(1).norm(dim=1), 0.03 * lengths)
    other = torch.randn(3, 4, 5)
    other *= (0.03 * lengths / other.flatten(1).norm(dim=1))[:, None, None]
    assert (features + push - goal).square().sum() > (features + other - goal).square().sum()


def test_a_push_does_not_depend_on_padding() -> None:
    torch.manual_seed(1)
    features, gradient = torch.randn(2, 6, 5), torch.randn(2, 6, 5)
    mask = torch.arange(6) < torch.tensor([[6], [2]])
    gradient[~mask] = 0.0
    push = adversarial_perturbation(features, gradient, mask, 0.03)
    alone = adversarial_perturbation(features[1:, :2], gradient[1:, :2], mask[1:, :2], 0.03)
    torch.testing.assert_close(push[1:, :2], alone)


def test_a_gradient_that_overflows_does_not_push() -> None:
    features, gradient = torch.ones(1, 2, 3), torch.ones(1, 2, 3)
    gradient[0, 1, 1] = math.inf
    assert not adversarial_perturbation(features, gradient, torch.ones(1, 2).bool(), 0.03).any()


def test_a_push_of_no_size_learns_the_same_twice(tiny_corpus: Corpus, tiny_config: Config) -> None:
    """Half of one gradient and half of the same again: only the rounding differs."""
    still = {"model__dropout": 0.0, "train__word_dropout": 0.0, "train__unk_replacement": 0.0}
    losses, learners = [], []
    for size in (0.0, 1e-9):
        trainer, learner, data = begin(tiny_corpus, tiny_config, train__adversarial=size, **still)
        learner.network.eval()  # no dropout of characters, either
        losses.append(trainer._backward(next(iter(data.batches(1)))))
        learners.append(learner.network)
    assert losses[0] == pytest.approx(losses[1])
    for one, other in zip(*(network.parameters() for network in learners), strict=True):
        assert one.grad is not None
        assert other.grad is not None
        torch.testing.assert_close(one.grad, other.grad, atol=1e-6, rtol=1e-4)


def test_a_model_learns_under_pushes(build: Build) -> None:
    trainer = build(train__adversarial=0.03, train__epochs=15)
    epochs = [event for event in trainer.run() if isinstance(event, Epoch)]
    assert epochs[-1].loss < epochs[0].loss / 2


# --- losses that are read late ------------------------------------------------------------------


@pytest.mark.parametrize("settings", [{}, {"train__adversarial": 0.03}, {"train__clip": 0.5}])
def test_reading_late_changes_nothing_that_is_learnt(
    build: Build, settings: dict[str, Any]
) -> None:
    at_once, late = (build(train__epochs=2, **settings) for _ in range(2))
    late.unread.every = 4
    events = [list(trainer.run()) for trainer in (at_once, late)]
    epochs = [[e for e in own if isinstance(e, Epoch)] for own in events]
    for one, other in zip(*epochs, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-6)
    for name, expected in learnt(at_once).items():
        torch.testing.assert_close(learnt(late)[name], expected)
    steps = [[e.loss for e in own if isinstance(e, Step)] for own in events]
    read = [one == pytest.approx(other) for one, other in zip(*steps, strict=True)]
    assert read[0], "the first is shown at once"
    assert read[3], "and each fourth"
    assert not read[1]


@pytest.mark.parametrize("head", ["crf", "softmax"])
def test_the_way_of_a_gpu_learns_the_same(
    tiny_corpus: Corpus, tiny_config: Config, head: str
) -> None:
    """Losses in torch that are read late, on a CPU: rounding apart."""
    settings = {"model__head": head, "train__mixed_precision": False, "train__clip": 0.5}
    begun = [begin(tiny_corpus, tiny_config, train__epochs=2, **settings) for _ in range(2)]
    trainers = [trainer for trainer, _, _ in begun]
    trainers[1].unread.every = 16
    begun[1][1].network.head.in_torch = True
    epochs = [[e for e in trainer.run() if isinstance(e, Epoch)] for trainer in trainers]
    for one, other in zip(*epochs, strict=True):
        assert other.loss == pytest.approx(one.loss, rel=1e-4)
        assert other.valid.f1 == pytest.approx(one.valid.f1, abs=0.02)
    for name, expected in learnt(trainers[0]).items():
        torch.testing.assert_close(learnt(trainers[1])[name], expected, atol=2e-3, rtol=0.0)


def test_a_checkpoint_has_all_losses_so_far(build: Build) -> None:
    straight, broken, resumed = (build(train__epochs=2) for _ in range(3))
    for trainer in (straight, broken, resumed):
        trainer.unread.every = 100
    whole = [event for event in straight.run() if isinstance(event, Epoch)]
    next(event for event in broken.run() if isinstance(event, Step) and event[:2] == (2, 3))
    resumed.restore(*broken.state())
    rest = [event for event in resumed.run() if isinstance(event, Epoch)]
    assert [epoch.loss for epoch in rest] == pytest.approx([whole[1].loss])
    assert same(learnt(resumed), learnt(straight))


@pytest.mark.parametrize("every", [1, 1000])
def test_no_loss_that_is_not_finite_gets_into_a_checkpoint(build: Build, every: int) -> None:
    trainer = build(train__epochs=1)
    trainer.unread.every = every
    events = trainer.run()
    next(events)
    with torch.no_grad():
        parameters(trainer)[-1].fill_(math.nan)

    def go_on() -> None:
        next(events)
        trainer.state()

    with pytest.raises(TrainingError, match="became nan in epoch 1"):
        go_on()


def test_a_checkpoint_of_before_with_the_state_of_a_scaler_is_read(build: Build) -> None:
    broken, resumed = build(train__epochs=2), build(train__epochs=2)
    next(event for event in broken.run() if isinstance(event, Epoch))
    tensors, plain = broken.state()
    resumed.restore(tensors, plain | {"scaler": {"scale": 65536.0, "_growth_tracker": 3}})
    assert resumed.epoch == 1


@pytest.mark.parametrize("settings", [{}, {"train__ema": 0.0}, {"train__optimizer": "sgd"}])
def test_words_that_an_engine_keeps_are_those_of_the_last_step(
    build: Build, tiny_corpus: Corpus, settings: dict[str, Any]
) -> None:
    trainer = build(train__epochs=2, **settings)
    texts = [sentence.tokens for sentence in tiny_corpus.valid[:3]]
    seen = []
    for event in trainer.run():
        if isinstance(event, Epoch) or event.step < 3:
            model = trainer.evaluated_model
            plain, kept = (
                TorchEngine(model.network, model.indexer, keeps_rows=keep).emissions(texts)
                for keep in (False, True)
            )
            assert kept[0, 0].tolist() == pytest.approx(plain[0, 0].tolist(), abs=1e-4)
            seen.append(plain[0, 0, 0])
    assert len(set(seen)) == len(seen), "each step changes it"
