"""The training loop: a generator that yields after each step and each epoch.

Saving, printing and plotting belong to the caller.
"""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar, cast

import torch
from torch import Tensor

from ner.checkpoint import (
    check_form,
    named,
    optimizer_tensors,
    parted,
    random_states,
    restore_optimizer,
    set_random_states,
)
from ner.config import TrainConfig, chosen
from ner.evaluation import Scores, score_sentences
from ner.features import Batch
from ner.model import BaseNetwork, Model, Network, multiplies_bfloat16
from ner.predict import predict_sentences
from ner.text import Sentence
from ner.training.base import Milestone
from ner.training.examples import ExampleSet
from ner.training.gradients import (
    Gradient,
    Gradients,
    GradientSums,
    dense_gradients,
    gradient_norms,
)
from ner.training.lazy import LazyTables
from ner.training.optimizer import Average, build_optimizer, check_finite, scheduled_rate
from ner.training.parallel import processes
from ner.training.unread import Unread

READ_EVERY = 16  # steps, on a GPU
PLATEAU_PATIENCE = 2  # epochs without a better F1 before a plateau schedule halves the rate

PLAIN_STATE = ("epoch", "step", "best_f1", "since_best", "drops")


@dataclass
class EpochProgress:
    """The part of an epoch that is done, and its cost so far; zeros between two epochs."""

    batches: int = 0
    sentences: int = 0
    loss: float = 0.0  # summed over sentences
    seconds: float = 0.0
    gradients: GradientSums = field(default_factory=GradientSums)  # with `train.log_gradients`

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> "EpochProgress":
        """Read the result of `asdict`; older checkpoints lack gradients.

        Raises `KeyError`, `TypeError` or `ValueError` for anything else.
        """
        values, zeros = dict(plain), asdict(cls())
        sums = dict(values.pop("gradients", {}))
        norms = {name: _number(value, 0.0) for name, value in dict(sums.pop("norms", {})).items()}
        counts = {name: _number(value, 0) for name, value in sums.items()}
        return cls(
            **{name: _number(value, zeros[name]) for name, value in values.items()},
            gradients=GradientSums(**counts, norms=norms),
        )


def adversarial_perturbation(
    features: Tensor, gradient: Tensor | None, mask: Tensor, size: float
) -> Tensor:
    """The perturbation of features ``[B, T, D]`` that raises the loss most (Miyato et al. 2017).

    For each sentence its length is `size` times that of the features of its tokens, those in `mask`
    ``[B, T]``; it is 0 where the gradient is not finite.
    """
    assert gradient is not None, "features that were part of a loss"
    lengths = (features * mask[:, :, None]).flatten(1).norm(dim=1)
    steepness = gradient.flatten(1).norm(dim=1).clamp(min=1e-12)
    perturbation: Tensor = gradient * (size * lengths / steepness)[:, None, None]
    # A gradient that is not finite stops the training, once it has been read.
    return torch.where(perturbation.isfinite().all(), perturbation, 0.0)


def _number(value: Any, like: float) -> Any:
    """Check a value from a file: a number that could have been in the place of `like`."""
    least = 0 if type(like) is int else -(2**53)
    if type(value) is not type(like) or not least <= value < 2**53:  # NaN is neither
        raise TypeError("not a number")
    return value


class Step(NamedTuple):
    """One batch has been learnt; on a GPU the loss is that of a step shortly before."""

    epoch: int
    step: int  # within the epoch, from 1
    steps: int
    tokens: int
    loss: float
    gradient: Gradient | None = None  # with `train.log_gradients`


@dataclass(frozen=True)
class Epoch(Milestone):
    """One pass over the training split, and the evaluation on valid behind it, are done."""

    number: int  # from 1
    loss: float  # mean over sentences
    valid: Scores
    learning_rate: float
    tokens_per_second: float  # in training
    seconds: float  # of training and evaluation
    best: bool  # better than all before
    gradients: Gradients | None = None  # with `train.log_gradients`

    def to_dict(self) -> dict[str, Any]:
        """Give the record of this epoch in ``metrics.jsonl``."""
        return {
            "epoch": self.number,
            "loss": self.loss,
            **{f"valid_{name}": value for name, value in self.valid.figures().items()},
            "learning_rate": self.learning_rate,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "seconds": round(self.seconds, 3),
            "best": self.best,
            **(self.gradients.to_dict() if self.gradients else {}),
        }


AnyNetwork = TypeVar("AnyNetwork", bound=BaseNetwork)


