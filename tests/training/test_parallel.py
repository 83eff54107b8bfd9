"""Several processes that train one model: they make the steps that one process would make."""

import itertools
import os
import resource
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from ner.config import Config
from ner.corpus import Corpus
from ner.errors import CorpusError, TrainingError, UsageError
from ner.training.build import build_model
from ner.training.loop import Epoch, Step, Trainer
from ner.training.parallel import alone, deal, joined, processes
from tests.shared import Together, together

SIZES = st.lists(st.integers(1, 60), min_size=1, max_size=40)


# --- sharing out --------------------------------------------------------------------------------


@given(SIZES, st.integers(1, 9))
def test_each_is_dealt_once_and_evenly(sizes: list[int], count: int) -> None:
    shares = deal(sizes, count)
    assert len(shares) == count
    assert sorted(itertools.chain(*shares)) == list(range(len(sizes)))
    assert all(share == sorted(share) for share in shares)
    totals = [sum(sizes[position] for position in share) for share in shares]
    assert max(totals) - min(totals) <= max(sizes)


def test_fewer_sentences_than_processes() -> None:
    assert deal([3, 9], 3) == [[1], [0], []]


# --- one process --------------------------------------------------------------------------------


def test_one_process_does_all_by_itself() -> None:
    one = processes()
    assert (one.rank, one.count, one.leads) == (0, 1, True)
    assert one.agree(2.5) == 2.5
    assert one.first(lambda: "found") == one.in_turn(lambda: "found") == "found"
    before = torch.get_rng_state()
    with one.together(), one.apart():
        pass
    assert torch.equal(before, torch.get_rng_state())
    with joined("cpu") as found, alone():
        assert found is one
    with pytest.raises(ZeroDivisionError), one.together():
        raise ZeroDivisionError


# --- two processes ------------------------------------------------------------------------------


class Case:
    """A trainer without dropout, whose numbers are of some type."""

    def __init__(
        self, corpus: Corpus, config: Config, dtype: torch.dtype = torch.float32, **changes: Any
    ) -> None:
        plain = {
            "model.dropout": 0.0,
            "train.word_dropout": 0.0,
            "train.mixed_precision": False,
            "train.ema": 0.0,
        }
        config = config.replace(
            plain | {key.replace("__", "."): value for key, value in changes.items()}
        )
        untrained = build_model(corpus.train, config, torch.device("cpu"), layers=corpus.layers)
        self.network = untrained.model.network.to(dtype)
        for part in self.network.modules():
            if isinstance(part, nn.Dropout):
                part.p = 0.0
        data = untrained.training_set(corpus.train, config)
        self.trainer = Trainer(untrained.model, data, corpus.valid, config.train)

    def gradient(self) -> dict[str, Tensor]:
        """The gradient of the first step, after it has been summed; the loss is with it."""
        kept: dict[str, Tensor] = {}
        inner = self.trainer.optimizer.step

        def step() -> None:
            named = self.network.named_parameters()
            kept.update({k: w.grad.to_dense().clone() for k, w in named if w.grad is not None})
            inner()

        self.trainer.optimizer.step = step  # type: ignore[method-assign, assignment]
        first = next(self.trainer.run())
        assert isinstance(first, Step)
        return kept | {"loss": torch.tensor(first.loss)}

    def trained(self) -> dict[str, Tensor]:
        """The weights at the end, and the losses of the epochs."""
        epochs = [event for event in self.trainer.run() if isinstance(event, Epoch)]
        losses = torch.tensor([[epoch.loss, epoch.valid.f1] for epoch in epochs])
        return {k: w.clone() for k, w in self.network.state_dict().items()} | {"losses": losses}


def close(found: dict[str, Tensor], wanted: dict[str, Tensor], tolerance: float) -> None:
    assert found.keys() == wanted.keys()
    for name, tensor in wanted.items():
        torch.testing.assert_close(found[name], tensor, atol=tolerance, rtol=tolerance, msg=name)