class BaseTrainer(ABC, Generic[AnyNetwork]):
    """All state of training, and the loop that changes it; a subclass evaluates the model."""

    def __init__(
        self,
        model: Model[AnyNetwork],
        training_set: ExampleSet,
        valid: Sequence[Sentence],
        config: TrainConfig,
        costs: Tensor | None = None,
    ) -> None:
        """`costs`, ``[K]``: the cost augmentation of the network's loss."""
        self.config = config
        self.epoch = 0
        self.step = 0
        self.best_f1 = -1.0
        self.since_best = 0
        self.drops = 0
        self._progress = EpochProgress()
        self._random: dict[str, Tensor] = {}  # of a step in an epoch, to go on from there
        self._processes = processes()
        self._learner = model
        self._learning = [k for k, w in model.network.named_parameters() if w.requires_grad]
        self._set = training_set
        self._valid = valid
        self._costs = None if costs is None else costs.to(model.device)
        self.optimizer = build_optimizer(model.network, config)
        self.average = Average(model.network, config.ema) if config.ema else None
        self._tables = LazyTables(model.network.embedder, self.optimizer, self.average)
        self._steps = training_set.count()
        self.unread = Unread(READ_EVERY if model.device.type == "cuda" else 1)
        self._loss = 0.0  # the last that has been read
        encoder = model.network.encoder
        # On a GPU torch's LSTMs know no bfloat16: they multiply in TF32, with float32's range.
        here = model.device.type == "cpu" and encoder.is_lstm and multiplies_bfloat16()
        encoder.in_bfloat16 = self.bfloat16 = here and config.mixed_precision

    @property
    def device(self) -> torch.device:
        """The device that it learns on."""
        return self._learner.device

    @property
    def evaluated_model(self) -> Model[AnyNetwork]:
        """The model that is evaluated and saved: the average of the weights, if there is one."""
        if self.average is None:
            return self._learner
        return replace(self._learner, network=cast(AnyNetwork, self.average.network))

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Take all that changes while learning, between two steps: tensors and plain values.

        Raises `TrainingError` where the loss has not been finite.
        """
        self.unread.read()
        tensors = named("weights", self._learner.network.state_dict())
        if self.average is not None:
            averaged = self.average.network.state_dict()
            tensors |= named("average", {k: averaged[k] for k in self._learning})
        tensors |= named("optimizer", optimizer_tensors(self.optimizer))
        tensors |= named("random", random_states(self.device))
        plain = {name: getattr(self, name) for name in PLAIN_STATE}
        return tensors, plain | {"begun": asdict(self._progress)}

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Go back to where `state` was taken; the configuration and corpus must be the same.

        Raises `KeyError`, `RuntimeError`, `TypeError` or `ValueError` for anything else:
        tensors and numbers come from a file, and torch's optimizers trust the shapes of theirs.
        """
        wanted = {k: t for k, t in self.state()[0].items() if not k.startswith("optimizer.")}
        memory = {k: t for k, t in tensors.items() if k.startswith("optimizer.")}
        for name in wanted.keys() | (tensors.keys() - memory.keys()):
            check_form(name, tensors.get(name), wanted.get(name))
        parts = parted(tensors, ("weights", "average", "optimizer", "random"))
        self._learner.network.load_state_dict(parts["weights"])
        if self.average is not None:
            self.average.network.load_state_dict(parts["weights"] | parts["average"])
        restore_optimizer(self.optimizer, parts["optimizer"])
        for name in PLAIN_STATE:
            setattr(self, name, _number(plain[name], getattr(self, name)))
        self._progress = EpochProgress.of(plain["begun"])
        if self._progress.batches > self._set.count(max(1, self.epoch)):
            raise ValueError("more batches than there are")
        self._tables.resume(self.step, self._rate, self._decay)
        self._random = parts["random"]
        set_random_states(self.device, self._random)  # checks the states

    def run(self) -> Iterator[Step | Epoch]:
        """Learn until the last epoch, or until F1 on valid has not risen for a while.

        Raises `TrainingError` when the loss is not finite any more.
        """
        while self._progress.batches or self._goes_on():
            yield from self._epoch()

    def _goes_on(self) -> bool:
        epochs, patience = chosen(self.config.epochs), chosen(self.config.patience)
        return self.epoch < epochs and self.since_best < patience

    def _epoch(self) -> Iterator[Step | Epoch]:
        progress = self._progress
        if progress.batches:
            set_random_states(self.device, self._random)
        else:
            self.epoch += 1
            torch.manual_seed(self.config.seed * 100_003 + self.epoch)
        started = time.perf_counter() - progress.seconds
        self._learner.network.train()
        steps = self._set.count(self.epoch)
        for batch in self._set.batches(self.epoch, progress.batches):
            gradient = self._learn(batch)
            progress.batches += 1
            progress.sentences += len(batch.order)
            if progress.batches % self.unread.every == 0 or progress.batches in (1, steps):
                self.unread.read()
            progress.seconds = time.perf_counter() - started
            if gradient is not None:
                progress.gradients.add(gradient)
            tokens = int(batch.lengths.sum())
            yield Step(self.epoch, progress.batches, steps, tokens, self._loss, gradient)
        self._tables.catch_up()
        valid = self._processes.first(self._evaluate)
        done = Epoch(
            number=self.epoch,
            loss=progress.loss / max(1, progress.sentences),
            valid=valid,
            learning_rate=self._rate(self.step - 1),
            tokens_per_second=self._set.tokens / progress.seconds,
            seconds=time.perf_counter() - started,
            best=self._compare(valid.f1),
            gradients=progress.gradients.means(),
        )
        self._progress = EpochProgress()
        yield done

    def _rate(self, step: int) -> float:
        """The learning rate of a step, counted from 0 over all epochs."""
        rate = scheduled_rate(self.config, step, self._steps * chosen(self.config.epochs))
        return rate * 0.5**self.drops

    def _decay(self, step: int) -> float:
        """The decay of the average in a step, from 0."""
        return self.average.decay(step) if self.average else 0.0

    def _learn(self, batch: Batch) -> Gradient | None:
        """One step of the optimizer; returns how long its gradient was if asked."""
        network = self._learner.network
        batch = batch.to(self.device)
        rate = self._rate(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.optimizer.zero_grad(set_to_none=True)
        self._tables.read(batch)
        weights, rows = [*network.parameters()], self._tables.rows()
        loss = self._processes.backward(batch, self._backward, weights, rows)
        self.unread.add(loss, partial(self._count_loss, len(batch.order)))
        gradient = self._clip()
        self._tables.step(rate, self._decay(self.step))
        self.optimizer.step()
        # Fused optimizers leave versions of weights as they are, by which engines know of changes.
        torch.autograd.graph.increment_version(network.parameters())
        if self.average is not None:
            self.average.update(self.step)
        self.step += 1
        return gradient

    def _count_loss(self, sentences: int, loss: float) -> None:
        self._loss = loss
        self._progress.loss += loss * sentences

    def _backward(self, batch: Batch) -> Tensor:
        """Add the gradient of the loss, half of it perturbed if so asked; returns the loss."""
        adversarial = chosen(self.config.adversarial)
        if adversarial == 0:
            return self._backward_part(batch)
        embedder = self._learner.network.embedder
        features = embedder(batch)
        features.retain_grad()
        loss = self._backward_part(batch, features, share=0.5)
        with torch.no_grad():
            perturbation = adversarial_perturbation(
                features, features.grad, batch.mask, adversarial
            )
        self._backward_part(batch, embedder(batch) + perturbation, share=0.5)
        return loss

    def _backward_part(
        self, batch: Batch, features: Tensor | None = None, share: float = 1.0
    ) -> Tensor:
        loss = self._learner.network.loss(batch, self._costs, features)
        self.unread.add(loss, partial(self._check_finite, "loss"))
        (loss * share).backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    def _clip(self) -> Gradient | None:
        """Clip the norm of the gradient.

        With `train.log_gradients` it is measured before, group by group.
        """
        gradients = dense_gradients(self._learner.network)
        norm = torch.nn.utils.get_total_norm(gradients)
        self.unread.add(norm, partial(self._check_finite, "gradient"))
        shorter = self.config.clip / (norm + 1e-6)
        if self.unread.every > 1 and not self.config.log_gradients:
            torch._foreach_mul_(gradients, shorter.clamp(max=1.0))
            return None
        long = bool(norm > self.config.clip)
        measured = None
        if self.config.log_gradients:
            measured = Gradient(gradient_norms(self._learner.network), long)
        if long:
            torch._foreach_mul_(gradients, shorter)
        return measured

    def _check_finite(self, name: str, value: float) -> None:
        rate = chosen(self.config.learning_rate)
        check_finite(name, value, f"epoch {self.epoch}", "corpus", rate)

    @abstractmethod
    def _evaluate(self) -> Scores:
        """Score `evaluated_model` on valid; by F1 the best epoch is chosen."""

    def _compare(self, f1: float) -> bool:
        """True if this epoch is the best so far: the first of equals wins."""
        if f1 > self.best_f1:
            self.best_f1, self.since_best = f1, 0
            return True
        self.since_best += 1
        if self.config.schedule == "plateau" and self.since_best % PLATEAU_PATIENCE == 0:
            self.drops += 1
        return False


class Trainer(BaseTrainer[Network]):
    """The trainer of a tagger, evaluated by the entities that it finds in valid."""

    def _evaluate(self) -> Scores:
        found = predict_sentences(self.evaluated_model, self._valid)
        return score_sentences(self._valid, found)