GRADIENTS: list[dict[str, Any]] = [
    {},
    {"train__adversarial": 0.1},
    {"model__head": "softmax"},
    {"model__chars": "lstm"},
]


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_gradient_is_that_of_one_process(
    dtype: torch.dtype,
    tiny_corpus: Corpus,
    layered_corpus: Corpus,
    tiny_config: Config,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of several kinds of networks, with the tables dense and sparse; so many, in one start."""

    def gradients() -> list[dict[str, Tensor]]:
        found = []
        for few, changes in itertools.product((1, 10**9), GRADIENTS):
            monkeypatch.setattr("ner.training.lazy.FEW", few)
            found.append(Case(tiny_corpus, tiny_config, dtype, **changes).gradient())
        found.append(Case(layered_corpus, tiny_config, dtype).gradient())
        return found

    alone_found = gradients()
    tolerance = 1e-6 if dtype == torch.float64 else 1e-5
    for found in together(gradients, tmp_path / "two"):
        for one, other in zip(found, alone_found, strict=True):
            close(one, other, tolerance)


@pytest.mark.slow(reason="starts three processes")
def test_the_weights_are_those_of_one_process(
    tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three processes and batches of four: some find nothing to do in the last ones."""
    monkeypatch.setattr("ner.training.lazy.FEW", 1)
    monkeypatch.setattr("ner.training.lazy.HORIZON", 5)

    def trained() -> list[dict[str, Tensor]]:
        settings: list[dict[str, Any]] = [{}, {"train__optimizer": "sgd", "train__ema": 0.9}]
        cases = (Case(tiny_corpus, tiny_config, train__epochs=2, **one) for one in settings)
        return [case.trained() for case in cases]

    wanted = trained()
    others = together(trained, tmp_path / "three", 3)
    for found in others:
        for one, expected, first in zip(found, wanted, others[0], strict=True):
            close(one, expected, 2e-3)
            close(one, first, 0.0)


@pytest.mark.slow(reason="starts two processes")
def test_what_processes_tell_one_another(tmp_path: Path) -> None:
    def told() -> dict[str, Any]:
        here = processes()
        torch.manual_seed(1)
        common = torch.rand(1).item()
        with here.apart():
            own = torch.rand(1).item()
        return {
            "rank": here.rank,
            "leads": here.leads,
            "common": common,
            "own": own,
            "again": torch.rand(1).item(),
            "first": here.first(lambda: {"of": os.getpid(), "count": processes().count}),
            "agreed": here.agree(1.5 + here.rank),
            "turns": here.in_turn(lambda: here.rank),
        }

    one, other = together(told, tmp_path / "two")
    assert [one.pop("rank"), other.pop("rank")] == [0, 1]
    assert [one.pop("leads"), other.pop("leads")] == [True, False]
    assert [one.pop("turns"), other.pop("turns")] == [0, 1]
    assert one.pop("own") != other.pop("own")
    assert one == other
    assert one["first"]["count"] == 1, "the first one works alone"
    assert one["agreed"] == 1.5


FAILURES: dict[str, tuple[BaseException, str]] = {
    "wrong use": (
        UsageError("no such thing; name another"),
        "UsageError: the process of rank 1, on ",
    ),
    "bad data": (CorpusError("x.txt:3: no tag"), "TrainingError: the process of rank 1, on "),
    "bug": (KeyError("lost"), "TrainingError: the process of rank 1, on "),
    "stopped": (KeyboardInterrupt(), "KeyboardInterrupt: "),
}


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize("kind", FAILURES)
def test_what_one_raises_all_raise(kind: str, tmp_path: Path) -> None:
    error, wanted = FAILURES[kind]

    def failing() -> str:
        try:
            with joined("cpu") as here:
                if here.rank:
                    raise error
                here.first(lambda: None)
        except BaseException as caught:
            return f"{type(caught).__name__}: {caught}"
        return "nothing"

    with Together(failing, tmp_path / "two") as at_work:
        first, second = at_work.results()
    assert second == f"{type(error).__name__}: {error}"
    assert first.startswith(wanted)
    assert "\n" not in first
    if kind == "bug":
        assert "KeyError: 'lost' (test_parallel.py:" in first
    elif kind != "stopped":
        assert first.endswith(f": {error}")


@pytest.mark.slow(reason="starts two processes")
def test_a_loss_that_is_not_finite_in_one_process_stops_all(
    tiny_corpus: Corpus, tiny_config: Config, tmp_path: Path
) -> None:
    def failing() -> str:
        case = Case(tiny_corpus, tiny_config)
        if processes().rank == 1:
            with torch.no_grad():
                case.network.projection.bias.fill_(torch.nan)
        with pytest.raises(TrainingError) as caught:
            list(case.trainer.run())
        return str(caught.value)

    def outermost() -> str:
        with joined("cpu"):
            return failing()

    with Together(outermost, tmp_path / "two") as at_work:
        first, second = at_work.results()
    assert second.startswith("the loss became nan in epoch 1")
    assert first.startswith("the process of rank 1, on ")
    assert first.endswith(second)


LARGE = 2**24  # numbers of a weight: 64 MiB, more than any memory that was set free before


def allow(more: int) -> None:
    """Limit the memory of this process to what it has now, and some bytes more."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


@pytest.mark.slow(reason="starts two processes")
@pytest.mark.parametrize("short", [0, 1])
def test_the_others_learn_at_once_of_one_without_memory_for_the_sum(
    short: int, tmp_path: Path
) -> None:
    """Behind its own gradient, and before the sum, for which the others would wait for days."""

    def failing() -> str:
        weight = nn.Parameter(torch.zeros(LARGE))

        def learn() -> list[Tensor]:
            weight.grad = torch.ones(LARGE)
            if processes().rank == short:
                allow(LARGE)
            return [torch.ones(())]

        try:
            with joined("cpu") as here:
                here.add(learn, [weight], 0.5, {})
        except (RuntimeError, TrainingError) as caught:
            return f"{type(caught).__name__}: {caught}"
        return "nothing"

    with Together(failing, tmp_path / "two") as at_work:
        results = at_work.results()
    assert "can't allocate memory" in results[short]
    told = results[1 - short]
    assert told.startswith("TrainingError: ")
    assert ("the process of rank 1, on " in told) == (short == 1)
    assert "RuntimeError: " in told
    assert "can't allocate memory" in told
    assert "\n" not in told
